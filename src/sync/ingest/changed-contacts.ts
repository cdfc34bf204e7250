// The contacts that a page concerns, collected while it is stored and put into the outbox once each at its end.
import type { RecordId } from '../../model/records.ts'
import type { SyncContext } from '../context.ts'

export class ChangedContacts {
  readonly #emails = new Set<string>()
  readonly #customers = new Set<RecordId>()
  readonly #tickets = new Set<RecordId>()

  email(email: string | null): void {
    if (email !== null) this.#emails.add(email)
  }

  customer(id: RecordId | null): void {
    if (id !== null) this.#customers.add(id)
  }

  ticket(id: RecordId): void {
    this.#tickets.add(id)
  }

  /** Called in the transaction that stored what touched them. */
  mark({ store, source, priority }: SyncContext): void {
    for (const id of this.#tickets) this.customer(store.tickets.customerOf(source.name, id))
    for (const id of this.#customers) this.email(store.customers.emailOf(source.name, id))
    const hasLetters = !store.deadLetters.isEmpty()
    for (const email of this.#emails) {
      store.outboxContacts.mark(email, priority)
      if (hasLetters) store.deadLetters.retryOf(email)
    }
  }
}
