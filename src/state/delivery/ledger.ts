// The outbox of events read as a ledger: what was sent, what not and why.
import type { RecordId } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'
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

export function createLedger(database: Database) {
  const last = database.prepare<[number], Row>(
    `SELECT * FROM (SELECT ${COLUMNS} FROM outbox_events ORDER BY seq DESC LIMIT ?) ORDER BY seq`,
  )
  const since = database.prepare<[number], Row>(
    `SELECT ${COLUMNS} FROM outbox_events WHERE seq > ? ORDER BY seq`,
  )
  const one = database.prepare<[number], Row>(`SELECT ${COLUMNS} FROM outbox_events WHERE seq = ?`)
  const sent = database.prepare<[number, number], Row>(
    `SELECT ${COLUMNS} FROM outbox_events WHERE state = 'sent' AND sent_at >= ? AND sent_at < ? ORDER BY seq`,
  )
  const of = database.prepare<[string, number], Row>(
    `SELECT ${COLUMNS} FROM outbox_events WHERE email = ? ORDER BY occurred_at DESC, seq DESC LIMIT ?`,
  )
  const replay = database.prepare(`
    UPDATE outbox_events SET state = 'uncertain', looks = 0, attempts = 0, due_at = 0, sending_at = NULL
    WHERE event_id = ? AND state = 'sent' AND payload IS NOT NULL`)

  return {
    last: (count: number): LedgerRow[] => last.all(count).map((row) => toRow(row)),
    /** What came after `seq`, and what these earlier ones are now. */
    changedSince: (seq: number, open: readonly number[]): LedgerRow[] => [
      ...open.flatMap((number) => {
        const row = one.get(number)
        return row === undefined ? [] : [toRow(row)]
      }),
      ...since.all(seq).map((row) => toRow(row)),
    ],
    sentBetween: (from: Instant, to: Instant): LedgerRow[] => sent.all(from, to).map((row) => toRow(row)),
    /** The newest first. */
    of: (email: string, limit: number): LedgerRow[] => of.all(email, limit).map((row) => toRow(row)),
    /** In doubt again: looked for as any other, and sent once more if no look finds it. */
    replay: (eventId: string): boolean => replay.run(eventId).changes > 0,
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
