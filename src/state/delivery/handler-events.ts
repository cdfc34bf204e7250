// What handlers of the SDK are to be given, until they have acknowledged it. Its id stays, so that the same occurrence is given once.
import type { Occurrence, OccurrenceType } from '../../model/occurrence.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

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

export class HandlerEvents extends Table {
  readonly #insert = this.database.prepare(`
    INSERT INTO handler_events (id, source, type, occurrence, occurred_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)

  put(id: string, source: string, occurrence: Occurrence): void {
    this.#insert.run(id, source, occurrence.type, JSON.stringify(occurrence), occurrence.at)
  }

  readonly #due = this.database.prepare<[string, number, string, number], Row>(`
    SELECT id, source, occurrence, attempts FROM handler_events
    WHERE source = ? AND state = 'open' AND due_at <= ? AND type IN (SELECT value FROM json_each(?)) ORDER BY occurred_at, id LIMIT ?`)

  due(source: string, types: readonly OccurrenceType[], now: Instant, limit: number): HandlerEvent[] {
    return this.#due
      .all(source, now, JSON.stringify(types), limit)
      .map((row) => ({ ...row, occurrence: JSON.parse(row.occurrence) as Occurrence }))
  }

  readonly #next = this.database.prepare<[string], { at: number | null }>(
    "SELECT min(due_at) AS at FROM handler_events WHERE source = ? AND state = 'open'",
  )

  nextDueAt(source: string): Instant | null {
    return this.#next.get(source)?.at ?? null
  }

  readonly #finish = this.database.prepare(
    "UPDATE handler_events SET state = 'done', occurrence = NULL WHERE id = ?",
  )

  finish(id: string): void {
    this.#finish.run(id)
  }

  readonly #fail = this.database.prepare("UPDATE handler_events SET state = 'failed' WHERE id = ?")

  fail(id: string): void {
    this.#fail.run(id)
  }

  readonly #reopen = this.database.prepare(
    "UPDATE handler_events SET state = 'open', attempts = 0, due_at = 0 WHERE id = ? AND state = 'failed'",
  )

  /** A person wants it tried again. */
  reopen(id: string): void {
    this.#reopen.run(id)
  }

  readonly #postpone = this.database.prepare(
    'UPDATE handler_events SET attempts = attempts + 1, due_at = ? WHERE id = ?',
  )

  postpone(id: string, until: Instant): void {
    this.#postpone.run(until, id)
  }

  readonly #expire = this.database.prepare(
    "UPDATE handler_events SET state = 'failed', occurrence = NULL WHERE state = 'open' AND occurred_at < ?",
  )

  /** What nobody asked for in all that time is given no more. */
  expire(before: Instant): void {
    this.#expire.run(before)
  }

  readonly #prune = this.database.prepare('DELETE FROM handler_events WHERE occurred_at < ?')

  prune(before: Instant): void {
    this.#prune.run(before)
  }
}
