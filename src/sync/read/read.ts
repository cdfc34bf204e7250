// What a run reads of one connector: directories, changes, what is left of the first sync, phones, the event feed.
import type { Directory, RecordStream, SourceRecord, Stream } from '../../model/records.ts'
import { fromMs, type Instant, toIso } from '../../model/time.ts'
import type { RefreshRequest } from '../../state/reading/refresh-requests.ts'
import { readVerifyUntil } from '../../state/db/recover.ts'
import { type DirectoryContext, isSingly, type SyncContext } from '../context.ts'
import { followFeed } from './feed.ts'
import type { Watch } from './freshness.ts'
import { readRequested, settleRequests } from './refresh-requests.ts'
import { noteReadUpTo } from '../ingest/in-support.ts'
import { ingestPage } from '../ingest/ingest.ts'
import { readUnresolvedCustomers } from './unresolved-customers.ts'
import { runAll } from './parallel.ts'
import { areManyPhones, type PhoneOptions, readPhones } from './phones.ts'
import { retryRecords } from './retry-records.ts'
import { doubtCustomers, verifyCustomers } from './verify-customers.ts'
import { walkBackfill, walkChanges, type WalkOptions } from '../walk/walk.ts'
import { META } from '../../state/meta.ts'

export interface ReadOptions extends WalkOptions {
  /** In the order in which they are read: tickets name customers, surveys name tickets. */
  streams: readonly RecordStream[]
  backfillSince: Instant | null
  /** Read everything that changed since then again, whatever the watermarks say. */
  since: Instant | null
  /** By stream: records that are younger than that may have changed without a trace, and are read again. */
  settlesAfter: Readonly<Partial<Record<Stream, Instant>>>
  /** Phones are mapped; each costs a request. */
  phones: PhoneOptions | null
  /** What is left of the first sync, and the phones, are read in the background. */
  liveOnly: boolean
  /** What webhooks named. */
  requested: readonly RefreshRequest[]
}

/** Our clock gives milliseconds, the helpdesk's microseconds: what happened just now has happened. */
const GRAIN = fromMs(5)
/** The shop's own people, mailboxes and fields change rarely. The one that was read the longest ago is read again in a run. */
const DIRECTORY_MAX_AGE = fromMs(3_600_000)

/**
 * Reads all there is to read; afterwards the events that it found may be sent. What happened while it was reading waits for
 * the next run: something earlier may have been missed by it. Many phones are left. Stops at the first error that is not a
 * record's.
 */
export async function readSource(context: SyncContext, options: ReadOptions): Promise<void> {
  const { source, clock } = context
  const startedAt = clock.monotonic()
  // Asked for at the end: a process knows the helpdesk's time from the first answer on, and ours may be wrong.
  const horizon = (): Instant => source.now() - fromMs(clock.monotonic() - startedAt) + GRAIN
  const watch = context.freshness.watch(new Set(options.requested.map(({ kind, id }) => `${kind}/${id}`)))
  try {
    await readAll(context, options, watch, horizon)
  } finally {
    watch.close()
  }
}

async function readAll(
  context: SyncContext,
  options: ReadOptions,
  watch: Watch,
  findHorizon: () => Instant,
): Promise<void> {
  const { store, source } = context
  store.transaction(() => store.outboxEvents.join(source.name))
  // The feed first: the records read after it show what it speaks of. Where only a part is read, it waits for the next
  // run that reads all.
  const isWhole = isWholeRun(context, options)
  if (isWhole) await readFeed(context, options)
  const [surveys, others] = [
    options.streams.filter((stream) => stream === 'satisfaction_surveys'),
    options.streams.filter((stream) => stream !== 'satisfaction_surveys'),
  ]
  await readStreams(context, others, options)
  const followed = await readRequested(context, options.requested, watch, options.signal)
  // A survey names its customer by id only: whoever answered must be known before the answer is read.
  const isFirst = !store.cursors.isBackfilled(source.name, options.streams)
  await readStreams(context, surveys, options)
  if (!options.liveOnly && (isFirst || isUnresolved(context))) await readUnresolvedCustomers(context, options)
  if (!options.liveOnly) await verifyCustomers(context, options.signal)
  if (options.phones !== null && !options.liveOnly && !areManyPhones(context))
    await readPhones(context, options.phones, options.signal)
  if (isWhole) await followFeed(context, options.signal)
  await retryRecords(context, options.signal)
  const horizon = findHorizon()
  store.transaction(() => {
    // Before a stream has its first page, what happened since go-live may still be found in it.
    const hasBegun = options.streams.every(
      (stream) => store.cursors.read(source.name, stream).watermark !== null,
    )
    // What this run found while it read what was there before; a background that reads beside it leaves that to the next run.
    if (!options.liveOnly) store.outboxEvents.join(source.name)
    if (hasBegun) store.outboxEvents.release(source.name, horizon, readVerifyUntil(store))
    if (isWhole) noteReadUpTo(context, horizon)
    settleRequests(context, followed)
    if (store.cursors.isBackfilled(source.name, options.streams))
      store.outboxContacts.releaseHeld(source.name)
  })
}

