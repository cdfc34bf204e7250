// Reports: CSV, an hour behind, cut off at 100,000 rows without a word (gladly-intercom-api.md § A.6). Their text is as careless as what was
// seen: a mark at its beginning, lines within quotes, nothing at all where there is nothing.
import type { World, WorldTicket } from '../shop/world.ts'
import { readTime, toId, toTime } from './ids.ts'
import { toAgentEvent } from './events.ts'
import { isThere, toConversation } from './json.ts'
import { type Contact, contactsOf, toChannel } from './sessions.ts'

export const LAG = 3_600_000_000
const MOST_ROWS = 100_000
const DAY = 86_400_000_000

/** What a report is asked for. */
export interface ReportQuery {
  metricSet?: string
  timezone?: string
  startAt?: string
  endAt?: string
  startAtTime?: string
  endAtTime?: string
}

export class BadReport extends Error {
  readonly attr: string

  constructor(attr: string, detail: string) {
    super(detail)
    this.attr = attr
  }
}

type Row = Record<string, string | number | null>

const BY_MINUTE = new Set(['ContactExportReportV3', 'AgentSummaryReport'])

export function runReport(world: World, query: ReportQuery): string {
  const { from, until } = readBounds(query)
  const seen = world.now() - LAG
  switch (query.metricSet ?? '') {
    case 'ContactExportReportV3':
      return toCsv(contactRows(world, from, until, seen))
    case 'ConversationExportReport':
      return toCsv(conversationRows(world, from, until, seen))
    case 'AgentTimestampsReport':
      return toCsv(agentRows(world, from, until, seen))
    default:
      throw new BadReport('metricSet', 'is not a metric set')
  }
}

/** Anchored at the end of the contact, or, while it goes on, at its beginning. */
export function runWorkSessions(world: World, { startAtTime, endAtTime }: ReportQuery): string {
  const [from, until] = [
    readMinute(startAtTime, 'startAtTime'),
    readMinute(endAtTime, 'endAtTime') + 60_000_000,
  ]
  const seen = world.now() - LAG
  const rows = contactsBefore(world, seen).flatMap((one): Row[] => {
    const ended = one.ended !== null && one.ended <= seen ? one.ended : null
    const at = ended ?? one.queued
    if (at < from || at >= until) return []
    return [
      {
        id: ended === null ? null : toId('event', one.number),
        contact_session_id: toId('contact', one.number),
        contact_session_created_at: toTime(one.queued),
        customer_id: toId('customer', one.ticket.customerId),
        conversation_id: toId('conversation', one.ticket.id),
        channel: toChannel(one.ticket.channel),
        direction: one.direction,
        agent_id: toId('agent', one.ticket.assignee ?? 1),
        sla_fulfilled_at: time(one.fulfilled, seen),
        contact_session_ended_at: time(ended, seen),
        status: ended === null ? null : one.status,
      },
    ]
  })
  return toCsv(rows)
}

function readBounds({ metricSet = '', timezone, startAt, endAt, startAtTime, endAtTime }: ReportQuery): {
  from: number
  until: number
} {
  if (startAtTime !== undefined || endAtTime !== undefined) {
    if (!BY_MINUTE.has(metricSet)) throw new BadReport('startAtTime', 'is not allowed for this report')
    if (startAt !== undefined || endAt !== undefined || timezone !== undefined)
      throw new BadReport('startAt', 'must be absent')
    return { from: readMinute(startAtTime, 'startAtTime'), until: readMinute(endAtTime, 'endAtTime') }
  }
  if (timezone !== 'UTC') throw new BadReport('timezone', 'the sandbox is in UTC')
  const isDay = (text: string | undefined): boolean => /^\d{4}-\d\d-\d\d$/.test(text ?? '')
  if (!isDay(startAt) || !isDay(endAt)) throw new BadReport('startAt', 'is not a day')
  return { from: readTime(`${startAt}T00:00:00Z`), until: readTime(`${endAt}T00:00:00Z`) + DAY }
}

function readMinute(text: string | undefined, attr: string): number {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\dZ$/.test(text ?? '')) throw new BadReport(attr, 'is not a minute')
  return readTime(text)
}

function* ticketsBefore(world: World, seen: number): Generator<WorldTicket> {
  for (const one of world.tickets.values()) if (isThere(one) && one.created <= seen) yield one
}

