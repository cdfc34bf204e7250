// Malformed bodies for everything that reads an API: each ends as a record, an item set aside, or an error that tajo knows.
import { createBrevoCaller } from '../../src/brevo/client.ts'
import { createBrevoDestination } from '../../src/brevo/destination.ts'
import { readAttributes, readLists } from '../../src/brevo/setup.ts'
import { TajoError } from '../../src/lib/errors.ts'
import type { Http, HttpOutcome } from '../../src/lib/net/http.ts'
import { createSeededRandom, type Random } from '../../src/lib/random.ts'
import { Secret } from '../../src/lib/log/secret.ts'
import type { Stream } from '../../src/model/records.ts'
import { requireHelpdesk } from '../../src/sandbox/helpdesks.ts'
import { requireSource } from '../../src/sources/index.ts'
import { silentLog } from '../support/sandbox.ts'

export interface FuzzReport {
  bodies: number
  /** How each reading ended: `page`, `answer`, or the code of an error. */
  ends: Record<string, number>
  records: number
  setAside: number
  /** What no reading may end with. */
  unforeseen: string[]
}

/** A clock on which waiting takes no time: retries come at once. */
function createHastyClock() {
  let now = Date.parse('2026-03-01T00:00:00Z')
  return {
    now: () => now,
    monotonic: () => now,
    async sleep(ms: number) {
      now += ms
    },
  }
}

export async function fuzz(bodies: number, seed: number, helpdesk = 'gorgias'): Promise<FuzzReport> {
  const definition = requireSource(helpdesk)
  const { keys } = requireHelpdesk(helpdesk)
  const random = createSeededRandom(seed)
  const report: FuzzReport = { bodies: 0, ends: {}, records: 0, setAside: 0, unforeseen: [] }
  const http: Http = {
    async send({ url }) {
      report.bodies += 1
      const outcome = toOutcome(random)
      const isItsOwn = helpdesk === 'gladly' && url.startsWith('https://fuzz.test/api')
      return isItsOwn && outcome.outcome === 'answer'
        ? { ...outcome, body: toGladlyBody(random, url) }
        : outcome
    },
    close: () => undefined,
  }
  const open = () => {
    const clock = createHastyClock()
    const ports = { http, clock, random, log: silentLog, retries: 0 }
    const source = definition.create(
      'fuzz',
      {
        [definition.address.base]: 'https://fuzz.test/api',
        rate_limit: { requests: 1_000_000, per_seconds: 1 },
        log_api_calls: false,
      },
      Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, new Secret(key)])),
      ports,
    )
    const caller = createBrevoCaller(
      { baseUrl: 'https://fuzz.test/v3', apiKey: new Secret('fuzz-brevo'), logApiCalls: false },
      ports,
    )
    return { source, caller, destination: createBrevoDestination(caller, ports) }
  }
  const count = (end: string): void => {
    report.ends[end] = (report.ends[end] ?? 0) + 1
  }
  const write = {
    email: 'a@example.com',
    exists: true,
    attributes: { A: 1 },
    addLists: [1],
    giving: [],
    removeLists: [],
    lookUp: true,
    repair: false,
  }
  const event = {
    eventId: 'x',
    email: 'a@example.com',
    name: 'E',
    date: '2026-03-01T00:00:00Z',
    properties: {},
  }

  const streams = Object.entries(definition.supports.streams).flatMap(([stream, { mode }]) =>
    mode === 'within' || mode === 'singly' ? [] : [stream as Stream],
  )
  while (report.bodies < bodies) {
    const { source, caller, destination } = open()
    const readings: (() => Promise<unknown>)[] = [
      ...streams.map((stream) => () => first(source.read(stream, { token: null, from: 0, until: null }))),
      ...definition.supports.directories.map((directory) => () => first(source.readDirectory(directory))),
      ...(['customer', 'ticket', 'satisfaction_survey'] as const).map(
        (kind) => () => source.refetch(kind, '1'),
      ),
      () => source.readOf('satisfaction_surveys', '1'),
      () => source.readPhone('1'),
      () => readAttributes(caller),
      () => readLists(caller),
      () => destination.writeContact(write, { create: true, claim: () => undefined }),
      () =>
        destination.renameContact({ from: 'a@example.com', to: 'b@example.com', blocked: true, begun: true }),
      () => destination.optOut('a@example.com', { blocked: true, left: [1] }, { create: true }),
      () => destination.addToList(1, ['a@example.com']),
      () => destination.sendEvent(event),
      () => destination.sendEvents([event, event]),
      () => first(destination.readContacts(null)),
      () => first(destination.readEvents({ names: ['E'], from: 0, to: 1 })),
    ]
    for (const read of readings) {
      try {
        const result = (await read()) as { records?: unknown[]; invalid?: unknown[] } | null | undefined
        report.records += result?.records?.length ?? 0
        report.setAside += result?.invalid?.length ?? 0
        count(result?.invalid === undefined ? 'answer' : 'page')
      } catch (thrown) {
        if (thrown instanceof TajoError) count(thrown.code)
        else
          report.unforeseen.push(`${read.toString().slice(6, 80)}: ${(thrown as Error).stack?.slice(0, 400)}`)
      }
    }
  }
  return report
}

