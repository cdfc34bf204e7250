// Conversations and contacts, which are rows of reports: those that changed are read again there.
import type { Instant } from '../../../model/time.ts'
import type { TableRequest } from '../../tables.ts'
import type { GladlyClient } from '../client.ts'
import { type Json, toInstant, toObject } from '../items.ts'
import type { Reader } from '../reader.ts'
import type { Row } from '../reports/csv.ts'
import { LOOK_BACK, Reports, type Window } from '../reports/reports.ts'
import { hear } from './heard.ts'
import { DAY, FIRST, lastOf, pageOf, type Pages, reachedBy, toSpan, toWindows } from './span.ts'
import { TABLES } from './vendor.ts'

export type ByReport = 'conversations' | 'contacts'

const ROWS_PER_PAGE = 1_000

const IDS = { conversations: 'Conversation ID', contacts: 'Contact ID' } as const
const TIMES = {
  conversations: ['Created At', 'First Closed At', 'Last Closed At'],
  contacts: ['Queued At', 'Accepted At', 'Fulfilled At', 'Answered At (Outbound)', 'Ended At'],
} as const

export const latestOf = (row: Row, kind: ByReport): Instant =>
  Math.max(...TIMES[kind].map((name) => toInstant(row[name]) ?? 0))

export async function* readReport(
  reader: Reader,
  kind: ByReport,
  request: TableRequest,
  signal?: AbortSignal,
  /** Whether a contact changes with its conversation. */
  withConversation = false,
): Pages {
  const span = toSpan(reader, request)
  // What reports can't know yet is heard of again by the next reading.
  const { [kind]: heard, conversations } = await hear(reader, request.from, span.asOf, signal)
  const missing = new Set(heard)
  const missingConversations = new Set(withConversation ? conversations : [])
  const reports = new Reports(reader.client, { whole: true })
  const ask = async (window: Window): Promise<Row[]> =>
    kind === 'contacts'
      ? await reports.contacts(window, signal)
      : [...(await reports.conversations(window, signal)).rows]
  async function* read(window: Window, newest: Instant | null): Pages {
    const rows = (await ask(window)).filter(
      (row) =>
        heard.has(row[IDS[kind]] ?? '') ||
        latestOf(row, kind) >= span.changedSince ||
        (withConversation && conversations.has(row['Conversation ID'] ?? '')),
    )
    for (const row of rows) {
      missing.delete(row[IDS[kind]] ?? '')
      missingConversations.delete(row['Conversation ID'] ?? '')
    }
    for (let start = 0; start === 0 || start < rows.length; start += ROWS_PER_PAGE) {
      const part = rows.slice(start, start + ROWS_PER_PAGE).map((row) => toItem(row, kind))
      yield pageOf(part, start + ROWS_PER_PAGE >= rows.length ? newest : null)
    }
  }

  for (const window of toWindows(span.low, span.now)) yield* read(window, reachedBy(window, span))
  const { low } = span
  if (span.isFresh && missing.size + missingConversations.size > 0)
    for (const window of toWindows(Math.max(FIRST, request.from! - LOOK_BACK), low)) yield* read(window, null)
  if (kind === 'conversations')
    for (const day of await findDays(reader.client, missing, signal))
      yield* read({ from: day, until: day + DAY }, null)
  yield lastOf([], span.asOf)
}

/** Days on which conversations were begun that are older than what was read. */
async function findDays(
  client: GladlyClient,
  ids: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<Instant[]> {
  const days = new Set<Instant>()
  for (const id of ids) {
    const { status, json } = await client.ask(
      { path: `/conversations/${encodeURIComponent(id)}`, ofOne: true },
      signal,
    )
    const at = status === 200 ? toInstant(toObject(json)?.['createdAt']) : null
    if (at !== null) days.add(Math.floor(at / DAY) * DAY)
  }
  return [...days].toSorted((a, b) => a - b)
}

/** Empty cells are left out, and times are as everywhere. */
function toItem(row: Row, kind: ByReport): Json {
  const { columns } = TABLES[kind]
  const times = new Set(
    columns.flatMap(({ type, path }) => (type === 'time' && path !== undefined ? path : [])),
  )
  const cells = Object.entries(row).flatMap(([name, cell]) => {
    if (cell === '') return []
    const at = times.has(name) ? toInstant(cell) : null
    return [[name, at === null ? cell : new Date(at / 1000).toISOString()]]
  })
  const item = Object.fromEntries(cells) as Json
  // How these columns are called was not seen.
  for (const what of ['Agent', 'Inbox'])
    if (item[`Current ${what}`] !== undefined) item[`Current Assigned ${what}`] ??= item[`Current ${what}`]
  return item
}
