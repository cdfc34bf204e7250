// The event stream: JSON lines of the last 24 hours, with ids and no content (gladly-intercom-api.md § A.5, A.7). Webhooks carry the same
// envelope.
import type { World, WorldAgentState, WorldEvent, WorldTicket } from '../shop/world.ts'
import { toId, toTime } from './ids.ts'
import { type Contact, contactAt, contactsOf, toChannel } from './sessions.ts'

export interface GladlyEvent {
  at: number
  number: number
  type: string
  content: Record<string, unknown>
}

const AGENT = { id: toId('agent', 1), type: 'AGENT' }
const CUSTOMER_INITIATED = new Set(['CONTACT/MESSAGE_RECEIVED', 'CONVERSATION/CREATED', 'CONTACT/STARTED'])

export const toEnvelope = ({ at, number, type, content }: GladlyEvent): Record<string, unknown> => ({
  id: toId('event', number),
  type,
  timestamp: toTime(at),
  initiator: CUSTOMER_INITIATED.has(type) ? { id: content['customerId'], type: 'CUSTOMER' } : AGENT,
  content,
})

/** What happened from `from` on and before `until`, the oldest first. */
export function eventsBetween(world: World, from: number, until: number): GladlyEvent[] {
  const found: GladlyEvent[] = []
  for (let after = { key: from, id: 0 }; ;) {
    const page = world.events.page('asc', after, 500)
    for (const entry of page) if (entry.created < until) found.push(...toEvents(world, entry))
    const last = page.at(-1)
    if (last === undefined || last.created >= until) break
    after = { key: last.created, id: last.id }
  }
  const agents = world.agentStates.filter(({ at }) => at >= from && at < until)
  return [...found, ...agents.map((one) => toAgentEvent(one))].toSorted((a, b) => a.at - b.at)
}

/** What one entry of the shop's log is in Gladly: nothing, one event, or some. */
export function toEvents(world: World, entry: WorldEvent): GladlyEvent[] {
  const { objectType, objectId } = entry
  if (objectType === 'Customer') return toCustomerEvents(world, entry)
  const message = objectType === 'TicketMessage' ? findMessage(world, objectId) : undefined
  const ticket = world.tickets.get(message?.ticketId ?? objectId)
  return ticket === undefined || ticket.trashed !== null ? [] : toTicketEvents(world, ticket, entry)
}

function findMessage(world: World, id: number) {
  for (const one of world.messages.values()) if (one.id === id) return one
  return undefined
}

function toCustomerEvents(
  world: World,
  { id, type, objectId, data, created: at }: WorldEvent,
): GladlyEvent[] {
  const customerId = toId('customer', objectId)
  const make = (name: string, content: Record<string, unknown>): GladlyEvent[] => [
    { at, number: id * 4, type: name, content },
  ]
  switch (type) {
    case 'customer-created':
      return make('CUSTOMER_PROFILE/CREATED', { customerId })
    case 'customer-updated':
      return make('CUSTOMER_PROFILE/UPDATED', { customerId })
    case 'customer-deleted':
      // Whoever was merged was not deleted.
      return world.mergedCustomers.has(objectId) ? [] : make('CUSTOMER_PROFILE/DELETED', { customerId })
    case 'customer-merged':
      return make('CUSTOMER/MERGED', {
        sourceCustomerId: toId('customer', Number(data?.['source_customer_id'])),
        destinationCustomerId: customerId,
      })
    default:
      return []
  }
}

