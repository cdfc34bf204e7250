// Who said no, as persons: whoever was blocked or had left a list stays so under any address. The other checks go by contact.
import type { Random } from '../../src/lib/random.ts'
import type { BrevoAccount, SandboxContact } from '../../src/sandbox/brevo/account.ts'
import type { WorldCustomer } from '../../src/sandbox/shop/world.ts'

interface OptOut {
  blocked: boolean
  left: Set<number>
}

export class OptOuts {
  readonly #account: BrevoAccount
  /** By customer. */
  readonly #said = new Map<number, OptOut>()
  /** Address → those that somebody went on to from there. */
  readonly #moves = new Map<string, Set<string>>()
  /** `address/list` that somebody left there. */
  readonly #leftAt = new Set<string>()

  constructor(account: BrevoAccount) {
    this.#account = account
  }

  left(email: string, list: number): void {
    this.#leftAt.add(`${email}/${list}`)
  }

  /** What the contact is that a customer leaves, the person is from now on; if tajo can know that it is theirs. */
  moved(customer: WorldCustomer, to: string | null, former: readonly string[]): void {
    const from = customer.email?.trim().toLowerCase()
    // Whoever had no address in between goes on from the one before.
    const last = from ?? former.at(-1)
    if (last !== undefined && to !== null)
      this.#moves.set(last, (this.#moves.get(last) ?? new Set()).add(to.toLowerCase()))
    if (from === undefined) return
    const contact = this.#account.contacts.get(from)
    if (contact === undefined || contact.attributes['GORGIAS_ID'] !== String(customer.id)) return
    // Came back: the contact may bear the number of the first time.
    if (former.includes(from)) return
    const said = this.#said.get(customer.id) ?? { blocked: false, left: new Set() }
    said.blocked ||= contact.emailBlacklisted
    for (const list of contact.unsubscribed) said.left.add(list)
    this.#said.set(customer.id, said)
  }

  /** Their contact was deleted by hand: nobody could see what it was. */
  lost(customerId: number): void {
    this.#said.delete(customerId)
  }

  /** Somebody who has or had the address may be known to have left the list, under this address or one before it. */
  mayHaveLeft(email: string, list: number): boolean {
    const reached = new Set([...this.#leftAt].filter((one) => one.endsWith(`/${list}`)).map(toAddress))
    for (const one of reached) for (const next of this.#moves.get(one) ?? []) reached.add(next)
    return reached.has(email)
  }

  judge(customers: Iterable<WorldCustomer>, isByHand: (contact: SandboxContact, list: number) => boolean) {
    const complaints: string[] = []
    for (const { id, email } of customers) {
      const contact = this.#account.contacts.get(email?.trim().toLowerCase() ?? '')
      const said = this.#said.get(id)
      if (contact === undefined || said === undefined) continue
      if (said.blocked && !contact.emailBlacklisted)
        complaints.push(`customer ${id} was blocked and is not as ${contact.email}`)
      for (const list of said.left) {
        if (contact.lists.has(list) && !isByHand(contact, list))
          complaints.push(`customer ${id} left list ${list} and is in it as ${contact.email}`)
      }
    }
    return complaints
  }
}

const toAddress = (place: string): string => place.slice(0, place.lastIndexOf('/'))

/**
 * Two or three customers, each to the address of the one before: into one that somebody keeps, in a row, in a swap, in a circle.
 * Or those who share an address part.
 */
export function pickMoves(
  random: Random,
  customers: readonly WorldCustomer[],
  nameOne: () => string,
): { customer: WorldCustomer; from: string; to: string }[] {
  const fromOf = ({ email }: WorldCustomer): string => email!.toLowerCase()
  const shared = customers.filter((one) =>
    customers.some((two) => two !== one && fromOf(two) === fromOf(one)),
  )
  if (shared.length > 0 && random.next() < 0.4) {
    const all = shared.filter((one) => fromOf(one) === fromOf(shared[0]!))
    return all.map((customer) => ({ customer, from: fromOf(customer), to: nameOne() }))
  }
  const left = [...customers]
  const people: WorldCustomer[] = []
  for (let count = 2 + Math.floor(random.next() * 2); count > 0 && left.length > 0; count -= 1)
    people.push(...left.splice(Math.floor(random.next() * left.length), 1))
  const addresses = people.map(fromOf)
  if (new Set(addresses).size < 2) return []
  const dice = random.next()
  const first = dice < 0.4 ? nameOne() : dice < 0.75 ? addresses.at(-1)! : null
  return people.flatMap((customer, index) => {
    const to = index === 0 ? first : addresses[index - 1]!
    return to === null || to === addresses[index] ? [] : [{ customer, from: addresses[index]!, to }]
  })
}
