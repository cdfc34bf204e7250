// The Parley source: how each of its lists is asked and understood.
import { TajoError } from '../../lib/errors.ts'
import type { Priority } from '../../lib/net/limiter.ts'
import { isSigned } from '../../lib/net/signature.ts'
import type { RecordId, SourceRecord, Stream } from '../../model/records.ts'
import { NO_ID } from '../../model/set-aside.ts'
import { fromMs, type Instant, toMs } from '../../model/time.ts'
import { type Asked, openAccount, type Params } from '../client.ts'
import { createLoopGuard } from '../loops.ts'
import type { Credentials, Page, Source, SourceDefinition, SourcePorts, WebhookReceiver } from '../source.ts'
import { createParleyClient, type Json, type ParleyClient, toObject, toText } from './client.ts'
import { findMistakes, mend, type ParleyOptions, parleyOptions, toAccount, paceOf } from './options.ts'
import { InvalidItem, toAgent, toCustomer, toInstant, toMessage, toTicketAndRating } from './to-records.ts'

interface List {
  path: string
  /** The field that its order goes by, and the page's bounds. */
  sortKey: string
  /** `refuse` is told of parts that could not be understood. */
  toRecords(this: void, item: Json, refuse: (one: Page['invalid'][number]) => void): SourceRecord[]
}

const PEOPLE: List = { path: '/people', sortKey: 'updated_at', toRecords: (item) => [toCustomer(item)] }
const CONVERSATIONS: List = { path: '/conversations', sortKey: 'updated_at', toRecords: toTicketAndRating }
const MESSAGES: List = { path: '/reports/messages', sortKey: 'at', toRecords: (item) => [toMessage(item)] }
const AGENTS: List = { path: '/agents', sortKey: 'id', toRecords: (item) => [toAgent(item)] }

const MINUTE = fromMs(60_000)

/** Signed with the secret that Parley shows. */
const receiver: WebhookReceiver = {
  answersHead: true,
  isAuthentic: (delivery, secrets) =>
    isSigned({ header: 'X-Parley-Signature', algorithm: 'sha256', encoding: 'hex' }, delivery, secrets),
  byHand: {
    secret: 'theirs',
    ask: 'Send a test call there.',
    steps: (url) => [
      'Open Settings → Webhooks in Parley, and add one.',
      `Its address: ${url}`,
      'Choose all events, and copy the signing secret that Parley shows.',
    ],
  },
  hear({ event, conversation_id: conversation, person_id: person }) {
    if (event === 'ping') return 'ping'
    const [kind, id] = event === 'person.changed' ? ['customer', person] : ['ticket', conversation]
    const text = toText(id)
    return text === null ? [] : [{ kind: kind as 'customer' | 'ticket', id: text }]
  },
}

export const parley: SourceDefinition<ParleyOptions> = {
  name: 'parley',
  label: 'Parley',
  aliases: { conversation_count: 'nb_tickets' },
  idAttribute: 'PARLEY_ID',
  options: parleyOptions,
  defaults: { schedule: '*/5 * * * *', surveySchedule: '13 * * * *', surveyWindow: '45d', backfill: '90d' },
  secrets: {
    token: { variable: 'TOKEN', flag: '--token', label: 'the API token (Settings → API)', sensitive: true },
  },
  supports: {
    streams: {
      // A list may show a change a minute late.
      customers: { mode: 'since', overlap: 5 * MINUTE },
      tickets: { mode: 'since', overlap: 5 * MINUTE },
      // At most a day, and whole seconds: a window that begins within one is a little longer.
      messages: { mode: 'windows', length: 23 * 60 * MINUTE, overlap: 10 * MINUTE, lag: 5 * MINUTE },
      satisfaction_surveys: { mode: 'within', stream: 'tickets' },
    },
    directories: ['agents'],
    occurrences: {
      'ticket.created': 'told',
      'ticket.updated': 'derived',
      'ticket.closed': 'derived',
      'ticket.reopened': 'derived',
      'ticket.assigned': 'derived',
      'ticket.tagged': 'derived',
      'ticket.untagged': 'derived',
      'ticket.snoozed': 'derived',
      'ticket.message.received': 'told',
      'ticket.message.sent': 'told',
      'satisfaction_survey.created': 'told',
      'satisfaction_survey.responded': 'told',
      'customer.created': 'told',
      'customer.updated': 'derived',
      'customer.merged': 'told',
      'customer.deleted': 'told',
    },
    phones: 'listed',
    webhooks: 'by_hand',
  },
  receiver,
  address: {
    option: 'workspace',
    label: 'the workspace’s host, such as yourstore.parley.example',
    example: 'yourstore.parley.example',
    base: 'api_url',
  },
  account: toAccount,
  pace: paceOf,
  findMistakes,
  mend,
  create: createParley,
}

function createParley(
  connector: string,
  options: ParleyOptions,
  credentials: Credentials,
  ports: SourcePorts,
): Source {
  const baseUrl = options.api_url ?? `https://${options.workspace}/v2`
  const account = openAccount(baseUrl, paceOf(options), options.log_api_calls ?? false, ports)
  const toClient = (priority: Priority): ParleyClient =>
    createParleyClient(credentials['token']!, account, priority, ports)
  const background: Source = toSource(connector, toClient('background'), account.now, () => background)
  return toSource(connector, toClient('live'), account.now, () => background)
}

