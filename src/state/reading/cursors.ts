// Where the reading of each stream stands.
import type { Stream } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'

/** A walk over a stream, as far as it has come. */
export interface Walk {
  /** Down: greatest sort key of its first page, the watermark once it is complete. Up: where the first sync ends. */
  high: Instant | null
  /** Down: where it ends. Up: where it began; in windows: where the current one begins. Null: everything. */
  low: Instant | null
  /** Up: everything before this has been read, should `token` be refused. */
  reached?: Instant | null
  /** Where to go on; null before the first page. */
  token: string | null
}

export interface Cursor {
  watermark: Instant | null
  walk: Walk | null
  backfill: Walk | null
  backfilledAt: Instant | null
  /** The walk that reads everything again, while it is under way. */
  reconcile: Walk | null
}

interface Row {
  watermark: number | null
  walk: string | null
  backfill: string | null
  backfilled_at: number | null
  reconcile: string | null
}

export function createCursors(database: Database) {
  const select = database.prepare<[string, string], Row>(
    'SELECT * FROM cursors WHERE source = ? AND stream = ?',
  )
  const upsert = database.prepare(`
    INSERT INTO cursors (source, stream, watermark, walk, backfill, backfilled_at, reconcile) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (source, stream) DO UPDATE SET
      watermark = excluded.watermark, walk = excluded.walk, backfill = excluded.backfill,
      backfilled_at = excluded.backfilled_at, reconcile = excluded.reconcile`)
  const sources = database.prepare<[], { source: string }>('SELECT DISTINCT source FROM cursors')
  const parse = (text: string | null | undefined): Walk | null =>
    text == null ? null : (JSON.parse(text) as Walk)
  const format = (walk: Walk | null): string | null => (walk === null ? null : JSON.stringify(walk))

  return {
    read(source: string, stream: Stream): Cursor {
      const row = select.get(source, stream)
      return {
        watermark: row?.watermark ?? null,
        walk: parse(row?.walk),
        backfill: parse(row?.backfill),
        backfilledAt: row?.backfilled_at ?? null,
        reconcile: parse(row?.reconcile),
      }
    },
    write(source: string, stream: Stream, cursor: Cursor): void {
      upsert.run(
        source,
        stream,
        cursor.watermark,
        format(cursor.walk),
        format(cursor.backfill),
        cursor.backfilledAt,
        format(cursor.reconcile),
      )
    },
    /** Connectors that were read from. */
    sources: (): string[] => sources.all().map((row) => row.source),
    /** True once the first sync of all these streams has come through. */
    isBackfilled: (source: string, streams: readonly Stream[]): boolean =>
      streams.every((stream) => select.get(source, stream)?.backfilled_at != null),
  }
}
