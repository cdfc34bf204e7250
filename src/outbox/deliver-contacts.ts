// Brings contacts in step: one by one where few are due, by import where many are. What is written is computed at that
// moment from the records and compared with what Brevo was last told, so nothing is written that Brevo holds already.
import { backoffMs } from '../lib/backoff.ts'
import {
  type ContactWrite,
  hasWork,
  IDENTIFIERS,
  type Outcome,
  type ToldContact,
} from '../model/operations.ts'
import { TajoError } from '../lib/errors.ts'
import { FAR_FUTURE, fromMs } from '../model/time.ts'
import type { DueContact } from '../state/outbox-contacts.ts'
import { type DeliveryContext, isFirstWrite, type Prepared, toTold, writeAgain } from './delivery.ts'
import type { ContactDone } from '../model/destination.ts'
import { membershipOf, toGiving, withLeft } from '../model/memberships.ts'
import { deliverEvents } from './deliver-events.ts'
import { importBatch, verifyImports } from './deliver-imports.ts'
import { deliverRenames } from './deliver-renames.ts'
import { mayRemove } from './removals.ts'

const BULK_BATCH = 5_000
const SINGLE_BATCH = 200
/** Writes under way at once: enough to use 10 a second at half a second each. */
const PARALLEL = 6
/** One after the other, these many failures mean that Brevo is not well: stop asking, and come back later. */
const GIVE_UP_AFTER = 6
/** Answers stored in one transaction. */
const ANSWERS_PER_TRANSACTION = 25
const RETRY = { baseMs: 2_000, capMs: 15 * 60_000 }
/** Memberships that a guard held back are looked at again this often. */
const HELD_RETRY = fromMs(3_600_000)

interface Delivery extends DeliveryContext {
  /** False while a guard holds list memberships back. */
  mayRemove: boolean
}

/** True if everything due was dealt with, false if Brevo did not take it now. */
export async function deliverContacts(outer: DeliveryContext, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = outer
  // From here on an older copy of the state is known to be one.
  if (store.outboxContacts.countDue(fromMs(clock.now()), 'background') > 0)
    store.commitSending(() => undefined)
  if (!(await deliverRenames(outer, signal))) return false
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
    return await deliverSingly(context, 'background', signal)
  } finally {
    store.contacts.clearSeen()
  }
}

/** True if everything that an import can take was taken; what is left is for single writes. */
async function deliverInBulk(context: Delivery, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = context
  if (!(await deliverUrgent(context, signal))) return false
  // What Brevo holds now: who left a list is not put back, and a membership that was there is not tajo's to take away.
  let seenAt = clock.now()
  store.transaction(() => store.contacts.startLook())
  await look(context, null, signal)
  // What an earlier delivery imported and did not read back is older than anything of this one.
  const readBackAll = store.contacts.hasUnverified()
  let importedSince: string | null = null
  let after: DueContact | null = null
  for (;;) {
    const due: DueContact[] = store.outboxContacts.due(fromMs(clock.now()), after, 'background', BULK_BATCH)
    const last = due.at(-1)
    if (last === undefined) break
    after = last
    // And again what changed there meanwhile.
    const since = new Date(seenAt - LOOK_MARGIN_MS).toISOString()
    seenAt = clock.now()
    await look(context, since, signal)
    const importable = prepareAll(context, due, true).filter((prepared) => isImportable(context, prepared))
    const imported = await importBatch(context, importable, signal)
    if (imported.stopped) return false
    importedSince ??= imported.since
    if (!(await deliverUrgent(context, signal))) return false
  }
  if (store.contacts.hasUnverified()) await verifyImports(context, readBackAll ? null : importedSince, signal)
  return true
}

/** How far Brevo's clock may be from ours. */
const LOOK_MARGIN_MS = 5 * 60_000

async function look(
  { store, destination }: Delivery,
  since: string | null,
  signal?: AbortSignal,
): Promise<void> {
  for await (const page of destination.readContacts(since, signal)) {
    store.transaction(() => {
      for (const contact of page) store.contacts.putSeen(contact)
    })
  }
}

/** Whoever something happens to while thousands are written does not wait for them, nor do the events. */
async function deliverUrgent(context: Delivery, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = context
  const areFew = store.outboxContacts.countDue(fromMs(clock.now()), 'live') < context.thresholds.bulkFrom
  if (areFew && !(await deliverSingly(context, 'live', signal))) return false
  return await deliverEvents(context, signal)
}

