// What was said and done in a conversation → messages and entries of its history. Pure. Only its own address gives the parts, and only the
// newest 500 of them (gladly-intercom-api.md § B.3).
import type { Message, SourceEvent, SourceEventType, Ticket } from '../../model/records.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import type { Page } from '../source.ts'
import { type Json, toId, toList, toObject, toText } from './client.ts'

export interface History {
  records: (Message | SourceEvent)[]
  firstResponse: Exclude<Ticket['firstResponse'], 'asked'>
}

interface Part {
  id: string
  type: string
  /** Parts of one second keep their order. */
  at: Instant
  /** As Intercom has it: whole seconds. */
  dated: Instant
  author: 'customer' | 'agent' | 'ai' | 'other'
  /** It has words or files, and is no note. */
  isReply: boolean
  /** A person, or a team. */
  assignedTo: { isTeam: boolean; id: string } | null
}

type Status = 'open' | 'closed' | 'snoozed'

/** Which status a part leads to (§ 0.14, B.3); any other type leaves it alone. */
const LEADS_TO: Readonly<Record<string, Status>> = {
  close: 'closed',
  snoozed: 'snoozed',
  open: 'open',
  unsnoozed: 'open',
  timer_unsnooze: 'open',
  note_and_reopen: 'open',
  assign_and_reopen: 'open',
  assign_and_unsnooze: 'open',
}

/** Null where there are no parts: it stood in a list. */
export function toHistory(
  item: Json,
  ticket: Pick<Ticket, 'id' | 'createdAt' | 'status' | 'snoozedUntil'>,
  refuse: (one: Page['invalid'][number]) => void,
): History | null {
  const list = toObject(item['conversation_parts'])
  if (list === null) return null
  const { parts, isWhole } = readParts(list, ticket.id, refuse)
  const opening = readOpening(item, ticket.createdAt)
  const said = opening === null ? parts : [opening, ...parts]
  return {
    records: [
      ...said.flatMap((part) => toMessage(ticket.id, part)),
      ...toStatusEntries(ticket, parts, isWhole),
      ...toAssignments(ticket.id, parts),
    ],
    firstResponse: isWhole ? { at: findFirstResponse(said), isFinal: true } : undefined,
  }
}

function readParts(
  list: Json,
  ticketId: string,
  refuse: (one: Page['invalid'][number]) => void,
): { parts: Part[]; isWhole: boolean } {
  const items = toList(list['conversation_parts'])
  const total = list['total_count']
  const parts: Part[] = []
  let previous = 0
  for (const item of items.toSorted((a, b) => Number(a['created_at']) - Number(b['created_at']))) {
    const [id, created] = [toId(item['id']), item['created_at']]
    if (id === null || typeof created !== 'number' || !Number.isInteger(created) || created <= 0) {
      refuse({ id: `${ticketId}/part`, reason: 'a part of it has no id or no date.', stream: 'messages' })
      continue
    }
    const dated = fromMs(created * 1000)
    const at = Math.max(dated, previous + 1)
    previous = at
    parts.push({ ...readWords(item), id, at, dated })
  }
  return { parts, isWhole: typeof total !== 'number' || total <= items.length }
}

function readWords(item: Json): Omit<Part, 'id' | 'at' | 'dated'> {
  const type = toText(item['part_type']) ?? ''
  const assigned = toObject(item['assigned_to'])
  const hasWords = (toText(item['body'])?.trim() ?? '') !== '' || toList(item['attachments']).length > 0
  return {
    type,
    author: readAuthor(toObject(item['author'])),
    isReply: hasWords && !type.startsWith('note'),
    assignedTo: /assign/.test(type) ? readAssigned(assigned) : null,
  }
}

/** Nobody has no id, or 0. */
function readAssigned(assigned: Json | null): Part['assignedTo'] {
  const [type, id] = [assigned?.['type'], toId(assigned?.['id'])]
  return id !== null && (type === 'admin' || type === 'team') ? { isTeam: type === 'team', id } : null
}

function readAuthor(author: Json | null): Part['author'] {
  if (author?.['from_ai_agent'] === true || author?.['is_ai_answer'] === true) return 'ai'
  if (author?.['type'] === 'admin') return 'agent'
  return ['user', 'lead', 'contact'].includes(String(author?.['type'])) ? 'customer' : 'other'
}

