// Gorgias's JSON → canonical records; pure. Only the fields that tajo uses are read, each tolerantly; an item without
// its id or its dates is refused with a reason. Shapes: gorgias-api.md § 4.
import type {
  Agent,
  Customer,
  CustomField,
  Mailbox,
  Message,
  SatisfactionSurvey,
  SourceEvent,
  SourceEventType,
  Tag,
  Ticket,
} from '../../model/records.ts'
import { type Instant, parseInstant } from '../../model/time.ts'

type Json = Record<string, unknown>

/** Why an item is no record; the message names the field, never a value. */
export class InvalidItem extends Error {}

export function toCustomer(item: Json): Customer {
  return {
    kind: 'customer',
    id: id(item, 'id'),
    email: text(item['email']),
    name: text(item['name']),
    firstname: text(item['firstname']),
    lastname: text(item['lastname']),
    language: text(item['language']),
    timezone: text(item['timezone']),
    externalId: text(item['external_id']),
    note: text(item['note']),
    createdAt: instant(item, 'created_datetime'),
    updatedAt: instant(item, 'updated_datetime'),
    version: String(item['updated_datetime']),
    customFields: toFieldValues(item['custom_fields']),
    data: object(item['data']),
    stub: false,
  }
}

export function toTicket(item: Json): Ticket {
  const customer = object(item['customer'])
  const assignee = object(item['assignee_user'])
  const status = item['status']
  if (status !== 'open' && status !== 'closed') throw new InvalidItem('`status` is neither open nor closed')
  return {
    kind: 'ticket',
    id: id(item, 'id'),
    customerId: customer === null ? null : optionalId(customer['id']),
    status,
    channel: text(item['channel']),
    subject: text(item['subject']),
    tags: list(item['tags']).flatMap((tag) => text(object(tag)?.['name']) ?? []),
    assigneeName: assignee === null ? null : text(assignee['name']),
    spam: item['spam'] === true,
    createdAt: instant(item, 'created_datetime'),
    updatedAt: instant(item, 'updated_datetime'),
    version: String(item['updated_datetime']),
    closedAt: parseInstant(item['closed_datetime']),
    snoozedUntil: parseInstant(item['snooze_datetime']),
    trashedAt: parseInstant(item['trashed_datetime']),
    customer: customer === null ? null : toStub(customer),
  }
}

/** The customer as a ticket mentions it: id, e-mail and names only (gorgias-api.md § 6.7). */
function toStub(item: Json): Customer | null {
  const customerId = optionalId(item['id'])
  if (customerId === null) return null
  return {
    kind: 'customer',
    id: customerId,
    email: text(item['email']),
    name: text(item['name']),
    firstname: text(item['firstname']),
    lastname: text(item['lastname']),
    language: null,
    timezone: null,
    externalId: null,
    note: null,
    createdAt: 0,
    updatedAt: 0,
    version: '',
    customFields: {},
    data: null,
    stub: true,
  }
}

/**
 * Who spoke. An internal note may have any channel, so both `public` and the source's type are looked at
 * (gorgias-api.md § 4); what a rule sent is nobody's answer.
 */
export function toMessage(item: Json): Message {
  const note = object(item['source'])?.['type'] === 'internal-note'
  const shown = item['public'] === true && !note && item['deleted_datetime'] == null
  const fromAgent = item['from_agent'] === true
  return {
    kind: 'message',
    id: id(item, 'id'),
    ticketId: id(item, 'ticket_id'),
    author: !shown ? 'other' : !fromAgent ? 'customer' : item['rule_id'] == null ? 'agent' : 'other',
    ruleId: optionalId(item['rule_id']),
    macroIds: list(item['macros']).flatMap((macro) => optionalId(object(macro)?.['id'] ?? macro) ?? []),
    createdAt: instant(item, 'created_datetime'),
  }
}

export function toSurvey(item: Json): SatisfactionSurvey {
  const score = item['score']
  if (score !== null && score !== undefined && (typeof score !== 'number' || !Number.isFinite(score)))
    throw new InvalidItem('`score` is no number')
  const createdAt = instant(item, 'created_datetime')
  const scored = typeof score === 'number'
  return {
    kind: 'satisfaction_survey',
    id: id(item, 'id'),
    ticketId: optionalId(item['ticket_id']),
    customerId: optionalId(item['customer_id']),
    score: scored ? score : null,
    comment: text(item['body_text']),
    createdAt,
    sentAt: parseInstant(item['sent_datetime']),
    // A score without its time counts as given when the survey was made.
    scoredAt: scored ? (parseInstant(item['scored_datetime']) ?? createdAt) : null,
  }
}