/** Contacts up to this lane, and after each batch the events that are due. */
async function deliverSingly(
  context: Delivery,
  lane: 'live' | 'background',
  signal?: AbortSignal,
): Promise<boolean> {
  const { store, clock } = context
  let failures = 0
  for (;;) {
    const due = store.outboxContacts.due(fromMs(clock.now()), null, lane, SINGLE_BATCH)
    if (due.length === 0) return true
    const prepared = prepareAll(context, due, false)
    const queue = prepared.values()
    const answers = createAnswers(context)
    const worker = async (): Promise<void> => {
      for (const one of queue) {
        signal?.throwIfAborted()
        const outcome = await write(context, one, signal)
        failures = outcome.result === 'retry' || outcome.result === 'uncertain' ? failures + 1 : 0
        answers.add(one, outcome)
        if (failures >= GIVE_UP_AFTER) return
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: PARALLEL }, worker))
    answers.store()
    store.outboxContacts.endSending(prepared.map(({ contact }) => contact.email))
    const failed = ended.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    if (failures >= GIVE_UP_AFTER) return false
    if (due.length === SINGLE_BATCH && !(await deliverEvents(context, signal))) return false
  }
}

/** What a write that was cut off did is not known, unless Brevo itself said that it did nothing. */
async function write(
  { store, destination, createContacts }: Delivery,
  { write: wanted }: Prepared,
  signal?: AbortSignal,
): Promise<Outcome<ContactDone>> {
  try {
    return await destination.writeContact(
      wanted,
      {
        create: createContacts,
        claim: (lists) => store.transaction(() => store.contacts.claim(wanted.email, lists)),
      },
      signal,
    )
  } catch (thrown) {
    if (!(thrown instanceof TajoError)) store.outboxContacts.doubt(wanted.email)
    throw thrown
  }
}

/**
 * Answers are stored some at a time: a contact write that is repeated after a crash changes nothing, so this costs no
 * certainty, and saves a flush to disk for each.
 */
function createAnswers(context: Delivery): {
  add(prepared: Prepared, outcome: Outcome<ContactDone>): void
  store(): void
} {
  let waiting: [Prepared, Outcome<ContactDone>][] = []
  const flush = (): void => {
    context.store.transaction(() => {
      for (const [prepared, outcome] of waiting) settle(context, prepared, outcome)
    })
    waiting = []
    context.onDelivery(context.report, context.store.undelivered)
  }
  return {
    add(prepared, outcome) {
      waiting.push([prepared, outcome])
      if (waiting.length >= ANSWERS_PER_TRANSACTION) flush()
    },
    store: flush,
  }
}

