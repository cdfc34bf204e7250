// While everything is read again: what the lists have named so far.
import type { Stream } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'

/** Table of each kind of object, and what of it is still there as far as is known. */
const TABLES: Partial<Record<Stream, string>> = {
  customers: 'FROM customers t WHERE t.deleted = 0 AND t.merged_into IS NULL AND t.updated_at < ?',
  tickets: 'FROM tickets t WHERE t.deleted = 0 AND t.updated_at < ?',
  satisfaction_surveys: 'FROM surveys t WHERE t.created_at < ?',
}

export function createReconciled(database: Database) {
  const insert = database.prepare(
    'INSERT INTO reconciled (source, stream, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  )
  const clear = database.prepare('DELETE FROM reconciled WHERE source = ?')
  const missing = Object.fromEntries(
    Object.entries(TABLES).map(([stream, table]) => [
      stream,
      database.prepare<[number, string, string, number], { id: string }>(`
        SELECT t.id ${table} AND t.source = ?
          AND NOT EXISTS (SELECT 1 FROM reconciled r WHERE r.source = t.source AND r.stream = ? AND r.id = t.id)
        LIMIT ?`),
    ]),
  )

  return {
    put(source: string, stream: string, ids: readonly string[]): void {
      if (Object.hasOwn(TABLES, stream)) for (const id of ids) insert.run(source, stream, id)
    },
    clear(source: string): void {
      clear.run(source)
    },
    /** Objects that were there before `startedAt` and that no list has named. */
    missing: (source: string, stream: Stream, startedAt: Instant, limit: number): string[] =>
      missing[stream]?.all(startedAt, source, stream, limit).map((row) => row.id) ?? [],
  }
}
