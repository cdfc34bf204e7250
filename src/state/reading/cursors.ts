// Where the reading of each stream stands.
import type { Stream } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

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

export class Cursors extends Table {
  readonly #select = this.database.prepare<[string, string], Row>(
    'SELECT * FROM cursors WHERE source = ? AND stream = ?',
  )

  read(source: string, stream: Stream): Cursor {
    const row = this.#select.get(source, stream)
    return {
      watermark: row?.watermark ?? null,
      walk: this.#parse(row?.walk),
      backfill: this.#parse(row?.backfill),
      backfilledAt: row?.backfilled_at ?? null,
      reconcile: this.#parse(row?.reconcile),
    }
  }

  readonly #upsert = this.database.prepare(`
    INSERT INTO cursors (source, stream, watermark, walk, backfill, backfilled_at, reconcile) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (source, stream) DO UPDATE SET
      watermark = excluded.watermark, walk = excluded.walk, backfill = excluded.backfill,
      backfilled_at = excluded.backfilled_at, reconcile = excluded.reconcile`)

  write(source: string, stream: Stream, cursor: Cursor): void {
    this.#upsert.run(
      source,
      stream,
      cursor.watermark,
      this.#format(cursor.walk),
      this.#format(cursor.backfill),
      cursor.backfilledAt,
      this.#format(cursor.reconcile),
    )
  }

  readonly #sources = this.database.prepare<[], { source: string }>('SELECT DISTINCT source FROM cursors')

  /** Connectors that were read from. */
  sources(): string[] {
    return this.#sources.all().map((row) => row.source)
  }

  /** True once the first sync of all these streams has come through. */
  isBackfilled(source: string, streams: readonly Stream[]): boolean {
    return streams.every((stream) => this.#select.get(source, stream)?.backfilled_at != null)
  }

  /** When the last of these streams had come through for the first time; null while one has not. */
  backfilledAt(source: string, streams: readonly Stream[]): Instant | null {
    const times = streams.map((stream) => this.#select.get(source, stream)?.backfilled_at ?? null)
    const known = times.filter((at) => at !== null)
    return known.length < times.length || known.length === 0 ? null : Math.max(...known)
  }

  #parse(text: string | null | undefined): Walk | null {
    return text == null ? null : (JSON.parse(text) as Walk)
  }

  #format(walk: Walk | null): string | null {
    return walk === null ? null : JSON.stringify(walk)
  }
}
