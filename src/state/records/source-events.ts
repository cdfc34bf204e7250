// Entries of a source's event feed that still have to be looked at; kept for a while afterwards, so that reading them again
// changes nothing.
import type { SourceEvent, SourceEventType } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

interface Row {
  id: string
  type: SourceEventType
  object_id: string
  names: string | null
  at: number
}

export class SourceEvents extends Table {
  readonly #insert = this.database.prepare(`
    INSERT INTO source_events (source, id, type, object_id, names, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)

  put(source: string, event: SourceEvent): void {
    this.#insert.run(source, event.id, event.type, event.objectId, event.names.join(' ') || null, event.at)
  }

  readonly #open = this.database.prepare<[string, number, number, string, number], Row>(`
    SELECT * FROM source_events INDEXED BY source_events_open
    WHERE source = ? AND done = 0 AND (at > ? OR (at = ? AND id > ?)) ORDER BY at, id LIMIT ?`)

  /** The oldest after `after` that were not dealt with yet. */
  open(source: string, after: Pick<SourceEvent, 'at' | 'id'>, limit: number): SourceEvent[] {
    return this.#open.all(source, after.at, after.at, after.id, limit).map((row) => ({
      kind: 'event',
      id: row.id,
      type: row.type,
      objectId: row.object_id,
      names: row.names?.split(' ') ?? [],
      at: row.at,
    }))
  }

  readonly #any = this.database.prepare<[string, string, string, number], { one: number }>(
    'SELECT 1 AS one FROM source_events WHERE source = ? AND object_id = ? AND type = ? AND at >= ? LIMIT 1',
  )

  /** True if an entry of this type about the object is known, no older than `since`. */
  has(source: string, objectId: string, type: SourceEventType, since: Instant): boolean {
    return this.#any.get(source, objectId, type, since) !== undefined
  }

  readonly #awaited = this.database.prepare<[string, string], { one: number }>(`
    SELECT 1 AS one FROM source_events INDEXED BY source_events_open
    WHERE source = ? AND done = 0 AND object_id = ? AND type = 'customer_changed' LIMIT 1`)

  /** True while a customer is to be read again. */
  isAwaited(source: string, customerId: string): boolean {
    return this.#awaited.get(source, customerId) !== undefined
  }

  readonly #reopen = this.database.prepare('UPDATE source_events SET done = 0 WHERE source = ? AND id = ?')

  /** To be looked at again. */
  reopen(source: string, id: string): void {
    this.#reopen.run(source, id)
  }

  readonly #finish = this.database.prepare('UPDATE source_events SET done = 1 WHERE source = ? AND id = ?')

  finish(source: string, id: string): void {
    this.#finish.run(source, id)
  }

  readonly #prune = this.database.prepare(
    'DELETE FROM source_events WHERE source = ? AND done = 1 AND at < ?',
  )

  prune(source: string, before: Instant): void {
    this.#prune.run(source, before)
  }
}
