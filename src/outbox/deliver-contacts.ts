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
import { fromMs } from '../model/time.ts'
import type { DueContact } from '../state/outbox-contacts.ts'
import { type DeliveryContext, isFirstWrite, type Prepared, toTold } from './delivery.ts'
import type { ContactDone } from '../model/destination.ts'
import { importBatch, verifyImports } from './deliver-imports.ts'

/** From here on an import and reading it back cost less than single writes at 10 a second. */
const BULK_FROM = 500
const BULK_BATCH = 5_000
const SINGLE_BATCH = 200
/** Writes under way at once: enough to use 10 a second at half a second each. */
const PARALLEL = 6
/** One after the other, these many failures mean that Brevo is not well: stop asking, and come back later. */
const GIVE_UP_AFTER = 6
/** Answers stored in one transaction. */
const ANSWERS_PER_TRANSACTION = 25
const RETRY = { baseMs: 2_000, capMs: 15 * 60_000 }
/** What Brevo refuses is tried again, in case something was put right there. */
const REFUSED_RETRY_MS = 6 * 3_600_000

/** True if everything due was dealt with, false if Brevo did not take it now. */
export async function deliverContacts(context: DeliveryContext, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = context
  try {
    // What an interrupted delivery saw may be true no longer: someone may have left a list since.
    store.contacts.clearSeen()
    if (store.outboxContacts.countDue(fromMs(clock.now())) >= BULK_FROM) {
      if (!(await deliverInBulk(context, signal))) return false
      // Single writes may take hours: each looks for itself before it adds to a list.
      store.contacts.clearSeen()
    } else if (store.contacts.hasUnverified()) {
      await verifyImports(context, null, signal)
    }
    return await deliverSingly(context, signal)
  } finally {
    store.contacts.clearSeen()
  }
}

/** True if everything that an import can take was taken; what is left is for single writes. */

async function deliverInBulk(context: DeliveryContext, signal?: AbortSignal): Promise<boolean> {
  const { store, clock, destination } = context
  // What Brevo holds now: who left a list is not put back, and a membership that was there is not tajo's to take away.
  for await (const page of destination.readContacts(null, signal)) {
    store.transaction(() => {
      for (const contact of page) store.contacts.putSeen(contact)
    })
  }
  let since: string | null = null
  let after = ''
  for (;;) {
    const due = store.outboxContacts.due(fromMs(clock.now()), after, BULK_BATCH)
    const last = due.at(-1)
    if (last === undefined) break
    after = last.email
    const importable = prepareAll(context, due, true).filter(({ write }) => isImportable(context, write))
    const imported = await importBatch(context, importable, signal)
    if (imported.stopped) return false
    since ??= imported.since
  }
  if (store.contacts.hasUnverified()) await verifyImports(context, since, signal)
  return true
}

async function deliverSingly(context: DeliveryContext, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = context
  let failures = 0
  for (;;) {
    const due = store.outboxContacts.due(fromMs(clock.now()), '', SINGLE_BATCH)
    if (due.length === 0) return true
    const queue = prepareAll(context, due, false).values()
    const answers = createAnswers(context)
    const worker = async (): Promise<void> => {
      for (const prepared of queue) {
        signal?.throwIfAborted()
        const outcome = await context.destination.writeContact(prepared.write, signal)
        failures = outcome.result === 'retry' || outcome.result === 'uncertain' ? failures + 1 : 0
        answers.add(prepared, outcome)
        if (failures >= GIVE_UP_AFTER) return
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: PARALLEL }, worker))
    answers.store()
    const failed = ended.find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    if (failures >= GIVE_UP_AFTER) return false
  }
}

/**
 * Answers are stored some at a time: a contact write that is repeated after a crash changes nothing, so this costs no
 * certainty, and saves a flush to disk for each.
 */
function createAnswers(context: DeliveryContext): {
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
function prepareAll(context: DeliveryContext, due: readonly DueContact[], bulk: boolean): Prepared[] {
  const { store, report } = context
  return store.transaction(() =>
    due.flatMap((contact) => {
      const told = store.contacts.told(contact.email)
      const write = context.prepare(contact.email, told)
      if (write !== null) applySeen(context, write, told, bulk)
      if (write !== null && hasWork(write)) return [{ contact, told, write }]
      if (write !== null && told.exists)
        store.contacts.putTold(contact.email, told, fromMs(context.clock.now()))
      store.outboxContacts.finish(contact)
      if (!told.exists) refuseEventsOfNobody(context, contact.email)
      if (isFirstWrite(context, told)) report.contactsUnchanged += 1
      return []
    }),
  )
}

/** Events wait for their contact; where there will be none, because its customer went away, they must not wait for ever. */
function refuseEventsOfNobody({ store, clock, report }: DeliveryContext, email: string): void {
  for (const eventId of store.outboxEvents.openOf(email)) {
    store.outboxEvents.refuse(eventId)
    store.deadLetters.put('event', eventId, 'No customer has its address any more.', fromMs(clock.now()))
    report.setAside += 1
  }
}

/** After Brevo was read as a whole, what it held is known: memberships found there, lists left, contacts not there. */
function applySeen({ store }: DeliveryContext, write: ContactWrite, told: ToldContact, bulk: boolean): void {
  const seen = store.contacts.seen(write.email)
  if (seen === null) {
    if (bulk) write.lookUp = false
    return
  }
  write.lookUp = false
  write.addLists = write.addLists.filter((list) => {
    if (seen.unsubscribed.includes(list)) told.lists[list] = 'left'
    else if (seen.lists.includes(list)) told.lists[list] = 'found'
    else return true
    return false
  })
}

/** Identifiers, removals and repairs go singly; so does a contact for which there is no list to import into. */
function isImportable({ store, importList }: DeliveryContext, write: ContactWrite): boolean {
  if (write.single || write.removeLists.length > 0) return false
  if (write.addLists.length === 0) {
    const hasLeft =
      importList !== undefined && store.contacts.seen(write.email)?.unsubscribed.includes(importList) === true
    if (importList === undefined || hasLeft) return false
  }
  return (
    Object.entries(write.attributes).some(([name, value]) => value !== null && !IDENTIFIERS.has(name)) ||
    write.addLists.length > 0
  )
}

/** What an answer means for the outbox. Called in a transaction. */
function settle(context: DeliveryContext, prepared: Prepared, outcome: Outcome<ContactDone>): void {
  const { store, clock, random, report } = context
  const { contact } = prepared
  const now = fromMs(clock.now())
  switch (outcome.result) {
    case 'done':
      acknowledge(context, prepared, outcome)
      store.outboxContacts.finish(contact)
      if (isFirstWrite(context, prepared.told)) report.contactsWritten += 1
      return
    case 'refused':
      store.deadLetters.put('contact', contact.email, outcome.reason, now)
      store.outboxContacts.postpone(contact, now + fromMs(REFUSED_RETRY_MS))
      report.setAside += 1
      return
    case 'retry':
    case 'uncertain':
      return store.outboxContacts.postpone(contact, now + fromMs(backoffMs(RETRY, contact.attempts, random)))
  }
}

/** Notes what Brevo was told. Called in a transaction. */
function acknowledge(context: DeliveryContext, { told, write }: Prepared, done: ContactDone): void {
  const { store, clock, report } = context
  const now = fromMs(clock.now())
  store.contacts.putTold(write.email, toTold(told, write, done.memberships), now)
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
