// How Gladly's tables are read. Nothing lists conversations or customers by their change: the event stream names what changed in the last day,
// and its row of a report, or its own address, is read again. Before that, and in a first reading, reports name what was there.
import type { Instant } from '../../../model/time.ts'
import type { Removal, TableDefinition, TableRequest } from '../../tables.ts'
import { ITEMS_FILE, readJob } from '../exports.ts'
import { type Json, toId, toInstant, toList, toObject, toText } from '../items.ts'
import type { Reader } from '../reader.ts'
import type { Row } from '../reports/csv.ts'
import { Reports } from '../reports/reports.ts'
import { hear, readEventTable } from './heard.ts'
import { latestOf, readReport } from './read-reports.ts'
import { readAgentTimes, readWholeContacts } from './read-workforce.ts'
import { DAY, lastOf, pageOf, type Pages, reachedBy, toSpan, toWindows } from './span.ts'
import type { TABLES } from './vendor.ts'
import { AGENT_TIMES, WHOLE_CONTACTS } from './workforce.ts'

/** Export files are kept that long (gladly-intercom-api.md § A.5). */
const EXPORTS_KEPT = 14 * DAY
/** Customers or conversations that are asked for by a request each, for a page. */
const AT_ONCE = 20

/** When what an item tells of began, by which `until` bounds it; what has no time of its own is as it is now. */
const BORN: Readonly<Record<string, string>> = {
  customers: 'createdAt',
  conversations: 'Created At',
  contacts: 'Queued At',
  [WHOLE_CONTACTS]: 'Queued At',
  conversation_items: 'timestamp',
}

export async function* readGladlyTable(
  reader: Reader,
  table: TableDefinition,
  request: TableRequest,
  signal?: AbortSignal,
): Pages {
  const { until } = request
  const born = BORN[table.name]
  for await (const page of readPages(reader, table, request, signal))
    yield until === null || born === undefined
      ? page
      : { ...page, items: page.items.filter(({ json }) => (toInstant(json[born]) ?? 0) < until) }
}

async function* readPages(
  reader: Reader,
  { name }: TableDefinition,
  request: TableRequest,
  signal?: AbortSignal,
): Pages {
  switch (name as keyof typeof TABLES | typeof WHOLE_CONTACTS | typeof AGENT_TIMES) {
    case 'customers':
      return yield* readSingly(reader, 'customers', request, readCustomer, signal)
    case 'conversation_items':
      return yield* readAllItems(reader, request, signal)
    case 'conversations':
    case 'contacts':
      return yield* readReport(reader, name as 'conversations' | 'contacts', request, signal)
    case WHOLE_CONTACTS:
      return yield* readWholeContacts(reader, request, signal)
    case AGENT_TIMES:
      return yield* readAgentTimes(reader, request, signal)
    case 'events':
      return yield* readEventTable(reader, request.from, signal)
    case 'agents':
    case 'inboxes':
    case 'topics': {
      const { json } = await reader.client.ask({ path: `/${name}` }, signal)
      yield lastOf(toList(json), null)
    }
  }
}

type ReadOne = (
  reader: Reader,
  id: string,
  signal?: AbortSignal,
) => Promise<{ items: Json[]; removal?: Removal }>

/** What has no list: those that conversations name, window by window, and those that events name. */
async function* readSingly(
  reader: Reader,
  kind: 'customers' | 'conversations',
  request: TableRequest,
  readOne: ReadOne,
  signal?: AbortSignal,
): Pages {
  const span = toSpan(reader, request)
  const heard = await hear(reader, request.from, span.now, signal)
  const reports = new Reports(reader.client)
  const done = new Set<string>()
  async function* read(ids: Iterable<string>, newest: Instant | null): Pages {
    const open = [...new Set(ids)].filter((id) => !done.has(id))
    for (let start = 0; start === 0 || start < open.length; start += AT_ONCE) {
      const page = pageOf([], start + AT_ONCE >= open.length ? newest : null)
      const removals: Removal[] = []
      for (const id of open.slice(start, start + AT_ONCE)) {
        const { items, removal } = await readOne(reader, id, signal)
        page.items.push(...items.map((json) => ({ json, at: null })))
        if (removal !== undefined) removals.push(removal)
        done.add(id)
      }
      yield { ...page, removals }
    }
  }

  if (!span.isFresh)
    for (const window of toWindows(span.low, span.now)) {
      const { rows } = await reports.conversations(window, signal)
      yield* read(
        rows.filter((row) => isWanted(row, kind, request)).map((row) => row[COLUMNS[kind]] ?? ''),
        reachedBy(window, span),
      )
    }
  yield* read(heard[kind], null)
  yield lastOf([], span.now)
}

const COLUMNS = { customers: 'Customer ID', conversations: 'Conversation ID' } as const

/** While a conversation goes on something may be said in it; in one that was over before nothing was. Of its customer nobody knows. */
function isWanted(row: Row, kind: keyof typeof COLUMNS, { from, since }: TableRequest): boolean {
  if (row['Status']?.toUpperCase() !== 'CLOSED') return true
  const latest = latestOf(row, 'conversations')
  return latest >= (since ?? 0) && (kind === 'customers' || latest >= (from ?? 0))
}

const readCustomer: ReadOne = async ({ client, now }, id, signal) => {
  const path = `/customer-profiles/${encodeURIComponent(id)}`
  const { status, json, into } = await client.ask({ path, ofOne: true }, signal)
  if (status === 200) return { items: [toObject(json) ?? {}] }
  return { items: [], removal: { table: 'customers', id, into, at: now() } }
}

const readItems: ReadOne = async ({ client }, id, signal) => {
  const path = `/conversations/${encodeURIComponent(id)}/items`
  const { status, json } = await client.ask({ path, ofOne: true }, signal)
  return { items: status === 200 ? toList(json) : [] }
}

async function* readAllItems(reader: Reader, request: TableRequest, signal?: AbortSignal): Pages {
  yield* readExported(reader, request, signal)
  yield* readSingly(reader, 'conversations', request, readItems, signal)
}

/** What belongs to no conversation stands in no other place. */
async function* readExported({ client, now }: Reader, { from }: TableRequest, signal?: AbortSignal): Pages {
  const startedAt = now()
  const params = {
    status: 'COMPLETED',
    startAt: new Date(Math.max(from ?? 0, startedAt - EXPORTS_KEPT) / 1000).toISOString(),
    endAt: new Date(startedAt / 1000).toISOString(),
  }
  const { json } = await client.ask({ path: '/export/jobs', params }, signal)
  for (const raw of toList(json)) {
    if (toId(raw['id']) === null || toInstant(raw['updatedAt']) === null) continue
    const job = readJob(raw)
    if (job === null) continue
    const path = `/export/jobs/${encodeURIComponent(job.id)}/files/${ITEMS_FILE}`
    const file = await client.ask({ path, ofOne: true }, signal)
    if (file.status === 200)
      yield pageOf(toList(file.json).filter((item) => toText(item['conversationId']) === null))
  }
}
