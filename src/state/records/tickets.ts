// Tickets as last read, and who spoke in them when. A counted ticket is neither spam nor trashed nor merged away nor deleted.
import { firstResponseAt, type ProfileSession, type ProfileTicket } from '../../model/profile.ts'
import type { Message, Ticket } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'
import { Sessions } from './sessions.ts'

interface Row {
  id: string
  customer_id: string | null
  status: 'open' | 'closed'
  channel: string | null
  subject: string | null
  tags: string
  assignee_name: string | null
  spam: number
  created_at: number
  updated_at: number
  version: string
  closed_at: number | null
  snoozed_until: number | null
  trashed_at: number | null
  merged_into: string | null
  deleted: number
  last_change: StatusChange | null
  group_name: string | null
  channel_source: string | null
  ignored: number
  first_response_at: number | null
  first_response_final: number
  ai_score: number | null
  trail: string | null
  own_trail: string | null
}

export type StatusChange = 'closed' | 'snoozed' | 'reopened'

export interface StoredTicket {
  id: string
  customerId: string | null
  status: 'open' | 'closed'
  channel: string | null
  channelSource: string | null
  subject: string | null
  tags: string[]
  assigneeName: string | null
  groupName: string | null
  createdAt: Instant
  updatedAt: Instant
  closedAt: Instant | null
  snoozedUntil: Instant | null
  counted: boolean
  gone: boolean
  lastChange: StatusChange | null
  /** What its own address last showed of its history. */
  ownTrail: string | null
}

export const COUNTED =
  'spam = 0 AND ignored = 0 AND trashed_at IS NULL AND merged_into IS NULL AND deleted = 0'

/** As much of a row as a profile needs. */
export const PROFILE_COLUMNS =
  't.id, t.status, t.channel, t.tags, t.assignee_name, t.created_at, t.closed_at, t.snoozed_until, t.first_response_at, t.ai_score'

/** `PROFILE_COLUMNS`. */
export type TicketRow = Pick<
  Row,
  | 'id'
  | 'status'
  | 'channel'
  | 'tags'
  | 'assignee_name'
  | 'created_at'
  | 'closed_at'
  | 'snoozed_until'
  | 'first_response_at'
  | 'ai_score'
>

/** `saidAt`: the first response by its messages, which counts where the helpdesk tells none. */
export function toProfileTicket(
  row: TicketRow,
  saidAt: Instant | null,
  sessions: readonly ProfileSession[],
): ProfileTicket {
  return {
    id: row.id,
    status: row.status,
    channel: row.channel,
    tags: JSON.parse(row.tags) as string[],
    assigneeName: row.assignee_name,
    createdAt: row.created_at,
    closedAt: row.closed_at,
    snoozedUntil: row.snoozed_until,
    firstResponseAt: row.first_response_at ?? saidAt,
    aiScore: row.ai_score,
    sessions,
  }
}

export class Tickets extends Table {
  /** Stretches of work within them. */
  readonly sessions = new Sessions(this.database)

