// What chance decides.
import type { Random } from '../../src/lib/random.ts'

export class Dice {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  pickOf<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : this.pick(items)
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.#random.next() * items.length)]!
  }

  /** 0 … most */
  upTo(most: number): number {
    return Math.floor(this.#random.next() * (most + 1))
  }
}
