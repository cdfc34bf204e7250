// How Gladly's tables are read. Nothing lists conversations or customers by their change: the event stream names what changed in the last day,
// and its row of a report, or its own address, is read again. Before that, and in a first reading, reports name what was there.
import { fromMs, type Instant } from '../../model/time.ts'
import type { Removal, TableDefinition, TablePage, TableRequest } from '../tables.ts'
import type { GladlyClient } from './client.ts'
import { ITEMS_FILE, readJob } from './exports.ts'
import { hear, readEventTable } from './heard.ts'
import { type Json, toId, toInstant, toList, toObject, toText } from './items.ts'
import { type Reader, REPORT_LAG } from './reader.ts'
import type { Row } from './reports/csv.ts'
import { LOOK_BACK, Reports, type Window } from './reports/reports.ts'
import { EVENTS_REACH } from './slices.ts'
import { TABLES } from './tables.ts'

type Pages = AsyncGenerator<TablePage, void, void>
type ByReport = 'conversations' | 'contacts'

const DAY = fromMs(24 * 3_600_000)
/** Nobody had Gladly before. */
const FIRST = fromMs(Date.UTC(2014))
/** What a report is asked for at once: its rows are held in memory. */
const WINDOW = 61 * DAY
/** Most of what changes was begun in the last weeks. */
const TRAIL = 30 * DAY
/** Export files are kept that long (gladly-intercom-api.md § A.5). */
const EXPORTS_KEPT = 14 * DAY
const ROWS_PER_PAGE = 1_000
/** Customers or conversations that are asked for by a request each, for a page. */
const AT_ONCE = 20

export async function* readGladlyTable(
  reader: Reader,
  { name }: TableDefinition,
  request: TableRequest,
  signal?: AbortSignal,
): Pages {
  switch (name as keyof typeof TABLES) {
    case 'customers':
      return yield* readSingly(reader, 'customers', request, readCustomer, signal)
    case 'conversation_items':
      return yield* readAllItems(reader, request, signal)
    case 'conversations':
    case 'contacts':
      return yield* readReport(reader, name as ByReport, request, signal)
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

const pageOf = (items: readonly Json[], newest: Instant | null = null): TablePage => ({
  items: items.map((json) => ({ json, at: null })),
  newest,
  oldest: newest,
  next: 'more',
})

const lastOf = (items: readonly Json[], newest: Instant | null): TablePage => ({
  ...pageOf(items, newest),
  next: null,
})

/** What is read, and what of it is wanted. */
interface Span {
  low: Instant
  /** Reports know what was then. */
  asOf: Instant
  now: Instant
  /** Events tell everything that changed. */
  isFresh: boolean
  /** What changed before is not wanted. */
  changedSince: Instant
}

function toSpan(reader: Reader, { from, since }: TableRequest): Span {
  const now = reader.now()
  const isFresh = from !== null && from >= now - EVENTS_REACH
  return {
    low: from === null ? FIRST : Math.max(FIRST, from - (isFresh ? TRAIL : LOOK_BACK)),
    asOf: now - REPORT_LAG,
    now,
    isFresh,
    changedSince: (isFresh ? from : since) ?? 0,
  }
}

function* toWindows(low: Instant, until: Instant): Generator<Window> {
  for (let from = low; from < until; from += WINDOW) yield { from, until: Math.min(from + WINDOW, until) }
}

/** What events tell of besides is read last: before that a reading has come no further than to where they begin. */
const reachedBy = ({ until }: Window, { isFresh, now }: Span): Instant | null =>
  isFresh || until > now - EVENTS_REACH ? null : until

const IDS = { conversations: 'Conversation ID', contacts: 'Contact ID' } as const
const TIMES = {
  conversations: ['Created At', 'First Closed At', 'Last Closed At'],
  contacts: ['Queued At', 'Accepted At', 'Fulfilled At', 'Answered At (Outbound)', 'Ended At'],
} as const

const latestOf = (row: Row, kind: ByReport): Instant =>
  Math.max(...TIMES[kind].map((name) => toInstant(row[name]) ?? 0))

async function* readReport(
  reader: Reader,
  kind: ByReport,
  request: TableRequest,
  signal?: AbortSignal,
): Pages {
  const span = toSpan(reader, request)
  // What reports can't know yet is heard of again by the next reading.
  const heard = (await hear(reader, request.from, span.asOf, signal))[kind]
  const missing = new Set(heard)
  const reports = new Reports(reader.client, { whole: true })
  const ask = async (window: Window): Promise<Row[]> =>
    kind === 'contacts'
      ? await reports.contacts(window, signal)
      : [...(await reports.conversations(window, signal)).rows]
  async function* read(window: Window, newest: Instant | null): Pages {
    const rows = (await ask(window)).filter(
      (row) => heard.has(row[IDS[kind]] ?? '') || latestOf(row, kind) >= span.changedSince,
    )
    for (const row of rows) missing.delete(row[IDS[kind]] ?? '')
    for (let start = 0; start === 0 || start < rows.length; start += ROWS_PER_PAGE) {
      const part = rows.slice(start, start + ROWS_PER_PAGE).map((row) => toItem(row, kind))
      yield pageOf(part, start + ROWS_PER_PAGE >= rows.length ? newest : null)
    }
  }

  for (const window of toWindows(span.low, span.now)) yield* read(window, reachedBy(window, span))
  const { low } = span
  if (span.isFresh && missing.size > 0)
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

/** In a conversation that was over before nothing was said since; of its customer nobody knows. */
function isWanted(row: Row, kind: keyof typeof COLUMNS, { from, since }: TableRequest): boolean {
  const latest = latestOf(row, 'conversations')
  const isOver = kind === 'conversations' && row['Status']?.toUpperCase() === 'CLOSED'
  return latest >= (since ?? 0) && (!isOver || latest >= (from ?? 0))
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
