// Rows of reports → tickets and sessions (gladly-intercom-api.md § A.6). Pure. Times of the newest hour are not there yet, and a row is told
// anew with every reading.
import type { AgentState, Session, SourceEvent, Ticket } from '../../../model/records.ts'
import type { Instant } from '../../../model/time.ts'
import { EMPTY_TICKET, toEntry, toTrail } from '../conversations.ts'
import type { Row } from './csv.ts'
import { isCall, isResponse, stateOf, toAgentState, toContactEntry } from '../events.ts'
import { InvalidItem, toInstant, toText } from '../items.ts'
import { type Maps, toStatus } from '../maps.ts'
import type { Names } from '../names.ts'

const cell = (row: Row, ...names: string[]): string | null => {
  for (const name of names) {
    const text = toText(row[name])
    if (text !== null) return text
  }
  return null
}

export const idOf = (row: Row, column: string): string => {
  const id = cell(row, column)
  if (id === null) throw new InvalidItem(`it has no \`${column}\``)
  return id
}

function requireTime(row: Row, column: string): Instant {
  const at = toInstant(row[column])
  if (at === null) throw new InvalidItem(`\`${column}\` is no time`)
  return at
}

export interface ContactRow {
  session: Session
  customerId: string | null
  word: string | null
  /** The latest of its times. */
  at: Instant
  /** What events would have told of it. */
  entries: SourceEvent[]
}

export function readContactRow(row: Row, maps: Maps): ContactRow {
  const [id, ticketId] = [idOf(row, 'Contact ID'), idOf(row, 'Conversation ID')]
  const queuedAt = requireTime(row, 'Queued At')
  const endedAt = toInstant(row['Ended At'])
  const word = cell(row, 'Channel')
  const status = endedAt === null ? null : (toStatus(cell(row, 'Status')) ?? 'unknown')
  const respondedAt = readResponse(row, word, maps)
  const direction = toDirection(cell(row, 'Direction'))
  return {
    session: {
      kind: 'session',
      id,
      ticketId,
      channel: maps.channelOf(word),
      direction,
      status,
      isSolved: maps.isSolved(status),
      queuedAt,
      respondedAt,
      endedAt,
      inboxWhenQueued: cell(row, 'Inbox When Queued'),
      inboxWhenEnded: cell(row, 'Inbox When Ended'),
      isWhole: true,
    },
    customerId: cell(row, 'Customer ID'),
    word,
    at: Math.max(queuedAt, respondedAt ?? 0, endedAt ?? 0),
    entries: toEntries(ticketId, id, queuedAt, endedAt),
  }
}

function toEntries(ticketId: string, id: string, queuedAt: Instant, endedAt: Instant | null): SourceEvent[] {
  const started = toContactEntry(ticketId, id, 'started', queuedAt)
  return endedAt === null ? [started] : [started, toContactEntry(ticketId, id, 'ended', endedAt)]
}

/** A call: answered after it was placed (§ 0.6); anything else: fulfilled, and not by being canceled. */
function readResponse(row: Row, word: string | null, maps: Maps): Instant | null {
  if (isCall(word)) return toInstant(row['Accepted At']) ?? toInstant(row['Answered At (Outbound)'])
  return isResponse(word, row['Fulfilled Type'], maps) ? toInstant(row['Fulfilled At']) : null
}

const toDirection = (word: string | null): 'inbound' | 'outbound' | null =>
  word === null ? null : word.toUpperCase() === 'OUTBOUND' ? 'outbound' : 'inbound'

/** What started or ended in a time, whenever it was queued: the one report that finds late endings. */
export function readWorkRow(row: Row, maps: Maps): ContactRow {
  const [id, ticketId] = [idOf(row, 'contact_session_id'), idOf(row, 'conversation_id')]
  const queuedAt = requireTime(row, 'contact_session_created_at')
  const endedAt = toInstant(row['contact_session_ended_at'])
  const status = endedAt === null ? undefined : (toStatus(cell(row, 'status')) ?? 'unknown')
  const word = cell(row, 'channel')
  return {
    session: {
      kind: 'session',
      id,
      ticketId,
      channel: maps.channelOf(word),
      direction: toDirection(cell(row, 'direction')),
      queuedAt,
      ...(status === undefined ? {} : { status, isSolved: maps.isSolved(status), endedAt }),
      isWhole: false,
    },
    customerId: cell(row, 'customer_id'),
    word,
    at: Math.max(queuedAt, endedAt ?? 0),
    entries: toEntries(ticketId, id, queuedAt, endedAt),
  }
}