function toTicketEvents(world: World, ticket: WorldTicket, entry: WorldEvent): GladlyEvent[] {
  const { id, created: at } = entry
  const contacts = contactsOf(world, ticket)
  const contact = contactAt(contacts, at)
  let count = 0
  const make = (type: string, more: Record<string, unknown> = {}, of: Contact = contact): GladlyEvent => {
    const isContact = type.startsWith('CONTACT/')
    count += 1
    return {
      at: at + (count - 1),
      number: id * 4 + count - 1,
      type,
      content: {
        conversationId: toId('conversation', ticket.id),
        customerId: toId('customer', ticket.customerId),
        ...(isContact ? { contactId: toId('contact', of.number), channel: toChannel(ticket.channel) } : {}),
        ...more,
      },
    }
  }
  const change = ticket.history?.find(
    (one) => Math.abs(one.at - at) < 1_000 && HISTORY[entry.type]?.includes(one.type),
  )
  switch (entry.type) {
    case 'ticket-created':
      return [make('CONVERSATION/CREATED'), make('CONTACT/STARTED', { entryPoint: null, dueAt: null })]
    case 'ticket-closed':
      // A snooze is none of Gladly's.
      return change?.type !== 'closed'
        ? []
        : [
            make('CONTACT/ENDED', { status: contact.status, reason: 'CONVERSATION_CLOSED' }),
            make('CONVERSATION/CLOSED'),
          ]
    case 'ticket-reopened':
      return change?.type !== 'reopened' ? [] : [make('CONVERSATION/REOPENED'), make('CONTACT/STARTED')]
    case 'ticket-message-created':
      return toMessageEvents(world, entry, contact, make)
    case 'ticket-tags-added':
      return tagsOf(entry).map((tag) => make('CONVERSATION/TOPIC_ADDED', { topicId: toId('topic', tag) }))
    case 'ticket-tags-removed':
      return tagsOf(entry).map((tag) => make('CONVERSATION/TOPIC_REMOVED', { topicId: toId('topic', tag) }))
    case 'ticket-assigned':
      return [make('CONVERSATION_ASSIGNEE/UPDATED')]
    case 'ticket-handed-over':
      return [make('CONTACT/TRANSFERRED')]
    default:
      return []
  }
}

const HISTORY: Readonly<Record<string, readonly string[]>> = {
  'ticket-closed': ['closed', 'snoozed'],
  'ticket-reopened': ['reopened', 'woken'],
}

const tagsOf = ({ data }: WorldEvent): number[] =>
  (data?.['tags_added'] ?? data?.['tags_removed'] ?? []) as number[]

function toMessageEvents(
  world: World,
  { objectId }: WorldEvent,
  contact: Contact,
  make: (type: string, more?: Record<string, unknown>) => GladlyEvent,
): GladlyEvent[] {
  const message = findMessage(world, objectId)!
  if (message.note || !message.public) return []
  const said = make(message.fromAgent ? 'CONTACT/MESSAGE_SENT' : 'CONTACT/MESSAGE_RECEIVED', {
    messageId: toId('item', message.id),
    ...(message.rule === null ? {} : { isAutomated: true }),
  })
  if (contact.fulfilled !== message.created) return [said]
  // Somebody takes the call.
  const isTaken = contact.ticket.channel === 'phone' && contact.direction === 'INBOUND'
  const taken = isTaken ? [make('CONTACT/OFFER_ACCEPTED')] : []
  return [said, ...taken, make('CONTACT/FULFILLED', { fulfilledType: 'RESPONDED' })]
}

const STATES: Readonly<Record<WorldAgentState['state'], string>> = {
  online: 'LOGGED_IN',
  away: 'WENT_AWAY',
  offline: 'LOGGED_OUT',
  idle: 'CHANGED_ACTIVE_REASON',
  occupied: 'CHANGED_ACTIVE_REASON',
}

export function toAgentEvent({ id, user, state, reason, at }: WorldAgentState): GladlyEvent {
  const named = reason === null ? {} : { awayReason: { id: toId('agent', 700), name: reason } }
  return {
    at,
    number: id * 4,
    type: `AGENT_STATUS/${STATES[state]}`,
    content: { agentId: toId('agent', user), occurredAt: toTime(at), ...(state === 'away' ? named : {}) },
  }
}
