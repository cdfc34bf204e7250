// What webhooks said: "read this object again", one row for each object, however often it was said. A request is never data.
import type { RecordId, RequestedKind } from '../../model/records.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

/** What comes within this time is followed by one reading: a closing alone fires several triggers. */
const COLLECT = fromMs(150)

export interface RefreshRequest {
  source: string
  kind: RequestedKind
  id: RecordId
  /** Grows with each delivery: following an earlier one does not end a later one. */
  generation: number
  /** When the oldest delivery came that was not followed yet. */
  since: Instant
  attempts: number
}

/** Counted for as long as the state lives. */
export interface WebhookCounts {
  accepted: number
  /** Authentic, and naming no object. */
  ignored: number
  unauthorized: number
  /** The helpdesk looked whether it is heard. */
  pings: number
  lastAt: Instant | null
}

const NONE: WebhookCounts = { accepted: 0, ignored: 0, unauthorized: 0, pings: 0, lastAt: null }

export class RefreshRequests extends Table {
  readonly #upsert = this.database.prepare(`
    INSERT INTO refresh_requests (source, kind, id, since, due_at) VALUES (@source, @kind, @id, @now, @now + ${COLLECT})
    ON CONFLICT (source, kind, id) DO UPDATE SET
      generation = generation + 1, attempts = 0, due_at = min(due_at, excluded.due_at)`)

  put(source: string, { kind, id }: { kind: RequestedKind; id: RecordId }, now: Instant): void {
    this.#upsert.run({ source, kind, id, now })
  }

  readonly #due = this.database.prepare<[string, number, number], RefreshRequest>(`
    SELECT source, kind, id, generation, since, attempts FROM refresh_requests WHERE source = ? AND due_at <= ? ORDER BY since LIMIT ?`)

  due(source: string, now: Instant, limit: number): RefreshRequest[] {
    return this.#due.all(source, now, limit)
  }

  readonly #finish = this.database.prepare(
    'DELETE FROM refresh_requests WHERE source = ? AND kind = ? AND id = ? AND generation = ?',
  )

  /** Its object was read since. */
  finish({ source, kind, id, generation }: RefreshRequest): void {
    this.#finish.run(source, kind, id, generation)
  }

  readonly #postpone = this.database.prepare(
    'UPDATE refresh_requests SET attempts = attempts + 1, due_at = ? WHERE source = ? AND kind = ? AND id = ? AND generation = ?',
  )

  postpone({ source, kind, id, generation }: RefreshRequest, until: Instant): void {
    this.#postpone.run(until, source, kind, id, generation)
  }

  readonly #next = this.database.prepare<[string], { at: number | null }>(
    'SELECT min(due_at) AS at FROM refresh_requests WHERE source = ?',
  )

  /** When the next is to be followed; null if none is open. */
  nextDueAt(source: string): Instant | null {
    return this.#next.get(source)?.at ?? null
  }

  readonly #count = this.database.prepare<[string], { n: number }>(
    'SELECT count(*) AS n FROM refresh_requests WHERE source = ?',
  )

  count(source: string): number {
    return this.#count.get(source)?.n ?? 0
  }

  readonly #putCounts = this.database.prepare(
    'INSERT INTO webhook_counts (source, counts) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET counts = excluded.counts',
  )

  /** Adds to what was counted. */
  add(source: string, more: Partial<Omit<WebhookCounts, 'lastAt'>>, lastAt: Instant | null): void {
    const now = this.counts(source)
    const sum = {
      accepted: now.accepted + (more.accepted ?? 0),
      ignored: now.ignored + (more.ignored ?? 0),
      unauthorized: now.unauthorized + (more.unauthorized ?? 0),
      pings: now.pings + (more.pings ?? 0),
      lastAt: lastAt ?? now.lastAt,
    }
    this.#putCounts.run(source, JSON.stringify(sum))
  }

  readonly #select = this.database.prepare<[string], { counts: string }>(
    'SELECT counts FROM webhook_counts WHERE source = ?',
  )

  counts(source: string): WebhookCounts {
    const row = this.#select.get(source)
    return row === undefined ? NONE : { ...NONE, ...(JSON.parse(row.counts) as Partial<WebhookCounts>) }
  }
}