/** `contacts`: its own, of the same time. */
export function readConversationRow(
  row: Row,
  contacts: readonly ContactRow[],
  asOf: Instant,
  maps: Maps,
  names: Names,
): Ticket {
  const createdAt = requireTime(row, 'Created At')
  const status = cell(row, 'Status')?.toUpperCase() ?? ''
  const closedAt = toInstant(row['Last Closed At']) ?? toInstant(row['First Closed At'])
  const word = cell(row, 'First Channel') ?? contacts[0]?.word ?? null
  const isClosed = status === 'CLOSED'
  const updatedAt = Math.max(createdAt, closedAt ?? 0, ...contacts.map(({ at }) => at))
  return {
    ...toTicket(idOf(row, 'Conversation ID'), cell(row, 'Customer ID'), contacts, updatedAt),
    asOf,
    status: isClosed ? 'closed' : 'open',
    channel: maps.channelOf(word),
    channelSource: word,
    tags: names.tagsOfNames(readTopics(cell(row, 'Topics'))),
    ...toldOf(row, 'assigneeName', ['Current Assigned Agent', 'Current Agent']),
    ...toldOf(row, 'groupName', ['Current Assigned Inbox', 'Current Inbox']),
    createdAt,
    closedAt,
    // It is part of another one by now.
    trashedAt: status === 'MERGED' ? (closedAt ?? updatedAt) : null,
    trail: toTrail(isClosed, closedAt),
  }
}

/** How these columns are called was not seen: where neither is there, nothing is told. */
function toldOf(row: Row, key: 'assigneeName' | 'groupName', columns: string[]): Partial<Ticket> {
  return columns.some((name) => row[name] !== undefined) ? { [key]: cell(row, ...columns) } : {}
}

/** Of a conversation whose own row could not be had: its contacts say that it is there. */
export function toTicketOfContacts(id: string, contacts: readonly ContactRow[], maps: Maps): Ticket {
  const first = contacts[0]!
  const createdAt = Math.min(...contacts.map(({ session }) => session.queuedAt ?? first.at))
  const updatedAt = Math.max(...contacts.map(({ at }) => at))
  return {
    ...toTicket(id, first.customerId, contacts, updatedAt),
    status: 'open',
    channel: maps.channelOf(first.word),
    channelSource: first.word,
    tags: [],
    createdAt,
    closedAt: null,
  }
}

function toTicket(
  id: string,
  customerId: string | null,
  contacts: readonly ContactRow[],
  updatedAt: Instant,
) {
  const responses = contacts.flatMap(({ session }) => session.respondedAt ?? [])
  return {
    ...EMPTY_TICKET,
    id,
    customerId,
    updatedAt,
    version: String(updatedAt),
    firstResponse: { at: responses.length === 0 ? null : Math.min(...responses), isFinal: false },
    opened: false,
  }
}

const readTopics = (text: string | null): string[] =>
  text === null ? [] : [...new Set(text.split(/\s*[,;|]\s*/).filter((one) => one !== ''))]

export function readAgentRow(row: Row): AgentState[] {
  const agentId = cell(row, 'Agent ID')
  const at = toInstant(row['Occurred At']) ?? requireTime(row, 'Timestamp')
  const what = (cell(row, 'Type') ?? '').toUpperCase().replace(/^AGENT_(STATUS|AVAILABILITY)\//, '')
  const state = stateOf(what)
  const reason = state === 'away' ? (cell(row, 'Away Reason') ?? 'idle') : cell(row, 'Active Reason')
  return toAgentState(agentId, what, at, state, state === 'offline' ? null : reason)
}

/** Whoever wrote while events were not to be had: their profile may have changed as well. */
export function toSeenCustomer({ customerId, session, at }: ContactRow): SourceEvent[] {
  return customerId === null ? [] : [toEntry(customerId, `${session.id}/seen`, at, 'customer_changed')]
}
