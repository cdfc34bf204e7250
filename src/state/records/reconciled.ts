// While everything is read again: what the lists have named so far.
import type { Stream } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

/** Table of each kind of object, and what of it is still there as far as is known. */
const TABLES: Partial<Record<Stream, string>> = {
  customers: 'FROM customers t WHERE t.deleted = 0 AND t.merged_into IS NULL AND t.updated_at < ?',
  tickets: 'FROM tickets t WHERE t.deleted = 0 AND t.updated_at < ?',
  satisfaction_surveys: 'FROM surveys t WHERE t.created_at < ?',
}

export class Reconciled extends Table {
  readonly #insert = this.database.prepare(
    'INSERT INTO reconciled (source, stream, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )

  put(source: string, stream: string, ids: readonly string[]): void {
    if (Object.hasOwn(TABLES, stream)) for (const id of ids) this.#insert.run(source, stream, id)
  }

  readonly #clear = this.database.prepare('DELETE FROM reconciled WHERE source = ?')

  clear(source: string): void {
    this.#clear.run(source)
  }

  readonly #missing = Object.fromEntries(
    Object.entries(TABLES).map(([stream, table]) => [
      stream,
      this.database.prepare<[number, string, string, number], { id: string }>(`
        SELECT t.id ${table} AND t.source = ?
          AND NOT EXISTS (SELECT 1 FROM reconciled r WHERE r.source = t.source AND r.stream = ? AND r.id = t.id)
        LIMIT ?`),
    ]),
  )

  /** Objects that were there before `startedAt` and that no list has named. */
  missing(source: string, stream: Stream, startedAt: Instant, limit: number): string[] {
    return this.#missing[stream]?.all(startedAt, source, stream, limit).map((row) => row.id) ?? []
  }
}
