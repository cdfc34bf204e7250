// What an expression of connectors.yml may name, and the values of it: a contact's fields in `value`, and what happened
// besides in `when`, `properties` and `params`. Definitions: docs/definitions.md.
import type { FieldType } from '../model/attributes.ts'
import type { Occurrence, OccurrenceSession } from '../model/occurrence.ts'
import type { Profile } from '../model/profile.ts'
import { type CustomField, toSlug } from '../model/records.ts'
import { minutesBetween } from '../model/time.ts'
import type { Values, Variables, VariableType } from './expressions.ts'
import { FIELDS, toFieldValue } from './fields.ts'

const TYPES: Record<FieldType, VariableType> = {
  text: 'text',
  id: 'text',
  date: 'text',
  phone: 'text',
  number: 'number',
  boolean: 'boolean',
  texts: 'texts',
  any: 'map',
}

const CUSTOM = { custom_fields: 'map', data: 'map' } as const

/** Every field of field_mapping, and custom fields as `custom_fields.vip`. */
export const PROFILE_VARIABLES: Variables = {
  ...Object.fromEntries(Object.entries(FIELDS).map(([name, { type }]) => [name, TYPES[type]])),
  ...CUSTOM,
}

/** The contact's fields, and of what happened: the ticket, who has it, the survey. */
export const EVENT_VARIABLES: Variables = {
  ...PROFILE_VARIABLES,
  subject: 'text',
  channel: 'text',
  channel_source: 'text',
  status: 'text',
  score: 'number',
  comment: 'text',
  satisfaction_score: 'number',
  first_response_time: 'number',
  resolution_time: 'number',
  ticket: {
    id: 'text',
    subject: 'text',
    channel: 'text',
    channel_source: 'text',
    status: 'text',
    tags: 'texts',
  },
  assignee: { name: 'text' },
  group: { name: 'text' },
  session: {
    channel: 'text',
    direction: 'text',
    status: 'text',
    inbox_when_queued: 'text',
    inbox_when_ended: 'text',
  },
  survey: { id: 'text', score: 'number', comment: 'text' },
  customer: { id: 'text', email: 'text', name: 'text', firstname: 'text', lastname: 'text' },
}

export function toProfileValues(profile: Profile | null, customFields: readonly CustomField[]): Values {
  const values: Record<string, unknown> = { custom_fields: {}, data: {} }
  for (const [name, field] of Object.entries(FIELDS))
    values[name] = profile === null ? null : field.read(profile)
  if (profile === null) return values
  values['data'] = profile.customer.data ?? {}
  values['custom_fields'] = Object.fromEntries(
    customFields.map(({ id, label }) => [toSlug(label), toFieldValue(profile.customer.customFields[id])]),
  )
  return values
}

/** What is known when it is asked for; `profile` as it is then, `score` of the ticket's survey. */
export function toEventValues(
  occurrence: Occurrence,
  profile: Profile | null,
  score: number | null,
  customFields: readonly CustomField[],
): Values {
  const { ticket, survey } = occurrence
  const values = toProfileValues(profile, customFields)
  return {
    ...values,
    subject: ticket?.subject ?? null,
    channel: ticket?.channel ?? null,
    channel_source: ticket?.channelSource ?? null,
    status: ticket?.status ?? null,
    score: survey?.score ?? null,
    comment: survey?.comment ?? null,
    satisfaction_score: survey?.score ?? score,
    first_response_time: firstResponseMinutes(occurrence),
    resolution_time: resolutionMinutes(occurrence),
    ticket: {
      id: ticket?.id ?? null,
      subject: ticket?.subject ?? null,
      channel: ticket?.channel ?? null,
      channel_source: ticket?.channelSource ?? null,
      status: ticket?.status ?? null,
      tags: ticket?.tags ?? [],
    },
    assignee: { name: ticket?.assigneeName ?? null },
    group: { name: ticket?.groupName ?? null },
    session: toSessionValues(ticket?.session ?? null),
    survey: { id: survey?.id ?? null, score: survey?.score ?? null, comment: survey?.comment ?? null },
    customer: {
      id: occurrence.customerId,
      email: occurrence.email,
      name: values['name'] ?? null,
      firstname: values['firstname'] ?? null,
      lastname: values['lastname'] ?? null,
    },
  }
}

function toSessionValues(session: OccurrenceSession | null): Values {
  return {
    channel: session?.channel ?? null,
    direction: session?.direction ?? null,
    status: session?.status ?? null,
    inbox_when_queued: session?.inboxWhenQueued ?? null,
    inbox_when_ended: session?.inboxWhenEnded ?? null,
  }
}

export function firstResponseMinutes({ ticket }: Occurrence): number | null {
  return ticket?.firstResponseAt == null ? null : minutesBetween(ticket.createdAt, ticket.firstResponseAt)
}

export function resolutionMinutes({ type, ticket, at }: Occurrence): number | null {
  return ticket === null || type !== 'ticket.closed' ? null : minutesBetween(ticket.createdAt, at)
}
