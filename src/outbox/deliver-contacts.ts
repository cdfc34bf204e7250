// Brings contacts in step: one by one where few are due, by import where many are. What is written is computed at that
// moment from the records and compared with what Brevo was last sent, so nothing is written that Brevo holds already.
import { type ContactWrite, hasWork, IDENTIFIERS, type SentState } from '../model/operations.ts'
import { fromMs } from '../model/time.ts'
import type { DueContact } from '../state/delivery/outbox-contacts.ts'
import { type DeliveryContext, isFirstWrite, type Prepared } from './delivery.ts'
import { membershipOf, toGiving, withLeft } from '../model/memberships.ts'
import { deliverEvents } from './deliver-events.ts'
import { importBatch, verifyImports } from './deliver-imports.ts'
import { deliverMoves } from './deliver-moves.ts'
import { Look } from './look.ts'
import { mayRemove } from './removals.ts'
import { endEventsOfNobody, HELD_RETRY, writeSingly } from './write-singly.ts'

/** An import takes so many. */
export const BULK_BATCH = 5_000
const SINGLE_BATCH = 200

interface Delivery extends DeliveryContext {
  /** False while a guard holds list memberships back. */
  mayRemove: boolean
}

const nothing = (): void => undefined

/** True if everything due was dealt with, false if Brevo did not take it now. */
export async function deliverContacts(outer: DeliveryContext, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = outer
  // From here on an older copy of the state is known to be one.
  if (store.outboxContacts.countDue(fromMs(clock.now()), 'background') > 0)
    store.commitSending(nothing, nothing)
  if (!(await deliverMoves(outer, signal))) return false
  const context = { ...outer, mayRemove: mayRemove(outer) }
  try {
    // What an interrupted delivery saw may be true no longer: someone may have left a list since.
    store.contacts.clearSeen()
    if (store.outboxContacts.countDue(fromMs(clock.now()), 'background') >= context.thresholds.bulkFrom) {
      if (!(await deliverInBulk(context, signal))) return false
      store.contacts.clearSeen()
    } else if (store.contacts.hasUnverified()) {
      await verifyImports(context, null, signal)
    }
    return (await deliverSingly(context, 'background', signal)) && (await deliverEarly(context, signal))
  } finally {
    store.contacts.clearSeen()
  }
}

/** True if everything that an import can take was taken; what is left is for single writes. */
async function deliverInBulk(context: Delivery, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = context
  if (!(await deliverUrgent(context, signal))) return false
  const look = new Look(context)
  await look.atEverything(signal)
  // What an earlier delivery imported and did not read back is older than anything of this one.
  const readBackAll = store.contacts.hasUnverified()
  let importedSince: string | null = null
  let after: DueContact | null = null
  for (;;) {
    const due: DueContact[] = store.outboxContacts.due(fromMs(clock.now()), after, 'background', BULK_BATCH)
    const last = due.at(-1)
    if (last === undefined) break
    after = last
    await look.again(signal)
    const importable = prepareAll(context, due, true).filter((prepared) => isImportable(context, prepared))
    const imported = await importBatch(context, importable, look, signal)
    if (imported.stopped) return false
    importedSince ??= imported.since
    if (!(await deliverUrgent(context, signal))) return false
  }
  if (store.contacts.hasUnverified()) await verifyImports(context, readBackAll ? null : importedSince, signal)
  return true
}

/** Whoever something happens to while thousands are written does not wait for them, nor do the events. */
async function deliverUrgent(context: Delivery, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = context
  const areFew = store.outboxContacts.countDue(fromMs(clock.now()), 'live') < context.thresholds.bulkFrom
  if (areFew && !(await deliverSingly(context, 'live', signal))) return false
  return await deliverEvents(context, signal)
}

/** Contacts up to this priority, and after each batch the events that are due. */
async function deliverSingly(
  context: Delivery,
  priority: 'live' | 'background',
  signal?: AbortSignal,
): Promise<boolean> {
  const { store, clock } = context
  for (;;) {
    const due = store.outboxContacts.due(fromMs(clock.now()), null, priority, SINGLE_BATCH)
    if (due.length === 0) return true
    const prepared = prepareAll(context, due, false)
    if (!(await writeSingly(context, prepared, signal))) return false
    if (due.length === SINGLE_BATCH && !(await deliverEvents(context, signal))) return false
  }
}

/**
 * While a first sync is still reading: an identifier costs a write of its own, so whoever has one is written with what is
 * known of them, and the rest follows when everything is read. Others wait for that.
 */
