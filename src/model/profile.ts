// A contact as its records show it. Every metric is computed from the records each time, so that nothing drifts.
// The definitions are those of docs/definitions.md.
import type { Instant } from './time.ts'
import { round2 } from './time.ts'

export interface ProfileCustomer {
  id: string
  name: string | null
  firstname: string | null
  lastname: string | null
  phone: string | null
  language: string | null
  timezone: string | null
  externalId: string | null
  note: string | null
  createdAt: Instant
  updatedAt: Instant
  customFields: Record<string, unknown>
  data: Record<string, unknown> | null
}

export interface ProfileTicket {
  id: string
  status: 'open' | 'closed'
  channel: string | null
  tags: string[]
  assigneeName: string | null
  createdAt: Instant
  closedAt: Instant | null
  /** Closed until then only. */
  snoozedUntil: Instant | null
  /** When a person of the shop first answered the customer in public. */
  firstResponseAt: Instant | null
  /** What the customer gave an AI agent. */
  aiScore: number | null
  /** The oldest first; empty where the helpdesk has none. */
  sessions: readonly ProfileSession[]
}

/** A stretch of work within a ticket (model/records.ts). */
export interface ProfileSession {
  id: string
  channel: string | null
  direction: 'inbound' | 'outbound' | null
  status: string | null
  isSolved: boolean | null
  queuedAt: Instant | null
  respondedAt: Instant | null
  endedAt: Instant | null
  inboxWhenQueued: string | null
  inboxWhenEnded: string | null
}

export interface ProfileSurvey {
  id: string
  /** Null, or one that is gone: surveys outlive their tickets. */
  ticketId: string | null
  score: number
  scoredAt: Instant
}

/** The records of one e-mail address at one source: its live customers, their counted tickets, their scored surveys. */
export interface ContactRecords {
  email: string
  customers: ProfileCustomer[]
  tickets: ProfileTicket[]
  surveys: ProfileSurvey[]
}

export interface Profile {
  email: string
  /** The most recently updated of the customers that share the address: single values are its own. */
  customer: ProfileCustomer
  ticketCount: number
  openTickets: number
  /** When the last ticket was, or will be, over; null where there is none. Infinite while one is open or asleep. */
  inSupportUntil: Instant | null
  firstTicketAt: Instant | null
  lastTicketAt: Instant | null
  lastTicketChannel: string | null
  lastAssignee: string | null
  /** Mean minutes to the first response, over the tickets that have one; of a helpdesk with sessions, over those that were answered. */
  averageResponseMinutes: number | null
  surveyCount: number
  lastScore: number | null
  lastScoredAt: Instant | null
  averageScore: number | null
  /** Of the newest ticket that has one. */
  aiScore: number | null
  /** The newest of any counted ticket. */
  lastSession: ProfileSession | null
  /** Of any counted ticket, each once, sorted. */
  tags: string[]
}

/** Null where no live customer has the address: then nothing is known of it any more. */
export function toProfile(records: ContactRecords): Profile | null {
  const { customer, lastTicket, lastSurvey, lastRated } = pickLatest(records)
  if (customer === undefined) return null
  const { tickets, surveys } = records
  const responses = tickets.flatMap((one) => toResponses(one)).map((wait) => wait / 60_000_000)

  return {
    email: records.email,
    customer,
    ticketCount: tickets.length,
    openTickets: tickets.filter((one) => isOpen(one)).length,
    inSupportUntil: findEnd(tickets),
    firstTicketAt: tickets.length === 0 ? null : Math.min(...tickets.map((one) => one.createdAt)),
    lastTicketAt: lastTicket?.createdAt ?? null,
    lastTicketChannel: lastTicket?.channel ?? null,
    lastAssignee: lastTicket?.assigneeName ?? null,
    averageResponseMinutes: mean(responses),
    surveyCount: surveys.length,
    lastScore: lastSurvey?.score ?? null,
    lastScoredAt: lastSurvey?.scoredAt ?? null,
    averageScore: mean(surveys.map((one) => one.score)),
    aiScore: lastRated?.aiScore ?? null,
    lastSession: findLastSession(tickets),
    tags: [...new Set(tickets.flatMap((one) => one.tags))].sort(),
  }
}

/** The records that single values are read off. */
export function pickLatest({ customers, tickets, surveys }: ContactRecords) {
  return {
    customer: latest(customers, (one) => one.updatedAt),
    lastTicket: latest(tickets, (one) => one.createdAt),
    lastSurvey: latest(surveys, (one) => one.scoredAt),
    lastRated: latest(
      tickets.filter((one) => one.aiScore !== null),
      (one) => one.createdAt,
    ),
  }
}

/** An open ticket in which the last session solved it is over until the next one. */
export function isOpen({ status, sessions }: Pick<ProfileTicket, 'status' | 'sessions'>): boolean {
  const isAnswered = sessions.at(-1)?.isSolved === true && !sessions.some(({ isSolved }) => isSolved === null)
  return status === 'open' && !isAnswered
}

/** How long the customer waited each time, in microseconds. */
function toResponses({ sessions, firstResponseAt: at, createdAt }: ProfileTicket): number[] {
  if (sessions.length === 0) return at === null ? [] : [at - createdAt]
  return sessions.flatMap(({ queuedAt, respondedAt }) =>
    queuedAt === null || respondedAt === null ? [] : [Math.max(0, respondedAt - queuedAt)],
  )
}

function findLastSession(tickets: readonly ProfileTicket[]): ProfileSession | null {
  const sessions = tickets.flatMap((one) => one.sessions)
  return latest(sessions, (one) => one.queuedAt ?? 0) ?? null
}

/** A snoozed ticket wakes up again, so it is not over. */
function findEnd(tickets: readonly ProfileTicket[]): Instant | null {
  if (tickets.length === 0) return null
  return Math.max(
    ...tickets.map((ticket) =>
      isOpen(ticket) || ticket.snoozedUntil !== null ? Number.POSITIVE_INFINITY : findEndOf(ticket),
    ),
  )
}

function findEndOf({ closedAt, createdAt, sessions }: ProfileTicket): Instant {
  return closedAt ?? Math.max(createdAt, ...sessions.map(({ endedAt }) => endedAt ?? 0))
}

/**
 * The first public answer of a person after the first message of the customer; null if there was none.
 * `messages` are those of one ticket, oldest first.
 */
export function firstResponseAt(messages: Iterable<{ author: string; createdAt: Instant }>): Instant | null {
  let asked = false
  for (const message of messages) {
    if (message.author === 'customer') asked = true
    else if (asked && message.author === 'agent') return message.createdAt
  }
  return null
}

/** The one with the greatest `key`; of equals the one with the greatest id, so that the choice is stable. */
function latest<T extends { id: string }>(items: readonly T[], key: (item: T) => number): T | undefined {
  let best: T | undefined
  for (const item of items) {
    if (
      best === undefined ||
      key(item) > key(best) ||
      (key(item) === key(best) && compareIds(item.id, best.id) > 0)
    )
      best = item
  }
  return best
}

/** Numeric where both are numbers, else by code units. */
export function compareIds(a: string, b: string): number {
  const [left, right] = [Number(a), Number(b)]
  if (Number.isFinite(left) && Number.isFinite(right) && left !== right) return left - right
  return a < b ? -1 : a > b ? 1 : 0
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null
  return round2(values.reduce((sum, value) => sum + value, 0) / values.length)
}