export function toAgent(item: Json): Agent {
  return { kind: 'agent', id: id(item, 'id'), email: text(item['email']), name: text(item['name']) }
}

/** Integrations with an address of their own: the shop's mailboxes. */
export function toMailbox(item: Json): Mailbox | null {
  const address = text(object(item['meta'])?.['address'])
  return address === null || !address.includes('@') ? null : { kind: 'mailbox', id: id(item, 'id'), address }
}

export function toCustomField(item: Json): CustomField {
  const label = text(item['label'])
  if (label === null) throw new InvalidItem('`label` is missing')
  return {
    kind: 'custom_field',
    id: id(item, 'id'),
    label,
    dataType: text(object(item['definition'])?.['data_type']) ?? 'text',
  }
}

const EVENT_TYPES: Record<string, SourceEventType> = {
  'ticket-closed': 'ticket_closed',
  'ticket-reopened': 'ticket_reopened',
  'ticket-deleted': 'ticket_gone',
  'ticket-merged': 'ticket_gone',
  'ticket-updated': 'ticket_updated',
  'ticket-assigned': 'ticket_assigned',
  'ticket-tags-added': 'ticket_tagged',
  'ticket-tags-removed': 'ticket_untagged',
  // A trigger of webhooks; that the feed has it too is an inference (gorgias-api.md § 4, § 5).
  'ticket-handed-over': 'ticket_handed_over',
  'ticket-satisfaction-survey-skipped': 'ticket_survey_skipped',
  'customer-updated': 'customer_updated',
  'customer-deleted': 'customer_gone',
  'customer-merged': 'customer_merged',
}

export function toSourceEvent(item: Json): SourceEvent {
  const name = text(item['type']) ?? ''
  const objectType = item['object_type']
  // The payload of survey events is unrecorded (gorgias-api.md § 6.2): whichever object they name is read again.
  const survey =
    objectType === 'SatisfactionSurvey'
      ? 'survey_changed'
      : objectType === 'Ticket'
        ? 'ticket_survey_changed'
        : 'ignored'
  return {
    kind: 'event',
    id: id(item, 'id'),
    type: EVENT_TYPES[name] ?? (name.includes('satisfaction-survey') ? survey : 'ignored'),
    objectId: optionalId(item['object_id']) ?? '',
    names: toNames(object(item['data'])),
    at: instant(item, 'created_datetime'),
  }
}

/** What an entry names besides its object (gorgias-api.md § 4, Event). */
function toNames(data: Json | null): string[] {
  if (data === null) return []
  const single = [data['source_customer_id'], data['assignee_user_id']]
  return [...single, ...list(data['tags_added']), ...list(data['tags_removed'])].flatMap(
    (one) => optionalId(one) ?? [],
  )
}

export function toTag(item: Json): Tag {
  const name = text(item['name'])
  if (name === null) throw new InvalidItem('`name` is missing')
  return { kind: 'tag', id: id(item, 'id'), name }
}

/** The preferred phone channel; the first one where none is preferred; deleted ones are none. */
export function toPhone(detail: Json): string | null {
  const phones = list(detail['channels'])
    .map((channel) => object(channel))
    .filter((channel) => channel?.['type'] === 'phone' && channel['deleted_datetime'] == null)
  const best = phones.find((channel) => channel?.['preferred'] === true) ?? phones[0]
  return text(best?.['address'])
}

/** `{"319830":{"id":319830,"value":…}}` → `{"319830":…}` */
function toFieldValues(raw: unknown): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [key, entry] of Object.entries(object(raw) ?? {})) {
    const value = object(entry)?.['value']
    if (value !== undefined && value !== null && value !== '') values[key] = value
  }
  return values
}

function id(item: Json, key: string): string {
  const value = optionalId(item[key])
  if (value === null) throw new InvalidItem(`\`${key}\` is missing`)
  return value
}

function optionalId(value: unknown): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  return typeof value === 'string' && value !== '' && value.length <= 64 ? value : null
}

function instant(item: Json, key: string): Instant {
  const value = parseInstant(item[key])
  if (value === null) throw new InvalidItem(`\`${key}\` is no date`)
  return value
}

/** Absent, null and "" are the same: not known. */
function text(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== ''
    ? value
    : typeof value === 'number'
      ? String(value)
      : null
}

function object(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
