// The shop as Gladly shows it: profiles, conversations and what stands in them (gladly-intercom-api.md § A.3).
import type { World, WorldCustomer, WorldEvent, WorldMessage, WorldTicket } from '../shop/world.ts'
import { toId, toTime } from './ids.ts'
import { type Contact, contactAt, contactsOf, INBOXES, messagesOf, toStatusChanges } from './sessions.ts'

export function toProfile(world: World, one: WorldCustomer) {
  return {
    id: toId('customer', one.id),
    name: one.name,
    image: null,
    address: null,
    emails:
      one.email === null
        ? []
        : [{ normalized: one.email.trim().toLowerCase(), original: one.email, primary: true }],
    phones:
      one.phone === null
        ? []
        : [
            {
              normalized: one.phone,
              original: one.phone,
              primary: true,
              type: 'MOBILE',
              smsPreference: 'OFF',
              extension: null,
              regionCode: 'US',
            },
          ],
    externalCustomerIds: one.externalId === null ? {} : { adaptor: one.externalId },
    customAttributes: Object.fromEntries(
      world.fields.flatMap(({ id, label }) => {
        const value = one.customFields[id]
        return value === null || value === undefined ? [] : [[label, toText(value)]]
      }),
    ),
    createdAt: toTime(one.created),
    updatedAt: toTime(one.updated),
  }
}

const toText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Gladly has no deleted and no trashed conversations: they are not there. */
export const isThere = (one: WorldTicket | undefined): one is WorldTicket =>
  one !== undefined && one.trashed === null

const stateAt = (one: WorldTicket, at: number) =>
  toStatusChanges(one).findLast((change) => change.at <= at) ?? null

export const toInboxId = (name: string): string => toId('agent', 900 + INBOXES.indexOf(name as never))

/** `at`: as it was then. */
export function toConversation(world: World, one: WorldTicket, at = Number.POSITIVE_INFINITY) {
  const last = stateAt(one, at)
  const isClosed = last?.type === 'closed'
  const isAsleep = one.status === 'closed' && one.snooze !== null
  return {
    id: toId('conversation', one.id),
    customerId: toId('customer', one.customerId),
    ...(one.assignee === null ? {} : { agentId: toId('agent', one.assignee) }),
    inboxId: toInboxId(INBOXES[0]),
    topicIds: one.tags.flatMap((name) => {
      const tag = world.tags.find((known) => known.name === name)
      return tag === undefined ? [] : [toId('topic', tag.id)]
    }),
    customAttributes: [],
    createdAt: toTime(one.created),
    ...(isClosed ? { closedAt: toTime(last.at) } : {}),
    status: isClosed ? 'CLOSED' : isAsleep ? 'WAITING' : 'OPEN',
  }
}

/** Of one conversation there are so many at most, the oldest first. */
export const MOST_ITEMS = 1000

interface Placed {
  at: number
  item: object
}

export function toItems(world: World, ticket: WorldTicket): Placed[] {
  const contacts = contactsOf(world, ticket)
  const said = messagesOf(world, ticket.id).map((one) => toMessageItem(contacts, one))
  const changes = toStatusChanges(ticket).map(({ id, type, at }) =>
    toItem(contacts, id, at, AGENT, {
      type: 'CONVERSATION_STATUS_CHANGE',
      status: type === 'closed' ? 'CLOSED' : 'OPEN',
    }),
  )
  const topics = tagEventsOf(world, ticket.id).map((event) => toTopicItem(contacts, event))
  return [...said, ...changes, ...topics].toSorted((a, b) => a.at - b.at)
}

const AGENT = { id: toId('agent', 1), type: 'AGENT' }

function toItem(
  contacts: readonly Contact[],
  id: number,
  at: number,
  initiator: object,
  content: object,
): Placed {
  const contact = contactAt(contacts, at)
  const item = {
    id: toId('item', id),
    customerId: toId('customer', contact.ticket.customerId),
    conversationId: toId('conversation', contact.ticket.id),
    sessionId: toId('contact', contact.number),
    timestamp: toTime(at),
    initiator,
    content,
  }
  return { at, item }
}

function toMessageItem(contacts: readonly Contact[], one: WorldMessage): Placed {
  const initiator = !one.fromAgent
    ? { id: toId('customer', one.customerId), type: 'CUSTOMER' }
    : one.rule === null
      ? AGENT
      : { id: 'AUTO_REPLY_RULE', type: 'SYSTEM' }
  return toItem(contacts, one.id, one.created, initiator, toContent(contacts[0]!.ticket.channel, one))
}

function toContent(channel: string, { note, public: isPublic }: WorldMessage): object {
  const words = 'What somebody wrote.'
  if (note || !isPublic) return { type: 'CONVERSATION_NOTE', content: words }
  switch (channel) {
    case 'chat':
      return { type: 'CHAT_MESSAGE', messageType: 'TEXT', content: words }
    case 'phone':
      return { type: 'PHONE_CALL', from: '+15550100', to: '+15550101' }
    case 'sms':
      return { type: 'SMS', from: '+15550100', to: '+15550101', body: words }
    default:
      return {
        type: 'EMAIL',
        from: 'a@example.com',
        to: ['help@shop.example'],
        subject: 'Hello',
        content: words,
      }
  }
}

const TAGGED: Readonly<Record<string, string>> = {
  'ticket-tags-added': 'addedTopicIds',
  'ticket-tags-removed': 'removedTopicIds',
}

const known = new WeakMap<World, { size: number; byTicket: Map<number, WorldEvent[]> }>()

/** Topics that were put on a conversation, or taken from it. Entries are only ever added. */
function tagEventsOf(world: World, ticketId: number): WorldEvent[] {
  const { size } = world.events
  let found = known.get(world)
  if (found?.size !== size) {
    const byTicket = new Map<number, WorldEvent[]>()
    for (const event of world.events.values())
      if (TAGGED[event.type] !== undefined)
        byTicket.set(event.objectId, [...(byTicket.get(event.objectId) ?? []), event])
    found = { size, byTicket }
    known.set(world, found)
  }
  return found.byTicket.get(ticketId) ?? []
}

function toTopicItem(contacts: readonly Contact[], { id, type, created, data }: WorldEvent): Placed {
  const tags = (data?.['tags_added'] ?? data?.['tags_removed'] ?? []) as number[]
  return toItem(contacts, id, created, AGENT, {
    type: 'TOPIC_CHANGE',
    [TAGGED[type]!]: tags.map((tag) => toId('topic', tag)),
  })
}
