import type { World } from '../../src/sandbox/shop/world.ts'

/** Which addresses a customer has or had: at any of them an event about her may arrive. */
export class Addresses {
  readonly #world: World
  readonly #everHad = new Map<number, Set<string>>()
  /** A deleted customer's contact is left to those who had her address: it goes with them when they move. */
  readonly #heirs = new Map<number, number[]>()

  constructor(world: World) {
    this.#world = world
  }

  note(customerId: number, email: string): void {
    this.#everHad.set(customerId, this.#own(customerId).add(email))
  }

  /** Before she is deleted. */
  bequeath(customerId: number, email: string): void {
    const heirs = [...this.#everHad].flatMap(([id, had]) => (had.has(email) ? [id] : []))
    this.#heirs.set(customerId, heirs)
  }

  of(customerId: number): Set<string> {
    const into = this.#world.mergedCustomers.get(customerId)
    if (into !== undefined) return this.of(into)
    const heirs = this.#heirs.get(customerId) ?? []
    return new Set([customerId, ...heirs].flatMap((id) => [...this.#own(id)]))
  }

  #own(customerId: number): Set<string> {
    return this.#everHad.get(customerId) ?? new Set()
  }
}