/** Beside the live runs: what is left of the first sync, then phones. True if it read anything. */
export async function readBackground(context: SyncContext, options: ReadOptions): Promise<boolean> {
  const { store, source } = context
  const isFirst = !store.cursors.isBackfilled(source.name, options.streams)
  if (isFirst || isUnresolved(context)) {
    const holding = { ...context, priority: 'held' as const }
    // Side by side, so that the live runs soon know where each of them begins.
    await runAll(
      options.streams.map((stream) => () => walkBackfill(holding, stream, options.backfillSince, options)),
    )
    await readUnresolvedCustomers(isSingly(context) ? context : holding, options)
    store.transaction(() => store.outboxContacts.releaseHeld(source.name))
  }
  const verified = await verifyCustomers(context, options.signal)
  const phones = options.phones === null ? 0 : await readPhones(context, options.phones, options.signal)
  return isFirst || verified + phones > 0
}

/** Where customers have no list, some whom records name may be left from a first sync that was cut off. */
function isUnresolved(context: SyncContext): boolean {
  return isSingly(context) && context.store.meta.get(META.customersResolved(context.source.name)) === null
}

/** What changed in these streams, one after the other; then what is left of their first sync, side by side. */
async function readStreams(
  context: SyncContext,
  streams: readonly Stream[],
  options: ReadOptions,
): Promise<void> {
  for (const stream of streams) await readChanges(context, stream, options)
  if (options.liveOnly) return
  const patient = { ...context, priority: 'held' as const }
  await runAll(streams.map((stream) => () => walkBackfill(patient, stream, options.backfillSince, options)))
}

async function readChanges(context: SyncContext, stream: Stream, options: ReadOptions): Promise<void> {
  const { store, source } = context
  const { watermark } = store.cursors.read(source.name, stream)
  // Nothing was read yet: that is for the first sync.
  if (watermark === null) return
  const settles = options.settlesAfter[stream]
  const bounds = [options.since ?? watermark, settles === undefined ? watermark : source.now() - settles]
  await walkChanges(context, stream, { watermark, since: Math.min(...bounds) }, options)
}

/** What the event feed tells since go-live, where there is one. */
async function readFeed(context: SyncContext, options: ReadOptions): Promise<void> {
  const { store, source, goLive, supports } = context
  const feed = supports.streams.events
  if (feed === undefined) return
  const watermark = store.cursors.read(source.name, 'events').watermark ?? goLive
  const reachedAt = (): Instant =>
    feed.mode === 'since' && feed.reach !== undefined ? source.now() - feed.reach : 0
  // Our own clock may have been set: an answer tells what time it is there.
  if (watermark < reachedAt()) await source.checks()[0]!.run(options.signal)
  const reach = reachedAt()
  if (watermark < reach) noteGap(context, watermark, reach)
  // An entry carries no picture: a merge that was before would look as if it had just been.
  const notBefore = Math.max(goLive, reach)
  await walkChanges(context, 'events', { watermark, since: null, notBefore }, options)
}

/** What happened then is told by the windows of tickets alone. */
function noteGap(context: SyncContext, from: Instant, until: Instant): void {
  const { store, source, log } = context
  store.transaction(() => {
    store.meta.set(META.feedGap(source.name), { from, until })
    doubtCustomers(context)
  })
  log.warn('The event feed does not reach back that far; what happened is read from reports', {
    connector: source.name,
    from: toIso(from),
    until: toIso(until),
  })
}

/** True where nothing that this connector reads is left out. */
function isWholeRun({ streams, supports }: SyncContext, options: ReadOptions): boolean {
  return [...streams].every(
    (stream) =>
      ['within', 'singly'].includes(supports.streams[stream]?.mode ?? '') ||
      options.streams.some((one) => one === stream),
  )
}

/** Who and what belongs to the shop; read before anything else, because the mapping names its fields. */
export async function readDirectories(context: DirectoryContext, signal?: AbortSignal): Promise<void> {
  const { store, source, clock } = context
  const now = fromMs(clock.now())
  const readAt = (directory: Directory): Instant | null =>
    store.meta.get(META.directoryReadAt(source.name, directory))
  // Only entries of the event feed name tags by id.
  const namesTags = ['ticket.tagged', 'ticket.untagged'] as const
  const needsTags = namesTags.some(
    (type) =>
      context.wants.has(type) && ['told', 'opened'].includes(context.supports.occurrences[type] ?? ''),
  )
  const wanted = context.supports.directories.filter((directory) => directory !== 'tags' || needsTags)
  const never = wanted.filter((directory) => readAt(directory) === null)
  const stale = wanted
    .filter((directory) => (readAt(directory) ?? 0) < now - DIRECTORY_MAX_AGE)
    .toSorted((a, b) => (readAt(a) ?? 0) - (readAt(b) ?? 0))
  for (const directory of never.length > 0 ? never : stale.slice(0, 1)) {
    const listed: string[] = []
    for await (const page of source.readDirectory(directory, signal)) {
      listed.push(...page.records.map(({ id }) => id))
      store.transaction(() =>
        directory === 'deleted_tickets'
          ? noteDeleted(context, page.records)
          : ingestPage({ ...context, goLive: now }, directory, page),
      )
    }
    if (directory === 'agents') store.agents.noteListed(source.name, listed, now)
    store.meta.set(META.directoryReadAt(source.name, directory), now)
  }
}

/** Of the tickets that are known, those that the helpdesk says it deleted are looked at once more: only their own address removes one. */
function noteDeleted({ store, source }: DirectoryContext, records: readonly SourceRecord[]): void {
  for (const record of records) {
    if (record.kind !== 'event' || store.tickets.find(source.name, record.objectId)?.gone !== false) continue
    store.sourceEvents.put(source.name, record)
  }
}
