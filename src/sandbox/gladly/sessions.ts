// The contacts of a conversation: one from its beginning, and one from each reopening (gladly-intercom-api.md § A.4, A.6). Gladly knows no
// snooze: a conversation that sleeps waits, and its contact goes on.
import type { World, WorldChange, WorldMessage, WorldTicket } from '../shop/world.ts'

export interface Contact {
  /** Unique in the shop. */
  number: number
  index: number
  ticket: WorldTicket
  queued: number
  fulfilled: number | null
  ended: number | null
  status: 'ANSWERED' | 'UNANSWERED' | null
  direction: 'INBOUND' | 'OUTBOUND'
  inboxWhenQueued: string
  inboxWhenEnded: string
  messages: WorldMessage[]
}

export const INBOXES = ['Support', 'Escalations'] as const

/** More than any conversation has contacts. */
const MOST = 64

const CHANNELS: Readonly<Record<string, string>> = {
  email: 'EMAIL',
  chat: 'CHAT',
  phone: 'PHONE_CALL',
  sms: 'SMS',
  whatsapp: 'WHATSAPP',
  facebook: 'FB_MESSENGER',
}

export const toChannel = (channel: string): string => CHANNELS[channel] ?? 'EMAIL'

/** Closings and reopenings as Gladly shows them, the oldest first. */
export function toStatusChanges({
  id,
  created,
  status,
  closed,
  snooze,
  history = [],
}: WorldTicket): WorldChange[] {
  const changes = history.filter(({ type }) => type === 'closed' || type === 'reopened')
  const past = (at: number): WorldChange => ({ id, type: 'closed', at, user: null })
  // One that was closed before the shop kept a history was so all the same.
  if (changes[0]?.type === 'reopened') return [past(created + 1), ...changes]
  const wasClosedBefore =
    changes.length === 0 && status === 'closed' && snooze === null && closed !== null && history.length === 0
  return wasClosedBefore ? [past(closed), ...changes] : changes
}

const isWords = (one: WorldMessage): boolean => one.public && !one.note
const isAnswer = (one: WorldMessage): boolean => one.fromAgent && one.rule === null

/** `messages` of this one, the oldest first. */
export function toContacts(ticket: WorldTicket, messages: readonly WorldMessage[]): Contact[] {
  const changes = toStatusChanges(ticket)
  const starts = [ticket.created, ...changes.filter(({ type }) => type === 'reopened').map(({ at }) => at)]
  return starts.slice(0, MOST).map((queued, index) => {
    const until = starts[index + 1] ?? Number.POSITIVE_INFINITY
    const ended = changes.find(({ type, at }) => type === 'closed' && at >= queued && at < until)?.at ?? null
    const said = messages.filter(
      (one) => one.created < until && (one.created >= queued || index === 0) && isWords(one),
    )
    const [first] = said
    const isOutbound = first !== undefined && isAnswer(first) && first.created - queued < 1_000_000
    const asked = isOutbound ? said.findIndex((one) => !one.fromAgent) : -1
    const answer = said.find(
      (one, at) =>
        isAnswer(one) &&
        (!isOutbound || (asked >= 0 && at > asked)) &&
        (ended === null || one.created <= ended),
    )
    const handedOver = ticket.history?.some(
      ({ type, at }) => type === 'handed_over' && at >= queued && at < until,
    )
    return {
      number: ticket.id * MOST + index,
      index,
      ticket,
      queued,
      fulfilled: answer === undefined ? null : Math.max(queued, answer.created),
      ended,
      status: ended === null ? null : answer === undefined ? 'UNANSWERED' : 'ANSWERED',
      direction: isOutbound ? 'OUTBOUND' : 'INBOUND',
      inboxWhenQueued: INBOXES[0],
      inboxWhenEnded: handedOver === true ? INBOXES[1] : INBOXES[0],
      messages: said,
    }
  })
}

/** In which contact something happened. */
export const contactAt = (contacts: readonly Contact[], at: number): Contact =>
  contacts.findLast(({ queued }) => queued <= at) ?? contacts[0]!

const known = new WeakMap<World, { size: number; byTicket: Map<number, WorldMessage[]> }>()

/** By conversation, the oldest first. Messages are only ever added. */
export function messagesOf(world: World, ticketId: number): WorldMessage[] {
  const { size } = world.messages
  let found = known.get(world)
  if (found?.size !== size) {
    const byTicket = new Map<number, WorldMessage[]>()
    for (const message of world.messages.values()) {
      const list = byTicket.get(message.ticketId)
      if (list === undefined) byTicket.set(message.ticketId, [message])
      else list.push(message)
    }
    found = { size, byTicket }
    known.set(world, found)
  }
  return found.byTicket.get(ticketId) ?? []
}

export const contactsOf = (world: World, ticket: WorldTicket): Contact[] =>
  toContacts(ticket, messagesOf(world, ticket.id))
