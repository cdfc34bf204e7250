// The fields that field_mapping may name: what each gives, and of which kind. Definitions: docs/definitions.md.
import type { FieldType, FieldValue } from '../model/attributes.ts'
import type { Profile } from '../model/profile.ts'
import { toDate } from '../model/time.ts'

export type IfMissing = 'keep' | 'clear'

/** How many minutes each is: durations are kept in minutes. */
export const UNIT_MINUTES = { seconds: 1 / 60, minutes: 1, hours: 60, days: 1_440 } as const
export type Unit = keyof typeof UNIT_MINUTES
export const UNITS = Object.keys(UNIT_MINUTES) as readonly Unit[]

/** Fields that are durations. */
export const DURATIONS: ReadonlySet<string> = new Set(['avg_response_time'])

/** What fields that come from sessions alone begin with. */
export const SESSION_FIELD = 'last_session_'

/** Fields that come from surveys alone. */
export const SURVEY_FIELDS: ReadonlySet<string> = new Set([
  'last_satisfaction_score',
  'last_satisfaction_date',
  'avg_satisfaction_score',
  'satisfaction_count',
])

/** Other names of fields, whichever helpdesk they come from; a source may add its own (`SourceDefinition.aliases`). */
export const ALIASES: Readonly<Record<string, string>> = {
  ticket_count: 'nb_tickets',
  created_at: 'created_datetime',
}

export interface Field {
  type: FieldType
  /** Where nothing is known: profile fields are kept, metrics would otherwise be wrong and are cleared. */
  ifMissing: IfMissing
  /** Computed from tickets or surveys, not read off the customer. */
  metric: boolean
  /** One sentence for the reference documentation. */
  about: string
  read(profile: Profile): FieldValue | null
}

const date = (at: number | null): string | null => (at === null ? null : toDate(at))

function profileField(type: FieldType, about: string, read: Field['read']): Field {
  return { type, ifMissing: 'keep', metric: false, about, read }
}

function metric(type: FieldType, about: string, read: Field['read']): Field {
  return { type, ifMissing: 'clear', metric: true, about, read }
}

export const FIELDS: Readonly<Record<string, Field>> = {
  id: profileField('id', 'The customer’s id in the helpdesk.', (one) => one.customer.id),
  email: profileField('text', 'The e-mail address, trimmed and lower-cased.', (one) => one.email),
  name: profileField('text', 'The full name.', (one) => one.customer.name),
  firstname: profileField('text', 'The first name.', (one) => one.customer.firstname),
  lastname: profileField('text', 'The last name.', (one) => one.customer.lastname),
  phone: profileField(
    'phone',
    'The preferred phone number, as E.164; an invalid one is left out.',
    (one) => one.customer.phone,
  ),
  language: profileField('text', 'The language (ISO 639-1).', (one) => one.customer.language),
  timezone: profileField('text', 'The time zone (IANA).', (one) => one.customer.timezone),
  external_id: profileField('id', 'The id in the shop’s own system.', (one) => one.customer.externalId),
  note: profileField('text', 'The note on the customer.', (one) => one.customer.note),
  created_datetime: profileField('date', 'When the customer was created (UTC date).', (one) =>
    one.customer.createdAt === 0 ? null : toDate(one.customer.createdAt),
  ),
  nb_tickets: metric('number', 'How many counted tickets there are; 0 for none.', (one) => one.ticketCount),
  open_tickets: metric('number', 'How many counted tickets are open.', (one) => one.openTickets),
  first_ticket_date: metric('date', 'When the oldest counted ticket was created (UTC date).', (one) =>
    date(one.firstTicketAt),
  ),
  last_ticket_date: metric('date', 'When the newest counted ticket was created (UTC date).', (one) =>
    date(one.lastTicketAt),
  ),
  last_ticket_channel: metric(
    'text',
    'The channel of the newest counted ticket.',
    (one) => one.lastTicketChannel,
  ),
  last_assignee: metric('text', 'Who the newest counted ticket is assigned to.', (one) => one.lastAssignee),
  avg_response_time: metric(
    'number',
    'Mean minutes to the first response, to two decimals.',
    (one) => one.averageResponseMinutes,
  ),
  last_satisfaction_score: metric(
    'number',
    'The score of the survey that was scored last.',
    (one) => one.lastScore,
  ),
  last_satisfaction_date: metric('date', 'When the last survey was scored (UTC date).', (one) =>
    date(one.lastScoredAt),
  ),
  avg_satisfaction_score: metric('number', 'The mean score, to two decimals.', (one) => one.averageScore),
  satisfaction_count: metric('number', 'How many surveys were scored; 0 for none.', (one) => one.surveyCount),
  ai_score: metric(
    'number',
    'What the customer gave the helpdesk’s AI agent, on the newest counted ticket that has such a rating.',
    (one) => one.aiScore,
  ),
  last_session_channel: metric(
    'text',
    'The channel of the newest session (a call, a chat …), where the helpdesk has sessions.',
    (one) => one.lastSession?.channel ?? null,
  ),
  last_session_direction: metric(
    'text',
    'Who began the newest session: inbound or outbound.',
    (one) => one.lastSession?.direction ?? null,
  ),
  last_session_status: metric(
    'text',
    'How the newest session ended: answered, unanswered, abandoned or unknown; empty while it goes on.',
    (one) => one.lastSession?.status ?? null,
  ),
  last_session_inbox_when_queued: metric(
    'text',
    'The inbox that the newest session came into.',
    (one) => one.lastSession?.inboxWhenQueued ?? null,
  ),
  last_session_inbox_when_ended: metric(
    'text',
    'The inbox that the newest session ended in.',
    (one) => one.lastSession?.inboxWhenEnded ?? null,
  ),
  tags: metric('texts', 'The tags of all counted tickets.', (one) =>
    one.tags.length === 0 ? null : one.tags,
  ),
}

/** `data.loyalty.tier` → the value at that path of the customer's `data`. */
export function readPath(data: unknown, path: readonly string[]): FieldValue | null {
  let value: unknown = data
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null
    value = (value as Record<string, unknown>)[key]
  }
  return toFieldValue(value)
}

/** Values of unknown origin: scalars as they are, lists of scalars as texts, anything else is none. */
export function toFieldValue(value: unknown): FieldValue | null {
  if (typeof value === 'string') return value === '' ? null : value
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return value
  return Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => typeof one === 'string' || typeof one === 'number')
    ? value.map(String)
    : null
}
