// How Gorgias's tables are read: each is a list (gorgias-api.md § 3).
import { parseInstant, toIso } from '../../../model/time.ts'
import type { Params } from '../../client.ts'
import { createLoopGuard } from '../../loops.ts'
import type { Json, TableDefinition, TablePage, TableRequest } from '../../tables.ts'
import { type GorgiasClient, toAsked } from '../client.ts'
import { BY_CREATION, DIRECTORY_LISTINGS, type Listing, STREAM_LISTINGS } from '../listings.ts'
import { LABELLED_TICKETS } from './workforce.ts'

const LISTINGS: Readonly<Record<string, Omit<Listing, 'toRecord'>>> = {
  customers: STREAM_LISTINGS.customers,
  tickets: STREAM_LISTINGS.tickets,
  [LABELLED_TICKETS]: STREAM_LISTINGS.tickets,
  ticket_messages: STREAM_LISTINGS.messages,
  satisfaction_surveys: STREAM_LISTINGS.satisfaction_surveys,
  users: DIRECTORY_LISTINGS.agents,
  tags: DIRECTORY_LISTINGS.tags,
  events: STREAM_LISTINGS.events,
  teams: { path: '/teams', params: BY_CREATION, sortKey: 'created_datetime' },
}

export async function* readGorgiasTable(
  client: GorgiasClient,
  { name }: TableDefinition,
  { token, from }: TableRequest,
  signal?: AbortSignal,
): AsyncGenerator<TablePage, void, void> {
  const { path, params, sortKey } = LISTINGS[name]!
  const filter = name === 'events' && from !== null ? { 'created_datetime[gte]': toIso(from) } : {}
  const guard = createLoopGuard(path)
  const more = name === LABELLED_TICKETS ? { custom_field_labels: await readLabels(client, signal) } : {}
  for (let cursor = token; ;) {
    // The cursor holds neither order nor filter (§ 3).
    const asked: Params = { ...params, ...filter, ...(cursor === null ? {} : { cursor }) }
    const { json: answer } = await client.ask(toAsked(path, asked), signal)
    const { data, meta } = answer as { data: Json[]; meta: { next_cursor: string | null } }
    const items = data.map((one) => ({ json: { ...one, ...more }, at: parseInstant(one[sortKey]) }))
    const times = items.flatMap(({ at }) => at ?? [])
    const [newest, oldest] = times.length === 0 ? [null, null] : [Math.max(...times), Math.min(...times)]
    yield { items, newest, oldest, next: meta.next_cursor }
    guard({ next: meta.next_cursor, records: data })
    if (meta.next_cursor === null) return
    cursor = meta.next_cursor
  }
}

/** What a shop calls the fields of its tickets, by their ids. */
async function readLabels(client: GorgiasClient, signal?: AbortSignal): Promise<Record<string, string>> {
  const { path, params } = DIRECTORY_LISTINGS.custom_fields
  const { json } = await client.ask(toAsked(path, { ...params, object_type: 'Ticket' }), signal)
  return Object.fromEntries(
    (json as { data: Json[] }).data.flatMap(({ id, label }) =>
      typeof label === 'string' ? [[String(id), label]] : [],
    ),
  )
}
