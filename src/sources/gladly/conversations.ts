// A conversation and what stands in it → a ticket, its messages, and the entries of its history (gladly-intercom-api.md § A.3). Pure.
// Nothing that anybody wrote is kept.
import type { Message, SourceEvent, SourceEventType, Ticket } from '../../model/records.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import {
  InvalidItem,
  type Json,
  requireId,
  requireInstant,
  toId,
  toInstant,
  toObject,
  toText,
} from './items.ts'
import type { Maps } from './maps.ts'
import type { Names } from './names.ts'

/** What is said in an item of this type, and on which channel; those that are missing are no words. */
const SPOKEN: Readonly<Record<string, string>> = {
  CHAT_MESSAGE: 'CHAT',
  EMAIL: 'EMAIL',
  FACEBOOK_MESSAGE: 'FB_MESSENGER',
  INSTAGRAM_DIRECT: 'INSTAGRAM_DIRECT',
  PHONE_CALL: 'PHONE_CALL',
  SMS: 'SMS',
  TWITTER: 'TWITTER',
  VOICE_AI_MESSAGE: 'PHONE_CALL',
  VOICEMAIL: 'VOICEMAIL',
  WHATSAPP: 'WHATSAPP',
}

export interface Item {
  id: string
  at: Instant
  type: string
  author: Message['author']
  content: Json
}

export function toItem(raw: Json): Item {
  const content = toObject(raw['content']) ?? {}
  return {
    id: requireId(raw),
    at: requireInstant(raw, 'timestamp'),
    type: toText(content['type']) ?? '',
    author: readAuthor(toObject(raw['initiator'])),
    content,
  }
}

/** Gladly's AI and its rules are SYSTEM or AUTOMATION, and nobody's answer. */
function readAuthor(initiator: Json | null): Message['author'] {
  if (initiator?.['type'] === 'CUSTOMER') return 'customer'
  return initiator?.['type'] === 'AGENT' ? 'agent' : 'other'
}

/** `isWhole`: the items are all that there are; of a long conversation the newest are missing. */
export interface Whole {
  conversation: Json
  items: readonly Item[]
  isWhole: boolean
  now: Instant
}

export function toTicketRecords(whole: Whole, maps: Maps, names: Names): (Ticket | Message | SourceEvent)[] {
  const { conversation, isWhole } = whole
  const id = requireId(conversation)
  const items = whole.items.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
  const entries = toStatusEntries(id, items)
  const closedAt = toInstant(conversation['closedAt'])
  // What happened last is not among the items: the conversation itself tells.
  const isMissed = !isWhole && closedAt !== null && !entries.some(({ at }) => at >= closedAt)
  const missed = isMissed ? [toEntry(id, `closed/${closedAt}`, closedAt, 'ticket_closed')] : []
  return [
    toTicket(id, { ...whole, items }, maps, names),
    ...items.flatMap((one) => toMessage(id, one)),
    ...entries,
    ...missed,
    ...items.flatMap((one) => toTopicEntries(id, one)),
  ]
}

const isClosed = (status: unknown): boolean => status === 'CLOSED'

function toTicket(
  id: string,
  { conversation, items, isWhole, now }: Whole,
  maps: Maps,
  names: Names,
): Ticket {
  const { status, agentId, inboxId, topicIds } = conversation
  if (!['OPEN', 'WAITING', 'CLOSED'].includes(String(status)))
    throw new InvalidItem('`status` is none that Gladly documents')
  const createdAt = requireInstant(conversation, 'createdAt')
  const closedAt = toInstant(conversation['closedAt']) ?? findClosing(items)
  const word = items.map(({ type }) => SPOKEN[type]).find((one) => one !== undefined) ?? null
  const topics = Array.isArray(topicIds) ? topicIds.flatMap((one) => toId(one) ?? []) : []
  const updatedAt = isWhole ? Math.max(createdAt, closedAt ?? 0, ...items.map(({ at }) => at)) : now
  return {
    ...EMPTY_TICKET,
    id,
    customerId: toId(conversation['customerId']),
    status: isClosed(status) ? 'closed' : 'open',
    channel: maps.channelOf(word),
    channelSource: word,
    tags: names.tagsOf(topics),
    assigneeName: names.nameOf('agent', toId(agentId)),
    groupName: names.nameOf('inbox', toId(inboxId)),
    createdAt,
    updatedAt,
    version: String(updatedAt),
    closedAt,
    firstResponse: { at: findFirstResponse(items), isFinal: isWhole },
    opened: true,
    trail: toTrail(isClosed(status), closedAt),
  }
}

export const EMPTY_TICKET = {
  kind: 'ticket',
  subject: null,
  spam: false,
  snoozedUntil: null,
  trashedAt: null,
  customer: null,
} as const

const MINUTE = fromMs(60_000)

/** The same of a report, whose times may be coarser: while it is the same, nothing has happened. */
export const toTrail = (isOver: boolean, closedAt: Instant | null): string =>
  isOver ? `closed ${Math.floor((closedAt ?? 0) / MINUTE)}` : 'open'

const findClosing = (items: readonly Item[]): Instant | null =>
  items.findLast(({ type, content }) => type === 'CONVERSATION_STATUS_CHANGE' && isClosed(content['status']))
    ?.at ?? null

const isSpoken = ({ type, author }: Item): boolean => SPOKEN[type] !== undefined && author !== 'other'

/** The first answer of a person after the customer's first words; a call is answered when it is taken. */
function findFirstResponse(items: readonly Item[]): Instant | null {
  const said = items.filter(isSpoken)
  const asked = said.findIndex(({ author }) => author === 'customer')
  if (asked < 0) return null
  return said.find(({ author }, index) => index > asked && author === 'agent')?.at ?? null
}

function toMessage(ticketId: string, item: Item): Message[] {
  if (!isSpoken(item)) return []
  const { id, author, at: createdAt } = item
  return [{ kind: 'message', id, ticketId, author, ruleId: null, macroIds: [], createdAt }]
}

/** Each change of status, once: a conversation begins open. */
function toStatusEntries(ticketId: string, items: readonly Item[]): SourceEvent[] {
  const entries: SourceEvent[] = []
  let wasClosed = false
  for (const { id, at, type, content } of items) {
    if (type !== 'CONVERSATION_STATUS_CHANGE') continue
    const closes = isClosed(content['status'])
    if (closes !== wasClosed)
      entries.push(toEntry(ticketId, id, at, closes ? 'ticket_closed' : 'ticket_reopened'))
    wasClosed = closes
  }
  return entries
}

function toTopicEntries(ticketId: string, { id, at, type, content }: Item): SourceEvent[] {
  if (type !== 'TOPIC_CHANGE') return []
  const idsOf = (value: unknown): string[] =>
    Array.isArray(value) ? value.flatMap((one) => toId(one) ?? []) : []
  const [added, removed] = [idsOf(content['addedTopicIds']), idsOf(content['removedTopicIds'])]
  return [
    ...(added.length === 0 ? [] : [{ ...toEntry(ticketId, id, at, 'ticket_tagged'), names: added }]),
    ...(removed.length === 0 ? [] : [{ ...toEntry(ticketId, id, at, 'ticket_untagged'), names: removed }]),
  ]
}

export function toEntry(objectId: string, id: string, at: Instant, type: SourceEventType): SourceEvent {
  return { kind: 'event', id: `${objectId}/${id}/${type}`, type, objectId, names: [], at }
}