async function deliverEarly(context: Delivery, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = context
  if (!context.createContacts || !context.identifies()) return true
  for (;;) {
    const held = store.outboxContacts.held(fromMs(clock.now()), SINGLE_BATCH)
    if (held.length === 0) return true
    const prepared = store.transaction(() => prepareEarly(context, held))
    if (!(await writeSingly(context, prepared, signal))) return false
    if (!(await deliverUrgent(context, signal))) return false
  }
}

function prepareEarly(context: Delivery, held: readonly DueContact[]): Prepared[] {
  const { store } = context
  const prepare = context.preparing(held.map(({ email }) => email))
  const prepared = held.flatMap((contact) => {
    const lastSent = toKnown(store.contacts.lastSent(contact.email), contact)
    const write = lastSent.gone ? null : prepare(contact.email, lastSent)
    if (write !== null && Object.keys(write.attributes).some((name) => IDENTIFIERS.has(name)))
      return [{ contact, lastSent, write, held: false, isEarly: true }]
    store.outboxContacts.setLooked(contact)
    return []
  })
  store.outboxContacts.startSending(prepared.map(({ contact }) => contact.email))
  return prepared
}

/** What is to be written; contacts that are in step already leave the outbox here. */
function prepareAll(context: Delivery, due: readonly DueContact[], bulk: boolean): Prepared[] {
  const { store, report, clock } = context
  return store.transaction(() => {
    const prepare = context.preparing(due.map(({ email }) => email))
    const prepared = due.flatMap((contact) => {
      const lastSent = toKnown(store.contacts.lastSent(contact.email), contact)
      const write = lastSent.gone ? null : prepare(contact.email, lastSent)
      const held = write !== null && !context.mayRemove && write.removeLists.length > 0
      if (held) write.removeLists = []
      if (write !== null && bulk) applySeen(context, write, lastSent)
      if (write !== null && hasWork(write) && !isUnwanted(context, write, bulk)) {
        return [{ contact, lastSent, write, held }]
      }
      if (held) store.outboxContacts.hold(contact, fromMs(clock.now()) + HELD_RETRY)
      else store.outboxContacts.finish(contact)
      if (write !== null && lastSent.exists)
        store.contacts.putSent(contact.email, lastSent, fromMs(clock.now()))
      if (!lastSent.exists) endEventsOfNobody(context, contact.email, lastSent.gone)
      if (isFirstWrite(context, lastSent)) report.contactsUnchanged += 1
      return []
    })
    // Imports say so themselves, when they leave.
    if (!bulk) store.outboxContacts.startSending(prepared.map(({ contact }) => contact.email))
    return prepared
  })
}

/**
 * Where the outcome of an earlier write is not known, neither is what Brevo holds: every value is written again, and
 * memberships are looked at. `again`: a request that was lost may have overwritten the values since.
 */
function toKnown(lastSent: SentState, { attempts, lost, again }: DueContact): SentState {
  if (attempts === 0 && lost === 0) return again === 0 ? lastSent : { ...lastSent, attributes: {} }
  return { ...lastSent, attributes: {}, lists: toGiving(lastSent.lists) }
}

/** With `contacts.create: never`, what a look at all of Brevo did not show is not asked for one by one. */
function isUnwanted({ store, createContacts }: Delivery, write: ContactWrite, bulk: boolean): boolean {
  return !createContacts && bulk && !write.exists && store.contacts.seen(write.email)?.absent === true
}

/** After Brevo was read as a whole, what it held is known: memberships found there, lists left, contacts not there. */
function applySeen({ store }: Delivery, write: ContactWrite, lastSent: SentState): void {
  const seen = store.contacts.seen(write.email)
  if (seen === null) return
  write.lookUp = false
  lastSent.lists = withLeft(lastSent.lists, seen.unsubscribed)
  write.addLists = write.addLists.filter((list) => {
    const membership = membershipOf(list, seen, write.giving.includes(list))
    if (membership !== null) lastSent.lists[list] = membership
    return membership === null
  })
}

/**
 * Identifiers, removals and repairs go singly; so does a contact for which there is no list to import into, and one that
 * was there and was not seen: an import would make it again.
 */
function isImportable({ store, importList }: Delivery, { lastSent, write }: Prepared): boolean {
  const seen = store.contacts.seen(write.email)
  if (seen === null || write.repair || write.removeLists.length > 0 || (lastSent.exists && seen.absent))
    return false
  if (write.addLists.length === 0) {
    const hasLeft =
      importList !== undefined &&
      (seen.unsubscribed.includes(importList) || lastSent.lists[importList] === 'left')
    if (importList === undefined || hasLeft) return false
  }
  return (
    Object.entries(write.attributes).some(([name, value]) => value !== null && !IDENTIFIERS.has(name)) ||
    write.addLists.length > 0
  )
}
