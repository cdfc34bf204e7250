// What the outbox needs of the place it delivers to. src/brevo/ implements it; tests may too.
import type { Instant } from './time.ts'
import type { AttributeValue, ContactWrite, EventWrite, Membership, OptOut, Outcome } from './operations.ts'

/** How a single contact write ended. */
export interface ContactDone {
  /** There is no such contact, and none was made. */
  missing: boolean
  /** A request of this write was not answered: it may still be carried out. */
  mayRepeat: boolean
  /** For each list that was to be added: whether it was given, found there, or had been left by the contact. */
  memberships: Record<string, Membership>
  /** Lists that the contact has left, where the write looked at it. */
  left: readonly number[]
  /** Parts that were refused while the rest was taken: identifiers, mostly. */
  refused: { attribute: string; reason: string }[]
}

/** A contact as the destination holds it. */
export interface HeldContact {
  email: string
  attributes: Record<string, unknown>
  /** Brevo sends it no e-mails. */
  blocked: boolean
  lists: number[]
  /** Lists that the contact left. */
  unsubscribed: number[]
}

/** The two forms in which many contacts travel at once. */
export type ImportFormat = 'json' | 'file'

export interface WriteOptions {
  create: boolean
  claim(lists: readonly number[]): void
}

export interface Rename {
  from: string
  to: string
  /** Brevo sends the contact no e-mails: it stays so. */
  blocked: boolean
  /** An earlier try may have changed the address already. */
  begun: boolean
}

/** `taken`: another contact has the new address, and both stay. `missing`: there is no such contact any more. */
export type Renamed = 'renamed' | 'taken' | 'missing'

export interface Destination {
  /**
   * Updates one contact, or creates it where `options.create` allows it. Safe to repeat. `options.claim` is called with the
   * lists that the contact is about to be added to, after it was seen not to be in them and before the write leaves. Throws
   * TajoError only where nothing can be delivered at all.
   */
  writeContact(
    write: ContactWrite,
    options: WriteOptions,
    signal?: AbortSignal,
  ): Promise<Outcome<ContactDone>>

  /** A contact as it is held now; null: there is none. */
  readContact(email: string, signal?: AbortSignal): Promise<Outcome<{ contact: HeldContact | null }>>

  /** Changes the address of a contact; one that Brevo sends no e-mails stays so, although the change itself may lift the block. */
  renameContact(rename: Rename, signal?: AbortSignal): Promise<Outcome<{ became: Renamed }>>

  /**
   * Blocks a contact, and takes it out of lists. Where there is none, a blocked one is made if `create` allows it. Verified by
   * reading; safe to repeat.
   */
  optOut(
    email: string,
    optOut: OptOut,
    options: Pick<WriteOptions, 'create'>,
    signal?: AbortSignal,
  ): Promise<Outcome<object>>

  /**
   * Writes many contacts at once into `list`, their attributes only. `since`: the other side's clock when it began, to read
   * back from. An import may drop values without a word: read back what it did. `onStarted` is called with the number of the
   * import once the other side has taken it, before it is waited for.
   */
  importContacts(
    writes: readonly ContactWrite[],
    list: number,
    format: ImportFormat,
    onStarted: (processId: number) => void,
    signal?: AbortSignal,
  ): Promise<Outcome<{ since: string | null }>>

  /** Waits until an import that an earlier process has started is over; at most half an hour. */
  untilImported(processId: number, signal?: AbortSignal): Promise<void>

  /** How many of `writes` one import takes. */
  importable(writes: readonly ContactWrite[]): number

  /** True if a file can carry all of the write's values. */
  fitsFile(write: ContactWrite): boolean

  /** Adds up to 150 known contacts to a list. `failed`: those that it did not add, because they are in it or unknown. */
  addToList(
    list: number,
    emails: readonly string[],
    signal?: AbortSignal,
  ): Promise<Outcome<{ failed: readonly string[] }>>

  /** All contacts, or those changed since; in pages. */
  readContacts(since: string | null, signal?: AbortSignal): AsyncGenerator<HeldContact[], void, void>

  /** Sends one event. Not safe to repeat. */
  sendEvent(event: EventWrite, signal?: AbortSignal): Promise<Outcome<object>>

  /** Sends up to 200 events at once; an outcome for each. Not safe to repeat. */
  sendEvents(events: readonly EventWrite[], signal?: AbortSignal): Promise<Outcome<object>[]>

  /** False where `readEvents` would have to wait: what it may ask in an hour is used up. */
  canReadEvents(): boolean

  /**
   * The ids (`event_properties.event_id`) of the events that it shows, in pages: of these names, dated within these bounds.
   * An event may be shown some minutes after it was taken.
   */
  readEvents(
    wanted: { names: readonly string[]; from: Instant; to: Instant },
    signal?: AbortSignal,
  ): AsyncGenerator<string[], void, void>

  /** True if what is held is what was sent, in whatever form it is given back. */
  holds(held: unknown, sent: AttributeValue | null | undefined): boolean
}

export const MAX_LIST_ADD = 150
export const MAX_EVENT_BATCH = 200
