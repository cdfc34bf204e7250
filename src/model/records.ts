// The canonical records, and the words of tajo:
//
//   source      a helpdesk (sources/index.ts has the list)
//   stream      one kind of record of a source, read page by page
//   record      one customer, ticket, message, survey … as of its last reading
//   session     a stretch of work within a ticket, where the helpdesk tells of them
//   page        what one request of a stream gave, and how to go on
//   cursor      where the reading of a stream stands (state/reading/cursors.ts)
//   watermark   everything of a stream up to this instant has been read
//   backfill    the one-time reading of what was there before the first sync
//   occurrence  something that happened after go-live, once: a ticket was closed, a survey answered
//   contact     who Brevo knows by an e-mail address; several customers may share one
//   mapping     what connectors.yml makes of a contact and of an occurrence
//   operation   what is to be written to Brevo
//   outbox      operations that are still to be delivered
//   dead letter a record or operation that was set aside, with its reason
//   run         one pass of reading and delivering
//   go-live     the start of the first sync; what happened before is history and fires no event
import type { Instant } from './time.ts'

/** Read incrementally; each has a cursor. */
export const STREAMS = [
  'events',
  'customers',
  'tickets',
  'messages',
  'satisfaction_surveys',
  'agent_states',
] as const
export type Stream = (typeof STREAMS)[number]

/** Streams of what contacts are made of. */
export type RecordStream = Exclude<Stream, 'events' | 'agent_states'>

/** Small and read whole: who and what belongs to the shop, and which tickets are no more. */
export const DIRECTORIES = ['agents', 'mailboxes', 'custom_fields', 'tags', 'deleted_tickets'] as const
export type Directory = (typeof DIRECTORIES)[number]

/** Opaque text of any characters: numbers beyond 2^31 with one helpdesk, UUIDs with another. */
export type RecordId = string

/** What can be asked for by its id. */
export type ObjectKind = 'customer' | 'ticket' | 'satisfaction_survey'

/** What a webhook may name: an object, or somebody of the shop who does something else now. */
export type RequestedKind = ObjectKind | 'agent'

export interface Customer {
  kind: 'customer'
  id: RecordId
  /** As the source has it; identity is decided by `normalizeEmail`. */
  email: string | null
  name: string | null
  firstname: string | null
  lastname: string | null
  language: string | null
  timezone: string | null
  externalId: string | null
  note: string | null
  createdAt: Instant
  updatedAt: Instant
  /** The source's own text of `updatedAt`: the version of this record. */
  version: string
  /** By the field's id. */
  customFields: Record<string, unknown>
  data: Record<string, unknown> | null
  /** As typed, where the helpdesk lists it; absent where it has to be asked for. */
  phone?: string | null
  /** True where only another record mentioned this customer: name and e-mail at most. */
  stub: boolean
}

export interface Ticket {
  kind: 'ticket'
  id: RecordId
  customerId: RecordId | null
  status: 'open' | 'closed'
  channel: string | null
  /** The helpdesk's own word, where `channel` is one for several. */
  channelSource?: string | null
  subject: string | null
  tags: string[]
  /** Absent, as the next one: not told, and what is known stays. */
  assigneeName?: string | null
  /** The team that has it, where the helpdesk has teams. */
  groupName?: string | null
  spam: boolean
  createdAt: Instant
  updatedAt: Instant
  /** A report shows it as it was then, whatever the last of its dates is. */
  asOf?: Instant
  version: string
  /** The last closing; an open ticket may still show it. */
  closedAt: Instant | null
  /** The last reopening, where it is told. */
  reopenedAt?: Instant | null
  /** Closed only until then: a snooze is not a resolution. FAR where it has no end. */
  snoozedUntil: Instant | null
  trashedAt: Instant | null
  /** It is there and does not count: the customer never wrote in it. */
  ignored?: boolean
  /**
   * The first answer of a person, where the helpdesk tells it; absent where its messages do. `isFinal`: from all that was said, which what a
   * list shows later does not change. `asked`: the list does not tell, and the ticket's own address does.
   */
  firstResponse?: { at: Instant | null; isFinal: boolean } | 'asked'
  /** What the customer gave an AI agent. */
  aiScore?: number | null
  /**
   * Only where `occurrences` has what is `opened`. False: as a list shows it, without what happened to it. True: as its own address does,
   * and its messages and entries come with it.
   */
  opened?: boolean
  /** What a reading shows of its history: while that is the same, nothing has happened. */
  trail?: string
  /** The customer as the ticket names it, for when the customer itself has not been read. */
  customer: Customer | null
}

