// What was said and done in a conversation, as Intercom shows it: the opening message is `source`, and no part; of the rest the newest 500
// (gladly-intercom-api.md § B.3).
import type { World, WorldChange, WorldMessage, WorldTicket } from '../shop/world.ts'
import { toAdminAuthor, toContactAuthor, toSeconds } from './people.ts'

/** Of one conversation there are so many at most. */
const MOST_PARTS = 500
/** A first message that is older than that after the conversation began is no opening: it began by what the shop does not show. */
const OPENING = 1_000_000

export interface Said {
  /** Null: the customer began it, with words that the shop does not know. */
  opening: WorldMessage | null
  rest: WorldMessage[]
}

/** `messages` of one conversation, the oldest first. */
export function toSaid({ created }: WorldTicket, messages: readonly WorldMessage[]): Said {
  const [first] = messages
  return first !== undefined && first.created - created < OPENING
    ? { opening: first, rest: messages.slice(1) }
    : { opening: null, rest: [...messages] }
}

/** Of these conversations, by conversation, the oldest first. */
export function messagesOf(world: World, tickets: readonly WorldTicket[]): Map<number, WorldMessage[]> {
  const found = new Map(tickets.map(({ id }): [number, WorldMessage[]] => [id, []]))
  for (const message of world.messages.values()) found.get(message.ticketId)?.push(message)
  return found
}

export function toParts(world: World, ticket: WorldTicket, { rest }: Said) {
  const history = toHistory(ticket)
  const parts = [
    ...rest.map((one) => toMessagePart(world, one)),
    ...history.flatMap((one) => toChangeParts(world, one)),
  ].toSorted((a, b) => a.at - b.at)
  return {
    type: 'conversation_part.list',
    conversation_parts: parts.slice(-MOST_PARTS).map(({ part }) => part),
    total_count: parts.length,
  }
}

/** One that was closed before the shop kept a history has a part of that all the same. */
function toHistory({ id, created, status, closed, snooze, history = [] }: WorldTicket): WorldChange[] {
  const first = history.find(({ type }) => type !== 'assigned' && type !== 'handed_over')?.type
  const past = (type: WorldChange['type'], at: number): WorldChange => ({ id, type, at, user: null })
  if (first === 'reopened') return [past('closed', created + 1), ...history]
  if (first === 'woken') return [past('snoozed', created + 1), ...history]
  if (first !== undefined || status === 'open' || closed === null) return history
  return [past(snooze === null ? 'closed' : 'snoozed', closed), ...history]
}

interface Placed {
  at: number
  part: object
}

function toMessagePart(world: World, one: WorldMessage): Placed {
  const isPerson = one.fromAgent && one.rule === null
  const author = one.fromAgent
    ? { ...toAdminAuthor(world, 1), ...(isPerson ? {} : { type: 'bot' }) }
    : toContactAuthor(world, one.customerId)
  return toPart(one.id, one.created, one.note ? 'note' : 'comment', {
    author,
    body: '<p>What somebody wrote.</p>',
  })
}

const TYPES = {
  closed: 'close',
  snoozed: 'snoozed',
  reopened: 'open',
  woken: 'unsnoozed',
  assigned: 'assignment',
} as const

function toChangeParts(world: World, { id, type, at, user }: WorldChange): Placed[] {
  const assigned_to = { type: 'admin', id: String(user ?? 1) }
  if (type !== 'handed_over')
    return [
      toPart(id, at, TYPES[type], {
        author: toAdminAuthor(world, 1),
        ...(type === 'assigned' ? { assigned_to } : {}),
      }),
    ]
  // Fin answers, and then leaves it to people.
  const author = { type: 'bot', id: '9', name: 'Fin', email: 'operator@intercom.io', from_ai_agent: true }
  return [
    toPart(id * 10, at, 'comment', {
      author: { ...author, is_ai_answer: true },
      body: '<p>What Fin wrote.</p>',
    }),
    toPart(id, at, 'assignment', { author: { ...author, is_ai_answer: false }, assigned_to }),
  ]
}

function toPart(
  id: number,
  at: number,
  part_type: string,
  {
    author,
    body = null,
    assigned_to = null,
  }: { author: object; body?: string | null; assigned_to?: object | null },
): Placed {
  const created_at = toSeconds(at)
  return {
    at,
    part: {
      type: 'conversation_part',
      id: String(id),
      part_type,
      body,
      created_at,
      updated_at: created_at,
      notified_at: created_at,
      author: { from_ai_agent: false, is_ai_answer: false, ...author },
      assigned_to,
      attachments: [],
      external_id: null,
      redacted: false,
    },
  }
}
