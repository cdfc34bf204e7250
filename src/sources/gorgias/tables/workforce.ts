// Gorgias for planners (gorgias-api.md § 4, gladly-intercom-api.md § C.2). When a customer was first answered stands in no list: messages tell.
import { parseInstant } from '../../../model/time.ts'
import { column, type Json, type TableDefinition, toText } from '../../tables.ts'
import {
  type ConversationFacts,
  conversationsOf,
  deletedOf,
  type MessageFacts,
  messagesOf,
  peopleOf,
  type PersonFacts,
  queuesOf,
  type Status,
  type Workforce,
  type WorkforceContext,
} from '../../workforce.ts'
import { InvalidItem, toMessage } from '../to-records.ts'
import { gorgiasTables, toRemoval } from './vendor.ts'

const named = (name: string): TableDefinition => gorgiasTables.find((one) => one.name === name)!

/** Tickets whose own fields go by their labels. */
export const LABELLED_TICKETS = 'labelled_tickets'

const TEAMS: TableDefinition = {
  name: 'teams',
  description: '',
  reading: { mode: 'whole' },
  columns: [column.id],
}

export const gorgiasWorkforce = (context: WorkforceContext): Workforce => ({
  tables: [
    peopleOf(named('users'), toPerson),
    conversationsOf({ ...named('tickets'), name: LABELLED_TICKETS }, context, (item) => [toFacts(item)], {
      byMessages: true,
    }),
    messagesOf(named('ticket_messages'), context, toMessageFacts, toStatus),
    queuesOf(TEAMS, ({ id, name }) => ({ id: toText(id), name: toText(name), disabled: false })),
    deletedOf(named('events'), (item) => {
      const gone = toRemoval(item)
      return gone?.table === 'tickets' ? gone : null
    }),
  ],
  lacks: [
    {
      table: 'agent_states',
      reason: 'Gorgias does not tell who is there and who is away: its API has no such thing.',
    },
  ],
})

const object = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null

function toPerson(user: Json): PersonFacts {
  return {
    id: toText(user['id']),
    firstName: toText(user['firstname']),
    lastName: toText(user['lastname']),
    email: toText(user['email']),
    timezone: toText(user['timezone']),
    startDate: parseInstant(user['created_datetime']),
    endDate: parseInstant(user['deactivated_datetime']),
    staffable: user['active'] !== false && object(user['role'])?.['name'] !== 'bot',
  }
}

function toFacts(ticket: Json): ConversationFacts {
  const channel = toText(ticket['channel'])
  const statusSource = readStatus(ticket)
  const status = toStatus(statusSource, null)
  return {
    id: toText(ticket['id']) ?? '',
    createdAt: parseInstant(ticket['created_datetime']),
    updatedAt: parseInstant(ticket['updated_datetime']),
    channel,
    channelSource: channel,
    direction: ticket['from_agent'] === true ? 'outbound' : 'inbound',
    status,
    statusSource,
    // An open ticket may still show when it was closed before.
    solvedAt: status === 'solved' ? parseInstant(ticket['closed_datetime']) : null,
    assignee: toText(object(ticket['assignee_user'])?.['id']),
    queue: toText(object(ticket['assignee_team'])?.['id']),
    tags: readTags(ticket),
    ignoredReason:
      ticket['spam'] === true
        ? 'It is spam.'
        : parseInstant(ticket['trashed_datetime']) === null
          ? null
          : 'It is in the trash.',
  }
}

/** One that sleeps is closed, and wakes up. */
function readStatus(ticket: Json): string {
  if (ticket['status'] !== 'closed') return toText(ticket['status']) ?? 'open'
  return parseInstant(ticket['snooze_datetime']) === null ? 'closed' : 'snoozed'
}

function toStatus(source: string, lastAuthor: MessageFacts['author'] | null): Status {
  if (source === 'closed') return 'solved'
  if (source === 'snoozed') return 'snoozed'
  return lastAuthor === 'agent' ? 'waiting' : 'open'
}

function readTags(ticket: Json): string[] {
  const list: unknown[] = Array.isArray(ticket['tags']) ? ticket['tags'] : []
  const labels = object(ticket['custom_field_labels']) ?? {}
  const fields = Object.entries(object(ticket['custom_fields']) ?? {}).flatMap(([field, held]) => {
    const value = object(held)?.['value'] ?? null
    return value === null ? [] : [`${toText(labels[field]) ?? `field ${field}`}: ${show(value)}`]
  })
  return [...list.flatMap((tag) => toText(object(tag)?.['name']) ?? []), ...fields]
}

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

function toMessageFacts(item: Json): MessageFacts[] {
  try {
    const { id, ticketId: conversation, author, createdAt } = toMessage(item)
    return [{ id, conversation, author, createdAt }]
  } catch (thrown) {
    // One that belongs nowhere tells nothing of a ticket.
    if (thrown instanceof InvalidItem) return []
    throw thrown
  }
}