async function first<T>(pages: AsyncGenerator<T, void, void>): Promise<T | null> {
  for await (const page of pages) return page
  return null
}

function toOutcome(random: Random): HttpOutcome {
  const dice = random.next()
  if (dice < 0.02) return { outcome: 'unanswered', reason: 'ECONNRESET' }
  const status = pick(random, [200, 200, 200, 200, 200, 200, 201, 202, 204, 207, 301, 400, 404, 425, 500])
  return {
    outcome: 'answer',
    status,
    headers: {
      'content-type': 'application/json',
      ...(random.next() < 0.3
        ? { location: pick(random, ['/api/customers/2/', '', 'x', '/api/tickets/%E0%A4%A']) }
        : {}),
      ...(random.next() < 0.2
        ? { 'x-gorgias-account-api-call-limit': pick(random, ['1/40', '-', '99999999999/1', 'a/b']) }
        : {}),
      ...(random.next() < 0.2
        ? {
            'x-sib-ratelimit-remaining': pick(random, ['5', 'x', '-1']),
            'x-sib-ratelimit-reset': pick(random, ['1', '', 'NaN']),
          }
        : {}),
    },
    body: toBody(random),
  }
}

/** Mostly an envelope with something wrong in it; sometimes no JSON at all. */
function toBody(random: Random): string {
  const dice = random.next()
  if (dice < 0.05) return pick(random, ['', '<html>', '{', 'null', '[]', '"x"', '\u0000', '{"data":'])
  const text = JSON.stringify(
    dice < 0.75
      ? { ...envelope(random), ...(random.next() < 0.2 ? (value(random, 2) as object) : {}) }
      : item(random),
  )
  return random.next() < 0.05 ? text.slice(0, Math.floor(random.next() * text.length)) : text
}

/** Lines, tables and bare lists, each with something wrong in it. */
function toGladlyBody(random: Random, url: string): string {
  if (random.next() < 0.15) return toBody(random)
  const items = Array.from({ length: Math.floor(random.next() * 4) }, () =>
    random.next() < 0.1 ? value(random, 1) : item(random),
  )
  const text = url.includes('/reports')
    ? toTable(random, items)
    : /\/(events|files)/.test(url)
      ? items.map((one) => `${JSON.stringify(one)}\n`).join('')
      : JSON.stringify(
          /(agents|topics|inboxes|jobs|items|customer-profiles\?|conversations\?)/.test(url)
            ? items
            : item(random),
        )
  return random.next() < 0.05 ? text.slice(0, Math.floor(random.next() * text.length)) : text
}

const COLUMNS = [
  'Queued At',
  'Customer ID',
  'Conversation ID',
  'Contact ID',
  'Channel',
  'Status',
  'Ended At',
  'Fulfilled At',
  'Created At',
  'Last Closed At',
  'Topics',
  'Timestamp',
  'Type',
  'Agent ID',
  'contact_session_id',
  'conversation_id',
  'customer_id',
  'contact_session_created_at',
]

function toTable(random: Random, items: readonly unknown[]): string {
  const cell = (name: string): string => {
    if (random.next() < 0.2) return JSON.stringify(String(value(random, 0))).replaceAll('\\"', '""')
    if (/ At$|_at$|Timestamp/.test(name))
      return pick(random, ['2026-01-01T00:00:00.5Z', '2026-01-01 00:00:00', 'yesterday', ''])
    return pick(random, ['7', 'a b', '', 'CLOSED', 'ANSWERED', 'EMAIL'])
  }
  const columns = COLUMNS.filter(() => random.next() < 0.98)
  return [columns.join(','), ...items.map(() => columns.map((name) => cell(name)).join(','))].join('\r\n')
}