/** The message that a conversation began with is no part of it. */
function readOpening(item: Json, createdAt: Instant): Part | null {
  const source = toObject(item['source'])
  if (source === null) return null
  const author = readAuthor(toObject(source['author']))
  // What went to many at once, or by itself, is nobody's word.
  const isSent = source['delivered_as'] === 'admin_initiated'
  const isReply = author === 'customer' || (author === 'agent' && isSent)
  return { id: 'source', type: 'comment', at: createdAt, dated: createdAt, author, isReply, assignedTo: null }
}

function toMessage(ticketId: string, { id, author, isReply, at: createdAt }: Part): Message[] {
  if (!isReply || (author !== 'customer' && author !== 'agent')) return []
  return [
    { kind: 'message', id: `${ticketId}/${id}`, ticketId, author, ruleId: null, macroIds: [], createdAt },
  ]
}

/** The first answer of a person after the customer's first words, by the wall clock. */
function findFirstResponse(said: readonly Part[]): Instant | null {
  const asked = said.findIndex(({ author, isReply }) => author === 'customer' && isReply)
  if (asked < 0) return null
  const answer = said.find(({ author, isReply }, index) => index > asked && author === 'agent' && isReply)
  return answer?.dated ?? null
}

/** Each change of status, once. */
function toStatusEntries(
  { id: ticketId, status, snoozedUntil }: Pick<Ticket, 'id' | 'status' | 'snoozedUntil'>,
  parts: readonly Part[],
  isWhole: boolean,
): SourceEvent[] {
  const entries: SourceEvent[] = []
  // What was before the newest 500 is not known.
  let current: Status | null = isWhole ? 'open' : null
  let answered: Part | null = null
  for (const part of parts) {
    if (part.author === 'customer' && part.isReply) answered ??= part
    const next = LEADS_TO[part.type]
    if (next === undefined) continue
    const type = toEntryType(current, next, part.type, answered !== null)
    // A reply may have opened it before a part said so: both readings know it by the reply.
    const by = next === 'open' ? (answered ?? part) : part
    if (type !== null) entries.push({ ...toEntry(ticketId, by, type), at: part.at })
    current = next
    answered = null
  }
  // A reply may open a conversation without a part that says so: its state tells.
  const isOpen = status === 'open' && snoozedUntil === null
  if (isOpen && answered !== null && current !== null && current !== 'open')
    entries.push(toEntry(ticketId, answered, current === 'closed' ? 'ticket_reopened' : 'ticket_unsnoozed'))
  return entries
}

function toEntryType(
  current: Status | null,
  next: Status,
  partType: string,
  isAnswered: boolean,
): SourceEventType | null {
  if (next === 'closed') return current === 'closed' && !isAnswered ? null : 'ticket_closed'
  if (next === 'snoozed') return current === 'snoozed' ? null : 'ticket_snoozed'
  if (current === 'open') return null
  // What it was before the newest 500 is not known, and may have been told otherwise.
  if (current === null && !partType.includes('unsnooze')) return null
  return current === 'closed' ? 'ticket_reopened' : 'ticket_unsnoozed'
}

/** Whom it was given to; and where it was an AI agent that had it, that people have it now. */
function toAssignments(ticketId: string, parts: readonly Part[]): SourceEvent[] {
  const entries: SourceEvent[] = []
  let hasAgent = false
  for (const part of parts) {
    const { author, isReply, assignedTo } = part
    const names = assignedTo === null || assignedTo.isTeam ? [] : [assignedTo.id]
    if (names.length > 0) entries.push({ ...toEntry(ticketId, part, 'ticket_assigned'), names })
    const isPersons = assignedTo !== null || (author === 'agent' && isReply)
    if (hasAgent && isPersons) entries.push({ ...toEntry(ticketId, part, 'ticket_handed_over'), names })
    hasAgent = (hasAgent && !isPersons) || (author === 'ai' && isReply)
  }
  return entries
}

function toEntry(ticketId: string, { id, at }: Part, type: SourceEventType): SourceEvent {
  return { kind: 'event', id: `${ticketId}/${id}/${type}`, type, objectId: ticketId, names: [], at }
}
