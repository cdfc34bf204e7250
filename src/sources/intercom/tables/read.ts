// How Intercom's tables are read. Conversations are searched from an instant on; what was said in one stands at its own address, so its parts
// cost a request for each conversation that has changed.
import { fromMs, type Instant, toMs } from '../../../model/time.ts'
import { createLoopGuard } from '../../loops.ts'
import { type Json, type TableDefinition, type TablePage, type TableRequest, toText } from '../../tables.ts'
import { type IntercomClient, toList, toObject } from '../client.ts'
import { toInstant } from '../items.ts'
import { readNext, toParams } from '../next-page.ts'
import { SLICE_PAGES } from '../slices.ts'
import type { TABLES } from './vendor.ts'
import { isGone } from '../to-records.ts'

type Request = Pick<TableRequest, 'token' | 'from'>
type Pages = AsyncGenerator<TablePage, void, void>

export async function* readIntercomTable(
  client: IntercomClient,
  { name }: TableDefinition,
  { token, from }: Request,
  signal?: AbortSignal,
): Pages {
  switch (name as keyof typeof TABLES) {
    case 'contacts':
      // Whole days, of a time zone that is not known (§ B.4).
      return yield* searchUp(client, 'contacts', from === null ? null : from - CONTACT_MARGIN, false, signal)
    case 'conversations':
      return yield* searchUp(client, 'conversations', from, true, signal)
    case 'conversation_parts':
      return yield* readParts(client, from, signal)
    case 'admin_activity':
      return yield* readActivity(client, { token, from }, signal)
    case 'deleted_conversations':
      return yield* readDeleted(client, signal)
    case 'admins':
    case 'teams':
    case 'tags': {
      const { json: answer } = await client.ask({ path: `/${name}` }, signal)
      yield toPage(toList(answer[name === 'tags' ? 'data' : name]), null)
    }
  }
}

const CONTACT_MARGIN = fromMs(2 * 24 * 3_600_000)
const PER_PAGE = 150

/** A rating may move the date of its conversation or not: what was rated counts as changed then (§ B.8). */
const ratingOf = (item: Json): Json | null => toObject(item['conversation_rating'])

function toAt(item: Json): Instant | null {
  const rating = ratingOf(item)
  const times = [item['updated_at'], item['created_at'], rating?.['created_at'], rating?.['updated_at']]
  const known = times.flatMap((one) => toInstant(one) ?? [])
  return known.length === 0 ? null : Math.max(...known)
}

/** `newest` and `oldest` by the date that the list is in the order of. */
function toPage(items: Json[], next: string | null, key = 'updated_at'): TablePage {
  const times = items.flatMap((one) => toInstant(one[key]) ?? [])
  return {
    items: items.map((one) => ({ json: one, at: toAt(one) })),
    newest: times.length === 0 ? null : Math.max(...times),
    oldest: times.length === 0 ? null : Math.min(...times),
    next,
  }
}

const CHANGES = ['updated_at', 'conversation_rating.requested_at', 'conversation_rating.replied_at']

