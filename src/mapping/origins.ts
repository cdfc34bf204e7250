// Which records a value was computed from.
import { type ContactRecords, isOpen, pickLatest, type ProfileTicket } from '../model/profile.ts'
import type { FieldRule } from './compile.ts'
import { FIELDS, SESSION_FIELD } from './fields.ts'

/** A field of a record in a helpdesk. */
export interface Origin {
  /** The connector that read it. */
  connector: string
  record: 'customer' | 'ticket' | 'satisfaction_survey'
  id: string
  field: string
}

export type RecordField = Omit<Origin, 'connector'>

/** The records behind a line of field_mapping; of a computed value, those behind everything that it names. */
export function originsOf(rule: Pick<FieldRule, 'field' | 'value'>, records: ContactRecords): RecordField[] {
  const names = rule.value === undefined ? [rule.field] : [...rule.value.uses]
  return names.flatMap((name) => originsOfField(name, records))
}

function originsOfField(name: string, records: ContactRecords): RecordField[] {
  const { customer, lastTicket, lastSurvey, lastRated } = pickLatest(records)
  const tickets = (field: string, which: (ticket: ProfileTicket) => boolean = () => true): RecordField[] =>
    records.tickets.filter(which).map(({ id }) => ({ record: 'ticket', id, field }))
  const surveys = (field: string): RecordField[] =>
    records.surveys.map(({ id }) => ({ record: 'satisfaction_survey', id, field }))
  const ofTicket = (field: string, ticket = lastTicket): RecordField[] =>
    ticket === undefined ? [] : [{ record: 'ticket', id: ticket.id, field }]
  const ofSurvey = (field: string): RecordField[] =>
    lastSurvey === undefined ? [] : [{ record: 'satisfaction_survey', id: lastSurvey.id, field }]

  switch (name) {
    case 'nb_tickets':
      return tickets('id')
    case 'open_tickets':
      return tickets('status', (one) => isOpen(one))
    case 'first_ticket_date': {
      const first = records.tickets.reduce<ProfileTicket | undefined>(
        (best, one) => (best === undefined || one.createdAt < best.createdAt ? one : best),
        undefined,
      )
      return ofTicket('created_datetime', first)
    }
    case 'last_ticket_date':
      return ofTicket('created_datetime')
    case 'last_ticket_channel':
      return ofTicket('channel')
    case 'last_assignee':
      return ofTicket('assignee_user')
    case 'ai_score':
      return ofTicket('ai_score', lastRated)
    case 'avg_response_time':
      return records.tickets.flatMap((one) => responsesOf(one))
    case 'tags':
      return tickets('tags', (one) => one.tags.length > 0)
    case 'last_satisfaction_score':
      return ofSurvey('score')
    case 'last_satisfaction_date':
      return ofSurvey('scored_datetime')
    case 'avg_satisfaction_score':
    case 'satisfaction_count':
      return surveys('score')
    default: {
      if (name.startsWith(SESSION_FIELD)) return tickets('sessions', (one) => one.sessions.length > 0)
      const isOwn = Object.hasOwn(FIELDS, name) || /^(custom_fields|data)(\.|$)/.test(name)
      const field = isOwn ? name : `custom_fields.${name}`
      return customer === undefined ? [] : [{ record: 'customer', id: customer.id, field }]
    }
  }
}

function responsesOf({ id, sessions, firstResponseAt }: ProfileTicket): RecordField[] {
  const isAnswered = sessions.some(({ respondedAt }) => respondedAt !== null)
  if (sessions.length > 0) return isAnswered ? [{ record: 'ticket', id, field: 'sessions' }] : []
  return firstResponseAt === null ? [] : [{ record: 'ticket', id, field: 'messages' }]
}
