// Intercom's JSON → canonical records. Pure and tolerant: what is missing is null, and only an item that could not be told from others, or
// not be dated, is refused. Nothing that anybody wrote is kept but the title.
import type {
  Agent,
  CustomField,
  Customer,
  SatisfactionSurvey,
  SourceEvent,
  SourceRecord,
  Tag,
  Ticket,
} from '../../model/records.ts'
import { FAR_FUTURE, type Instant } from '../../model/time.ts'
import type { Page } from '../source.ts'
import { type Json, toId, toList, toObject, toText } from './client.ts'
import { InvalidItem, requireId, requireInstant, toInstant } from './items.ts'
import type { Named } from './names.ts'
import { toHistory } from './parts.ts'

/** An archived or blocked contact is none any more, until it comes back; its own address says the same (`isGone`). */
export function toContactRecords(item: Json): SourceRecord[] {
  const customer = toCustomer(item)
  if (!isGone(item)) return [customer]
  const { id, version, updatedAt: at } = customer
  return [{ kind: 'event', type: 'customer_gone', id: `${id}/gone/${version}`, objectId: id, names: [], at }]
}

export const isGone = (item: Json): boolean => item['archived'] === true || item['blocked'] === true

/** From the list of what was deleted, by id alone. */
export function toDeletion(item: Json): SourceEvent {
  const [id, at] = [requireId(item), requireInstant(item, 'deleted_at')]
  return { kind: 'event', type: 'ticket_gone', id: `${id}/gone`, objectId: id, names: [], at }
}

export function toTag(item: Json): Tag | null {
  const name = toText(item['name'])
  return name === null ? null : { kind: 'tag', id: requireId(item), name }
}

export function toCustomer(item: Json): Customer {
  return {
    ...NOBODY,
    kind: 'customer',
    id: requireId(item),
    email: toText(item['email']),
    name: toText(item['name']),
    language: toText(item['language_override']) ?? toText(item['browser_language']),
    externalId: toText(item['external_id']),
    phone: toText(item['phone']),
    customFields: toObject(item['custom_attributes']) ?? {},
    createdAt: requireInstant(item, 'created_at'),
    updatedAt: requireInstant(item, 'updated_at'),
    version: String(item['updated_at']),
    stub: false,
  }
}

const NOBODY = {
  email: null,
  name: null,
  firstname: null,
  lastname: null,
  language: null,
  timezone: null,
  externalId: null,
  note: null,
  customFields: {},
  data: null,
}

/** What a reader knows beyond the item. */
export interface Reading {
  /** Hears of what could not be understood. */
  refuse(this: void, one: Page['invalid'][number]): void
  /** Who an admin or a team is. */
  nameOf(this: void, of: Named, id: string): string | null
  /** Whether conversations in which the customer never wrote are left out of every count. */
  ignoresUnanswered: boolean
}

/** The conversation, its rating, and where it stands at its own address what was said and done in it. */
export function toConversationRecords(item: Json, reading: Reading): SourceRecord[] {
  const ticket = toTicket(item, reading)
  const history = toHistory(item, ticket, reading.refuse)
  const firstResponse = history?.firstResponse ?? readFirstResponse(item, history !== null)
  const whole = { ...ticket, opened: history !== null, firstResponse }
  const records = [whole, ...(history?.records ?? [])]
  const rating = toObject(item['conversation_rating'])
  if (rating === null) return records
  try {
    return [...records, toSurvey(rating, ticket)]
  } catch (thrown) {
    if (!(thrown instanceof InvalidItem)) throw thrown
    reading.refuse({
      id: `${ticket.id}/rating`,
      reason: `${thrown.message}.`,
      stream: 'satisfaction_surveys',
    })
    return records
  }
}

/** By the wall clock, and never `time_to_admin_reply`, which leaves out nights (§ B.3). */
function readFirstResponse(item: Json, isOpened: boolean): NonNullable<Ticket['firstResponse']> {
  const statistics = toObject(item['statistics'])
  // Without statistics the parts tell, if the customer wrote at all.
  if (statistics === null && !isOpened && toObject(item['first_contact_reply']) !== null) return 'asked'
  return { at: toInstant(statistics?.['first_admin_reply_at']), isFinal: false }
}

const STATES: Readonly<Record<string, Ticket['status']>> = {
  open: 'open',
  snoozed: 'closed',
  closed: 'closed',
}

