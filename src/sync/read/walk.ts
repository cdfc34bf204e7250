// The walk over a list that can't be asked for changes (design.md; reliability.md § 2.1): newest first, until a whole page
// lies below the bound. The watermark moves only when the walk is complete; an interrupted walk goes on where it was.
import { isAbort, TajoError } from '../../lib/errors.ts'
import type { SourceRecord, Stream } from '../../model/records.ts'
import { fromMs, type Instant, toIso } from '../../model/time.ts'
import type { Page } from '../../sources/source.ts'
import type { Cursor, Walk } from '../../state/reading/cursors.ts'
import type { SyncContext } from '../context.ts'
import type { Watch } from './freshness.ts'
import { ingestPage } from '../ingest/ingest.ts'
import { readReferenced, type Waiting } from './referenced.ts'

/** How far below the watermark is read again: rows may be committed late with an earlier time. */
export const OVERLAP = fromMs(10 * 60_000)
/** How far the helpdesk's clock may be ahead of what we take it for. */
const MAX_CLOCK_SKEW = fromMs(5 * 60_000)
/** A refused cursor starts the walk anew; one that is refused again and again is no matter of age. */
const MAX_RESTARTS = 3

export type OnPage = (stream: Stream, records: number) => void

export interface WalkOptions {
  onPage: OnPage
  signal?: AbortSignal | undefined
}

/** Which of a stream's walks: what is new since the last run, what was there before the first, or everything again. */
type Which = 'walk' | 'backfill' | 'reconcile'

/** Reads what changed down to `low`; goes on with an interrupted walk first. */
export async function walkChanges(
  context: SyncContext,
  stream: Stream,
  low: Instant,
  options: WalkOptions,
): Promise<void> {
  const { store, source } = context
  const interrupted = store.cursors.read(source.name, stream).walk
  if (interrupted !== null) await walk(context, stream, 'walk', interrupted, options)
  await walk(context, stream, 'walk', { high: null, low, token: null }, options)
}

/** Reads what was there, once; goes on where it was interrupted. */
export async function walkBackfill(
  context: SyncContext,
  stream: Stream,
  low: Instant | null,
  options: WalkOptions,
): Promise<void> {
  const { store, source } = context
  const cursor = store.cursors.read(source.name, stream)
  if (cursor.backfilledAt !== null) return
  await walk(context, stream, 'backfill', cursor.backfill ?? { high: null, low, token: null }, options)
}

/** Reads everything again; goes on where it was interrupted. `onDone` is called in the transaction of the last page. */
export async function walkReconcile(
  context: SyncContext,
  stream: Stream,
  options: WalkOptions,
  onDone: () => void,
): Promise<void> {
  const { store, source } = context
  const start = store.cursors.read(source.name, stream).reconcile ?? { high: null, low: null, token: null }
  await walk(context, stream, 'reconcile', start, { ...options, onDone })
}

async function walk(
  context: SyncContext,
  stream: Stream,
  which: Which,
  start: Walk,
  options: WalkOptions & { onDone?: () => void },
): Promise<void> {
  let from = start
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await walkOnce(context, stream, which, from, options)
    } catch (thrown) {
      const refused = thrown instanceof TajoError && thrown.code === 'source_cursor_refused'
      if (!refused || isAbort(thrown) || restarts >= MAX_RESTARTS) throw thrown
      context.log.warn('Cursor no longer taken, reading the stream again from its newest record', { stream })
      from = { high: null, low: start.low, token: null }
    }
  }
}

async function walkOnce(
  context: SyncContext,
  stream: Stream,
  which: Which,
  start: Walk,
  options: WalkOptions & { onDone?: () => void },
): Promise<void> {
  const { clock, freshness, source } = context
  let progress = start
  let previous: Page | null = null
  // From before the request of a page leaves until the page is stored.
  let watch = freshness.watch()
  const waiting: ReadPage[] = []
  const store = (done: boolean): void => {
    commitPages(context, stream, which, waiting, done, options.onDone)
    for (const { page: stored, watch: ended } of waiting.splice(0)) {
      ended.close()
      options.onPage(stream, stored.records.length)
    }
  }
  try {
    for await (const page of source.read(stream, { token: start.token }, options.signal)) {
      refuseAscending(stream, previous, page)
      const waitingFor = await readReferenced(context, page.records, options.signal)
      const done = page.next === null || isBelow(page, progress.low)
      // The bound of the next run comes from the first page of this one: what moves up meanwhile lies above it.
      progress = {
        high: progress.high ?? notInFuture(context, page.newest),
        low: progress.low,
        token: page.next,
      }
      waiting.push({ page, waitingFor, watch, progress, readAt: clock.monotonic() })
      if (done || which === 'walk' || previous === null || isEnough(waiting, clock.monotonic())) {
        store(done)
      }
      if (done) return
      previous = page
      watch = freshness.watch()
    }
  } catch (thrown) {
    // The helpdesk does not answer, or tajo is stopped: what was read is kept.
    if (waiting.length > 0 && (thrown instanceof TajoError || isAbort(thrown))) store(false)
    throw thrown
  } finally {
    watch.close()
    for (const one of waiting) one.watch.close()
  }
}

