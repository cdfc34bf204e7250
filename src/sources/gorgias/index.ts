// The Gorgias source: which address each stream is read from, in which order, and how a page is understood.
import { TajoError } from '../../lib/errors.ts'
import type { Priority } from '../../lib/net/limiter.ts'
import { createLoopGuard } from '../loops.ts'
import { OCCURRENCE_TYPES } from '../../model/occurrence.ts'
import type { RecordId } from '../../model/records.ts'
import { NO_ID } from '../../model/set-aside.ts'
import { fromMs, type Instant, parseInstant, toIso } from '../../model/time.ts'
import type {
  Credentials,
  Page,
  Related,
  Check,
  Refetched,
  Source,
  SourceDefinition,
  SourcePorts,
} from '../source.ts'
import { findMistakes, type GorgiasOptions, gorgiasOptions, mend, toAccount, paceOf } from './options.ts'
import {
  BY_CREATION,
  DIRECTORY_LISTINGS,
  type GorgiasDirectory,
  type GorgiasStream,
  type Listing,
  STREAM_LISTINGS,
} from './listings.ts'
import { gorgiasSecrets } from './secrets.ts'
import { readGorgiasTable } from './tables/read.ts'
import { gorgiasTables } from './tables/vendor.ts'
import { gorgiasWorkforce } from './tables/workforce.ts'
import { createGorgiasWebhooks, gorgiasReceiver } from './webhooks.ts'
import { createGorgiasClient, type GorgiasClient, toAsked } from './client.ts'
import { openAccount, type Params } from '../client.ts'
import { InvalidItem, toCustomer, toPhone, toSurvey, toTicket } from './to-records.ts'

type Json = Record<string, unknown>

/** Whoever tries a connection waits for the answer. */
const PROBE_RETRIES = 1

/** An entry may show up so much later than its date. */
const FEED_OVERLAP = fromMs(10 * 60_000)
/** A score that comes later is seen by the nightly look at everything (gorgias-api.md § 6.2). */
const SURVEYS_SETTLE_AFTER = fromMs(45 * 24 * 3_600_000)

/** Whose a list can be asked for (gorgias-api.md § 3). */
const OWNERS: Record<Related, string> = {
  customers: 'email',
  tickets: 'customer_id',
  messages: 'ticket_id',
  satisfaction_surveys: 'ticket_id',
}

const OBJECTS = {
  customer: { path: '/customers', toRecord: toCustomer },
  ticket: { path: '/tickets', toRecord: toTicket },
  satisfaction_survey: { path: '/satisfaction-surveys', toRecord: toSurvey },
} as const

export const gorgias: SourceDefinition<GorgiasOptions> = {
  name: 'gorgias',
  label: 'Gorgias',
  idAttribute: 'GORGIAS_ID',
  options: gorgiasOptions,
  defaults: { schedule: '*/5 * * * *', surveySchedule: '13 * * * *', surveyWindow: '45d' },
  secrets: gorgiasSecrets,
  supports: {
    streams: {
      events: { mode: 'since', overlap: FEED_OVERLAP },
      customers: { mode: 'newest_first' },
      tickets: { mode: 'newest_first' },
      messages: { mode: 'newest_first' },
      satisfaction_surveys: { mode: 'newest_first', settlesAfter: SURVEYS_SETTLE_AFTER },
    },
    directories: ['agents', 'mailboxes', 'custom_fields', 'tags'],
    occurrences: Object.fromEntries(OCCURRENCE_TYPES.map((type) => [type, 'told'])),
    phones: 'singly',
    webhooks: 'managed',
  },
  tables: { definitions: gorgiasTables, workforce: gorgiasWorkforce, since: '8w', schedule: '*/15 * * * *' },
  receiver: gorgiasReceiver,
  address: {
    option: 'domain',
    label: 'the helpdesk’s host, such as yourstore.gorgias.com',
    example: 'yourstore.gorgias.com',
    base: 'base_url',
  },
  account: toAccount,
  pace: paceOf,
  findMistakes,
  mend,
  create: createGorgias,
}

function createGorgias(
  connector: string,
  options: GorgiasOptions,
  credentials: Credentials,
  ports: SourcePorts,
): Source {
  const baseUrl = options.base_url ?? `https://${options.domain}/api`
  const account = openAccount(baseUrl, paceOf(options), options.log_api_calls ?? false, ports)
  const keys = { email: credentials['email']!, apiKey: credentials['api_key']! }
  const toClient = (priority: Priority): GorgiasClient => createGorgiasClient(keys, account, priority, ports)
  const background: Source = toSource(connector, toClient('background'), account.now, () => background)
  return toSource(connector, toClient('live'), account.now, () => background)
}