function envelope(random: Random): object {
  const items = Array.from({ length: Math.floor(random.next() * 4) }, () =>
    random.next() < 0.1 ? value(random, 1) : item(random),
  )
  return {
    data: random.next() < 0.9 ? items : value(random, 1),
    meta:
      random.next() < 0.9
        ? { next_cursor: pick(random, [null, null, 'abc', 5, undefined]) }
        : value(random, 1),
    type: random.next() < 0.9 ? 'list' : value(random, 1),
    contacts: random.next() < 0.8 ? items : value(random, 1),
    conversations: random.next() < 0.8 ? items : value(random, 1),
    admins: random.next() < 0.8 ? items : value(random, 1),
    activity_logs: random.next() < 0.8 ? items : value(random, 1),
    conversation_parts:
      random.next() < 0.8 ? { conversation_parts: items, total_count: 3 } : value(random, 1),
    pages:
      random.next() < 0.9
        ? {
            next: pick(random, [
              null,
              null,
              { starting_after: 'abc' },
              { starting_after: 5 },
              'https://x.test/?page=2',
            ]),
          }
        : value(random, 1),
    events: random.next() < 0.8 ? items : value(random, 1),
    attributes: random.next() < 0.8 ? items : value(random, 1),
    lists: random.next() < 0.8 ? items : value(random, 1),
    errors: random.next() < 0.3 ? value(random, 2) : undefined,
    count: value(random, 0),
  }
}

const KEYS = [
  'id',
  'email',
  'name',
  'firstname',
  'status',
  'customer',
  'customer_id',
  'ticket_id',
  'created_datetime',
  'updated_datetime',
  'scored_datetime',
  'score',
  'tags',
  'assignee_user',
  'custom_fields',
  'data',
  'channels',
  'source',
  'public',
  'from_agent',
  'rule_id',
  'object_type',
  'object_id',
  'type',
  'label',
  'definition',
  'meta',
  'snooze_datetime',
  'trashed_datetime',
  'attributes',
  'listIds',
  'listUnsubscribed',
  'event_properties',
  'enumeration',
  'category',
  'emailBlacklisted',
  '__proto__',
  // Intercom's.
  'created_at',
  'updated_at',
  'deleted_at',
  'state',
  'title',
  'statistics',
  'first_admin_reply_at',
  'first_contact_reply',
  'last_close_at',
  'conversation_rating',
  'rating',
  'contacts',
  'admin_assignee_id',
  'conversation_parts',
  'total_count',
  'part_type',
  'body',
  'author',
  'assigned_to',
  'delivered_as',
  'ai_agent',
  'performed_by',
  'activity_type',
  'metadata',
  'custom_attributes',
  'custom',
  // Gladly's.
  'timestamp',
  'content',
  'initiator',
  'conversationId',
  'customerId',
  'contactId',
  'topicIds',
  'emails',
  'phones',
  'createdAt',
  'updatedAt',
  'closedAt',
  'files',
  'parameters',
]

function item(random: Random): object {
  const entries = KEYS.flatMap((key) => (random.next() < 0.7 ? [[key, plausible(random, key)] as const] : []))
  return Object.fromEntries(entries)
}

function plausible(random: Random, key: string): unknown {
  if (random.next() < 0.25) return value(random, 2)
  if (key.endsWith('_datetime'))
    return pick(random, ['2026-08-26T18:38:08.300346+00:00', '2026-08-26T12:30:00', '2026-13-40', '', null])
  if (key.endsWith('id')) return pick(random, [1, 2_190_948_998, '7', 0, -1, null])
  if (key.endsWith('_at'))
    return pick(random, [1_772_352_000, 1_772_352_001, 0, -5, 1e15, '1772352000', null])
  if (/^(timestamp|createdAt|updatedAt|closedAt)$/.test(key))
    return pick(random, ['2026-01-01T00:00:00.07Z', '2026-01-01T00:00:00Z', 'x', '', null])
  if (key === 'files') return pick(random, [['conversation_items.jsonl'], [], 7])
  if (key === 'state') return pick(random, ['open', 'closed', 'snoozed', 'asleep'])
  if (key === 'part_type') return pick(random, ['comment', 'close', 'open', 'snoozed', 'assignment', 'dance'])
  if (key === 'status') return pick(random, ['open', 'closed', 'asleep'])
  if (key === 'score') return pick(random, [1, 5, null, '5', 1e308])
  return value(random, 2)
}

function value(random: Random, depth: number): unknown {
  const scalars = [
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e21,
    '',
    'x',
    '\ud800',
    '‮',
    'a'.repeat(2_000),
    'jane@example.com',
    '2026-01-01T00:00:00Z',
  ]
  if (depth === 0 || random.next() < 0.5) return pick(random, scalars)
  return random.next() < 0.5
    ? Array.from({ length: Math.floor(random.next() * 3) }, () => value(random, depth - 1))
    : Object.fromEntries(
        Array.from({ length: Math.floor(random.next() * 3) }, () => [
          pick(random, KEYS),
          value(random, depth - 1),
        ]),
      )
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random.next() * items.length)]!
}
