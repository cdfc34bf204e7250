// The bulk way: contacts of one list go into an import, further lists are filled 150 at a time, and what the import made of
// it is read back, because an import drops values without a word. What differs is repaired by single writes.
import type { AttributeValue, ContactWrite, Membership } from '../model/operations.ts'
import { IDENTIFIERS } from '../model/operations.ts'
import { fromMs } from '../model/time.ts'
import { type DeliveryContext, isFirstWrite, type Prepared, toSentState, writeAgain } from './delivery.ts'
import { type HeldContact, type ImportFormat, MAX_LIST_ADD } from '../model/destination.ts'
import { membershipOf, toGiving } from '../model/memberships.ts'
import type { Store } from '../state/store.ts'
import { chooseFormat, isUntried, learn, readLessons } from './import-lessons.ts'
import type { Look } from './look.ts'
import { META } from '../state/meta.ts'

/** Rows that no page of the read-back named are repaired in portions of this size. */
const LEFT_OVER = 1_000
/** Brevo's clock gives whole seconds. */
const CLOCK_GRAIN_MS = 2_000
/** So many times the contacts of a trial are due: below that, single repairs cost less. */
const WORTH_A_TRIAL = 10
/** Each kind of value is tried in JSON, and in a file if JSON drops it; most contacts show all kinds at once. */
const MAX_TRIALS = 4

/** Imports what can be. `stopped`: Brevo did not take it now. `since`: Brevo's clock at the first import, if there was one. */
export async function importBatch(
  context: DeliveryContext,
  prepared: readonly Prepared[],
  look: Look,
  signal?: AbortSignal,
): Promise<{ stopped: boolean; since: string | null }> {
  const { store, log, clock, thresholds } = context
  let since: string | null = null
  for (const [list, group] of groupByList(context, prepared)) {
    const rest = new Set(group)
    for (let trials = 0; rest.size > 0;) {
      const { portion: chosen, format, isTrial } = takePortion(context, [...rest], trials < MAX_TRIALS)
      for (const one of chosen) rest.delete(one)
      if (chosen.length < thresholds.minImport) continue
      if (isTrial) trials += 1
      await untilAlone(context, signal)
      const portion = await look.withoutLeft(chosen, list, signal)
      if (portion.length === 0) continue
      const emails = claimAll(store, portion, list)
      const outcome = await context.destination.importContacts(
        portion.map(({ write }) => write),
        list,
        format,
        (processId) => store.meta.set(META.importUnderWay, processId),
        signal,
      )
      store.meta.remove(META.importUnderWay)
      if (outcome.result !== 'done') {
        // Nothing is lost: these contacts are still due. A refused import is done one by one.
        log.warn('Import did not succeed', { reason: outcome.reason, contacts: portion.length })
        store.transaction(() => {
          for (const email of emails) store.outboxContacts.doubt(email)
          store.outboxContacts.endSending(emails)
        })
        if (outcome.result === 'refused') continue
        return { stopped: true, since }
      }
      const began = outcome.since ?? new Date(clock.now()).toISOString()
      since ??= began
      store.transaction(() => {
        for (const one of portion) acknowledgeImport(context, one, list)
        store.outboxContacts.endSending(emails)
      })
      context.onDelivery(context.report, () => store.backlog.undelivered())
      await fillOtherLists(context, portion, list, look, signal)
      if (isTrial) await learnFrom(context, portion, format, began, signal)
    }
  }
  return { stopped: false, since }
}

/** Two imports at once may carry the same contact in either order: one that a killed process has started ends first. */
async function untilAlone({ store, destination, log }: DeliveryContext, signal?: AbortSignal): Promise<void> {
  const left = store.meta.get(META.importUnderWay)
  if (left === null) return
  log.info('Brevo may still be busy with an import of the process before; it is waited for', {
    import: left,
  })
  await destination.untilImported(left, signal)
  store.meta.remove(META.importUnderWay)
}

interface Portion {
  portion: Prepared[]
  format: ImportFormat
  isTrial: boolean
}

