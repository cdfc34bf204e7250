// What the deliveries share: what they work with, and what a write makes of what Brevo was told.
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import type {
  ContactWrite,
  Membership,
  RemovalLimit,
  ToldContact,
  UncertainRule,
} from '../model/operations.ts'
import { fromMs, type Instant } from '../model/time.ts'
import type { DueContact } from '../state/outbox-contacts.ts'
import type { Store } from '../state/store.ts'
import type { Destination } from '../model/destination.ts'
import type { DeliveryReport, OnDelivery } from './report.ts'
import type { LookTimes } from './verify-events.ts'

export interface DeliveryContext {
  store: Store
  destination: Destination
  clock: Clock
  random: Random
  log: Log
  /** The difference between what a contact should hold and what Brevo was told. Null: none of ours any more. */
  prepare(email: string, told: ToldContact): ContactWrite | null
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
  told: ToldContact
  write: ContactWrite
  /** A guard held memberships back: the contact stays due. */
  held: boolean
}

/** What was told before, and this write on top of it. A refused value counts as told: the same one is not sent again. */
export function toTold(
  told: ToldContact,
  write: ContactWrite,
  memberships: Record<string, Membership>,
): ToldContact {
  const lists = { ...told.lists, ...memberships }
  for (const list of write.removeLists) delete lists[list]
  return {
    exists: true,
    gone: false,
    attributes: { ...told.attributes, ...write.attributes },
    lists,
    unverified: told.unverified,
    repair: false,
    toldAt: told.toldAt,
  }
}

/** True for the first write of a contact in this delivery. */
export function isFirstWrite({ startedAt }: DeliveryContext, told: ToldContact): boolean {
  return told.toldAt === null || told.toldAt < startedAt
}

/** A request that was not answered may land after this one, with older values: what it may have changed is written again. */
export function writeAgain({ store, clock, uncertain }: DeliveryContext, { contact, write }: Prepared): void {
  const told = store.contacts.told(contact.email)
  const attributes = Object.fromEntries(
    Object.entries(told.attributes).filter(([name]) => !Object.hasOwn(write.attributes, name)),
  )
  const now = fromMs(clock.now())
  store.contacts.putTold(contact.email, { ...told, attributes }, now)
  store.outboxContacts.writeAgain(contact, now + fromMs(uncertain.verifyAfterMs))
}
