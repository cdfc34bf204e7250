// The outbox of events read as a ledger: what was sent, what not and why.
import type { RecordId } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'
import type { EventState } from './outbox-events.ts'

export interface LedgerRow {
  /** Grows with each event. */
  seq: number
  eventId: RecordId
  email: string
  name: string
  state: EventState
  reason: string | null
  occurredAt: Instant
  sentAt: Instant | null
  /** False where its content is not kept any more. */
  hasPayload: boolean
}

/** Null: whatever it is. `before`: older than that. */
export interface LedgerFilter {
  state: EventState | null
  name: string | null
  before: number | null
}

/** A filter that nothing fits is not looked for in all that ever was. */
const MOST_LOOKED_AT = 100_000

interface Row {
  seq: number
  event_id: string
  email: string
  name: string
  state: EventState
  reason: string | null
  occurred_at: number
  sent_at: number | null
  has_payload: number
}

const COLUMNS =
  'seq, event_id, email, name, state, reason, occurred_at, sent_at, payload IS NOT NULL AS has_payload'

export class Ledger extends Table {
  readonly #last = this.database.prepare<[number], Row>(
    `SELECT * FROM (SELECT ${COLUMNS} FROM outbox_events ORDER BY seq DESC LIMIT ?) ORDER BY seq`,
  )

  last(count: number): LedgerRow[] {
    return this.#last.all(count).map((row) => toRow(row))
  }

  readonly #page = this.database.prepare<
    [{ state: string | null; name: string | null; before: number; limit: number }],
    Row
  >(`
    SELECT ${COLUMNS} FROM outbox_events
    WHERE seq < @before AND seq >= min(@before, (SELECT max(seq) FROM outbox_events)) - ${MOST_LOOKED_AT}
      AND (@state IS NULL OR state = @state) AND (@name IS NULL OR name = @name)
    ORDER BY seq DESC LIMIT @limit`)

  /** The newest first. */
  page({ state, name, before }: LedgerFilter, limit: number): LedgerRow[] {
    return this.#page
      .all({ state, name, before: before ?? Number.MAX_SAFE_INTEGER, limit })
      .map((row) => toRow(row))
  }

  readonly #since = this.database.prepare<[number], Row>(
    `SELECT ${COLUMNS} FROM outbox_events WHERE seq > ? ORDER BY seq`,
  )

  readonly #one = this.database.prepare<[number], Row>(`SELECT ${COLUMNS} FROM outbox_events WHERE seq = ?`)

  /** What came after `seq`, and what these earlier ones are now. */
  changedSince(seq: number, open: readonly number[]): LedgerRow[] {
    return [
      ...open.flatMap((number) => {
        const row = this.#one.get(number)
        return row === undefined ? [] : [toRow(row)]
      }),
      ...this.#since.all(seq).map((row) => toRow(row)),
    ]
  }

  readonly #sent = this.database.prepare<[number, number], Row>(
    `SELECT ${COLUMNS} FROM outbox_events WHERE state = 'sent' AND sent_at >= ? AND sent_at < ? ORDER BY seq`,
  )

  sentBetween(from: Instant, to: Instant): LedgerRow[] {
    return this.#sent.all(from, to).map((row) => toRow(row))
  }

  readonly #of = this.database.prepare<[string, number], Row>(
    `SELECT ${COLUMNS} FROM outbox_events WHERE email = ? ORDER BY occurred_at DESC, seq DESC LIMIT ?`,
  )

  /** The newest first. */
  of(email: string, limit: number): LedgerRow[] {
    return this.#of.all(email, limit).map((row) => toRow(row))
  }

  readonly #replay = this.database.prepare(`
    UPDATE outbox_events SET state = 'uncertain', looks = 0, attempts = 0, due_at = 0, sending_at = NULL
    WHERE event_id = ? AND state = 'sent' AND payload IS NOT NULL`)

  /** In doubt again: looked for as any other, and sent once more if no look finds it. */
  replay(eventId: string): boolean {
    return this.#replay.run(eventId).changes > 0
  }
}

function toRow(row: Row): LedgerRow {
  return {
    seq: row.seq,
    eventId: row.event_id,
    email: row.email,
    name: row.name,
    state: row.state,
    reason: row.reason,
    occurredAt: row.occurred_at,
    sentAt: row.sent_at,
    hasPayload: row.has_payload === 1,
  }
}
