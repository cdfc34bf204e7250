// Where the reading of each stream stands.
import type { Stream } from '../model/records.ts'
import type { Instant } from '../model/time.ts'
import type { Database } from './database.ts'

/** A walk from the newest record down to `low`, as far as it has come. */
export interface Walk {
  /** Greatest sort key of its first page: the watermark once the walk is complete. */
  high: Instant | null
  /** Null: to the end of the list. */
  low: Instant | null
  /** Where to go on; null before the first page. */
  token: string | null
}

export interface Cursor {
  watermark: Instant | null
  walk: Walk | null
  backfill: Walk | null
  backfilledAt: Instant | null
}

interface Row {
  watermark: number | null
  walk: string | null
  backfill: string | null
  backfilled_at: number | null
}

export function createCursors(database: Database) {
  const select = database.prepare<[string, string], Row>(
    'SELECT * FROM cursors WHERE source = ? AND stream = ?',
  )
  const upsert = database.prepare(`
    INSERT INTO cursors (source, stream, watermark, walk, backfill, backfilled_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (source, stream) DO UPDATE SET
      watermark = excluded.watermark, walk = excluded.walk, backfill = excluded.backfill, backfilled_at = excluded.backfilled_at`)

  return {
    read(source: string, stream: Stream): Cursor {
      const row = select.get(source, stream)
      return {
        watermark: row?.watermark ?? null,
        walk: row?.walk == null ? null : (JSON.parse(row.walk) as Walk),
        backfill: row?.backfill == null ? null : (JSON.parse(row.backfill) as Walk),
        backfilledAt: row?.backfilled_at ?? null,
      }
    },
    write(source: string, stream: Stream, cursor: Cursor): void {
      const walk = cursor.walk === null ? null : JSON.stringify(cursor.walk)
      const backfill = cursor.backfill === null ? null : JSON.stringify(cursor.backfill)
      upsert.run(source, stream, cursor.watermark, walk, backfill, cursor.backfilledAt)
    },
  }
}
