// The layout for planners: who works, what came in and how it went, who was there, and the queues, in words and columns that are the same for
// every helpdesk (gladly-intercom-api.md § C). Each helpdesk says of which of its tables they are made.
import { firstResponseAt } from '../model/profile.ts'
import { type Instant, parseInstant, toMicrosIso } from '../model/time.ts'
import type { Column, Json, TableDefinition, Value } from './tables.ts'
import {
  AGENT_STATES,
  BY_MESSAGES,
  CONVERSATIONS,
  MESSAGES,
  PEOPLE,
  QUEUES,
  REMOVED,
} from './workforce-columns.ts'

export const WORKFORCE_TABLES: readonly string[] = ['people', 'conversations', 'agent_states', 'queues']

type Map = Readonly<Record<string, string>>

/** What words are called, where connectors.yml calls them something else: by the helpdesk's word, or by tajo's. */
export interface Words {
  channels: Map
  status: Map
  states: Map
}

export interface WorkforceContext {
  /** Of the connector. */
  options: Readonly<Record<string, unknown>>
  words: Words
  /** Seconds of business between two times; null where connectors.yml has no `business_hours`. */
  businessSeconds: ((from: Instant, to: Instant) => number) | null
}

export interface Workforce {
  tables: readonly TableDefinition[]
  /** What the helpdesk does not tell, with the reason, as a sentence. */
  lacks: readonly { table: string; reason: string }[]
}

export type Status = 'open' | 'waiting' | 'snoozed' | 'solved' | 'merged'

/** A conversation as a helpdesk tells it. */
export interface ConversationFacts {
  id: string
  createdAt: Instant | null
  updatedAt?: Instant | null
  channel: string | null
  /** The helpdesk's own word. */
  channelSource: string | null
  direction: 'inbound' | 'outbound' | null
  status: Status
  /** The helpdesk's own word. */
  statusSource: string | null
  /** Absent: its messages tell. */
  respondedAt?: Instant | null
  solvedAt: Instant | null
  assignee: string | null
  queue: string | null
  queueWhenQueued?: string | null
  queueWhenEnded?: string | null
  tags: readonly string[]
  /** Why planners leave it out. */
  ignoredReason: string | null
}

/** Of which table, and how an item of it becomes rows. */
type MadeOf = NonNullable<TableDefinition['madeOf']>

const make = (
  name: string,
  description: string,
  columns: readonly Column[],
  madeOf: MadeOf,
): TableDefinition => ({
  name,
  description,
  columns,
  reading: madeOf.table.reading,
  madeOf,
})

export interface PersonFacts {
  id: string | null
  firstName: string | null
  lastName: string | null
  email: string | null
  timezone?: string | null
  startDate?: Instant | null
  endDate?: Instant | null
  staffable: boolean
  teams?: readonly string[] | null
}

export function peopleOf(table: TableDefinition, read: (item: Json) => PersonFacts): TableDefinition {
  return make('people', 'Who works.', PEOPLE, {
    table,
    toItems(item) {
      const one = read(item)
      return [
        {
          imported_id: one.id,
          first_name: one.firstName,
          last_name: one.lastName,
          email: one.email,
          timezone: one.timezone ?? null,
          start_date: toTime(one.startDate),
          end_date: toTime(one.endDate),
          staffable: one.staffable,
          teams: one.teams ?? null,
        },
      ]
    },
  })
}

/** `byMessages`: its status and first response are worked out from their rows (`messagesOf`). */
export function conversationsOf(
  table: TableDefinition,
  context: WorkforceContext,
  read: (item: Json) => ConversationFacts[],
  { byMessages = false, hasVersion = true }: { byMessages?: boolean; hasVersion?: boolean } = {},
): TableDefinition {
  const columns = CONVERSATIONS.map((one) =>
    byMessages && BY_MESSAGES.includes(one.name) ? { ...one, derived: true } : one,
  )
  const definition = make('conversations', 'What came in, and how it went.', columns, {
    table,
    toItems: (item) => read(item).map((one) => toConversation(one, context)),
  })
  return hasVersion ? { ...definition, version: 'updated_at' } : definition
}

function toConversation(one: ConversationFacts, context: WorkforceContext): Json {
  const { words } = context
  const { createdAt, respondedAt = null, solvedAt } = one
  const [response, businessResponse] = measure(createdAt, respondedAt, context)
  const [resolution, businessResolution] = measure(createdAt, solvedAt, context)
  return {
    import_id: one.id,
    created_at: toTime(createdAt),
    updated_at: toTime(one.updatedAt),
    channel: callIt(words.channels, one.channelSource, one.channel),
    channel_source: one.channelSource,
    direction: one.direction,
    status: callIt(words.status, one.statusSource, one.status),
    status_source: one.statusSource,
    first_responded_at: toTime(respondedAt),
    first_response_seconds: response,
    first_response_business_seconds: businessResponse,
    solved_at: toTime(solvedAt),
    resolution_seconds: resolution,
    resolution_business_seconds: businessResolution,
    assignee_import_id: one.assignee,
    queue_import_id: one.queue,
    queue_when_queued: one.queueWhenQueued ?? null,
    queue_when_ended: one.queueWhenEnded ?? null,
    tags: one.tags,
    ignored_reason: one.ignoredReason,
  }
}

