// The documentation's example mapping, as far as a helpdesk can tell it: what `install` writes, and what the demo shows.
import { SESSION_FIELD, SURVEY_FIELDS } from '../mapping/fields.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import type { SourceDefinition } from '../sources/source.ts'

const FIELDS: Readonly<Record<string, string>> = {
  email: 'email',
  name: 'FIRSTNAME',
  phone: 'SMS',
  nb_tickets: 'TICKET_COUNT',
  last_ticket_date: 'LAST_SUPPORT_DATE',
  last_ticket_channel: 'LAST_SUPPORT_CHANNEL',
  avg_response_time: 'AVG_RESPONSE_TIME',
  last_satisfaction_score: 'CSAT_SCORE',
  satisfaction_count: 'CSAT_RESPONSES',
}

/** Only where there are custom fields, and they are called so. */
export const CUSTOM_FIELDS: Readonly<Record<string, string>> = {
  customer_type: 'CUSTOMER_TYPE',
  vip_status: 'VIP_STATUS',
}

const EVENTS: Readonly<Record<string, string>> = {
  'ticket.created': 'SUPPORT_TICKET_OPENED',
  'ticket.closed': 'SUPPORT_TICKET_RESOLVED',
  'ticket.reopened': 'SUPPORT_TICKET_REOPENED',
  'satisfaction_survey.created': 'CSAT_SURVEY_SENT',
  'satisfaction_survey.responded': 'CSAT_SUBMITTED',
  'customer.created': 'SUPPORT_CUSTOMER_CREATED',
}

/** A helpdesk, and what an account of it can tell. */
type Teller = Pick<SourceDefinition, 'label' | 'supports'>

/** Why a field of field_mapping has never a value, as the beginning of a sentence; null where it may have one. */
export function findEmptyReason({ label, supports }: Teller, field: string): string | null {
  const { streams } = supports
  if (SURVEY_FIELDS.has(field) && streams.satisfaction_surveys === undefined)
    return `${label} has no satisfaction surveys`
  if (field.startsWith(SESSION_FIELD) && supports.sessions !== true) return `${label} has no sessions`
  if (field === 'avg_response_time' && streams.messages === undefined && supports.sessions !== true)
    return `${label} does not say who answered when`
  if (field === 'phone' && supports.phones === 'none') return `${label} has no phone numbers`
  return null
}

/** Field → attribute, the customer's id first. */
export function exampleFields(
  source: Teller & Pick<SourceDefinition, 'idAttribute'>,
): [field: string, attribute: string][] {
  const known = Object.entries(FIELDS).filter(([field]) => findEmptyReason(source, field) === null)
  return [['id', source.idAttribute], ...known]
}

/** Occurrence → name of the event. */
export function exampleEvents({ supports }: Pick<Teller, 'supports'>): [type: string, event: string][] {
  return Object.entries(EVENTS).filter(([type]) => supports.occurrences[type as OccurrenceType] !== undefined)
}

export const hasSurveys = ({ supports }: Pick<Teller, 'supports'>): boolean =>
  supports.streams.satisfaction_surveys !== undefined