function toSource(
  name: string,
  client: GorgiasClient,
  now: () => Instant,
  inBackground: () => Source,
): Source {
  return {
    name,
    budget: () => client.budget(),
    now,
    inBackground,
    webhooks: createGorgiasWebhooks(client),

    read(stream, { token, from }, signal) {
      const filter = stream === 'events' && from !== null ? { 'created_datetime[gte]': toIso(from) } : {}
      return readList(client, STREAM_LISTINGS[stream as GorgiasStream], filter, token, signal)
    },

    readDirectory: (directory, signal) =>
      readList(client, DIRECTORY_LISTINGS[directory as GorgiasDirectory], {}, null, signal),

    async refetch(kind, id, signal): Promise<Refetched> {
      const { path, toRecord } = OBJECTS[kind]
      const answer = await client.ask({ path: `${path}/${encodeURIComponent(id)}`, ofOne: true }, signal)
      if (answer.status === 404) return { found: 'gone' }
      if (answer.into !== null) return { found: 'merged', into: answer.into }
      try {
        return { found: 'record', records: [toRecord(answer.json as Json)] }
      } catch (thrown) {
        if (thrown instanceof InvalidItem)
          throw new TajoError('record_invalid', `${kind} ${id}: ${thrown.message}.`)
        throw thrown
      }
    },

    readOf: (stream, id, signal) => readWhole(client, stream, id, signal),

    async readPhone(customerId, signal) {
      const path = `/customers/${encodeURIComponent(customerId)}`
      const answer = await client.ask({ path, ofOne: true }, signal)
      if (answer.status !== 200) return null
      return toPhone(answer.json as Json)
    },

    readTable: (table, request, signal) => readGorgiasTable(client, table, request, signal),

    checks: () => toChecks(client),
  }
}

/** All pages of what belongs to one object, as one page; empty where the object is gone. */
async function readWhole(
  client: GorgiasClient,
  stream: Related,
  id: RecordId,
  signal?: AbortSignal,
): Promise<Page> {
  const listing = STREAM_LISTINGS[stream]
  const whole: Page = { ...EMPTY_PAGE, records: [], invalid: [] }
  const guard = createLoopGuard(listing.path)
  for (let cursor: string | null = null; ;) {
    const params: Params = { ...listing.params, [OWNERS[stream]]: id, ...(cursor === null ? {} : { cursor }) }
    const answer = await client.ask({ ...toAsked(listing.path, params), ofOne: true }, signal)
    if (answer.status !== 200) return whole
    const page = toPage(answer.json, listing)
    whole.records.push(...page.records)
    whole.invalid.push(...page.invalid)
    whole.newest ??= page.newest
    whole.oldest = page.oldest ?? whole.oldest
    guard(page)
    if (page.next === null) return whole
    cursor = page.next
  }
}

/** What `tajo connectors test` tries, one by one. */
function toChecks(client: GorgiasClient): Check[] {
  const lists = (listing: Listing) => async (signal?: AbortSignal) => {
    const asked = toAsked(listing.path, { ...listing.params, limit: 1 })
    toPage((await client.ask(asked, signal)).json, listing)
  }
  return [
    {
      label: 'API authentication successful',
      run: async (signal) => void (await client.ask({ path: '/account', retries: PROBE_RETRIES }, signal)),
    },
    { label: 'Customer list accessible', run: lists(STREAM_LISTINGS.customers) },
    { label: 'Ticket data readable', run: lists(STREAM_LISTINGS.tickets) },
    { label: 'CSAT surveys available', run: lists(STREAM_LISTINGS.satisfaction_surveys) },
    {
      label: 'Tags listable',
      run: async (signal) => void (await client.ask(toAsked('/tags', { ...BY_CREATION, limit: 1 }), signal)),
    },
  ]
}

async function* readList(
  client: GorgiasClient,
  listing: Listing,
  filter: Params,
  token: string | null,
  signal?: AbortSignal,
): AsyncGenerator<Page, void, void> {
  const guard = createLoopGuard(listing.path)
  let cursor = token
  for (;;) {
    // The cursor holds neither order nor filter: both are sent again with it (gorgias-api.md § 3).
    const params = { ...listing.params, ...filter, ...(cursor === null ? {} : { cursor }) }
    const page = toPage((await client.ask(toAsked(listing.path, params), signal)).json, listing)
    yield page
    guard(page)
    if (page.next === null) return
    cursor = page.next
  }
}

const EMPTY_PAGE: Page = { records: [], invalid: [], newest: null, oldest: null, next: null }

/** The client has looked at the envelope. */
function toPage(json: unknown, listing: Listing): Page {
  const { data, meta } = json as { data: unknown[]; meta: { next_cursor: string | null } }
  const page: Page = { records: [], invalid: [], newest: null, oldest: null, next: meta.next_cursor }
  for (const item of data) {
    const entry = (typeof item === 'object' && item !== null ? item : {}) as Json
    const at = parseInstant(entry[listing.sortKey])
    if (at !== null) {
      page.newest = Math.max(page.newest ?? at, at)
      page.oldest = Math.min(page.oldest ?? at, at)
    }
    try {
      const record = listing.toRecord(entry)
      if (record !== null) page.records.push(record)
    } catch (thrown) {
      if (!(thrown instanceof InvalidItem)) throw thrown
      page.invalid.push({ id: readId(entry), reason: `${thrown.message}.` })
    }
  }
  return page
}

/** As it is, so that the object can be asked for again. */
function readId({ id }: Json): RecordId {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : NO_ID
}