function toSource(
  name: string,
  client: ParleyClient,
  now: () => Instant,
  inBackground: () => Source,
): Source {
  return {
    name,
    budget: () => client.budget(),
    now,
    inBackground,
    webhooks: null,

    async *read(stream, { token, from, until }, signal) {
      const [list, params] = toListing(stream, from, until)
      yield* readList(client, list, params, token, signal)
    },

    async *readDirectory(directory, signal) {
      if (directory === 'agents') yield* readList(client, AGENTS, {}, null, signal)
    },

    async refetch(kind, id, signal) {
      // A rating stands in its conversation.
      const [list, asked] = kind === 'customer' ? [PEOPLE, id] : [CONVERSATIONS, id.replace(/\/rating$/, '')]
      const path = `${list.path}/${encodeURIComponent(asked)}`
      const answer = await client.ask({ path, ofOne: true }, signal)
      if (answer.into !== null) return { found: 'merged', into: answer.into }
      if (answer.status === 404) return { found: 'gone' }
      try {
        const invalid: Page['invalid'] = []
        const records = list.toRecords(answer.json, (one) => invalid.push(one))
        if (kind === 'satisfaction_survey' && invalid[0] !== undefined)
          throw new InvalidItem(invalid[0].reason)
        const isThere = kind !== 'satisfaction_survey' || records.length > 1
        return isThere ? { found: 'record', records } : { found: 'gone' }
      } catch (thrown) {
        if (!(thrown instanceof InvalidItem)) throw thrown
        throw new TajoError('record_invalid', `${kind} ${id}: ${thrown.message}.`)
      }
    },

    async readOf(stream, id, signal) {
      if (stream === 'satisfaction_surveys') return { ...EMPTY, records: [], invalid: [] }
      const [list, params] = {
        customers: [PEOPLE, { email: id }] as const,
        tickets: [CONVERSATIONS, { person_id: id }] as const,
        messages: [MESSAGES, { conversation_id: id }] as const,
      }[stream]
      const whole: Page = { ...EMPTY, records: [], invalid: [] }
      for await (const page of readList(client, list, params, null, signal, true)) {
        whole.records.push(...page.records)
        whole.invalid.push(...page.invalid)
      }
      return whole
    },

    readPhone: () => Promise.resolve(null),

    checks: () => [
      {
        label: 'API authentication successful',
        run: async (signal) => void (await client.ask({ path: '/workspace', retries: 1 }, signal)),
      },
      { label: 'People listed', run: (signal) => tryList(client, PEOPLE, signal) },
      { label: 'Conversations listed', run: (signal) => tryList(client, CONVERSATIONS, signal) },
    ],
  }
}

const EMPTY: Page = { records: [], invalid: [], newest: null, oldest: null, next: null }

/** Whole seconds, inclusive: rounded down below, up above. */
function toListing(stream: Stream, from: Instant | null, until: Instant | null): [List, Params] {
  const since = from === null ? 0 : Math.max(0, Math.floor(toMs(from) / 1000))
  if (stream === 'customers') return [PEOPLE, { updated_after: since }]
  if (stream === 'tickets') return [CONVERSATIONS, { updated_after: since }]
  return [MESSAGES, { from: since, to: Math.ceil(toMs(until ?? from ?? 0) / 1000) }]
}

async function tryList(client: ParleyClient, { path }: List, signal?: AbortSignal): Promise<void> {
  await client.ask({ path, params: { limit: 1, updated_after: 0 } }, signal)
}

async function* readList(
  client: ParleyClient,
  list: List,
  params: Params,
  token: string | null,
  signal?: AbortSignal,
  ofOne = false,
): AsyncGenerator<Page, void, void> {
  const guard = createLoopGuard(list.path)
  for (let next = token; ;) {
    const asked: Asked = {
      path: list.path,
      params: { ...params, ...(next === null ? {} : { page_token: next }) },
      isContinued: next !== null,
      ofOne,
    }
    const { json } = await client.ask(asked, signal)
    const page = toPage(list, json)
    yield page
    guard(page)
    if (page.next === null) return
    next = page.next
  }
}

function toPage(list: List, { items, has_more: more, page_token: token }: Json): Page {
  const page: Page = { ...EMPTY, records: [], invalid: [], next: more === true ? toText(token) : null }
  for (const item of Array.isArray(items) ? (items as unknown[]) : []) {
    const entry = toObject(item) ?? {}
    const at = toInstant(entry[list.sortKey])
    if (at !== null) {
      page.newest = Math.max(page.newest ?? at, at)
      page.oldest = Math.min(page.oldest ?? at, at)
    }
    try {
      page.records.push(...list.toRecords(entry, (one) => page.invalid.push(one)))
    } catch (thrown) {
      if (!(thrown instanceof InvalidItem)) throw thrown
      page.invalid.push({ id: readId(entry), reason: `${thrown.message}.` })
    }
  }
  return page
}

const readId = ({ id }: Json): RecordId =>
  typeof id === 'string' || typeof id === 'number' ? String(id) : NO_ID
