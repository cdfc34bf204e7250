// What the conformance suite runs over: every helpdesk of the list, its source against its own fake, in virtual time, on a network that
// a test may bend. What a helpdesk says of itself (SourceDefinition) is what it is held to.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parseConfig } from '../../src/config/load.ts'
import { type Engine, openEngine, type SyncOptions, type SyncReport } from '../../src/engine/engine.ts'
import type { HttpAnswer, HttpOutcome, HttpRequest } from '../../src/lib/net/http.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { Secret } from '../../src/lib/log/secret.ts'
import type { Stream } from '../../src/model/records.ts'
import { BrevoAccount } from '../../src/sandbox/brevo/account.ts'
import { createBrevo } from '../../src/sandbox/brevo/brevo.ts'
import type { FakeOptions, HelpdeskSandbox } from '../../src/sandbox/helpdesk.ts'
import { requireHelpdesk } from '../../src/sandbox/helpdesks.ts'
import { World, type WorldTicket } from '../../src/sandbox/shop/world.ts'
import { requireSource, SOURCES } from '../../src/sources/index.ts'
import type { Page, Reading, Source, SourceDefinition } from '../../src/sources/source.ts'
import { ProcessClock, Universe } from '../simulation/clock.ts'
import { createDirectServer, type DirectServer } from '../simulation/direct-server.ts'
import { silentLog } from '../support/sandbox.ts'

export interface Helpdesk {
  name: string
  definition: SourceDefinition
  fake: HelpdeskSandbox
}

/** `CONFORMANCE=name`: only that one. */
const only = process.env['CONFORMANCE']

export const HELPDESKS: Helpdesk[] = SOURCES.filter(({ name }) => only === undefined || name === only).map(
  ({ name }) => requireSubject(name),
)

/** One of them, whatever `CONFORMANCE` says. */
export function requireSubject(name: string): Helpdesk {
  return { name, definition: requireSource(name), fake: requireHelpdesk(name) }
}

/** What an account needs to tell all that its helpdesk can. */
const OPTIONS: Readonly<Record<string, Record<string, unknown>>> = {
  gladly: { surveys: { source: 'export', score: '/Score: (\\d)/' } },
}

/** How long what has happened may take to be told, in seconds. */
const SETTLED: Readonly<Record<string, number>> = { gladly: 4 * 3_600 }
export const settledOf = ({ name }: Helpdesk): number => SETTLED[name] ?? 600

/** Where there are no surveys of its own, only an answer is one. */
const hasOwnSurveys = ({ definition }: Helpdesk): boolean =>
  definition.supports.occurrences['satisfaction_survey.created'] !== undefined

export const START = Date.parse('2026-03-01T08:00:00Z')
const ORIGIN = 'https://helpdesk.test'
const BREVO_URL = 'https://brevo.test/v3'
const LATENCY_MS = 20

/** Another answer instead of the true one; null: the true one. */
export type Script = (request: HttpRequest, answer: () => Promise<HttpAnswer>) => Promise<HttpOutcome> | null

interface Shop {
  universe: Universe
  world: World
  /** Its helpdesk's API. */
  api: DirectServer
}

export interface Bench extends Shop {
  account: BrevoAccount
  /** Everything that the helpdesk, or any other host, was asked. */
  requests: HttpRequest[]
  /** When each of them left, in milliseconds. */
  times: number[]
  meet(script: Script | null): void
  /** What the helpdesk would answer, past the script. */
  ask(request: HttpRequest): Promise<HttpAnswer>
  /** What the helpdesk's clock is ahead. */
  offsetMs: number
  source(more?: { keys?: Record<string, string>; path?: string; retries?: number; hasty?: boolean }): Source
  /** Lets time pass until it is done. */
  drive<T>(action: Promise<T>): Promise<T>
  pass(seconds: number): Promise<void>
  /** `count` customers, each with a ticket, a question, an answer, a survey and an agent's break, some seconds apart. */
  fill(count: number): Promise<WorldTicket[]>
  open<T>(action: (engine: Engine) => Promise<T>, yaml: string): Promise<T>
  sync(yaml: string, options?: SyncOptions): Promise<SyncReport>
  /** connectors.yml with these lines for the connector. */
  yaml(lines: string): string
  close(): Promise<void>
}