/** `source.type` → the canonical channel; what is not listed stays as it is (gladly-intercom-api.md § C.2). */
export const CHANNELS: Readonly<Record<string, string>> = {
  conversation: 'chat',
  push: 'chat',
  email: 'email',
  phone_call: 'phone',
  phone_switch: 'phone',
  sms: 'sms',
  facebook: 'social',
  instagram: 'social',
  twitter: 'social',
  whatsapp: 'social',
}

function toTicket(item: Json, { nameOf, ignoresUnanswered }: Reading): Ticket {
  const id = requireId(item)
  const status = STATES[String(item['state'])]
  if (status === undefined) throw new InvalidItem('`state` is none that Intercom documents')
  const statistics = toObject(item['statistics'])
  const updatedAt = requireInstant(item, 'updated_at')
  const customerId = readCustomerId(item)
  const type = toText(toObject(item['source'])?.['type'])
  const [assignee, team] = [toId(item['admin_assignee_id']), toId(item['team_assignee_id'])]
  return {
    kind: 'ticket',
    id,
    customerId,
    status,
    channel: type === null ? null : (CHANNELS[type] ?? type),
    channelSource: type,
    subject: toText(item['title']),
    tags: toList(toObject(item['tags'])?.['tags']).flatMap((one) => toText(one['name']) ?? []),
    assigneeName: assignee === null ? null : nameOf('admin', assignee),
    groupName: team === null ? null : nameOf('team', team),
    spam: false,
    createdAt: requireInstant(item, 'created_at'),
    updatedAt,
    version: String(item['updated_at']),
    trail: readTrail(item, statistics),
    closedAt: toInstant(statistics?.['last_close_at']),
    snoozedUntil: item['state'] === 'snoozed' ? (toInstant(item['snoozed_until']) ?? FAR_FUTURE) : null,
    trashedAt: null,
    ignored: ignoresUnanswered && item['first_contact_reply'] === null,
    aiScore: readAiScore(toObject(item['ai_agent'])),
    customer: customerId === null ? null : toMentioned(customerId, toObject(item['source']), updatedAt),
  }
}

/** Two things may happen in one second: its parts are counted, where that is told. */
function readTrail(item: Json, statistics: Json | null): string {
  const { count_conversation_parts: count = null, last_close_at: closedAt = null } = statistics ?? {}
  return JSON.stringify([item['updated_at'], item['state'], count, closedAt])
}

/** Fin's own rating, which is none of a person's work. */
function readAiScore(agent: Json | null): number | null {
  const score = agent?.['rating']
  return isScore(score) ? score : null
}

const isScore = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 5

const readCustomerId = (item: Json): string | null =>
  toId(toList(toObject(item['contacts'])?.['contacts'])[0]?.['id'])

/** A conversation names its contacts by id alone; who began it is named whole. */
function toMentioned(id: string, source: Json | null, at: Instant): Customer {
  const author = toObject(source?.['author'])
  const isTheirs = toId(author?.['id']) === id
  const known = isTheirs ? { email: toText(author?.['email']), name: toText(author?.['name']) } : {}
  return { ...NOBODY, ...known, kind: 'customer', id, createdAt: 0, updatedAt: at, version: '', stub: true }
}

function toSurvey(rating: Json, { id, customerId }: Ticket): SatisfactionSurvey {
  const { rating: score, remark } = rating
  const requestedAt = requireInstant(rating, 'created_at')
  return {
    kind: 'satisfaction_survey',
    id: `${id}/rating`,
    ticketId: id,
    customerId,
    score: isScore(score) ? score : null,
    comment: toText(remark),
    createdAt: requestedAt,
    sentAt: requestedAt,
    scoredAt: isScore(score) ? (toInstant(rating['updated_at']) ?? requestedAt) : null,
  }
}

export function toAgent(item: Json): Agent {
  return { kind: 'agent', id: requireId(item), email: toText(item['email']), name: toText(item['name']) }
}

/** Intercom's types of attributes → those that custom fields have. */
const ATTRIBUTE_TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'number',
  float: 'number',
  boolean: 'boolean',
}

/** An attribute of contacts that the workspace has made; null for one of Intercom's own, which contacts show by themselves. */
export function toCustomField(item: Json): CustomField | null {
  if (item['custom'] !== true) return null
  const name = toText(item['name'])
  if (name === null) throw new InvalidItem('it has no name')
  const type = toText(item['data_type']) ?? 'string'
  return {
    kind: 'custom_field',
    id: name,
    label: toText(item['label']) ?? name,
    dataType: ATTRIBUTE_TYPES[type] ?? type,
  }
}
