// What handlers of the SDK are to be given, until they have acknowledged it. Its id stays, so that the same occurrence is given once.
import type { Occurrence, OccurrenceType } from '../../model/occurrence.ts'
import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'

export interface HandlerEvent {
  id: string
  source: string
  occurrence: Occurrence
  attempts: number
}

interface Row {
  id: string
  source: string
  occurrence: string
  attempts: number
}

export function createHandlerEvents(database: Database) {
  const insert = database.prepare(`
    INSERT INTO handler_events (id, source, type, occurrence, occurred_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
  const due = database.prepare<[string, number, string, number], Row>(`
    SELECT id, source, occurrence, attempts FROM handler_events
    WHERE source = ? AND state = 'open' AND due_at <= ? AND type IN (SELECT value FROM json_each(?)) ORDER BY occurred_at, id LIMIT ?`)
  const next = database.prepare<[string], { at: number | null }>(
    "SELECT min(due_at) AS at FROM handler_events WHERE source = ? AND state = 'open'",
  )
  const finish = database.prepare("UPDATE handler_events SET state = 'done', occurrence = NULL WHERE id = ?")
  const fail = database.prepare("UPDATE handler_events SET state = 'failed' WHERE id = ?")
  const reopen = database.prepare(
    "UPDATE handler_events SET state = 'open', attempts = 0, due_at = 0 WHERE id = ? AND state = 'failed'",
  )
  const postpone = database.prepare(
    'UPDATE handler_events SET attempts = attempts + 1, due_at = ? WHERE id = ?',
  )
  const expire = database.prepare(
    "UPDATE handler_events SET state = 'failed', occurrence = NULL WHERE state = 'open' AND occurred_at < ?",
  )
  const prune = database.prepare('DELETE FROM handler_events WHERE occurred_at < ?')

  return {
    put(id: string, source: string, occurrence: Occurrence): void {
      insert.run(id, source, occurrence.type, JSON.stringify(occurrence), occurrence.at)
    },
    due: (source: string, types: readonly OccurrenceType[], now: Instant, limit: number): HandlerEvent[] =>
      due
        .all(source, now, JSON.stringify(types), limit)
        .map((row) => ({ ...row, occurrence: JSON.parse(row.occurrence) as Occurrence })),
    nextDueAt: (source: string): Instant | null => next.get(source)?.at ?? null,
    finish(id: string): void {
      finish.run(id)
    },
    fail(id: string): void {
      fail.run(id)
    },
    /** A person wants it tried again. */
    reopen(id: string): void {
      reopen.run(id)
    },
    postpone(id: string, until: Instant): void {
      postpone.run(until, id)
    },
    /** What nobody asked for in all that time is given no more. */
    expire(before: Instant): void {
      expire.run(before)
    },
    prune(before: Instant): void {
      prune.run(before)
    },
  }
}