  readonly #select = this.database.prepare<[string, string], Row>(
    'SELECT * FROM tickets WHERE source = ? AND id = ?',
  )

  find(source: string, id: string): StoredTicket | null {
    const row = this.#select.get(source, id)
    return row === undefined ? null : toStored(row)
  }

  readonly #upsert = this.database.prepare(`
    INSERT INTO tickets (source, id, customer_id, status, channel, subject, tags, assignee_name, spam,
      created_at, updated_at, version, closed_at, snoozed_until, trashed_at, group_name, channel_source, ignored,
      first_response_at, first_response_final, ai_score, trail, own_trail, last_change)
    VALUES (@source, @id, @customer_id, @status, @channel, @subject, @tags, @assignee_name, @spam,
      @created_at, @updated_at, @version, @closed_at, @snoozed_until, @trashed_at, @group_name, @channel_source, @ignored,
      @first_response_at, @first_response_final, @ai_score, @trail, @own_trail,
      -- Asleep when it is first seen: waking up will be no reopening.
      CASE WHEN @status = 'closed' AND @snoozed_until > @updated_at THEN 'snoozed' END)
    ON CONFLICT (source, id) DO UPDATE SET
      customer_id = excluded.customer_id, status = excluded.status, channel = excluded.channel, subject = excluded.subject,
      tags = excluded.tags, assignee_name = excluded.assignee_name, spam = excluded.spam, created_at = excluded.created_at,
      updated_at = excluded.updated_at, version = excluded.version, closed_at = excluded.closed_at,
      snoozed_until = excluded.snoozed_until, trashed_at = excluded.trashed_at, group_name = excluded.group_name, channel_source = excluded.channel_source,
      ignored = excluded.ignored, first_response_at = excluded.first_response_at,
      first_response_final = excluded.first_response_final, ai_score = excluded.ai_score, trail = excluded.trail, own_trail = excluded.own_trail, deleted = 0, merged_into = NULL`)

  /**
   * Stores the reading; what was there before, and whether anything in the reading is new. `isNews`: a list shows of its history what
   * neither a list nor its own address has shown last; they may disagree for good.
   */
  put(source: string, ticket: Ticket): { before: StoredTicket | null; changed: boolean; isNews: boolean } {
    const before = this.#select.get(source, ticket.id)
    const row = toRow(source, ticket, before)
    const changed =
      before === undefined ||
      before.deleted === 1 ||
      (!isSame(before, row) && before.updated_at <= (ticket.asOf ?? row.updated_at))
    if (changed) this.#upsert.run(row)
    const trails = [before?.trail, before?.own_trail]
    const isNews = changed && ticket.opened === false && !trails.includes(row.trail)
    return { before: before === undefined ? null : toStored(before), changed, isNews }
  }

  readonly #selectCustomer = this.database.prepare<[string, string], { customer_id: string | null }>(
    'SELECT customer_id FROM tickets WHERE source = ? AND id = ?',
  )

  /** Whose ticket it is; null where it is not known. */
  customerOf(source: string, id: string): string | null {
    return this.#selectCustomer.get(source, id)?.customer_id ?? null
  }

  readonly #setGone = this.database.prepare(
    'UPDATE tickets SET deleted = 1, subject = NULL, merged_into = ? WHERE source = ? AND id = ?',
  )

  /** Deleted, or merged into another. */
  remove(source: string, id: string, into: string | null): void {
    this.#setGone.run(into, source, id)
  }

  readonly #setChange = this.database.prepare(
    'UPDATE tickets SET last_change = ? WHERE source = ? AND id = ?',
  )

  putStatusChange(source: string, id: string, change: StatusChange): void {
    this.#setChange.run(change, source, id)
  }

  readonly #insertMessage = this.database.prepare(`
    INSERT INTO messages (source, ticket_id, created_at, id, author) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)

  /** Keeps who spoke when, if it can matter to a response time; false if it was known or does not matter. */
  putMessage(source: string, message: Message): boolean {
    if (message.author === 'other') return false
    return (
      this.#insertMessage.run(source, message.ticketId, message.createdAt, message.id, message.author)
        .changes > 0
    )
  }

  firstResponse(source: string, ticketId: string): Instant | null {
    return this.#select.get(source, ticketId)?.first_response_at ?? this.#saidAt(source, ticketId)
  }

  // Told which index: without statistics SQLite would walk the whole table by its primary key.
  readonly #ofCustomer = this.database.prepare<[string, string], TicketRow>(
    `SELECT ${PROFILE_COLUMNS} FROM tickets t INDEXED BY tickets_customer WHERE source = ? AND customer_id = ? AND ${COUNTED}`,
  )

  countedOf(source: string, customerIds: readonly string[]): ProfileTicket[] {
    return customerIds.flatMap((customerId) =>
      this.#ofCustomer.all(source, customerId).map((row) => {
        const saidAt = row.first_response_at ?? this.#saidAt(source, row.id)
        return toProfileTicket(row, saidAt, this.sessions.of(source, row.id))
      }),
    )
  }

  readonly #unknownCustomers = this.database.prepare<[string, string, number], { customer_id: string }>(`
    SELECT DISTINCT t.customer_id FROM tickets t WHERE t.source = ? AND t.customer_id > ?
      AND NOT EXISTS (SELECT 1 FROM customers c WHERE c.source = t.source AND c.id = t.customer_id)
    ORDER BY t.customer_id LIMIT ?`)

  /** Customers whom tickets name and nothing else is known of, in the order of their ids, those after `after`. */
  unknownCustomers(source: string, after: string, limit: number): string[] {
    return this.#unknownCustomers.all(source, after, limit).map((row) => row.customer_id)
  }

  readonly #unknownChannels = this.database.prepare<[string], { word: string; n: number }>(`
    SELECT coalesce(channel_source, '') AS word, count(*) AS n FROM tickets
    WHERE source = ? AND channel = 'unknown' AND deleted = 0 GROUP BY 1 ORDER BY n DESC`)

  /** How many are of a channel that has no name, by the helpdesk's own word. */
  unknownChannels(source: string): Record<string, number> {
    return Object.fromEntries(this.#unknownChannels.all(source).map(({ word, n }) => [word, n]))
  }

  readonly #closedBetween = this.database.prepare<[string, number, number], { customer_id: string }>(`
    SELECT DISTINCT customer_id FROM tickets WHERE source = ? AND closed_at > ? AND closed_at <= ? AND customer_id IS NOT NULL`)

  /** Whose tickets were closed within this time. */
  customersClosedBetween(source: string, after: Instant, until: Instant): string[] {
    return this.#closedBetween.all(source, after, until).map((row) => row.customer_id)
  }

  readonly #count = this.database.prepare<[string], { n: number }>(
    'SELECT count(*) AS n FROM tickets WHERE source = ? AND deleted = 0',
  )

  count(source: string): number {
    return this.#count.get(source)?.n ?? 0
  }

  readonly #messagesOf = this.database.prepare<[string, string], { author: string; createdAt: number }>(`
    SELECT author, created_at AS createdAt FROM messages WHERE source = ? AND ticket_id = ? ORDER BY created_at, id`)

  #saidAt(source: string, ticketId: string): Instant | null {
    return firstResponseAt(this.#messagesOf.all(source, ticketId))
  }
}

export function isCounted(ticket: Pick<Ticket, 'spam' | 'trashedAt' | 'ignored'>): boolean {
  return !ticket.spam && ticket.ignored !== true && ticket.trashedAt === null
}

/** What is told of the first response; what was final, or is not told now, stays. */
function toFirstResponse({ firstResponse: now, trail }: Ticket, before: Row | undefined) {
  const known = {
    first_response_at: before?.first_response_at ?? null,
    first_response_final: before?.first_response_final ?? 0,
  }
  if (now === 'asked') return known
  // Final, too, that nobody answered, while nothing has happened since.
  const isKept = known.first_response_at !== null || trail === (before?.own_trail ?? undefined)
  if (known.first_response_final === 1 && now?.isFinal !== true && isKept) return known
  return { first_response_at: now?.at ?? null, first_response_final: now?.isFinal === true ? 1 : 0 }
}

/** Each way of reading has a trail of its own. */
function toTrails({ opened, trail = '' }: Ticket, before: Row | undefined) {
  return {
    trail: opened === false ? trail : (before?.trail ?? null),
    own_trail: opened === true ? trail : (before?.own_trail ?? null),
  }
}

/** What a report shows of a time is no earlier picture, though none of its dates is as late. */
function toDates({ asOf, updatedAt, version }: Ticket, before: Row | undefined) {
  const isKept = asOf !== undefined && before !== undefined && before.updated_at > updatedAt
  return isKept
    ? { updated_at: before.updated_at, version: before.version }
    : { updated_at: updatedAt, version }
}

function toRow(source: string, ticket: Ticket, before: Row | undefined) {
  return {
    ...toFirstResponse(ticket, before),
    ...toTrails(ticket, before),
    source,
    id: ticket.id,
    customer_id: ticket.customerId,
    status: ticket.status,
    channel: ticket.channel,
    subject: ticket.subject,
    tags: JSON.stringify(ticket.tags),
    assignee_name: ticket.assigneeName === undefined ? (before?.assignee_name ?? null) : ticket.assigneeName,
    spam: ticket.spam ? 1 : 0,
    created_at: ticket.createdAt,
    ...toDates(ticket, before),
    // Closed without a time: when it was last changed, at the latest.
    closed_at: ticket.closedAt ?? (ticket.status === 'closed' ? ticket.updatedAt : null),
    snoozed_until: ticket.snoozedUntil,
    trashed_at: ticket.trashedAt,
    group_name: ticket.groupName === undefined ? (before?.group_name ?? null) : ticket.groupName,
    channel_source: ticket.channelSource ?? null,
    ignored: ticket.ignored === true ? 1 : 0,
    ai_score: ticket.aiScore ?? null,
  }
}

function isSame(before: Row, row: ReturnType<typeof toRow>): boolean {
  return Object.entries(row).every(([key, value]) => key === 'source' || before[key as keyof Row] === value)
}

function toStored(row: Row): StoredTicket {
  const gone = row.deleted === 1 || row.merged_into !== null
  return {
    id: row.id,
    customerId: row.customer_id,
    status: row.status,
    channel: row.channel,
    channelSource: row.channel_source,
    subject: row.subject,
    tags: JSON.parse(row.tags) as string[],
    assigneeName: row.assignee_name,
    groupName: row.group_name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    closedAt: row.closed_at,
    snoozedUntil: row.snoozed_until,
    counted:
      !gone && isCounted({ spam: row.spam === 1, trashedAt: row.trashed_at, ignored: row.ignored === 1 }),
    gone,
    lastChange: row.last_change,
    ownTrail: row.own_trail,
  }
}
