// Stretches of work within tickets, as far as they were told.
import type { ProfileSession } from '../../model/profile.ts'
import type { Session } from '../../model/records.ts'
import { Table } from '../db/table.ts'

interface Row {
  ticket_id: string
  id: string
  channel: string | null
  direction: 'inbound' | 'outbound' | null
  status: string | null
  solved: number | null
  queued_at: number | null
  responded_at: number | null
  ended_at: number | null
  inbox_queued: string | null
  inbox_ended: string | null
}

const COLUMNS =
  'ticket_id, id, channel, direction, status, solved, queued_at, responded_at, ended_at, inbox_queued, inbox_ended'

export class Sessions extends Table {
  readonly #select = this.database.prepare<[string, string, string], Row>(
    `SELECT ${COLUMNS} FROM sessions WHERE source = ? AND ticket_id = ? AND id = ?`,
  )

  readonly #upsert = this.database.prepare(`
    INSERT INTO sessions (source, ${COLUMNS})
    VALUES (@source, @ticket_id, @id, @channel, @direction, @status, @solved, @queued_at, @responded_at, @ended_at, @inbox_queued,
      @inbox_ended)
    ON CONFLICT (source, ticket_id, id) DO UPDATE SET channel = excluded.channel, direction = excluded.direction,
      status = excluded.status, solved = excluded.solved, queued_at = excluded.queued_at, responded_at = excluded.responded_at,
      ended_at = excluded.ended_at, inbox_queued = excluded.inbox_queued, inbox_ended = excluded.inbox_ended`)

  /** Stores what was told; false if nothing of it is new. */
  put(source: string, session: Session): boolean {
    const before = this.#select.get(source, session.ticketId, session.id)
    const row = toRow(session, before)
    if (before !== undefined && isSame(before, row)) return false
    this.#upsert.run({ source, ...row })
    return true
  }

  readonly #of = this.database.prepare<[string, string], Row>(
    `SELECT ${COLUMNS} FROM sessions WHERE source = ? AND ticket_id = ? ORDER BY queued_at, id`,
  )

  /** The oldest first. */
  of(source: string, ticketId: string): ProfileSession[] {
    if (!this.#hasAny(source)) return []
    return this.#of.all(source, ticketId).map((row) => toProfileSession(row))
  }

  readonly #ofMany = this.database.prepare<[string, string], Row>(`
    SELECT s.* FROM json_each(?) e CROSS JOIN sessions s ON s.source = ? AND s.ticket_id = e.value ORDER BY s.queued_at, s.id`)

  /** The same of many tickets, by ticket. */
  ofMany(source: string, ticketIds: readonly string[]): Map<string, ProfileSession[]> {
    const found = new Map<string, ProfileSession[]>()
    if (!this.#hasAny(source)) return found
    for (const row of this.#ofMany.all(JSON.stringify(ticketIds), source)) {
      const list = found.get(row.ticket_id)
      if (list === undefined) found.set(row.ticket_id, [toProfileSession(row)])
      else list.push(toProfileSession(row))
    }
    return found
  }

  readonly #any = this.database.prepare<[string], { one: number }>(
    'SELECT 1 AS one FROM sessions WHERE source = ? LIMIT 1',
  )

  #hasAny(source: string): boolean {
    return this.#any.get(source) !== undefined
  }
}

/** What shows all of a session has the last word; what tells a part of it fills what is not known. */
function toRow(session: Session, before: Row | undefined): Row {
  const { isSolved } = session
  const told = {
    channel: session.channel,
    direction: session.direction,
    status: session.status,
    solved: isSolved === undefined || isSolved === null ? isSolved : Number(isSolved),
    queued_at: session.queuedAt,
    responded_at: session.respondedAt,
    ended_at: session.endedAt,
    inbox_queued: session.inboxWhenQueued,
    inbox_ended: session.inboxWhenEnded,
  }
  const merge = <K extends keyof typeof told>(key: K): Row[K] => {
    const [known, now] = [before?.[key] ?? null, told[key] ?? null]
    return (session.isWhole ? (now ?? known) : (known ?? now)) as Row[K]
  }
  return {
    ticket_id: session.ticketId,
    id: session.id,
    channel: merge('channel'),
    direction: merge('direction'),
    status: merge('status'),
    solved: merge('solved'),
    queued_at: merge('queued_at'),
    responded_at: merge('responded_at'),
    ended_at: merge('ended_at'),
    inbox_queued: merge('inbox_queued'),
    inbox_ended: merge('inbox_ended'),
  }
}

const isSame = (before: Row, row: Row): boolean =>
  Object.entries(row).every(([key, value]) => before[key as keyof Row] === value)

function toProfileSession(row: Row): ProfileSession {
  return {
    id: row.id,
    channel: row.channel,
    direction: row.direction,
    status: row.status,
    isSolved: row.solved === null ? null : row.solved === 1,
    queuedAt: row.queued_at,
    respondedAt: row.responded_at,
    endedAt: row.ended_at,
    inboxWhenQueued: row.inbox_queued,
    inboxWhenEnded: row.inbox_ended,
  }
}
