// Parley's JSON → canonical records. Pure and tolerant: what is missing is null, and only an item that could not be told from others, or
// not be dated, is refused.
import type {
  Agent,
  Customer,
  Message,
  SatisfactionSurvey,
  SourceRecord,
  Ticket,
} from '../../model/records.ts'
import { FAR_FUTURE, fromMs, type Instant } from '../../model/time.ts'
import type { Page } from '../source.ts'
import { type Json, toObject, toText } from './client.ts'

/** Why an item is no record, as a sentence without a full stop. */
export class InvalidItem extends Error {}

function requireId(item: Json): string {
  const id = toText(item['id'])
  if (id === null) throw new InvalidItem('it has no id')
  return id
}

/** Whole unix seconds. */
export function toInstant(value: unknown): Instant | null {
  const isTime = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 1e11
  return isTime ? fromMs(value * 1000) : null
}

function requireInstant(item: Json, key: string): Instant {
  const at = toInstant(item[key])
  if (at === null) throw new InvalidItem(`\`${key}\` is no time`)
  return at
}

export function toCustomer(item: Json): Customer {
  const { emails, phone, full_name: name, locale, reference, properties } = item
  return {
    ...NOBODY,
    kind: 'customer',
    id: requireId(item),
    email: toText(Array.isArray(emails) ? emails[0] : null),
    name: toText(name),
    language: toText(locale),
    externalId: toText(reference),
    phone: toText(phone),
    data: toObject(properties),
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

/** The conversation, and the rating that stands in it; `refuse` is told of a rating that is none. */
export function toTicketAndRating(
  item: Json,
  refuse: (one: Page['invalid'][number]) => void,
): SourceRecord[] {
  const ticket = toTicket(item)
  const rating = toObject(item['rating'])
  if (rating === null) return [ticket]
  try {
    return [ticket, toSurvey(rating, ticket)]
  } catch (thrown) {
    if (!(thrown instanceof InvalidItem)) throw thrown
    refuse({ id: `${ticket.id}/rating`, reason: `${thrown.message}.`, stream: 'satisfaction_surveys' })
    return [ticket]
  }
}

const STATES: Record<string, Ticket['status']> = { open: 'open', snoozed: 'closed', done: 'closed' }

function toTicket(item: Json): Ticket {
  const id = requireId(item)
  const status = STATES[String(item['state'])]
  if (status === undefined) throw new InvalidItem('`state` is none that Parley documents')
  const person = toObject(item['person'])
  const labels = item['labels']
  const updatedAt = requireInstant(item, 'updated_at')
  return {
    kind: 'ticket',
    id,
    customerId: toText(person?.['id']),
    status,
    channel: toText(item['channel']),
    subject: toText(item['topic']),
    tags: Array.isArray(labels) ? labels.filter((one) => typeof one === 'string') : [],
    assigneeName: toText(toObject(item['owner'])?.['name']),
    spam: item['junk'] === true,
    createdAt: requireInstant(item, 'opened_at'),
    updatedAt,
    version: String(item['updated_at']),
    closedAt: toInstant(item['done_at']),
    reopenedAt: toInstant(item['reopened_at']),
    snoozedUntil: item['state'] === 'snoozed' ? (toInstant(item['snoozed_until']) ?? FAR_FUTURE) : null,
    trashedAt: null,
    customer: person === null ? null : toMentioned(person, updatedAt),
  }
}

function toMentioned(person: Json, at: Instant): Customer | null {
  const id = toText(person['id'])
  if (id === null) return null
  const { email, name } = person
  const known = { email: toText(email), name: toText(name) }
  return { ...NOBODY, ...known, kind: 'customer', id, createdAt: 0, updatedAt: at, version: '', stub: true }
}

function toSurvey(rating: Json, { id, customerId }: Ticket): SatisfactionSurvey {
  const { stars, note } = rating
  const isScore = typeof stars === 'number' && Number.isInteger(stars) && stars >= 1 && stars <= 5
  const askedAt = requireInstant(rating, 'asked_at')
  return {
    kind: 'satisfaction_survey',
    id: `${id}/rating`,
    ticketId: id,
    customerId,
    score: isScore ? stars : null,
    comment: toText(note),
    createdAt: askedAt,
    sentAt: askedAt,
    scoredAt: isScore ? (toInstant(rating['given_at']) ?? askedAt) : null,
  }
}

export function toMessage(item: Json): Message {
  const { by, private: isPrivate } = item
  const ticketId = toText(item['conversation_id'])
  if (ticketId === null) throw new InvalidItem('it names no conversation')
  const author = by === 'person' ? 'customer' : by === 'agent' ? 'agent' : 'other'
  return {
    kind: 'message',
    id: requireId(item),
    ticketId,
    author: isPrivate === true ? 'other' : author,
    ruleId: null,
    macroIds: [],
    createdAt: requireInstant(item, 'at'),
  }
}

export function toAgent(item: Json): Agent {
  return { kind: 'agent', id: requireId(item), email: toText(item['email']), name: toText(item['name']) }
}
