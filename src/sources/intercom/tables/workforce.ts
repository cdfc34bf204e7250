// Intercom for planners (gladly-intercom-api.md § B.3, B.4, C.2). Its statistics tell when a customer was first answered, by the clock.
import type { Json } from '../../tables.ts'
import {
  agentStatesOf,
  type ConversationFacts,
  conversationsOf,
  deletedOf,
  peopleOf,
  queuesOf,
  splitName,
  type StateFacts,
  type Status,
  type Workforce,
  type WorkforceContext,
} from '../../workforce.ts'
import { toAgentState } from '../agent-states.ts'
import { toId, toList, toObject, toText } from '../client.ts'
import { InvalidItem, toInstant } from '../items.ts'
import { CHANNELS } from '../to-records.ts'
import { intercomTables, type TABLES, toRemoval } from './vendor.ts'

const named = (name: keyof typeof TABLES) => intercomTables.find((one) => one.name === name)!

export const intercomWorkforce = (context: WorkforceContext): Workforce => ({
  tables: [
    peopleOf(named('admins'), (admin) => ({
      id: toId(admin['id']),
      ...splitName(toText(admin['name'])),
      email: toText(admin['email']),
      staffable: admin['has_inbox_seat'] === true,
      teams: toIds(admin['team_ids']),
    })),
    conversationsOf(named('conversations'), context, (item) => [toFacts(item)]),
    agentStatesOf(named('admin_activity'), context, toStates),
    queuesOf(named('teams'), ({ id, name }) => ({ id: toId(id), name: toText(name), disabled: false })),
    deletedOf(named('deleted_conversations'), toRemoval),
  ],
  lacks: [],
})

const toIds = (value: unknown): string[] =>
  Array.isArray(value) ? (value as unknown[]).flatMap((one) => toId(one) ?? []) : []

/** Nobody has it: null or 0, by the version of the API. */
const toAssigned = (value: unknown): string | null => {
  const id = toId(value)
  return id === '0' ? null : id
}

function toFacts(item: Json): ConversationFacts {
  const source = toObject(item['source'])
  const statistics = toObject(item['statistics']) ?? {}
  const type = toText(source?.['type'])
  const status = readStatus(item, statistics)
  const isTheirs = toText(source?.['delivered_as']) === 'customer_initiated'
  return {
    id: toId(item['id']) ?? '',
    createdAt: toInstant(item['created_at']),
    updatedAt: toInstant(item['updated_at']),
    channel: type === null ? null : (CHANNELS[type] ?? type),
    channelSource: type,
    direction: isTheirs ? 'inbound' : 'outbound',
    status,
    statusSource: toText(item['state']),
    respondedAt: toInstant(statistics['first_admin_reply_at']),
    solvedAt: status === 'solved' ? toInstant(statistics['last_close_at']) : null,
    assignee: toAssigned(item['admin_assignee_id']),
    queue: toAssigned(item['team_assignee_id']),
    tags: readTags(item),
    ignoredReason: item['first_contact_reply'] === null ? 'The customer never wrote.' : null,
  }
}

function readStatus(item: Json, statistics: Json): Status {
  if (item['state'] === 'closed') return 'solved'
  if (item['state'] === 'snoozed') return 'snoozed'
  const [theirs, ours] = ['last_contact_reply_at', 'last_admin_reply_at'].map(
    (key) => toInstant(statistics[key]) ?? 0,
  )
  return ours! > theirs! ? 'waiting' : 'open'
}

function readTags(item: Json): string[] {
  const tags = toList(toObject(item['tags'])?.['tags']).flatMap((one) => toText(one['name']) ?? [])
  const fields = Object.entries(toObject(item['custom_attributes']) ?? {}).flatMap(([name, value]) =>
    value === null ? [] : [`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`],
  )
  return [...tags, ...fields]
}

function toStates(item: Json): StateFacts[] {
  try {
    const found = toAgentState(item)
    return found === null ? [] : [{ ...found, person: found.agentId }]
  } catch (thrown) {
    if (thrown instanceof InvalidItem) return []
    throw thrown
  }
}