/** By the clock, and within business hours. */
function measure(
  from: Instant | null,
  to: Instant | null,
  { businessSeconds }: WorkforceContext,
): [byClock: number | null, ofBusiness: number | null] {
  if (from === null || to === null) return [null, null]
  return [Math.max(0, to - from) / 1e6, businessSeconds?.(from, to) ?? null]
}

export interface MessageFacts {
  id: string
  conversation: string
  author: 'customer' | 'agent' | 'other'
  createdAt: Instant
}

/** Who spoke when, without what was said: by it a conversation's first response is known where the helpdesk does not tell it. */
export function messagesOf(
  table: TableDefinition,
  context: WorkforceContext,
  read: (item: Json) => MessageFacts[],
  toStatus: (statusSource: string, lastAuthor: MessageFacts['author'] | null) => Status,
): TableDefinition {
  const definition = make(
    'messages',
    'Who spoke when, without what was said: conversations get their first response by it.',
    MESSAGES,
    {
      table,
      toItems: (item) =>
        read(item).map(({ createdAt, ...one }) => ({ ...one, created_at: toTime(createdAt) })),
    },
  )
  return {
    ...definition,
    completes: {
      table: 'conversations',
      by: 'conversation',
      needs: { row: ['created_at', 'status_source'], entries: ['author', 'created_at'] },
      complete({ created_at: createdAt, status_source: source }, entries, reach): Value[] {
        const messages = entries
          .map((one) => ({
            author: one['author'] as MessageFacts['author'],
            createdAt: one['created_at'] as Instant,
          }))
          .toSorted((a, b) => a.createdAt - b.createdAt)
        // Of one that began before what was read the first messages are missing.
        const isWhole = typeof createdAt === 'number' && createdAt >= reach
        const at = isWhole ? firstResponseAt(messages) : null
        const last = messages.findLast(({ author }) => author !== 'other')?.author ?? null
        // One whose ticket was never read has no status.
        const status = source === null || source === undefined ? null : toStatus(String(source), last)
        return [
          callIt(context.words.status, source as string | null, status),
          at,
          ...measure((createdAt ?? null) as Instant | null, at, context),
        ]
      },
    },
  }
}

export interface StateFacts {
  id: string
  person: string
  state: string
  reason: string | null
  at: Instant
}

export function agentStatesOf(
  table: TableDefinition,
  { words }: WorkforceContext,
  read: (item: Json) => StateFacts[],
): TableDefinition {
  const definition = make('agent_states', 'Who was there, and who was away.', AGENT_STATES, {
    table,
    toItems: (item) =>
      read(item).map(({ id, person, state, reason, at }) => ({
        id,
        person,
        state: callIt(words.states, null, state),
        reason,
        from: toTime(at),
      })),
  })
  return { ...definition, chain: { by: 'person', from: 'from', until: 'to' } }
}

export const queuesOf = (
  table: TableDefinition,
  read: (item: Json) => { id: string | null; name: string | null; disabled: boolean },
): TableDefinition =>
  make('queues', 'Teams and inboxes.', QUEUES, {
    table,
    toItems(item) {
      const { id, name, disabled } = read(item)
      return [{ import_id: id, name, disabled }]
    },
  })

/** What marks conversations that are no more. */
export const deletedOf = (
  table: TableDefinition,
  read: (item: Json) => { id: string; at: Instant } | null,
): TableDefinition => ({
  ...make(
    'deleted_conversations',
    'Conversations that were deleted or merged, which are marked by it.',
    REMOVED,
    {
      table,
      toItems(item) {
        const gone = read(item)
        return gone === null ? [] : [{ import_id: gone.id, deleted_at: toTime(gone.at) }]
      },
    },
  ),
  toRemoval: ({ import_id: id, deleted_at: at }) => ({
    table: 'conversations',
    id: id as string,
    into: null,
    at: parseInstant(at) ?? 0,
  }),
})

/** `Ann van Dyke`: Ann, and van Dyke. */
export function splitName(name: string | null): { firstName: string | null; lastName: string | null } {
  const [firstName = '', ...rest] = (name ?? '').trim().split(/\s+/)
  return { firstName: firstName || null, lastName: rest.join(' ') || null }
}

const toTime = (at: Instant | null | undefined): string | null =>
  at === null || at === undefined ? null : toMicrosIso(at)

function callIt(words: Map, source: string | null, canonical: string | null): string | null {
  const own = source === null ? undefined : words[source]
  return own ?? (canonical === null ? null : (words[canonical] ?? canonical))
}
