// What the event feed says happened. Its entries carry no picture of their object: where the picture is missing or older
// than the entry, the object is read again. Closing and reopening come from here alone, because snapshots do not show each
// time it happens (docs/decisions/0002).
import { TajoError } from '../../lib/errors.ts'
import type { RecordId, SourceEvent } from '../../model/records.ts'
import { toSetAsideKey } from '../../model/set-aside.ts'
import { fromMs } from '../../model/time.ts'
import type { StatusChange } from '../../state/records/tickets.ts'
import { isSingly, occurrenceOf, type SyncContext, tellsOwnHistory } from '../context.ts'
import { createFailureBudget, type FailureBudget } from './failure-budget.ts'
import { ingestPage } from '../ingest/ingest.ts'
import { requireCustomerOf, requireReferenced } from './referenced.ts'
import { mergeCustomer, refetch } from './refetch.ts'
import { stageForCustomer, stageForKnownTicket, stageForTicket, toOccurrenceTicket } from '../ingest/stage.ts'

/** Entries looked at in one go. */
const BATCH = 500
/** A ticket's picture may be this much older than an entry about it and still show what the entry means. */
const PICTURE_LAG = fromMs(5_000)
/** Entries that were dealt with are kept this long, so that reading them again is recognised. */
const KEEP_DONE = fromMs(7 * 24 * 3_600_000)

/** So often the next run asks again at once; then ever more rarely. */
const SOON = 3

/** Deals with every open entry, in the order that they happened; those of a ticket that had to be opened first in a second pass. */
export async function followFeed(context: SyncContext, signal?: AbortSignal): Promise<void> {
  const { store, source, clock } = context
  const postponed = new Set<RecordId>()
  const failureBudget = createFailureBudget()
  while (await followOpen(context, postponed, failureBudget, signal));
  store.sourceEvents.prune(source.name, fromMs(clock.now()) - KEEP_DONE)
}

/** True if what it did may have brought earlier entries. */
async function followOpen(
  context: SyncContext,
  postponed: Set<RecordId>,
  failureBudget: FailureBudget,
  signal?: AbortSignal,
): Promise<boolean> {
  const { store, source } = context
  let hasOpened = false
  let last: Pick<SourceEvent, 'at' | 'id'> = { at: 0, id: '' }
  for (;;) {
    const entries = store.sourceEvents.open(source.name, last, BATCH)
    if (entries.length === 0) return hasOpened
    for (const [index, entry] of entries.entries()) {
      signal?.throwIfAborted()
      last = entry
      // What happened to an object later waits for what happened to it before.
      if (postponed.has(entry.objectId)) continue
      const followed = await follow(context, entry, entries.slice(index + 1), failureBudget, signal)
      if (!followed) postponed.add(entry.objectId)
      else if (entry.type === 'ticket_to_open') hasOpened = true
    }
  }
}

/** False if its object could not be read now: the entry stays open for the next run. */
async function follow(
  context: SyncContext,
  entry: SourceEvent,
  later: readonly SourceEvent[],
  failureBudget: FailureBudget,
  signal?: AbortSignal,
): Promise<boolean> {
  const { store, source, clock } = context
  const setAside = (reason: string): void =>
    void store.deadLetters.put(
      'record',
      toSetAsideKey(source.name, 'feed', entry.id),
      reason,
      fromMs(clock.now()),
    )
  const letter = store.deadLetters.find('record', toSetAsideKey(source.name, 'feed', entry.id))
  // Its object could not be read by several runs: asked again when its time has come, so that it holds up nothing else.
  const isTried = letter !== null && letter.attempts >= SOON
  if (isTried && (letter.retry_at ?? Number.POSITIVE_INFINITY) > fromMs(clock.now())) return false
  try {
    const apply = await prepare(context, entry, later, signal)
    failureBudget.succeeded()
    store.transaction(() => {
      apply()
      store.sourceEvents.finish(source.name, entry.id)
      store.deadLetters.clear('record', toSetAsideKey(source.name, 'feed', entry.id))
    })
    return true
  } catch (thrown) {
    if (!(thrown instanceof TajoError)) throw thrown
    if (thrown.kind === 'record' && thrown.code !== 'record_unavailable') {
      store.transaction(() => {
        setAside(thrown.message)
        store.sourceEvents.finish(source.name, entry.id)
      })
      return true
    }
    setAside(`${thrown.message} It is read again later.`)
    if (thrown.kind !== 'record') failureBudget.failed(thrown)
    return false
  }
}

