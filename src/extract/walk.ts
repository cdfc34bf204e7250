// How a table is read: from where it was left, a little before it again, and in batches that are stored with the cursor.
import { isAbort, TajoError } from '../lib/errors.ts'
import type { Clock } from '../lib/time/clock.ts'
import { fromMs, type Instant } from '../model/time.ts'
import type { Source } from '../sources/source.ts'
import { type Removal, type Row, type TableDefinition, type TablePage, toRow } from '../sources/tables.ts'
import { refuseAscending } from '../sync/walk/down.ts'
import type { Destination, TableCursor } from './destination.ts'
import { Fields } from './fields.ts'

/** Rows may be committed late with an earlier time. */
const OVERLAP = fromMs(10 * 60_000)
/** Rows of one transaction: a flush costs as much as what is in it. */
const BATCH_ROWS = 1_000
/** A slow API must not keep what it gave from the disk for longer. */
const BATCH_MS = 5_000
/** A refused cursor starts the reading anew; one that is refused again and again is no matter of age. */
const MAX_RESTARTS = 3

export interface Bounds {
  since: Instant | null
  /** Exclusive. */
  until: Instant | null
}

export interface Reading {
  source: Source
  table: TableDefinition
  destination: Destination
  bounds: Bounds
  clock: Clock
  fields: Fields
  signal?: AbortSignal | undefined
  /** Told of each page. `share`: of the time that is read, so much is; null where nobody can tell. */
  onPage: (page: { rows: number; invalid: number; share: number | null }) => void
}

/** What a reading that goes on from a cursor asks for first. */
export function firstRequest(
  { table, bounds }: Pick<Reading, 'table' | 'bounds'>,
  cursor: TableCursor,
): { token: string | null; from: Instant | null } {
  switch (table.reading.mode) {
    case 'whole':
      return { token: null, from: null }
    case 'newest_first':
      return cursor.walk === null
        ? { token: null, from: lowOf({ table, bounds }, cursor) }
        : { token: cursor.walk.token, from: cursor.walk.low }
    case 'since': {
      const { watermark } = cursor
      const isDeeper = watermark === null || !reaches(cursor, bounds.since)
      return { token: null, from: isDeeper ? bounds.since : watermark - table.reading.overlap }
    }
  }
}

/** How much of a time lies between its end and a point of it. */
const shareOf = (from: Instant | null, to: Instant, at: Instant | null): number | null =>
  from === null || at === null || to <= from ? null : Math.min(1, Math.max(0, (to - at) / (to - from)))

/** Reads what changed since `cursor`, and stores it. */
export async function readTable(
  asked: Omit<Reading, 'fields'>,
  cursor: TableCursor,
): Promise<{ newFields: string[] }> {
  const reading = { ...asked, fields: new Fields(cursor) }
  await walkTable(reading, cursor)
  return { newFields: [...reading.fields.news] }
}

async function walkTable(reading: Reading, cursor: TableCursor): Promise<void> {
  const { mode } = reading.table.reading
  if (mode !== 'newest_first') return await readUp(reading, cursor)
  let now = cursor
  if (now.walk !== null) {
    // What was begun is read as it was begun: a bound that came since would leave out what its watermark stands for.
    const { high } = now.walk
    const bounds = { ...reading.bounds, until: high === null ? null : high + 1 }
    now = await walkDown({ ...reading, bounds }, now)
  }
  await walkDown(reading, { ...now, walk: { high: null, low: lowOf(reading, now), token: null } })
}

/** Whether it was read down to there, or to the beginning. */
const reaches = ({ since: read }: TableCursor, asked: Instant | null): boolean =>
  read === null || (read !== undefined && asked !== null && asked >= read)

/**
 * From when on everything has been read, once `low` was read down to. One that ended at a bound below what was read before leaves a gap
 * between both.
 */
function sinceOf({ since: known }: TableCursor, low: Instant | null, until: Instant | null): Instant | null {
  if (known === undefined) return low
  const hasGap = until !== null && (known === null || until < known)
  if (hasGap) return known
  return known === null || low === null ? null : Math.min(known, low)
}

/**
 * What was younger than `settlesAfter` when it was last read may have changed since, however long ago that was; nothing before `since` is
 * read again. Whoever asks for what is earlier than ever before gets it.
 */
function lowOf(
  { table, bounds: { since } }: Pick<Reading, 'table' | 'bounds'>,
  cursor: TableCursor,
): Instant | null {
  const { watermark } = cursor
  if (watermark === null || !reaches(cursor, since)) return since
  const settles = table.reading.mode === 'newest_first' ? (table.reading.settlesAfter ?? 0) : 0
  // A bound spares what settles; between the watermark and now there must be no gap, wherever it lies.
  const settled = Math.max(watermark - settles, since ?? Number.NEGATIVE_INFINITY)
  return Math.min(watermark - OVERLAP, settled)
}

