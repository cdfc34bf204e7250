// Gladly for planners (gladly-intercom-api.md § 0.4–0.8, A.4, C.2): what comes in is a contact, of which a conversation holds many.
import { fromMs } from '../../../model/time.ts'
import { column, type Json, type TableDefinition } from '../../tables.ts'
import {
  agentStatesOf,
  type ConversationFacts,
  conversationsOf,
  peopleOf,
  queuesOf,
  splitName,
  type Workforce,
  type WorkforceContext,
} from '../../workforce.ts'
import { InvalidItem, toId, toText } from '../items.ts'
import { createMaps, type Maps } from '../maps.ts'
import type { Row } from '../reports/csv.ts'
import { readContactRow } from '../reports/rows.ts'
import { TABLES } from './vendor.ts'

/** Contacts with the topics of their conversation, and who had them last by their id. */
export const WHOLE_CONTACTS = 'whole_contacts'
export const [TOPICS, AGENT_ID] = ['Topics', 'Agent When Ended ID'] as const

/** From reports as far back as they are asked for, and from the last day's events. */
export const AGENT_TIMES = 'agent_times'

const AGENT_TIMES_TABLE: TableDefinition = {
  name: AGENT_TIMES,
  description: '',
  // Reports are an hour behind (§ A.6).
  reading: { mode: 'since', overlap: fromMs(2 * 3_600_000) },
  columns: [column.id],
}

export function gladlyWorkforce(context: WorkforceContext): Workforce {
  const maps = createMaps(context.options)
  return {
    tables: [
      peopleOf(TABLES.agents, (agent) => ({
        id: toId(agent['id']),
        ...splitName(toText(agent['name'])),
        email: toText(agent['emailAddress']),
        staffable: true,
      })),
      conversationsOf({ ...TABLES.contacts, name: WHOLE_CONTACTS }, context, (row) => toFacts(row, maps), {
        hasVersion: false,
      }),
      agentStatesOf(AGENT_TIMES_TABLE, context, (item) => [
        {
          id: item['id'] as string,
          person: item['agentId'] as string,
          state: item['state'] as string,
          reason: item['reason'] as string | null,
          at: item['at'] as number,
        },
      ]),
      queuesOf(TABLES.inboxes, ({ id, name, disabled }) => ({
        id: toId(id),
        name: toText(name),
        disabled: disabled === true,
      })),
    ],
    lacks: [],
  }
}

function toFacts(item: Json, maps: Maps): ConversationFacts[] {
  try {
    const { session, word } = readContactRow(item as Row, maps)
    const { status = null, isSolved = false, endedAt = null } = session
    return [
      {
        id: session.id,
        createdAt: session.queuedAt ?? null,
        channel: session.channel ?? null,
        channelSource: word,
        direction: session.direction ?? null,
        status: isSolved === true ? 'solved' : 'open',
        statusSource: status,
        respondedAt: session.respondedAt ?? null,
        solvedAt: isSolved === true ? endedAt : null,
        assignee: toText(item[AGENT_ID]),
        queue: null,
        queueWhenQueued: session.inboxWhenQueued ?? null,
        queueWhenEnded: session.inboxWhenEnded ?? null,
        tags: (toText(item[TOPICS]) ?? '').split(/\s*[,;|]\s*/).filter((one) => one !== ''),
        ignoredReason: null,
      },
    ]
  } catch (thrown) {
    if (thrown instanceof InvalidItem) return []
    throw thrown
  }
}