const contactsBefore = (world: World, seen: number): Contact[] =>
  [...ticketsBefore(world, seen)]
    .flatMap((one) => contactsOf(world, one))
    .filter(({ queued }) => queued <= seen)

/** Empty for what is not known yet. */
const time = (at: number | null, seen: number): string | null =>
  at === null || at > seen ? null : toTime(at)

function contactRows(world: World, from: number, until: number, seen: number): Row[] {
  return contactsBefore(world, seen)
    .filter(({ queued }) => queued >= from && queued < until)
    .map((one) => {
      const ended = time(one.ended, seen)
      const isCall = one.ticket.channel === 'phone'
      return {
        Timezone: 'UTC',
        'Queued At': toTime(one.queued),
        'Customer ID': toId('customer', one.ticket.customerId),
        'Conversation ID': toId('conversation', one.ticket.id),
        'Contact ID': toId('contact', one.number),
        Link: `https://sandbox.gladly.com/customer/${toId('customer', one.ticket.customerId)}`,
        Channel: toChannel(one.ticket.channel),
        Direction: one.direction,
        'Contact Initiator': one.direction === 'INBOUND' ? 'CUSTOMER' : 'AGENT',
        'Entry Point': 'Web form\nof the shop, "Help"',
        'Fulfilled Type': one.fulfilled !== null && one.fulfilled <= seen ? 'RESPONDED' : null,
        Status: ended === null ? null : one.status,
        'Inbox When Queued': one.inboxWhenQueued,
        'Inbox When Ended': ended === null ? null : one.inboxWhenEnded,
        'Agent When Ended':
          ended === null ? null : (world.users.find(({ id }) => id === one.ticket.assignee)?.name ?? null),
        'Accepted At': isCall && one.direction === 'INBOUND' ? time(one.fulfilled, seen) : null,
        'Fulfilled At': time(one.fulfilled, seen),
        'Ended At': ended,
        'Answered At (Outbound)': isCall && one.direction === 'OUTBOUND' ? time(one.fulfilled, seen) : null,
      }
    })
}

function conversationRows(world: World, from: number, until: number, seen: number): Row[] {
  return [...ticketsBefore(world, seen)]
    .filter(({ created }) => created >= from && created < until)
    .map((one) => {
      const { status } = toConversation(world, one, seen)
      const closings = (one.history ?? []).filter(({ type, at }) => type === 'closed' && at <= seen)
      const first = closings[0]?.at ?? (status === 'CLOSED' ? one.closed : null)
      const agent = world.users.find(({ id }) => id === one.assignee)
      return {
        Timezone: 'UTC',
        'Created At': toTime(one.created),
        'Conversation ID': toId('conversation', one.id),
        'Customer ID': toId('customer', one.customerId),
        Link: 'https://sandbox.gladly.com/',
        // It knows no waiting.
        Status: status === 'CLOSED' ? 'CLOSED' : 'OPEN',
        'Current Assigned Agent': agent?.name ?? null,
        'Current Assigned Inbox': 'Support',
        'First Closed At': time(first, seen),
        'Last Closed At': time(closings.at(-1)?.at ?? first, seen),
        Topics: one.tags.join(', '),
        'First Channel': toChannel(one.channel),
      }
    })
}

function agentRows(world: World, from: number, until: number, seen: number): Row[] {
  return world.agentStates
    .filter(({ at }) => at >= from && at < until && at <= seen)
    .map((one) => {
      const { type, content } = toAgentEvent(one)
      return {
        Timestamp: toTime(one.at),
        'Occurred At': toTime(one.at),
        Agent: world.users.find(({ id }) => id === one.user)?.name ?? null,
        Type: type.replace('AGENT_STATUS/', ''),
        'Available For': null,
        'Away Reason': one.reason,
        'Active Reason': null,
        'Agent ID': content['agentId'] as string,
      }
    })
}

function toCsv(rows: readonly Row[]): string {
  const [first] = rows
  if (first === undefined) return '\r\n'
  const names = Object.keys(first)
  const lines = rows
    .slice(0, MOST_ROWS)
    .map((row) => names.map((name) => toCell(row[name] ?? null)).join(','))
  return `\uFEFF\r\n${names.map(toCell).join(',')}\r\n${lines.join('\r\n')}\r\n`
}

const toCell = (value: string | number | null): string => {
  const text = value === null ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
