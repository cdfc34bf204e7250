// The event stream → records (gladly-intercom-api.md § A.5, A.7). Events carry ids alone: what they are about is read again, by entries that a
// report would have made alike, so that whichever comes first has it read once. Pure.
import type { AgentState, Message, Session, SourceEvent, SourceRecord } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import { toEntry } from './conversations.ts'
import { type Json, requireId, requireInstant, toId, toInstant, toObject, toText } from './items.ts'
import { type Maps, toStatus } from './maps.ts'
import type { Names } from './names.ts'

export interface HeardEvent {
  id: string
  type: string
  at: Instant
  content: Json
  initiator: string | null
}

export function toHeard(raw: Json): HeardEvent {
  return {
    id: requireId(raw),
    type: toText(raw['type']) ?? '',
    at: requireInstant(raw, 'timestamp'),
    content: toObject(raw['content']) ?? {},
    initiator: toText(toObject(raw['initiator'])?.['type']),
  }
}

export const inboxOf = ({ content }: HeardEvent): string | null =>
  toId(toObject(toObject(content['context'])?.['assignee'])?.['inboxId'])

export function toEventRecords(event: HeardEvent, maps: Maps, names: Names): SourceRecord[] {
  const { id, type, at, content } = event
  const [entity = '', what = ''] = type.split('/')
  if (entity === 'AGENT_STATUS' || entity === 'AGENT_AVAILABILITY') return toAgentStates(event)
  if (entity === 'CUSTOMER_PROFILE' || entity === 'CUSTOMER') return toCustomerEntries(event, what)
  const conversationId = toId(content['conversationId'])
  if (conversationId === null) return []
  if (entity === 'CONTACT') return toContactRecords(event, what, conversationId, maps, names)
  if (what === 'NOTE_CREATED') return []
  return entity.startsWith('CONVERSATION') ? [toEntry(conversationId, id, at, 'ticket_to_open')] : []
}

const STATES: Readonly<Record<string, AgentState['state']>> = {
  LOGGED_IN: 'online',
  RETURNED_FROM_AWAY: 'online',
  CHANGED_ACTIVE_REASON: 'online',
  WENT_AWAY: 'away',
  LOGGED_OUT: 'offline',
}

/** Whoever goes away without a reason was away for too long. */
const IDLE = 'idle'

export function toAgentStates({ type, at, content }: HeardEvent): AgentState[] {
  const agentId = toId(content['agentId'])
  const what = type.split('/')[1]!
  const happenedAt = toInstant(content['occurredAt']) ?? at
  const nameOf = (key: string): string | null => toText(toObject(content[key])?.['name'])
  if (type === 'AGENT_AVAILABILITY/UPDATED') {
    const available = Array.isArray(content['availableFor']) ? content['availableFor'].map(String) : []
    const reason = available.length === 0 ? 'not available' : `available for ${available.join(', ')}`
    return toAgentState(agentId, what, happenedAt, available.length === 0 ? 'away' : 'online', reason)
  }
  const state = STATES[what]
  const reason = state === 'away' ? (nameOf('awayReason') ?? IDLE) : nameOf('activeReason')
  return toAgentState(agentId, what, happenedAt, state, state === 'offline' ? null : reason)
}

/** The id is the same whether an event, a webhook or a report told of it. */
export function toAgentState(
  agentId: string | null,
  what: string,
  at: Instant,
  state: AgentState['state'] | undefined,
  reason: string | null,
): AgentState[] {
  if (agentId === null || state === undefined) return []
  return [{ kind: 'agent_state', id: `${agentId}/${what}/${at}`, agentId, state, reason, at }]
}

export const stateOf = (what: string): AgentState['state'] | undefined => STATES[what]

function toCustomerEntries({ id, at, content }: HeardEvent, what: string): SourceEvent[] {
  const customerId = toId(content['customerId'])
  if (what === 'MERGED') {
    const [source, into] = readMerge(content)
    if (source === null || into === null) return []
    return [{ ...toEntry(into, id, at, 'customer_merged'), names: [source] }]
  }
  if (customerId === null) return []
  if (what === 'DELETED') return [toEntry(customerId, id, at, 'customer_gone')]
  return what === 'CREATED' || what === 'UPDATED' ? [toEntry(customerId, id, at, 'customer_changed')] : []
}