/**
 * A stretch of work within a ticket, where the helpdesk tells of them: a call, a chat, an exchange of e-mails. A field that is undefined was
 * not told, and what is known of it stays.
 */
export interface Session {
  kind: 'session'
  id: RecordId
  ticketId: RecordId
  /** As `Ticket.channel`. */
  channel?: string | null
  direction?: 'inbound' | 'outbound' | null
  /** The helpdesk's own word, in small letters; null while it goes on. */
  status?: string | null
  /** Whether that word means that the customer was helped; null while it goes on. */
  isSolved?: boolean | null
  queuedAt?: Instant | null
  /** When the customer was answered, as its channel counts it. */
  respondedAt?: Instant | null
  endedAt?: Instant | null
  /** By name. */
  inboxWhenQueued?: string | null
  inboxWhenEnded?: string | null
  /** From what shows all of it: it replaces what is known. Otherwise it fills what is not. */
  isWhole: boolean
}

/** Who said something when; never what. */
export interface Message {
  kind: 'message'
  id: RecordId
  ticketId: RecordId
  /** `customer`: from outside and public. `agent`: public, from a person, no note, no rule. Others are not kept. */
  author: 'customer' | 'agent' | 'other'
  /** The rule that sent it. */
  ruleId: RecordId | null
  /** Macros that were used for it. */
  macroIds: RecordId[]
  createdAt: Instant
}

export interface SatisfactionSurvey {
  kind: 'satisfaction_survey'
  id: RecordId
  ticketId: RecordId | null
  customerId: RecordId | null
  score: number | null
  comment: string | null
  createdAt: Instant
  /** When the customer was asked; null: not yet. */
  sentAt: Instant | null
  /** A score without it is no answer: where the helpdesk tells no time, the latest that is certain. */
  scoredAt: Instant | null
}

/** Someone of the shop: their address is no customer's. */
export interface Agent {
  kind: 'agent'
  id: RecordId
  email: string | null
  name: string | null
}

/** What somebody of the shop is doing from now on. */
export interface AgentState {
  kind: 'agent_state'
  id: RecordId
  agentId: RecordId
  /** `occupied` and `idle`: signed in, with as much work as they take, or less. */
  state: 'online' | 'away' | 'offline' | 'idle' | 'occupied'
  /** Why they are away, in the shop's own words. */
  reason: string | null
  at: Instant
}

/** An address of the shop's own. */
export interface Mailbox {
  kind: 'mailbox'
  id: RecordId
  address: string
}

export interface CustomField {
  kind: 'custom_field'
  id: RecordId
  label: string
  /** text, number, boolean … as the source names it. */
  dataType: string
}

/** A tag of the helpdesk: its events name tags by id. */
export interface Tag {
  kind: 'tag'
  id: RecordId
  name: string
}

/** An entry of the source's event feed, or of a ticket's own history: something happened to an object. It carries no snapshot of it. */
export interface SourceEvent {
  kind: 'event'
  id: RecordId
  /** `ignored` types are not kept. */
  type: SourceEventType
  objectId: RecordId
  /** What it names besides: the customer that is no more, the tags, the agent. */
  names: RecordId[]
  at: Instant
}

export type SourceEventType =
  | 'ticket_closed'
  | 'ticket_reopened'
  | 'ticket_snoozed'
  | 'ticket_unsnoozed'
  | 'ticket_gone'
  | 'customer_gone'
  | 'customer_merged'
  /** To be read again. */
  | 'customer_changed'
  | 'survey_changed'
  | 'ticket_survey_changed'
  | 'ticket_survey_skipped'
  | 'ticket_updated'
  /** Its own address tells what happened (`Telling`, sources/source.ts). */
  | 'ticket_to_open'
  | 'ticket_assigned'
  | 'ticket_tagged'
  | 'ticket_untagged'
  | 'ticket_handed_over'
  | 'customer_updated'
  | 'ignored'

export type SourceRecord =
  | Customer
  | Ticket
  | Session
  | Message
  | SatisfactionSurvey
  | Agent
  | AgentState
  | Mailbox
  | CustomField
  | Tag
  | SourceEvent

/** Which stream, or which directory, a record belongs to. */
export const HOME_OF: Readonly<Record<SourceRecord['kind'], Stream | Directory>> = {
  customer: 'customers',
  ticket: 'tickets',
  session: 'tickets',
  message: 'messages',
  satisfaction_survey: 'satisfaction_surveys',
  event: 'events',
  agent: 'agents',
  agent_state: 'agent_states',
  mailbox: 'mailboxes',
  custom_field: 'custom_fields',
  tag: 'tags',
}

/** A label as a key in YAML: `Customer type` → `customer_type`. */
export function toSlug(label: string): string {
  return label
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
}