function openShop(fake: HelpdeskSandbox, limited: boolean, index: FakeOptions['index']): Shop {
  const universe = new Universe(START)
  let ticks = 0
  // No two things happen at the same time.
  const world = new World(() => universe.now * 1000 + (ticks = (ticks + 1) % 1000))
  world.users.push({ id: 1, email: 'agent@shop.example', name: 'Ann Agent', created: world.now() })
  const api = createDirectServer()
  fake.create({
    server: api.routes,
    world,
    rateLimit: limited ? fake.limit : null,
    ...(index === undefined ? {} : { index }),
  })
  return { universe, world, api }
}

/** `beside`: another machine that looks at the same shop, with a state and a Brevo of its own. */
export function openBench(
  helpdesk: Helpdesk,
  {
    limited = false,
    beside,
    index,
  }: { limited?: boolean; beside?: Bench; index?: FakeOptions['index'] } = {},
): Bench {
  const { definition, fake, name } = helpdesk
  const { universe, world, api } = beside ?? openShop(fake, limited, index)
  const account = new BrevoAccount(() => universe.now)
  account.importDelayMs = 0
  const brevo = createDirectServer()
  createBrevo({ server: brevo.routes, account, apiKey: 'brevo', perSecond: null })
  const directory = mkdtempSync(join(tmpdir(), 'tajo-conformance-'))
  const requests: HttpRequest[] = []
  const times: number[] = []
  let script: Script | null = null
  const random = createSeededRandom(3)

  async function answer(request: HttpRequest): Promise<HttpAnswer> {
    const { origin, pathname, search } = new URL(request.url)
    const server = origin === ORIGIN ? api : brevo
    const { method, headers, body } = request
    const given = await server.inject({
      method,
      url: `${pathname}${search}`,
      headers,
      ...(body === undefined ? {} : { payload: body }),
    })
    const date = new Date(universe.now + bench.offsetMs).toUTCString()
    const flat = Object.entries(given.headers).map(([name, value]): [string, string] => [name, String(value)])
    return {
      outcome: 'answer',
      status: given.statusCode,
      headers: { ...Object.fromEntries(flat), date },
      body: given.body,
    }
  }

  const http = {
    async send(request: HttpRequest): Promise<HttpOutcome> {
      request.signal?.throwIfAborted()
      const isBrevo = request.url.startsWith(BREVO_URL)
      if (!isBrevo) {
        requests.push(request)
        times.push(universe.now)
      }
      await universe.wait(LATENCY_MS)
      if (!isBrevo && !request.url.startsWith(ORIGIN))
        return { outcome: 'never_left', reason: 'another host' }
      const told = isBrevo ? null : (script?.(request, () => answer(request)) ?? null)
      return await (told ?? answer(request))
    },
    close: () => undefined,
  }
  const openPorts = () => ({
    http,
    clock: new ProcessClock(universe, { offsetMs: 0 }, () => undefined),
    random,
    log: silentLog,
  })
  const limit = definition.options['rate_limit'] === undefined || limited ? '' : RATE_LIMIT

  const bench: Bench = {
    world,
    universe,
    api,
    account,
    requests,
    times,
    offsetMs: 0,
    ask: answer,
    meet(next) {
      script = next
    },
    source({ keys = {}, path = fake.base, retries, hasty = !limited } = {}) {
      const options = {
        [definition.address.base]: `${ORIGIN}${path}`,
        ...OPTIONS[name],
        ...(hasty ? { rate_limit: { requests: 10_000, per_seconds: 1 } } : {}),
      }
      const credentials = Object.fromEntries(
        Object.entries({ ...fake.keys, ...keys }).map(([name, key]) => [name, new Secret(key)]),
      )
      const ports = { ...openPorts(), ...(retries === undefined ? {} : { retries }) }
      return definition.create('shop', options, credentials, ports)
    },
    async drive(action) {
      const state = { done: false }
      const watched = action.finally(() => (state.done = true))
      watched.catch(() => undefined)
      for (let minutes = 0; !state.done && minutes < 6_000; minutes += 1)
        await universe.run(universe.now + 60_000)
      if (!state.done) throw new Error('a hundred hours were not enough')
      return await watched
    },
    pass: (seconds) => universe.run(universe.now + seconds * 1000),
    async fill(count) {
      const tickets: WorldTicket[] = []
      for (let index = 0; index < count; index += 1) {
        const { id } = world.addCustomer({ email: `person${index}@example.com`, name: `Person ${index}` })
        universe.now += 2_000
        const ticket = world.addTicket({ customerId: id, subject: 'Where is it?' })
        world.addMessage(ticket.id)
        universe.now += 2_000
        world.addMessage(ticket.id, { fromAgent: true })
        const answer = hasOwnSurveys(helpdesk) ? {} : { score: 5, scored: world.now() }
        world.addSurvey(ticket.id, answer)
        world.setAgentState(1, 'away', 'lunch')
        universe.now += 2_000
        world.setAgentState(1, 'online')
        tickets.push(ticket)
      }
      await bench.pass(settledOf(helpdesk))
      return tickets
    },
    async open(action, yaml) {
      const engine = openEngine(
        {
          config: parseConfig('connectors.yml', yaml, {}),
          stateDir: directory,
          credentials: {
            shop: Object.fromEntries(Object.entries(fake.keys).map(([name, key]) => [name, new Secret(key)])),
          },
          brevoKey: new Secret('brevo'),
        },
        openPorts(),
      )
      try {
        return await bench.drive(action(engine))
      } finally {
        engine.close()
      }
    },
    sync: (yaml, options) => bench.open((engine) => engine.sync('shop', options), yaml),
    yaml: (lines) => `brevo: { base_url: "${BREVO_URL}" }
connectors:
  shop:
    source: ${definition.name}
    ${definition.address.base}: "${ORIGIN}${fake.base}"
${toYamlLines(OPTIONS[name])}${limit}${lines}`,
    async close() {
      rmSync(directory, { recursive: true, force: true })
    },
  }
  return bench
}

