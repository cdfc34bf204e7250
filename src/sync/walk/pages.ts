// Pages as they come, into the state: the records, what follows from them, and how far the walk is, in one transaction. What a walk
// makes of a page (how far it is, whether it is done) is the walk's own.
import { isAbort, TajoError } from '../../lib/errors.ts'
import { HOME_OF, type SourceRecord, type Stream } from '../../model/records.ts'
import { toSetAsideKey } from '../../model/set-aside.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import type { Page } from '../../sources/source.ts'
import type { Walk } from '../../state/reading/cursors.ts'
import type { SyncContext } from '../context.ts'
import { ingestPage } from '../ingest/ingest.ts'
import type { Watch } from '../read/freshness.ts'
import { readReferenced, type Waiting } from '../read/referenced.ts'

/** Which of a stream's walks: what is new since the last run, what was there before the first, or everything again. */
export type Which = 'walk' | 'backfill' | 'reconcile'

export type OnPage = (stream: Stream, records: number) => void

export interface WalkOptions {
  onPage: OnPage
  signal?: AbortSignal | undefined
}

/** What a page means to its walk. */
export interface Step {
  /** Where to go on. */
  progress: Walk
  /** The walk has come to its end. */
  done: boolean
  /** Everything of the stream up to this instant has been read by now; null: that is not known yet. */
  watermark: Instant | null
}

export interface Walking {
  context: SyncContext
  stream: Stream
  which: Which
  options: WalkOptions & { onDone?: () => void }
}

/**
 * Stores pages until one of them is the last. `step` is called with each, and with the one before it; it throws where they come in
 * the wrong order. True where the walk has come to its end, not only the pages.
 */
export async function followPages(
  walking: Walking,
  pages: AsyncIterable<Page>,
  step: (page: Page, previous: Page | null) => Step,
): Promise<boolean> {
  const { context, stream, which, options } = walking
  const { clock, freshness } = context
  let previous: Page | null = null
  // From before the request of a page leaves until the page is stored.
  let watch = freshness.watch()
  const waiting: ReadPage[] = []
  const store = (): void => {
    commitPages(walking, waiting)
    for (const { page: stored, watch: ended } of waiting.splice(0)) {
      ended.close()
      options.onPage(stream, countOf(stream, stored))
    }
  }
  try {
    for await (const page of pages) {
      const taken = step(page, previous)
      const waitingFor = await readReferenced(context, page.records, options.signal)
      waiting.push({ page, waitingFor, watch, step: taken, readAt: clock.monotonic() })
      const isOver = taken.done || page.next === null
      if (isOver || which === 'walk' || previous === null || isEnough(waiting, clock.monotonic())) store()
      if (taken.done) return true
      previous = page
      watch = freshness.watch()
    }
    return false
  } catch (thrown) {
    // The helpdesk does not answer, or tajo is stopped: what was read is kept.
    if (waiting.length > 0 && (thrown instanceof TajoError || isAbort(thrown))) store()
    throw thrown
  } finally {
    watch.close()
    for (const one of waiting) one.watch.close()
  }
}

/** Records of the stream itself; a feed is of everything. */
const countOf = (stream: Stream, { records }: Page): number =>
  stream === 'events'
    ? records.length
    : records.filter(({ kind }) => HOME_OF[kind] === stream && kind !== 'session').length

interface ReadPage {
  page: Page
  /** Records that are set aside with whom they name. */
  waitingFor: Map<SourceRecord, Waiting>
  watch: Watch
  step: Step
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

/** A live run has the last word; but what it hears is a part of a session, and parts are put together. */
function withoutOvertaken({ priority }: SyncContext, page: Page, watch: Watch): Page {
  if (priority === 'live') return page
  const isKept = (record: SourceRecord): boolean => record.kind === 'session' || !watch.isOvertaken(record)
  return { ...page, records: page.records.filter(isKept) }
}

/** That something is to be read again is told by the walks: a look at everything would have all of it asked for once more. */
const isHint = (record: SourceRecord): boolean =>
  record.kind === 'event' && (record.type === 'ticket_to_open' || record.type === 'customer_changed')

function commitPages({ context, stream, which, options }: Walking, waiting: readonly ReadPage[]): void {
  const { store, source, clock } = context
  const { progress, done } = waiting.at(-1)!.step
  // Before any of them is stored: that would look as if it had overtaken the next one.
  const pages = waiting.map(({ page, waitingFor, watch }) =>
    withoutOvertaken(
      context,
      {
        ...page,
        records: page.records.filter(
          (one) => !waitingFor.has(one) && !(which === 'reconcile' && isHint(one)),
        ),
      },
      watch,
    ),
  )
  store.transaction(() => {
    for (const page of pages) ingestPage(context, stream, page)
    for (const { waitingFor } of waiting)
      for (const { stream: home, id, reason } of waitingFor.values())
        store.deadLetters.put('record', toSetAsideKey(source.name, home, id), reason, fromMs(clock.now()))
    if (which === 'reconcile') noteListed(context, stream, waiting)
    const cursor = store.cursors.read(source.name, stream)
    store.cursors.write(source.name, stream, {
      ...cursor,
      [which]: done ? null : progress,
      watermark: toWatermark(cursor.watermark, which, waiting),
      backfilledAt: which === 'backfill' && done ? fromMs(clock.now()) : cursor.backfilledAt,
    })
    if (done) options.onDone?.()
  })
}

/** The first sync says where the live runs begin, and then leaves it to them. */
function toWatermark(before: Instant | null, which: Which, waiting: readonly ReadPage[]): Instant | null {
  const known = waiting.flatMap(({ step }) => step.watermark ?? [])
  if (known.length === 0 || (which === 'backfill' && before !== null)) return before
  return Math.max(...known, ...(before === null ? [] : [before]))
}

/** Also those that a live run has overtaken, and those that could not be understood: the helpdesk lists them. */
function noteListed({ store, source }: SyncContext, stream: Stream, waiting: readonly ReadPage[]): void {
  const ids = new Map<string, string[]>()
  const note = (home: string, id: string): void => {
    const known = ids.get(home)
    if (known === undefined) ids.set(home, [id])
    else known.push(id)
  }
  for (const { page } of waiting) {
    for (const { kind, id } of page.records) note(HOME_OF[kind], id)
    for (const { id, stream: home = stream } of page.invalid) note(home, id)
  }
  for (const [home, listed] of ids) store.reconciled.put(source.name, home, listed)
}
