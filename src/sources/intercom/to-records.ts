// Intercom's JSON → canonical records. Pure and tolerant: what is missing is null, and only an item that could not be told from others, or
// not be dated, is refused. Nothing that anybody wrote is kept but the title.
import type {
  Agent,
  CustomField,
  Customer,
  Message,
  SatisfactionSurvey,
  SourceRecord,
  Ticket,
} from '../../model/records.ts'
import { FAR_FUTURE, fromMs, type Instant } from '../../model/time.ts'
import type { Page } from '../source.ts'
import { type Json, toId, toObject, toText } from './client.ts'

/** Why an item is no record, as a sentence without a full stop. */
export class InvalidItem extends Error {}

function requireId(item: Json): string {
  const id = toId(item['id'])
  if (id === null) throw new InvalidItem('it has no id')
  return id
}

/** Whole Unix seconds; 0 is none. */
export function toInstant(value: unknown): Instant | null {
  const isTime = typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1e11
  return isTime ? fromMs(value * 1000) : null
}

function requireInstant(item: Json, key: string): Instant {
  const at = toInstant(item[key])
  if (at === null) throw new InvalidItem(`\`${key}\` is no time`)
  return at
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

/** The conversation, what its statistics say of the first answer, and its rating; `refuse` hears of a rating that is none. */
export function toConversationRecords(
  item: Json,
  refuse: (one: Page['invalid'][number]) => void,
  nameOf: (adminId: string) => string | null,
): SourceRecord[] {
  const ticket = toTicket(item, nameOf)
  const records: SourceRecord[] = [ticket, ...toMessages(ticket.id, toObject(item['statistics']))]
  const rating = toObject(item['conversation_rating'])
  if (rating === null) return records
  try {
    return [...records, toSurvey(rating, ticket)]
  } catch (thrown) {
    if (!(thrown instanceof InvalidItem)) throw thrown
    refuse({ id: `${ticket.id}/rating`, reason: `${thrown.message}.`, stream: 'satisfaction_surveys' })
    return records
  }
}

const STATES: Readonly<Record<string, Ticket['status']>> = {
  open: 'open',
  snoozed: 'closed',
  closed: 'closed',
}

/** `source.type` → the canonical channel; what is not listed stays as it is (gladly-intercom-api.md § C.2). */
const CHANNELS: Readonly<Record<string, string>> = {
  conversation: 'chat',
  push: 'chat',
  email: 'email',
  phone_call: 'phone',
  phone_switch: 'phone',
  sms: 'sms',
  facebook: 'facebook',
  instagram: 'instagram',
  twitter: 'twitter',
  whatsapp: 'whatsapp',
}

function toTicket(item: Json, nameOf: (adminId: string) => string | null): Ticket {
  const id = requireId(item)
  const status = STATES[String(item['state'])]
  if (status === undefined) throw new InvalidItem('`state` is none that Intercom documents')
  const statistics = toObject(item['statistics'])
  const updatedAt = requireInstant(item, 'updated_at')
  const customerId = readCustomerId(item)
  const type = toText(toObject(item['source'])?.['type'])
  const assignee = toId(item['admin_assignee_id'])
  return {
    kind: 'ticket',
    id,
    customerId,
    status,
    channel: type === null ? null : (CHANNELS[type] ?? type),
    subject: toText(item['title']),
    tags: toList(toObject(item['tags'])?.['tags']).flatMap((one) => toText(one['name']) ?? []),
    assigneeName: assignee === null ? null : nameOf(assignee),
    spam: false,
    createdAt: requireInstant(item, 'created_at'),
    updatedAt,
    version: String(item['updated_at']),
    closedAt: toInstant(statistics?.['last_close_at']),
    snoozedUntil: item['state'] === 'snoozed' ? (toInstant(item['snoozed_until']) ?? FAR_FUTURE) : null,
    trashedAt: null,
    customer: customerId === null ? null : toMentioned(customerId, toObject(item['source']), updatedAt),
  }
}

function toList(value: unknown): Json[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).map(toObject).filter((one) => one !== null)
}

const readCustomerId = (item: Json): string | null =>
  toId(toList(toObject(item['contacts'])?.['contacts'])[0]?.['id'])

/** A conversation names its contacts by id alone; who began it is named whole. */
function toMentioned(id: string, source: Json | null, at: Instant): Customer {
  const author = toObject(source?.['author'])
  const isTheirs = toId(author?.['id']) === id
  const known = isTheirs ? { email: toText(author?.['email']), name: toText(author?.['name']) } : {}
  return { ...NOBODY, ...known, kind: 'customer', id, createdAt: 0, updatedAt: at, version: '', stub: true }
}

/**
 * First words of the customer, and the first answer of a person: wall clock, and never `time_to_admin_reply`, which leaves out nights.
 * Their ids put the question before the answer where both have the same second.
 */
function toMessages(ticketId: string, statistics: Json | null): Message[] {
  const message = (id: string, author: Message['author'], at: Instant | null): Message[] =>
    at === null
      ? []
      : [
          {
            kind: 'message',
            id: `${ticketId}/${id}`,
            ticketId,
            author,
            ruleId: null,
            macroIds: [],
            createdAt: at,
          },
        ]
  return [
    ...message('1-first-contact-reply', 'customer', toInstant(statistics?.['first_contact_reply_at'])),
    ...message('2-first-admin-reply', 'agent', toInstant(statistics?.['first_admin_reply_at'])),
  ]
}

function toSurvey(rating: Json, { id, customerId }: Ticket): SatisfactionSurvey {
  const { rating: score, remark } = rating
  const isScore = typeof score === 'number' && Number.isInteger(score) && score >= 1 && score <= 5
  const requestedAt = requireInstant(rating, 'created_at')
  return {
    kind: 'satisfaction_survey',
    id: `${id}/rating`,
    ticketId: id,
    customerId,
    score: isScore ? score : null,
    comment: toText(remark),
    createdAt: requestedAt,
    sentAt: requestedAt,
    scoredAt: isScore ? (toInstant(rating['updated_at']) ?? requestedAt) : null,
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
