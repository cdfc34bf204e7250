// What the outbox needs of the place it delivers to. src/brevo/ implements it; tests may too.
import type { AttributeValue, ContactWrite, EventWrite, Membership, Outcome } from './operations.ts'

/** How a single contact write ended. */
export interface ContactDone {
  /** For each list that was to be added: whether it was given, found there, or had been left by the contact. */
  memberships: Record<string, Membership>
  /** Parts that were refused while the rest was taken: identifiers, mostly. */
  refused: { attribute: string; reason: string }[]
}

/** A contact as the destination holds it. */
export interface HeldContact {
  email: string
  attributes: Record<string, unknown>
  lists: number[]
  /** Lists that the contact left. */
  unsubscribed: number[]
}

export interface Destination {
  /** Creates or updates one contact. Safe to repeat. Throws TajoError only where nothing can be delivered at all. */
  writeContact(write: ContactWrite, signal?: AbortSignal): Promise<Outcome<ContactDone>>

  /**
   * Writes many contacts at once into `list`, their attributes only. `since`: the other side's clock when it began, to read
   * back from. An import may drop values without a word: read back what it did.
   */
  importContacts(
    writes: readonly ContactWrite[],
    list: number,
    signal?: AbortSignal,
  ): Promise<Outcome<{ since: string | null }>>

  /** How many of `writes` one import takes. */
  importable(writes: readonly ContactWrite[]): number

  /** Adds up to 150 known contacts to a list. */
  addToList(list: number, emails: readonly string[], signal?: AbortSignal): Promise<Outcome<object>>

  /** All contacts, or those changed since; in pages. */
  readContacts(since: string | null, signal?: AbortSignal): AsyncGenerator<HeldContact[], void, void>

  /** Sends one event. Not safe to repeat. */
  sendEvent(event: EventWrite, signal?: AbortSignal): Promise<Outcome<object>>

  /** Sends up to 200 events at once; an outcome for each. Not safe to repeat. */
  sendEvents(events: readonly EventWrite[], signal?: AbortSignal): Promise<Outcome<object>[]>

  /** True if what is held is what was sent, in whatever form it is given back. */
  holds(held: unknown, sent: AttributeValue | null | undefined): boolean
}

export const MAX_LIST_ADD = 150
export const MAX_EVENT_BATCH = 200