/** Oldest first. After some pages a search begins anew where it has come to, because nothing says how far one goes (§ B.3). */
async function* searchUp(
  client: IntercomClient,
  what: 'contacts' | 'conversations',
  from: Instant | null,
  isSliced: boolean,
  signal?: AbortSignal,
): Pages {
  const path = `/${what}/search`
  const guard = createLoopGuard(path)
  const second = (at: Instant): number => Math.max(0, Math.floor(toMs(at) / 1000) - 1)
  let since = from === null ? 0 : second(from)
  let isFirst = true
  let cursor: string | null = null
  for (let pages = 1; ; pages += 1) {
    const filters = (isFirst && isSliced ? CHANGES : ['updated_at']).map((field) => ({
      field,
      operator: '>',
      value: since,
    }))
    const body = {
      query: filters.length === 1 ? filters[0] : { operator: 'OR', value: filters },
      sort: { field: 'updated_at', order: 'ascending' },
      pagination: { per_page: PER_PAGE, ...(cursor === null ? {} : { starting_after: cursor }) },
    }
    const { json: answer } = await client.ask(
      { method: 'POST', path, body, isContinued: cursor !== null },
      signal,
    )
    const next = toText(toObject(toObject(answer['pages'])?.['next'])?.['starting_after'])
    const page = toPage(toList(answer[what === 'contacts' ? 'data' : 'conversations']), next)
    yield page
    guard({ next: next === null ? null : `${since}/${next}`, records: page.items.map((one) => one.json) })
    if (next === null) return
    const isFull = isSliced && pages >= SLICE_PAGES && page.newest !== null && second(page.newest) > since
    if (isFull) {
      since = second(page.newest!)
      isFirst = false
      pages = 0
    }
    cursor = isFull ? null : next
  }
}

/** Conversations that are opened for a page of parts. */
const AT_ONCE = 10

async function* readParts(client: IntercomClient, from: Instant | null, signal?: AbortSignal): Pages {
  for await (const { items, next } of searchUp(client, 'conversations', from, true, signal)) {
    const changed = items.filter(({ at }) => from === null || at === null || at >= from)
    for (let start = 0; start === 0 || start < changed.length; start += AT_ONCE) {
      const part = changed.slice(start, start + AT_ONCE)
      const isLast = start + AT_ONCE >= changed.length
      const found: TablePage['items'] = []
      for (const { json: conversation, at } of part)
        for (const one of await readPartsOf(client, toText(conversation['id']) ?? '', signal))
          found.push({ json: one, at })
      const times = part.flatMap(({ json: conversation }) => toInstant(conversation['updated_at']) ?? [])
      const [newest, oldest] = times.length === 0 ? [null, null] : [Math.max(...times), Math.min(...times)]
      yield { items: found, newest, oldest, next: isLast ? next : 'more' }
    }
  }
}

async function readPartsOf(
  client: IntercomClient,
  conversation: string,
  signal?: AbortSignal,
): Promise<Json[]> {
  const answer = await client.ask(
    { path: `/conversations/${encodeURIComponent(conversation)}`, ofOne: true },
    signal,
  )
  // It was deleted since the search.
  if (answer.status !== 200 || isGone(answer.json)) return []
  const parts = toList(toObject(answer.json['conversation_parts'])?.['conversation_parts'])
  return parts.map((one) => ({ ...one, conversation_id: conversation }))
}

async function* readActivity(client: IntercomClient, { token, from }: Request, signal?: AbortSignal): Pages {
  const path = '/admins/activity_logs'
  const guard = createLoopGuard(path)
  const first = { created_at_after: from === null ? 1 : Math.max(1, Math.floor(toMs(from) / 1000) - 1) }
  for (let place = token; ;) {
    const params = place === null ? first : { ...first, ...toParams(place) }
    const { json: answer } = await client.ask({ path, params, isContinued: place !== null }, signal)
    const next = readNext(toObject(answer['pages']))
    const page = toPage(toList(answer['activity_logs']), next, 'created_at')
    yield page
    guard({ next, records: page.items.map((one) => one.json) })
    if (next === null) return
    place = next
  }
}

const DELETED_PER_PAGE = 60

async function* readDeleted(client: IntercomClient, signal?: AbortSignal): Pages {
  const path = '/conversations/deleted'
  const guard = createLoopGuard(path)
  for (let number = 1; ; number += 1) {
    const params = { page: number, per_page: DELETED_PER_PAGE, order: 'desc' }
    const { json: answer } = await client.ask({ path, params }, signal)
    const items = toList(answer['conversations'])
    const next =
      items.length === 0 || readNext(toObject(answer['pages'])) === null ? null : String(number + 1)
    yield toPage(items, next, 'deleted_at')
    guard({ next, records: items })
    if (next === null) return
  }
}
