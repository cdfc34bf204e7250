// How a stream is read, by what its helpdesk can be asked for (reliability.md § 2.1). Whichever it is: an interrupted walk goes on where
// it was, the watermark says up to when everything has been read, and a walk reads a little before it again.
import { isAbort, TajoError } from '../../lib/errors.ts'
import type { Stream } from '../../model/records.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import type { Walk } from '../../state/reading/cursors.ts'
import { readingOf, type SyncContext } from '../context.ts'
import type { WalkOptions, Walking } from './pages.ts'
import { walkDown } from './down.ts'
import { walkUp } from './up.ts'
import { walkWindows } from './windows.ts'

export type { OnPage, WalkOptions } from './pages.ts'

/** How far below the watermark a list is read again: rows may be committed late with an earlier time. */
const OVERLAP = fromMs(10 * 60_000)
/** A refused cursor starts the walk anew; one that is refused again and again is no matter of age. */
const MAX_RESTARTS = 3

/**
 * Reads what changed since the watermark, or since `since` where that is earlier, and nothing before `notBefore`; goes on with an
 * interrupted walk first.
 */
export async function walkChanges(
  context: SyncContext,
  stream: Stream,
  { watermark, since, notBefore }: { watermark: Instant; since: Instant | null; notBefore?: Instant },
  options: WalkOptions,
): Promise<void> {
  const { store, source } = context
  const wanted = Math.min(watermark - overlapOf(context, stream), since ?? Number.POSITIVE_INFINITY)
  const low = Math.max(wanted, notBefore ?? Number.NEGATIVE_INFINITY)
  const interrupted = store.cursors.read(source.name, stream).walk
  const isAsked = since !== null && since < watermark
  if (interrupted === null && !isAsked && isTooSoon(context, stream, watermark)) return
  if (interrupted !== null) await walk({ context, stream, which: 'walk', options }, interrupted)
  // A walk up ends at what is there now, wherever it went on.
  const isUp = readingOf(context, stream).mode !== 'newest_first'
  if (isUp && interrupted?.low != null && interrupted.low <= low) return
  await walk({ context, stream, which: 'walk', options }, { high: null, low, token: null })
}

/** What is read now and then is left alone until enough time has come to it. */
function isTooSoon(context: SyncContext, stream: Stream, watermark: Instant): boolean {
  const reading = readingOf(context, stream)
  if (reading.mode !== 'windows' || reading.every === undefined) return false
  return context.source.now() - reading.lag - watermark < reading.every
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
  const start = cursor.backfill ?? { high: null, low, token: null }
  await walk({ context, stream, which: 'backfill', options }, start)
}

/** Reads everything again; goes on where it was interrupted. `onDone` is called in the transaction of the last page. */
export async function walkReconcile(
  context: SyncContext,
  stream: Stream,
  backfillSince: Instant | null,
  options: WalkOptions,
  onDone: () => void,
): Promise<void> {
  const { store, source } = context
  // A list has an end; windows need a beginning.
  const low = readingOf(context, stream).mode === 'windows' ? backfillSince : null
  const start = store.cursors.read(source.name, stream).reconcile ?? { high: null, low, token: null }
  await walk({ context, stream, which: 'reconcile', options: { ...options, onDone } }, start)
}

async function walk(walking: Walking, start: Walk): Promise<void> {
  const { context, stream } = walking
  let from = start
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await walkOnce(walking, from)
    } catch (thrown) {
      const refused = thrown instanceof TajoError && thrown.code === 'source_cursor_refused'
      if (!refused || isAbort(thrown) || restarts >= MAX_RESTARTS) throw thrown
      context.log.warn('Cursor no longer taken, reading the stream again from its beginning', { stream })
      from = restartOf(walking, start)
    }
  }
}

/** A walk up has read what lies below where it is; a walk down begins at the newest record again. */
function restartOf({ context, stream, which }: Walking, start: Walk): Walk {
  const now = context.store.cursors.read(context.source.name, stream)[which] ?? start
  const isDown = readingOf(context, stream).mode === 'newest_first'
  if (isDown) return { high: null, low: start.low, token: null }
  return { ...now, low: now.reached ?? now.low, token: null }
}

async function walkOnce(walking: Walking, start: Walk): Promise<void> {
  const reading = readingOf(walking.context, walking.stream)
  switch (reading.mode) {
    case 'newest_first':
      return await walkDown(walking, start)
    case 'since':
      return await walkUp(walking, start, reading)
    case 'windows':
      return await walkWindows(walking, start, reading)
    case 'within':
    case 'singly':
      throw new Error(`${walking.stream} have no pages of their own`)
  }
}

function overlapOf(context: SyncContext, stream: Stream): Instant {
  const reading = readingOf(context, stream)
  return reading.mode === 'since' || reading.mode === 'windows' ? reading.overlap : OVERLAP
}