/** What is to be written; contacts that are in step already leave the outbox here. */
function prepareAll(context: Delivery, due: readonly DueContact[], bulk: boolean): Prepared[] {
  const { store, report, clock } = context
  return store.transaction(() => {
    const prepared = due.flatMap((contact) => {
      const told = toKnown(store.contacts.told(contact.email), contact)
      const write = told.gone ? null : context.prepare(contact.email, told)
      const held = write !== null && !context.mayRemove && write.removeLists.length > 0
      if (held) write.removeLists = []
      if (write !== null && bulk) applySeen(context, write, told)
      if (write !== null && hasWork(write) && !isUnwanted(context, write, bulk)) {
        return [{ contact, told, write, held }]
      }
      if (held) store.outboxContacts.hold(contact, fromMs(clock.now()) + HELD_RETRY)
      else store.outboxContacts.finish(contact)
      if (write !== null && told.exists) store.contacts.putTold(contact.email, told, fromMs(clock.now()))
      if (!told.exists) endEventsOfNobody(context, contact.email, told.gone)
      if (isFirstWrite(context, told)) report.contactsUnchanged += 1
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
function toKnown(told: ToldContact, { attempts, lost, again }: DueContact): ToldContact {
  if (attempts === 0 && lost === 0) return again === 0 ? told : { ...told, attributes: {} }
  return { ...told, attributes: {}, lists: toGiving(told.lists) }
}

/** With `contacts.create: never`, what a look at all of Brevo did not show is not asked for one by one. */
function isUnwanted({ store, createContacts }: Delivery, write: ContactWrite, bulk: boolean): boolean {
  return !createContacts && bulk && !write.exists && store.contacts.seen(write.email)?.absent === true
}

/** Events wait for their contact; where there is none and will be none, they must not wait for ever. */
function endEventsOfNobody(context: Delivery, email: string, gone: boolean): void {
  const { store, clock, report, createContacts } = context
  for (const eventId of store.outboxEvents.openOf(email)) {
    if (!createContacts && !gone) {
      store.outboxEvents.skip(eventId)
      continue
    }
    store.outboxEvents.refuse(eventId)
    const reason = gone ? DELETED_IN_BREVO : 'No customer has its address any more.'
    store.deadLetters.put('event', eventId, reason, fromMs(clock.now()), { retry: false })
    report.setAside += 1
  }
}

const DELETED_IN_BREVO = 'The contact was deleted in Brevo, and tajo does not put it back.'

/** After Brevo was read as a whole, what it held is known: memberships found there, lists left, contacts not there. */
function applySeen({ store }: Delivery, write: ContactWrite, told: ToldContact): void {
  const seen = store.contacts.seen(write.email)
  if (seen === null) return
  write.lookUp = false
  told.lists = withLeft(told.lists, seen.unsubscribed)
  write.addLists = write.addLists.filter((list) => {
    const membership = membershipOf(list, seen, write.giving.includes(list))
    if (membership !== null) told.lists[list] = membership
    return membership === null
  })
}

/**
 * Identifiers, removals and repairs go singly; so does a contact for which there is no list to import into, and one that
 * was there and was not seen: an import would make it again.
 */
function isImportable({ store, importList }: Delivery, { told, write }: Prepared): boolean {
  const seen = store.contacts.seen(write.email)
  if (seen === null || write.repair || write.removeLists.length > 0 || (told.exists && seen.absent))
    return false
  if (write.addLists.length === 0) {
    const hasLeft = importList !== undefined && seen.unsubscribed.includes(importList)
    if (importList === undefined || hasLeft) return false
  }
  return (
    Object.entries(write.attributes).some(([name, value]) => value !== null && !IDENTIFIERS.has(name)) ||
    write.addLists.length > 0
  )
}

/** What an answer means for the outbox. Called in a transaction. */
function settle(context: Delivery, prepared: Prepared, outcome: Outcome<ContactDone>): void {
  const { store, clock, random, report } = context
  const { contact, told, held } = prepared
  const now = fromMs(clock.now())
  switch (outcome.result) {
    case 'done':
      if (outcome.missing) return settleMissing(context, prepared)
      acknowledge(context, prepared, outcome)
      if (outcome.mayRepeat || contact.attempts > 0 || contact.lost === 1) writeAgain(context, contact)
      else if (held) store.outboxContacts.hold(contact, now + HELD_RETRY)
      else store.outboxContacts.finish(contact)
      if (isFirstWrite(context, told)) report.contactsWritten += 1
      return
    case 'refused': {
      // Nothing of it was carried out, so no membership is in doubt.
      store.contacts.putTold(contact.email, told, now)
      const retryAt = store.deadLetters.put('contact', contact.email, outcome.reason, now)
      store.outboxContacts.postpone(contact, retryAt ?? FAR_FUTURE)
      report.setAside += 1
      return
    }
    case 'retry':
    case 'uncertain':
      // Also where something changed meanwhile, and the row is due again already.
      store.outboxContacts.doubt(contact.email)
      return store.outboxContacts.postpone(contact, now + fromMs(backoffMs(RETRY, contact.attempts, random)))
  }
}

/** Brevo has no such contact: it was deleted there, or connectors.yml says that none is to be made. */
function settleMissing(context: Delivery, { contact, told }: Prepared): void {
  const { store, clock, report } = context
  const now = fromMs(clock.now())
  store.outboxContacts.finish(contact)
  if (told.exists) {
    store.contacts.putTold(
      contact.email,
      { ...told, exists: false, gone: true, attributes: {}, lists: {}, unverified: null, repair: false },
      now,
    )
    store.deadLetters.put('contact', contact.email, DELETED_IN_BREVO, now, { retry: false })
    report.setAside += 1
  }
  endEventsOfNobody(context, contact.email, told.exists)
}

/** Notes what Brevo was told. Called in a transaction. */
function acknowledge(context: Delivery, { told, write }: Prepared, done: ContactDone): void {
  const { store, clock, report } = context
  const now = fromMs(clock.now())
  const next = toTold(told, write, done.memberships)
  store.contacts.putTold(write.email, { ...next, lists: withLeft(next.lists, done.left) }, now)
  store.deadLetters.clear('contact', write.email)
  for (const { attribute, reason } of done.refused) {
    store.deadLetters.put('identifier', `${write.email}/${attribute}`, reason, now)
    report.setAside += 1
  }
  for (const attribute of Object.keys(write.attributes)) {
    const taken = IDENTIFIERS.has(attribute) && !done.refused.some((one) => one.attribute === attribute)
    if (taken) store.deadLetters.clear('identifier', `${write.email}/${attribute}`)
  }
}