const RATE_LIMIT = '    rate_limit: { requests: 10000, per_seconds: 1 }\n'

const toYamlLines = (options: Record<string, unknown> = {}): string =>
  Object.entries(options)
    .map(([key, value]) => `    ${key}: ${JSON.stringify(value)}\n`)
    .join('')

type OwnReading = Exclude<Reading, { mode: 'within' | 'singly' }>

/** Streams that have pages of their own, and how they are read. */
export function ownStreams({ definition }: Helpdesk): [Stream, OwnReading][] {
  return Object.entries(definition.supports.streams).flatMap(([stream, reading]) =>
    reading.mode === 'within' || reading.mode === 'singly' ? [] : [[stream as Stream, reading]],
  )
}

/** Every page of a stream, by the way that it is declared to be read. */
export async function readStream(
  source: Source,
  stream: Stream,
  reading: Reading,
  { from = null, now }: { from?: number | null; now: number },
): Promise<Page[]> {
  const pages: Page[] = []
  if (reading.mode !== 'windows') {
    for await (const page of source.read(stream, { token: null, from, until: null })) pages.push(page)
    return pages
  }
  for (let low = from ?? START * 1000; low < now; low += reading.length) {
    const until = Math.min(low + reading.length, now)
    for await (const page of source.read(stream, { token: null, from: low, until })) pages.push(page)
  }
  return pages
}

/** All customers: of a list, or one by one where there is none. */
export async function readCustomers(bench: Bench, { definition }: Helpdesk, source: Source): Promise<Page[]> {
  const now = bench.world.now()
  const { customers, tickets } = definition.supports.streams
  if (customers?.mode !== 'singly') return await readStream(source, 'customers', customers!, { now })
  const found = (await readStream(source, 'tickets', tickets!, { now })).flatMap(({ records }) => records)
  const ids = new Set(found.flatMap((one) => (one.kind === 'ticket' ? (one.customerId ?? []) : [])))
  const page: Page = { records: [], invalid: [], newest: null, oldest: null, next: null }
  for (const id of ids) {
    const object = await source.refetch('customer', id)
    if (object.found === 'record')
      page.records.push(...object.records.filter(({ kind }) => kind === 'customer'))
  }
  return [page]
}