/** Asks what has to be asked; the function it gives changes the state, all at once. */
async function prepare(
  context: SyncContext,
  entry: SourceEvent,
  later: readonly SourceEvent[],
  signal?: AbortSignal,
): Promise<() => void> {
  const { source } = context
  switch (entry.type) {
    case 'ticket_closed':
    case 'ticket_reopened':
    case 'ticket_snoozed':
    case 'ticket_unsnoozed': {
      const refresh = await refreshTicket(context, entry, signal)
      const isLast = !later.some((one) => one.objectId === entry.objectId && one.type.startsWith('ticket_'))
      return () => {
        refresh()
        changeStatus(context, entry, isLast)
      }
    }
    case 'ticket_to_open': {
      // A webhook may have had it opened meanwhile.
      const ownTrail = context.store.tickets.find(source.name, entry.objectId)?.ownTrail ?? null
      if (ownTrail !== null && entry.id === `${entry.objectId}/${ownTrail}`) return () => undefined
      if (isRepeated(entry, later)) return () => undefined
      return await refetch(context, 'ticket', entry.objectId, signal, requireReferenced)
    }
    case 'ticket_gone':
      return await refetch(context, 'ticket', entry.objectId, signal)
    case 'customer_changed':
      if (isRepeated(entry, later)) return () => undefined
      return await refetch(context, 'customer', entry.objectId, signal)
    case 'customer_gone':
      return await refetch(context, 'customer', entry.objectId, signal)
    case 'customer_merged': {
      // The survivor's own date does not move with the merge, so no list would show it.
      const refresh = await refetch(context, 'customer', entry.objectId, signal)
      return () => {
        for (const from of entry.names) mergeCustomer(context, from, entry.objectId)
        refresh()
      }
    }
    case 'survey_changed':
      return await refetch(context, 'satisfaction_survey', entry.objectId, signal, requireReferenced)
    case 'ticket_survey_changed':
    case 'ticket_survey_skipped':
      return await prepareSurveys(context, entry, signal)
    case 'customer_updated':
      return () =>
        stageForCustomer(context, { type: 'customer.updated', key: entry.id, at: entry.at }, entry.objectId)
    case 'ticket_updated':
    case 'ticket_assigned':
    case 'ticket_tagged':
    case 'ticket_untagged':
    case 'ticket_handed_over': {
      const refresh = await refreshTicket(context, entry, signal)
      await readUnknownTags(context, entry, signal)
      return () => {
        refresh()
        tell(context, entry)
      }
    }
    case 'ignored':
      return () => undefined
  }
}

/** A later entry has the same object read. */
const isRepeated = ({ type, objectId }: SourceEvent, later: readonly SourceEvent[]): boolean =>
  later.some((one) => one.type === type && one.objectId === objectId)

/** What the surveys of its ticket say now. */
async function prepareSurveys(
  context: SyncContext,
  { type, objectId, id, at }: SourceEvent,
  signal?: AbortSignal,
): Promise<() => void> {
  const surveys = await context.source.readOf('satisfaction_surveys', objectId, signal)
  await requireReferenced(context, surveys.records, signal)
  return () => {
    ingestPage(context, 'satisfaction_surveys', surveys)
    if (type === 'ticket_survey_skipped')
      stageForKnownTicket(context, { type: 'satisfaction_survey.skipped', key: id, at }, objectId)
  }
}

/** Entries name tags by id; one that was made just now is not known yet. */
async function readUnknownTags(
  context: SyncContext,
  { type, names }: SourceEvent,
  signal?: AbortSignal,
): Promise<void> {
  const { store, source } = context
  const isAboutTags = type === 'ticket_tagged' || type === 'ticket_untagged'
  if (!isAboutTags || names.every((id) => store.customers.tagName(source.name, id) !== null)) return
  for await (const page of source.readDirectory('tags', signal))
    store.transaction(() => ingestPage(context, 'tags', page))
}

function tell(context: SyncContext, entry: SourceEvent): void {
  const type = occurrenceOf(entry.type)
  if (type === null) return
  const { store, source } = context
  const isAboutTags = type === 'ticket.tagged' || type === 'ticket.untagged'
  const names = entry.names.map((id) => (isAboutTags ? (store.customers.tagName(source.name, id) ?? id) : id))
  const details = isAboutTags
    ? { [type === 'ticket.tagged' ? 'tags_added' : 'tags_removed']: names }
    : names[0] === undefined
      ? {}
      : { assignee_id: names[0] }
  stageForKnownTicket(context, { type, key: entry.id, at: entry.at }, entry.objectId, details)
}

async function refreshTicket(
  context: SyncContext,
  entry: SourceEvent,
  signal?: AbortSignal,
): Promise<() => void> {
  const known = context.store.tickets.find(context.source.name, entry.objectId)
  const isFresh = known !== null && (known.gone || known.updatedAt + PICTURE_LAG >= entry.at)
  if (!isFresh)
    return await refetch(
      context,
      'ticket',
      entry.objectId,
      signal,
      isSingly(context) ? requireReferenced : undefined,
    )
  await requireCustomerOf(context, entry.objectId, signal)
  return () => undefined
}

/**
 * A ticket was closed or reopened. A snooze is a closing that ends by itself, so it is no resolution, and waking up from it
 * is no reopening. Only the last entry about a ticket can be compared with its picture.
 */
function changeStatus(context: SyncContext, entry: SourceEvent, isLast: boolean): void {
  const { store, source, goLive } = context
  const ticket = store.tickets.find(source.name, entry.objectId)
  if (ticket === null || entry.at < goLive) return
  // A history of its own says which it was; an entry of a feed only together with the picture.
  const change = toChange(entry, ticket, isLast && !tellsOwnHistory(context))
  store.tickets.putStatusChange(source.name, ticket.id, change)
  if (!ticket.counted) return
  const woke = change === 'reopened' && (ticket.lastChange === 'snoozed' || entry.type === 'ticket_unsnoozed')
  const type = woke ? 'ticket.unsnoozed' : (`ticket.${change}` as const)
  const status = change === 'reopened' ? 'open' : 'closed'
  const shown = { ...toOccurrenceTicket(context, ticket), status } as const
  stageForTicket(context, { type, key: entry.id, at: entry.at }, shown, ticket.customerId)
}

function toChange(
  entry: SourceEvent,
  ticket: { status: string; snoozedUntil: number | null },
  isLast: boolean,
): StatusChange {
  if (entry.type === 'ticket_reopened' || entry.type === 'ticket_unsnoozed') return 'reopened'
  if (entry.type === 'ticket_snoozed') return 'snoozed'
  const snoozed =
    isLast && ticket.status === 'closed' && ticket.snoozedUntil !== null && ticket.snoozedUntil > entry.at
  return snoozed ? 'snoozed' : 'closed'
}