interface ReadPage {
  page: Page
  /** Records that are set aside with whom they name. */
  waitingFor: Map<SourceRecord, Waiting>
  watch: Watch
  /** How far the walk is with it. */
  progress: Walk
  /** By the monotonic clock. */
  readAt: number
}

/**
 * Pages of what was there before share a commit, because a flush to disk costs as much as what is in it; a process that is
 * killed reads them again. The first one is stored at once, because live runs begin where it does; what is new, page by page.
 */
const MOST_PAGES = 8
const LONGEST_WAIT_MS = 1_000

function isEnough(waiting: readonly ReadPage[], now: number): boolean {
  return waiting.length >= MOST_PAGES || now - waiting[0]!.readAt >= LONGEST_WAIT_MS
}

/** A live run has the last word. */
function withoutOvertaken({ lane }: SyncContext, page: Page, watch: Watch): Page {
  if (lane === 'live') return page
  return { ...page, records: page.records.filter((record) => !watch.isOvertaken(record)) }
}

/** One transaction: the records, what follows from them, and how far the walk is. */
function commitPages(
  context: SyncContext,
  stream: Stream,
  which: Which,
  waiting: readonly ReadPage[],
  done: boolean,
  onDone: (() => void) | undefined,
): void {
  const { store, source, clock, goLive } = context
  const { progress } = waiting.at(-1)!
  // Before any of them is stored: that would look as if it had overtaken the next one.
  const pages = waiting.map(({ page, waitingFor, watch }) =>
    withoutOvertaken(
      context,
      { ...page, records: page.records.filter((one) => !waitingFor.has(one)) },
      watch,
    ),
  )
  store.transaction(() => {
    for (const page of pages) ingestPage(context, stream, page)
    for (const { waitingFor } of waiting)
      for (const { object, reason } of waitingFor.values())
        store.deadLetters.put('record', `${source.name}/${object}`, reason, fromMs(clock.now()))
    const cursor = store.cursors.read(source.name, stream)
    const next: Cursor = { ...cursor, [which]: done ? null : progress }
    if (which === 'backfill') {
      // The first sync starts at the top: what lies above its first page is for the runs to come.
      next.watermark ??= progress.high ?? goLive
      if (done) next.backfilledAt = fromMs(clock.now())
    } else if (which === 'reconcile') {
      // Also those that a live run has overtaken: the helpdesk lists them.
      const ids = waiting.flatMap(({ page }) => [...page.records, ...page.invalid].map((item) => item.id))
      store.reconciled.put(source.name, stream, ids)
    } else if (done && progress.high !== null) {
      next.watermark = Math.max(cursor.watermark ?? progress.high, progress.high)
    }
    store.cursors.write(source.name, stream, next)
    if (done) onDone?.()
  })
}

/** The event feed can be asked from an instant on, oldest first: each page is a point to go on from. */
export async function readFeed(context: SyncContext, options: WalkOptions): Promise<void> {
  const { store, source, goLive } = context
  const { watermark } = store.cursors.read(source.name, 'events')
  const since = Math.max(goLive, (watermark ?? goLive) - OVERLAP)
  for await (const page of source.read('events', { token: null, since }, options.signal)) {
    store.transaction(() => {
      ingestPage(context, 'events', page)
      const cursor = store.cursors.read(source.name, 'events')
      const high = Math.max(cursor.watermark ?? goLive, notInFuture(context, page.newest) ?? goLive)
      store.cursors.write(source.name, 'events', { ...cursor, watermark: high })
    })
    options.onPage('events', page.records.length)
  }
}

/** An API user may date a record ahead; a watermark in the future would hide all that comes before it. */
function notInFuture({ source }: SyncContext, at: Instant | null): Instant | null {
  return at === null ? null : Math.min(at, source.now() + MAX_CLOCK_SKEW)
}

function isBelow(page: Page, low: Instant | null): boolean {
  return low !== null && page.newest !== null && page.newest < low
}

/** Reading on in the wrong order would stop too early and lose records for good: better to stop with a word. */
function refuseAscending(stream: Stream, previous: Page | null, page: Page): void {
  if (previous?.newest == null || page.oldest === null || page.oldest <= previous.newest) return
  throw new TajoError(
    'source_out_of_order',
    `The ${stream} came in the wrong order: a page of ${toIso(page.oldest)} after one of ${toIso(previous.newest)}.`,
    { hint: 'Nothing was lost: the next run reads them again. If it comes back, please report it.' },
  )
}