/** As many as one import takes, all in the same format; few of them where that tries something. */
function takePortion(
  { store, destination, thresholds }: DeliveryContext,
  rest: readonly Prepared[],
  mayTry: boolean,
): Portion {
  const lessons = readLessons(store)
  const formatOf = ({ write }: Prepared): ImportFormat => chooseFormat(lessons, write, destination)
  const format = formatOf(rest[0]!)
  const same = rest.filter((one) => formatOf(one) === format)
  const isWorth = mayTry && rest.length >= WORTH_A_TRIAL * thresholds.trial
  const untried = isWorth ? same.filter(({ write }) => isUntried(lessons, format, write)) : []
  const isTrial = untried.length >= thresholds.minImport
  const chosen = isTrial ? untried.slice(0, thresholds.trial) : same
  return {
    portion: chosen.slice(0, destination.importable(chosen.map(({ write }) => write))),
    format,
    isTrial,
  }
}

/** The look at all of Brevo came before: from here on these memberships are ours, whatever becomes of the answer. */
function claimAll(store: Store, portion: readonly Prepared[], list: number): string[] {
  const emails = portion.map(({ contact }) => contact.email)
  store.transaction(() => {
    store.outboxContacts.startSending(emails)
    for (const { write } of portion) {
      if (write.addLists.includes(list)) store.contacts.claim(write.email, [list])
    }
  })
  return emails
}

/** Reads a trial back at once; all that was imported is read back once more in the end. */
async function learnFrom(
  context: DeliveryContext,
  portion: readonly Prepared[],
  format: ImportFormat,
  since: string,
  signal?: AbortSignal,
): Promise<void> {
  const { store, destination, log } = context
  const writes = new Map(portion.map(({ write }) => [write.email, write]))
  const trial: { write: ContactWrite; held: HeldContact }[] = []
  await readBack(context, since, signal, (held) => {
    const write = writes.get(held.email)
    if (write !== undefined) trial.push({ write, held })
  })
  const lessons = learn(store, format, trial, destination)
  log.verbose('Learned what an import carries', { format, arrives: lessons[format] })
}

/** Each contact goes with the list that most of them share; contacts without any with the list that is set for them. */
function groupByList(
  { importList }: DeliveryContext,
  prepared: readonly Prepared[],
): Map<number, Prepared[]> {
  const sizes = new Map<number, number>()
  for (const { write } of prepared)
    for (const list of write.addLists) sizes.set(list, (sizes.get(list) ?? 0) + 1)
  const groups = new Map<number, Prepared[]>()
  for (const one of prepared) {
    const list =
      [...one.write.addLists].sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0))[0] ?? importList
    if (list === undefined) continue
    const group = groups.get(list)
    if (group === undefined) groups.set(list, [one])
    else group.push(one)
  }
  return groups
}

/** Sent: all but identifiers and other lists, which follow; and not to be trusted before it was read back. */
function acknowledgeImport(
  context: DeliveryContext,
  { contact, lastSent, write, held }: Prepared,
  list: number,
): void {
  const { store, clock, report } = context
  const carried: ContactWrite = { ...write, attributes: withoutIdentifiers(write.attributes) }
  const given = write.addLists.includes(list) ? ({ [list]: 'given' } as const) : {}
  store.contacts.putSent(
    write.email,
    {
      ...toSentState(lastSent, carried, given),
      unverified: lastSent.exists && lastSent.unverified !== 'made' ? 'known' : 'made',
    },
    fromMs(clock.now()),
  )
  const isWhole =
    Object.keys(carried.attributes).length === Object.keys(write.attributes).length &&
    write.addLists.length <= 1
  if (isWhole && !held) {
    if (contact.lost === 1 || contact.attempts > 0) writeAgain(context, contact)
    else store.outboxContacts.finish(contact)
  }
  if (isFirstWrite(context, lastSent)) report.contactsWritten += 1
}

function withoutIdentifiers(
  attributes: Record<string, AttributeValue | null>,
): Record<string, AttributeValue | null> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !IDENTIFIERS.has(name)))
}

