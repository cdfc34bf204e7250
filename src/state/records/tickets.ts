// Tickets as last read, and who spoke in them when. A counted ticket is neither spam nor trashed nor merged away nor deleted.
import { firstResponseAt, type ProfileTicket } from '../../model/profile.ts'
import type { Message, Ticket } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'

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
}

export type StatusChange = 'closed' | 'snoozed' | 'reopened'

export interface StoredTicket {
  id: string
  customerId: string | null
  status: 'open' | 'closed'
  channel: string | null
  subject: string | null
  tags: string[]
  assigneeName: string | null
  createdAt: Instant
  updatedAt: Instant
  closedAt: Instant | null
  snoozedUntil: Instant | null
  counted: boolean
  gone: boolean
  lastChange: StatusChange | null
}

export const COUNTED = 'spam = 0 AND trashed_at IS NULL AND merged_into IS NULL AND deleted = 0'

/** As much of a ticket as a profile needs. */
export type TicketRow = Pick<
  Row,
  'id' | 'status' | 'channel' | 'tags' | 'assignee_name' | 'created_at' | 'closed_at' | 'snoozed_until'
>

export function toProfileTicket(row: TicketRow, firstResponseAt: Instant | null): ProfileTicket {
  return {
    id: row.id,
    status: row.status,
    channel: row.channel,
    tags: JSON.parse(row.tags) as string[],
    assigneeName: row.assignee_name,
    createdAt: row.created_at,
    closedAt: row.closed_at,
    snoozedUntil: row.snoozed_until,
    firstResponseAt,
  }
}

export function createTickets(database: Database) {
  const select = database.prepare<[string, string], Row>('SELECT * FROM tickets WHERE source = ? AND id = ?')
  const selectCustomer = database.prepare<[string, string], { customer_id: string | null }>(
    'SELECT customer_id FROM tickets WHERE source = ? AND id = ?',
  )
  const upsert = database.prepare(`
    INSERT INTO tickets (source, id, customer_id, status, channel, subject, tags, assignee_name, spam,
      created_at, updated_at, version, closed_at, snoozed_until, trashed_at, last_change)
    VALUES (@source, @id, @customer_id, @status, @channel, @subject, @tags, @assignee_name, @spam,
      @created_at, @updated_at, @version, @closed_at, @snoozed_until, @trashed_at,
      -- Asleep when it is first seen: waking up will be no reopening.
      CASE WHEN @status = 'closed' AND @snoozed_until > @updated_at THEN 'snoozed' END)
    ON CONFLICT (source, id) DO UPDATE SET
      customer_id = excluded.customer_id, status = excluded.status, channel = excluded.channel, subject = excluded.subject,
      tags = excluded.tags, assignee_name = excluded.assignee_name, spam = excluded.spam, created_at = excluded.created_at,
      updated_at = excluded.updated_at, version = excluded.version, closed_at = excluded.closed_at,
      snoozed_until = excluded.snoozed_until, trashed_at = excluded.trashed_at, deleted = 0, merged_into = NULL`)
  const setGone = database.prepare(
    'UPDATE tickets SET deleted = 1, subject = NULL, merged_into = ? WHERE source = ? AND id = ?',
  )
  const setChange = database.prepare('UPDATE tickets SET last_change = ? WHERE source = ? AND id = ?')
  // Told which index: without statistics SQLite would walk the whole table by its primary key.
  const ofCustomer = database.prepare<[string, string], TicketRow>(
    `SELECT id, status, channel, tags, assignee_name, created_at, closed_at, snoozed_until FROM tickets INDEXED BY tickets_customer WHERE source = ? AND customer_id = ? AND ${COUNTED}`,
  )
  const insertMessage = database.prepare(`
    INSERT INTO messages (source, ticket_id, created_at, id, author) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
  const messagesOf = database.prepare<[string, string], { author: string; createdAt: number }>(`
    SELECT author, created_at AS createdAt FROM messages WHERE source = ? AND ticket_id = ? ORDER BY created_at, id`)
  const closedBetween = database.prepare<[string, number, number], { customer_id: string }>(`
    SELECT DISTINCT customer_id FROM tickets WHERE source = ? AND closed_at > ? AND closed_at <= ? AND customer_id IS NOT NULL`)
  const count = database.prepare<[string], { n: number }>(
    'SELECT count(*) AS n FROM tickets WHERE source = ? AND deleted = 0',
  )

  const firstResponse = (source: string, ticketId: string): Instant | null =>
    firstResponseAt(messagesOf.all(source, ticketId))

  return {
    find(source: string, id: string): StoredTicket | null {
      const row = select.get(source, id)
      return row === undefined ? null : toStored(row)
    },

    /** Stores the reading; what was there before, and whether anything in the reading is new. */
    put(source: string, ticket: Ticket): { before: StoredTicket | null; changed: boolean } {
      const before = select.get(source, ticket.id)
      const row = toRow(source, ticket)
      const changed =
        before === undefined ||
        before.deleted === 1 ||
        (!isSame(before, row) && before.updated_at <= row.updated_at)
      if (changed) upsert.run(row)
      return { before: before === undefined ? null : toStored(before), changed }
    },

    /** Whose ticket it is; null where it is not known. */
    customerOf: (source: string, id: string): string | null =>
      selectCustomer.get(source, id)?.customer_id ?? null,

    /** Deleted, or merged into another. */
    remove(source: string, id: string, into: string | null): void {
      setGone.run(into, source, id)
    },

    putStatusChange(source: string, id: string, change: StatusChange): void {
      setChange.run(change, source, id)
    },

    /** Keeps who spoke when, if it can matter to a response time; false if it was known or does not matter. */
    putMessage(source: string, message: Message): boolean {
      if (message.author === 'other') return false
      return (
        insertMessage.run(source, message.ticketId, message.createdAt, message.id, message.author).changes > 0
      )
    },

    firstResponse,

    countedOf: (source: string, customerIds: readonly string[]): ProfileTicket[] =>
      customerIds.flatMap((customerId) =>
        ofCustomer.all(source, customerId).map((row) => toProfileTicket(row, firstResponse(source, row.id))),
      ),

    /** Whose tickets were closed within this time. */
    customersClosedBetween: (source: string, after: Instant, until: Instant): string[] =>
      closedBetween.all(source, after, until).map((row) => row.customer_id),

    count: (source: string): number => count.get(source)?.n ?? 0,
  }
}

export function isCounted(ticket: { spam: boolean; trashedAt: Instant | null }): boolean {
  return !ticket.spam && ticket.trashedAt === null
}

function toRow(source: string, ticket: Ticket) {
  return {
    source,
    id: ticket.id,
    customer_id: ticket.customerId,
    status: ticket.status,
    channel: ticket.channel,
    subject: ticket.subject,
    tags: JSON.stringify(ticket.tags),
    assignee_name: ticket.assigneeName,
    spam: ticket.spam ? 1 : 0,
    created_at: ticket.createdAt,
    updated_at: ticket.updatedAt,
    version: ticket.version,
    // Closed without a time: when it was last changed, at the latest.
    closed_at: ticket.closedAt ?? (ticket.status === 'closed' ? ticket.updatedAt : null),
    snoozed_until: ticket.snoozedUntil,
    trashed_at: ticket.trashedAt,
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
    subject: row.subject,
    tags: JSON.parse(row.tags) as string[],
    assigneeName: row.assignee_name,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    closedAt: row.closed_at,
    snoozedUntil: row.snoozed_until,
    counted: !gone && isCounted({ spam: row.spam === 1, trashedAt: row.trashed_at }),
    gone,
    lastChange: row.last_change,
  }
}
