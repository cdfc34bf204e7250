// What the deliveries share: what they work with, and what a write makes of what Brevo was sent.
import type { Clock } from '../lib/time/clock.ts'
import type { Log } from '../lib/log/log.ts'
import type { Random } from '../lib/random.ts'
import type { ContactWrite, Membership, RemovalLimit, SentState, UncertainRule } from '../model/operations.ts'
import { fromMs, type Instant } from '../model/time.ts'
import type { DueContact } from '../state/delivery/outbox-contacts.ts'
import type { Store } from '../state/store.ts'
import { type Destination, MAX_EVENT_BATCH } from '../model/destination.ts'
import type { DeliveryReport, OnDelivery } from './report.ts'
import type { LookTimes } from './verify-events.ts'

/** From how many on the ways of the many are worth their price. */
export interface Thresholds {
  /** So many contacts due: an import and reading it back cost less than single writes at 10 a second. */
  bulkFrom: number
  /** Fewer than these are no import of their own: single writes are quicker than waiting for one. */
  minImport: number
  /** Contacts of a first portion from which tajo learns what an import drops; done where ten times as many are due. */
  trial: number
  /** So many events due: a batch is worth having up to 200 in doubt at once. */
  batchFrom: number
  /** Events of one batch; Brevo takes 200. */
  batchSize: number
}

export const THRESHOLDS: Thresholds = {
  bulkFrom: 500,
  minImport: 50,
  trial: 50,
  batchFrom: 300,
  batchSize: MAX_EVENT_BATCH,
}

export interface DeliveryContext {
  /** All that run, for advice. */
  connectors: readonly string[]
  thresholds: Thresholds
  store: Store
  destination: Destination
  clock: Clock
  random: Random
  log: Log
  /**
   * For these contacts, in this order: the difference between what one should hold and what Brevo was sent. Null: none of ours
   * any more.
   */
  preparing(emails: readonly string[]): (email: string, lastSent: SentState) => ContactWrite | null
  /** True if the mapping fills an identifier that is known with the customer. */
  identifies(): boolean
  /** A list for contacts without any, so that an import can take them. */
  importList: number | undefined
  /** Whether customers that Brevo does not know become contacts. */
  createContacts: boolean
  /** Null: as many as the mapping says. */
  maxRemovals: RemovalLimit | null
  uncertain: UncertainRule
  lookTimes: LookTimes
  report: DeliveryReport
  /** A contact that is written in several steps from here on is counted once. */
  startedAt: Instant
  onDelivery: OnDelivery
}

export interface Prepared {
  contact: DueContact
  lastSent: SentState
  write: ContactWrite
  /** A guard held memberships back: the contact stays due. */
  held: boolean
  /** Of a first sync that is still reading: the contact stays due. */
  isEarly?: boolean
}

/** What was sent before, and this write on top of it. A refused value counts as sent: the same one is not sent again. */
export function toSentState(
  lastSent: SentState,
  write: ContactWrite,
  memberships: Record<string, Membership>,
): SentState {
  const lists = { ...lastSent.lists, ...memberships }
  for (const list of write.removeLists) delete lists[list]
  return {
    exists: true,
    gone: false,
    attributes: { ...lastSent.attributes, ...write.attributes },
    lists,
    unverified: lastSent.unverified,
    repair: false,
    sentAt: lastSent.sentAt,
  }
}

/** True for the first write of a contact in this delivery. */
export function isFirstWrite({ startedAt }: DeliveryContext, lastSent: SentState): boolean {
  return lastSent.sentAt === null || lastSent.sentAt < startedAt
}

/** A request that was not answered may land after this one, with older values: everything is written once more, later. */
export function writeAgain({ store, clock, uncertain }: DeliveryContext, contact: DueContact): void {
  store.outboxContacts.writeAgain(contact, fromMs(clock.now() + uncertain.verifyAfterMs))
}