/** What does not succeed here stays due, and is written singly. */
async function fillOtherLists(
  context: DeliveryContext,
  portion: readonly Prepared[],
  imported: number,
  look: Look,
  signal?: AbortSignal,
): Promise<void> {
  const { store, destination, clock } = context
  const lists = new Set(portion.flatMap(({ write }) => write.addLists).filter((list) => list !== imported))
  for (const list of lists) {
    const members = portion.filter(({ write }) => write.addLists.includes(list))
    for (let start = 0; start < members.length; start += MAX_LIST_ADD) {
      const some = await look.withoutLeft(members.slice(start, start + MAX_LIST_ADD), list, signal)
      if (some.length === 0) continue
      store.transaction(() => {
        for (const { write } of some) store.contacts.claim(write.email, [list])
      })
      const outcome = await destination.addToList(
        list,
        some.map(({ write }) => write.email),
        signal,
      )
      if (outcome.result !== 'done') {
        store.transaction(() => {
          for (const { contact } of some) store.outboxContacts.doubt(contact.email)
        })
        continue
      }
      // Whoever was not added stays due, and is looked at singly.
      const failed = new Set(outcome.failed)
      store.transaction(() => {
        for (const { write } of some) {
          if (failed.has(write.email)) continue
          const lastSent = store.contacts.lastSent(write.email)
          store.contacts.putSent(
            write.email,
            { ...lastSent, lists: { ...lastSent.lists, [list]: 'given' } },
            fromMs(clock.now()),
          )
        }
      })
    }
  }
}

/** Compares what Brevo holds with what it was sent, and makes due what differs. `since` null: everything is read. */
export async function verifyImports(
  context: DeliveryContext,
  since: string | null,
  signal?: AbortSignal,
): Promise<void> {
  const { store, clock } = context
  await readBack(context, since, signal)
  // Not named by any page: everything is written again, singly. One that the import was to make may be made; one that was
  // there before was deleted, and is not put back.
  for (;;) {
    const missed = store.contacts.unverified(LEFT_OVER)
    if (missed.length === 0) return
    store.transaction(() => {
      for (const email of missed) {
        const lastSent = store.contacts.lastSent(email)
        const lists = toGiving(lastSent.lists)
        store.contacts.putSent(
          email,
          {
            ...lastSent,
            exists: lastSent.exists && lastSent.unverified !== 'made',
            attributes: {},
            lists,
            unverified: null,
            repair: true,
          },
          fromMs(clock.now()),
        )
        store.outboxContacts.mark(email, 'background')
      }
    })
  }
}

async function readBack(
  context: DeliveryContext,
  since: string | null,
  signal?: AbortSignal,
  onContact: (contact: HeldContact) => void = () => undefined,
): Promise<void> {
  const from = since === null ? null : new Date(Date.parse(since) - CLOCK_GRAIN_MS).toISOString()
  for await (const page of context.destination.readContacts(from, signal)) {
    context.store.transaction(() => {
      for (const contact of page) {
        onContact(contact)
        verify(context, contact)
      }
    })
  }
}

function verify({ store, destination, clock, report }: DeliveryContext, contact: HeldContact): void {
  const lastSent = store.contacts.lastSent(contact.email)
  if (lastSent.unverified === null) return
  const attributes = Object.fromEntries(
    Object.entries(lastSent.attributes).filter(
      ([name, value]) => IDENTIFIERS.has(name) || destination.holds(contact.attributes[name], value),
    ),
  )
  const lists = toHeldMemberships(lastSent.lists, contact)
  const differs =
    Object.keys(attributes).length < Object.keys(lastSent.attributes).length ||
    Object.keys(lists).length < Object.keys(lastSent.lists).length
  if (!differs && Object.entries(lists).every(([list, membership]) => lastSent.lists[list] === membership))
    return store.contacts.confirm(contact.email)
  const verified = { ...lastSent, attributes, lists, unverified: null, repair: differs }
  store.contacts.putSent(contact.email, verified, fromMs(clock.now()))
  if (!differs) return
  store.outboxContacts.mark(contact.email, 'background')
  report.repaired += 1
}

/** Memberships as they are: one that was given and is not there was left by the contact, or did not arrive. */
function toHeldMemberships(
  lastSent: Record<string, Membership>,
  held: HeldContact,
): Record<string, Membership> {
  return Object.fromEntries(
    Object.entries(lastSent).flatMap(([list, membership]): [string, Membership][] => {
      const isOurs = membership === 'given' || membership === 'giving'
      const now = membershipOf(Number(list), held, isOurs)
      if (now !== null) return [[list, now]]
      return isOurs ? [] : [[list, membership]]
    }),
  )
}