async function walkDown(reading: Reading, start: TableCursor): Promise<TableCursor> {
  let cursor = start
  for (let restarts = 0; ; restarts += 1) {
    try {
      return await walkDownOnce(reading, cursor)
    } catch (thrown) {
      const isRefused = thrown instanceof TajoError && thrown.code === 'source_cursor_refused'
      if (!isRefused || isAbort(thrown) || restarts >= MAX_RESTARTS) throw thrown
      cursor = { ...start, walk: { high: null, low: start.walk!.low, token: null } }
    }
  }
}

async function walkDownOnce(reading: Reading, start: TableCursor): Promise<TableCursor> {
  const { source, table, bounds, signal } = reading
  const { low, token } = start.walk!
  let { high } = start.walk!
  let previous: TablePage | null = null
  const batches = new Batches(reading)
  const startedAt = source.now()
  for await (const page of source.readTable!(
    table.madeOf?.table ?? table,
    { token, from: low, ...bounds },
    signal,
  )) {
    refuseAscending(table.name, previous, page)
    // What moves up while it is read lies above the first page, and is the next reading's.
    high ??= Math.min(page.newest ?? startedAt, bounds.until ?? Number.POSITIVE_INFINITY)
    const isDone = page.next === null || (low !== null && page.newest !== null && page.newest < low)
    const cursor: TableCursor = isDone
      ? {
          watermark: Math.max(high, start.watermark ?? high),
          since: sinceOf(start, low, bounds.until),
          walk: null,
        }
      : { ...start, walk: { high, low, token: page.next } }
    await batches.add(page, cursor, { low, isLast: isDone, share: shareOf(low, high, page.oldest) })
    if (isDone) return cursor
    previous = page
  }
  throw new Error(`the list of ${table.name} had no end`)
}

/** Oldest first from the watermark on, or all of it. */
async function readUp(reading: Reading, start: TableCursor): Promise<void> {
  const { source, table, bounds, signal } = reading
  const isWhole = table.reading.mode === 'whole'
  const { watermark } = start
  const { from } = firstRequest(reading, start)
  const batches = new Batches(reading)
  let reached = watermark
  const startedAt = source.now()
  // What lies between the watermark and a bound above it is read, too, or it would be a gap.
  const lowest = from === null || bounds.since === null ? bounds.since : Math.min(bounds.since, from)
  const request = { token: null, from, since: lowest, until: bounds.until }
  for await (const page of source.readTable!(table.madeOf?.table ?? table, request, signal)) {
    const isBeyond = !isWhole && bounds.until !== null && (page.oldest ?? 0) >= bounds.until
    const isLast = page.next === null || isBeyond
    // A page of nothing says nothing of how far it is, unless it is the last one.
    const newest = page.newest ?? (isLast ? startedAt : null)
    if (newest !== null)
      reached = Math.max(reached ?? 0, Math.min(newest, bounds.until ?? startedAt, startedAt))
    // Up to here it has no gap: a first reading that ends now is gone on with.
    const isWithoutGap = isLast || (watermark === null && !isWhole)
    const since = isWithoutGap ? { since: sinceOf(start, from, bounds.until) } : {}
    const cursor = { ...start, ...since, watermark: isWhole && !isLast ? watermark : reached }
    const left = shareOf(from, startedAt, page.newest)
    await batches.add(page, cursor, { low: from, isLast, share: left === null ? null : 1 - left })
    if (isLast) return
  }
}

/** Pages until they are worth a transaction. */
class Batches {
  readonly #reading: Reading
  #rows = new Map<string, Row>()
  #removals: Removal[] = []
  #since: number

  constructor(reading: Reading) {
    this.#reading = reading
    this.#since = reading.clock.monotonic()
  }

  async add(
    page: TablePage,
    cursor: TableCursor,
    { low, isLast, share }: { low: Instant | null; isLast: boolean; share: number | null },
  ): Promise<void> {
    const { table, destination, clock, bounds, fields, onPage } = this.#reading
    let invalid = 0
    let rows = 0
    const isWithin = (at: Instant | null): boolean =>
      at === null || ((low === null || at >= low) && (bounds.until === null || at < bounds.until))
    const items = page.items.flatMap(({ json, at }) =>
      isWithin(at) ? (table.madeOf?.toItems(json) ?? [json]) : [],
    )
    for (const item of items) {
      const row = toRow(table, item)
      if (row === null) {
        invalid += 1
        continue
      }
      rows += 1
      fields.see(row)
      this.#keep(row)
      const removal = table.toRemoval?.(item) ?? null
      if (removal !== null) this.#removals.push(removal)
    }
    this.#removals.push(...(page.removals ?? []))
    onPage({ rows, invalid, share: isLast ? 1 : share })
    const isFull = this.#rows.size >= BATCH_ROWS || clock.monotonic() - this.#since >= BATCH_MS
    if (!isLast && !isFull) return
    await destination.store(table, {
      rows: [...this.#rows.values()],
      removals: this.#removals,
      cursor: fields.note(cursor),
    })
    this.#rows = new Map()
    this.#removals = []
    this.#since = clock.monotonic()
  }

  #keep(row: Row): void {
    const known = this.#rows.get(row.id)
    if (known === undefined || (row.version ?? 0) >= (known.version ?? 0)) this.#rows.set(row.id, row)
  }
}
