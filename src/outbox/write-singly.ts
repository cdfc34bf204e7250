// Writes of single contacts, some at once, and what their answers mean for the outbox.
import { backoffMs } from '../lib/net/backoff.ts'
import { TajoError } from '../lib/errors.ts'
import type { ContactDone } from '../model/destination.ts'
import { onlyLeft, withLeft } from '../model/memberships.ts'
import { IDENTIFIERS, type Outcome } from '../model/operations.ts'
import { FAR_FUTURE, fromMs } from '../model/time.ts'
import { type DeliveryContext, isFirstWrite, type Prepared, toSentState, writeAgain } from './delivery.ts'

/** Writes under way at once: enough to use 10 a second at half a second each. */
const PARALLEL = 6
/** One after the other, these many failures mean that Brevo is not well: stop asking, and come back later. */
const GIVE_UP_AFTER = 6
/** Answers stored in one transaction. */
const ANSWERS_PER_TRANSACTION = 25
const RETRY = { baseMs: 2_000, capMs: 15 * 60_000 }
/** Memberships that a guard held back are looked at again this often. */
export const HELD_RETRY = fromMs(3_600_000)

/** Whose `startSending` is committed. False if Brevo does not take writes now. */
export async function writeSingly(
  context: DeliveryContext,
  prepared: readonly Prepared[],
  signal?: AbortSignal,
): Promise<boolean> {
  let failures = 0
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
  context.store.outboxContacts.endSending(prepared.map(({ contact }) => contact.email))
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return failures < GIVE_UP_AFTER
}

/** What a write that was cut off did is not known, unless Brevo itself said that it did nothing. */
async function write(
  { store, destination, createContacts }: DeliveryContext,
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
function createAnswers(context: DeliveryContext): {
  add(prepared: Prepared, outcome: Outcome<ContactDone>): void
  store(): void
} {
  let waiting: [Prepared, Outcome<ContactDone>][] = []
  let isFreed = false
  const flush = (): void => {
    context.store.transaction(() => {
      for (const [prepared, outcome] of waiting) settle(context, prepared, outcome, () => (isFreed = true))
      // Whoever was refused it may have it now; also who was refused it while it was being given up.
      if (isFreed) context.store.deadLetters.retryIdentifiers()
    })
    waiting = []
    context.onDelivery(context.report, () => context.store.backlog.undelivered())
  }
  return {
    add(prepared, outcome) {
      waiting.push([prepared, outcome])
      if (waiting.length >= ANSWERS_PER_TRANSACTION) flush()
    },
    store: flush,
  }
}

/** What an answer means for the outbox. Called in a transaction. `onFreed`: the contact held another identifier before. */
function settle(
  context: DeliveryContext,
  prepared: Prepared,
  outcome: Outcome<ContactDone>,
  onFreed: () => void,
): void {
  const { store, clock, random, report } = context
  const { contact, lastSent, held } = prepared
  const now = fromMs(clock.now())
  switch (outcome.result) {
    case 'done':
      if (outcome.missing) return settleMissing(context, prepared)
      acknowledge(context, prepared, outcome, onFreed)
      if (isFirstWrite(context, lastSent)) report.contactsWritten += 1
      if (prepared.isEarly) return settleEarly(context, prepared, outcome.mayRepeat)
      if (outcome.mayRepeat || contact.attempts > 0 || contact.lost === 1) writeAgain(context, contact)
      else if (held) store.outboxContacts.hold(contact, now + HELD_RETRY)
      else store.outboxContacts.finish(contact)
      return
    case 'refused': {
      // Nothing of it was carried out, so no membership is in doubt.
      store.contacts.putSent(contact.email, lastSent, now)
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

/** The rest of it follows once everything is read. */
function settleEarly({ store }: DeliveryContext, { contact }: Prepared, mayRepeat: boolean): void {
  store.outboxContacts.setLooked(contact)
  if (mayRepeat) store.outboxContacts.doubt(contact.email)
}

/** Brevo has no such contact: it was deleted there, or connectors.yml says that none is to be made. */
function settleMissing(context: DeliveryContext, { contact, lastSent }: Prepared): void {
  const { store, clock, report } = context
  const now = fromMs(clock.now())
  store.outboxContacts.finish(contact)
  if (lastSent.exists) {
    store.contacts.putSent(
      contact.email,
      {
        ...lastSent,
        exists: false,
        gone: true,
        attributes: {},
        lists: onlyLeft(lastSent.lists),
        unverified: null,
        repair: false,
      },
      now,
    )
    store.deadLetters.put('contact', contact.email, DELETED_IN_BREVO, now, { retry: false })
    report.setAside += 1
  }
  endEventsOfNobody(context, contact.email, lastSent.exists)
}

/** Notes what Brevo was sent. Called in a transaction. */
function acknowledge(
  context: DeliveryContext,
  { lastSent, write }: Prepared,
  done: ContactDone,
  onFreed: () => void,
): void {
  const { store, clock, report } = context
  const now = fromMs(clock.now())
  const next = toSentState(lastSent, write, done.memberships)
  store.contacts.putSent(write.email, { ...next, lists: withLeft(next.lists, done.left) }, now)
  store.deadLetters.clear('contact', write.email)
  for (const { attribute, reason } of done.refused) {
    store.deadLetters.put('identifier', `${write.email}/${attribute}`, reason, now)
    report.setAside += 1
  }
  for (const attribute of Object.keys(write.attributes)) {
    const taken = IDENTIFIERS.has(attribute) && !done.refused.some((one) => one.attribute === attribute)
    if (!taken) continue
    const letter = `${write.email}/${attribute}`
    const heldAnother =
      (lastSent.attributes[attribute] ?? null) !== null ||
      store.deadLetters.find('identifier', letter) !== null
    store.deadLetters.clear('identifier', letter)
    if (heldAnother) onFreed()
  }
}

/** Events wait for their contact; where there is none and will be none, they must not wait for ever. */
export function endEventsOfNobody(context: DeliveryContext, email: string, gone: boolean): void {
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
