// What a reading of a table covers, and how it tells how far it has come.
import { fromMs, type Instant } from '../../../model/time.ts'
import type { TablePage, TableRequest } from '../../tables.ts'
import type { Json } from '../items.ts'
import { type Reader, REPORT_LAG } from '../reader.ts'
import { LOOK_BACK, type Window } from '../reports/reports.ts'
import { EVENTS_REACH } from '../slices.ts'

export type Pages = AsyncGenerator<TablePage, void, void>

export const DAY = fromMs(24 * 3_600_000)
/** Nobody had Gladly before. */
export const FIRST = fromMs(Date.UTC(2014))
/** What a report is asked for at once: its rows are held in memory. */
export const WINDOW = 61 * DAY
/** Most of what changes was begun in the last weeks. */
const TRAIL = 30 * DAY
export const pageOf = (items: readonly Json[], newest: Instant | null = null): TablePage => ({
  items: items.map((json) => ({ json, at: null })),
  newest,
  oldest: newest,
  next: 'more',
})

export const lastOf = (items: readonly Json[], newest: Instant | null): TablePage => ({
  ...pageOf(items, newest),
  next: null,
})

/** What is read, and what of it is wanted. */
export interface Span {
  low: Instant
  /** Reports know what was then. */
  asOf: Instant
  now: Instant
  /** Events tell everything that changed. */
  isFresh: boolean
  /** What changed before is not wanted. */
  changedSince: Instant
}

export function toSpan(reader: Reader, { from, since }: TableRequest): Span {
  const now = reader.now()
  const isFresh = from !== null && from >= now - EVENTS_REACH
  return {
    low: from === null ? FIRST : Math.max(FIRST, from - (isFresh ? TRAIL : LOOK_BACK)),
    asOf: now - REPORT_LAG,
    now,
    isFresh,
    changedSince: (isFresh ? from : since) ?? 0,
  }
}

export function* toWindows(low: Instant, until: Instant): Generator<Window> {
  for (let from = low; from < until; from += WINDOW) yield { from, until: Math.min(from + WINDOW, until) }
}

/** What events tell of besides is read last: before that a reading has come no further than to where they begin. */
export const reachedBy = ({ until }: Window, { isFresh, now }: Span): Instant | null =>
  isFresh || until > now - EVENTS_REACH ? null : until
