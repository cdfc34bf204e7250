// Something that happened once, after go-live, and that may become an event on a contact's timeline.
import { createHash } from 'node:crypto'

import type { RecordId, SatisfactionSurvey } from './records.ts'
import type { AttributeValue } from './operations.ts'
import type { Instant } from './time.ts'

export const OCCURRENCE_TYPES = [
  'ticket.created',
  'ticket.updated',
  'ticket.closed',
  'ticket.reopened',
  'ticket.assigned',
  'ticket.tagged',
  'ticket.untagged',
  'ticket.snoozed',
  'ticket.unsnoozed',
  'ticket.merged',
  'ticket.handed_over',
  'ticket.message.received',
  'ticket.message.sent',
  'satisfaction_survey.created',
  'satisfaction_survey.sent',
  'satisfaction_survey.responded',
  'satisfaction_survey.skipped',
  'customer.created',
  'customer.updated',
  'customer.merged',
  'customer.deleted',
  'macro.applied',
  'rule.executed',
] as const
export type OccurrenceType = (typeof OCCURRENCE_TYPES)[number]

/** A ticket as an event tells of it. */
export interface OccurrenceTicket {
  id: RecordId
  subject: string | null
  channel: string | null
  /** The helpdesk's own word, where `channel` is one for several. */
  channelSource?: string | null
  status: 'open' | 'closed'
  tags: string[]
  assigneeName: string | null
  groupName?: string | null
  createdAt: Instant
  firstResponseAt: Instant | null
  /** The last of it, where the helpdesk has sessions. */
  session?: OccurrenceSession | null
}

export interface OccurrenceSession {
  channel: string | null
  direction: 'inbound' | 'outbound' | null
  status: string | null
  inboxWhenQueued: string | null
  inboxWhenEnded: string | null
}

export interface Occurrence {
  type: OccurrenceType
  /** What makes it this one and no other; with the type and the account it gives the event's id. */
  key: string
  at: Instant
  /** Whose timeline. */
  email: string
  customerId: RecordId | null
  ticket: OccurrenceTicket | null
  survey: Pick<SatisfactionSurvey, 'id' | 'score' | 'comment'> | null
  /** What is told of this kind of occurrence besides. */
  details?: Record<string, AttributeValue> | undefined
}

/** UUIDv5 namespace of tajo's event ids; fixed for ever, or every event would be a new one. */
const NAMESPACE = Buffer.from('7f1b1c5e6a0d4a1c9d8b52f0c3a4e611', 'hex')

/** The same occurrence has the same id on every machine and after any restart. */
export function toEventId(account: string, type: OccurrenceType | `campaign:${string}`, key: string): string {
  const hash = createHash('sha1').update(NAMESPACE).update(`${account}|${type}|${key}`).digest()
  hash[6] = (hash[6]! & 0x0f) | 0x50
  hash[8] = (hash[8]! & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}
