// What a table of Gladly costs: reports by the window, and a request for each customer or conversation, of which the last week tells how many.
import type { TableDefinition, TableRequest } from '../../tables.ts'
import { OTHER_LIMITS } from '../client.ts'
import { RATE_LIMIT } from '../options.ts'
import type { Reader } from '../reader.ts'
import { Reports } from '../reports/reports.ts'
import { DAY, FIRST, toSpan, WINDOW } from './span.ts'
import { AGENT_TIMES, WHOLE_CONTACTS } from './workforce.ts'

const WEEK = 7 * DAY
const REPORTS_A_MINUTE = OTHER_LIMITS.find(({ limit }) => 'atOnce' in limit)!.limit.requests

/** Null: its first page tells. */
export async function estimateGladlyTable(
  reader: Reader,
  { name }: TableDefinition,
  request: TableRequest,
  signal?: AbortSignal,
): Promise<{ requests: number; minutes: number } | null> {
  const span = toSpan(reader, request)
  const windows = Math.ceil((span.now - span.low) / WINDOW)
  const slices = 7
  switch (name) {
    case 'conversations':
    case 'contacts':
      return toCost(windows, slices)
    case WHOLE_CONTACTS:
      return toCost(2 * windows, slices + 1)
    case AGENT_TIMES:
      return toCost(span.isFresh ? 0 : windows, slices)
    case 'customers':
    case 'conversation_items': {
      const column = name === 'customers' ? 'Customer ID' : 'Conversation ID'
      const week = { from: span.now - WEEK, until: span.now }
      const { rows } = await new Reports(reader.client).conversations(week, signal)
      const since = Math.max(request.from ?? request.since ?? FIRST, FIRST)
      const each = (new Set(rows.map((row) => row[column])).size * (span.now - since)) / WEEK
      return toCost(span.isFresh ? 0 : windows, slices + Math.ceil(each))
    }
    default:
      return null
  }
}

function toCost(reports: number, others: number): { requests: number; minutes: number } {
  const requests = reports + others
  const minutes = Math.max(
    reports / REPORTS_A_MINUTE,
    (requests / RATE_LIMIT.requests) * (RATE_LIMIT.per_seconds / 60),
  )
  return { requests, minutes }
}