/** Source and destination, whatever exactly they are called: the sheet has no sample. */
export function readMerge(content: Json): [source: string | null, into: string | null] {
  const find = (pattern: RegExp): string | null =>
    toId(Object.entries(content).find(([key]) => pattern.test(key))?.[1])
  return [find(/^source.*customer/i), find(/^dest.*customer/i) ?? toId(content['customerId'])]
}

/** What events and reports know a change of a contact by. */
export const toContactEntry = (
  conversationId: string,
  contactId: string,
  what: 'started' | 'ended',
  at: Instant,
): SourceEvent => toEntry(conversationId, `${contactId}/${what}`, at, 'ticket_to_open')

function toContactRecords(
  event: HeardEvent,
  what: string,
  ticketId: string,
  maps: Maps,
  names: Names,
): SourceRecord[] {
  const { at, content } = event
  const contactId = toId(content['contactId'])
  if (contactId === null) return []
  const word = toText(content['channel'])
  const session: Session = {
    kind: 'session',
    id: contactId,
    ticketId,
    channel: maps.channelOf(word),
    isWhole: false,
  }
  switch (what) {
    case 'STARTED': {
      const direction = event.initiator === null ? null : event.initiator === 'AGENT' ? 'outbound' : 'inbound'
      const inboxWhenQueued = names.nameOf('inbox', inboxOf(event))
      return [
        { ...session, direction, queuedAt: at, inboxWhenQueued },
        toContactEntry(ticketId, contactId, 'started', at),
      ]
    }
    case 'FULFILLED':
      return isResponse(word, content['fulfilledType'], maps) ? [{ ...session, respondedAt: at }] : []
    case 'OFFER_ACCEPTED':
      // A call is answered when somebody takes it.
      return isCall(word) ? [{ ...session, respondedAt: at }] : []
    case 'ENDED': {
      const status = toStatus(toText(content['status'])) ?? 'unknown'
      const inboxWhenEnded = names.nameOf('inbox', inboxOf(event))
      return [
        { ...session, status, isSolved: maps.isSolved(status), endedAt: at, inboxWhenEnded },
        toContactEntry(ticketId, contactId, 'ended', at),
      ]
    }
    case 'MESSAGE_RECEIVED':
    case 'MESSAGE_SENT':
      return toMessage(event, ticketId, what === 'MESSAGE_RECEIVED')
    default:
      return []
  }
}

export const isCall = (channel: string | null): boolean => channel === 'PHONE_CALL'

/** Fulfilled is what ends the wait; canceled is no response, unless it is to count. Calls have their own. */
export function isResponse(
  channel: string | null,
  fulfilledType: unknown,
  { countsCanceled }: Maps,
): boolean {
  const isCanceled = typeof fulfilledType === 'string' && fulfilledType.toUpperCase() === 'CANCELED'
  return !isCall(channel) && (!isCanceled || countsCanceled)
}

/** Known by the id of its item, by which the conversation's own address names it, too. */
function toMessage({ content, at, initiator }: HeardEvent, ticketId: string, isReceived: boolean): Message[] {
  const id = toId(content['messageId'])
  // Only its own address says who sent it, where the event does not.
  if (id === null || (!isReceived && initiator !== 'AGENT') || content['isAutomated'] === true) return []
  const author = isReceived ? 'customer' : 'agent'
  return [{ kind: 'message', id, ticketId, author, ruleId: null, macroIds: [], createdAt: at }]
}

/** What a webhook names, from the same envelope. */
export function namedBy(fields: Json): { tickets: string[]; customers: string[]; agents: string[] } {
  const content = toObject(fields['content']) ?? {}
  const [entity = '', what = ''] = String(fields['type']).split('/')
  const ids = (...all: (string | null)[]): string[] => all.filter((one) => one !== null)
  if (entity.startsWith('AGENT_'))
    return { tickets: [], customers: [], agents: ids(toId(content['agentId'])) }
  if (entity === 'CUSTOMER' && what === 'MERGED')
    return { tickets: [], customers: ids(...readMerge(content)), agents: [] }
  if (entity.startsWith('CUSTOMER'))
    return { tickets: [], customers: ids(toId(content['customerId'])), agents: [] }
  return { tickets: ids(toId(content['conversationId'])), customers: [], agents: [] }
}
