// The network between tajo and the two fakes: virtual latency, and everything that reliability.md § 8.3 G says can go wrong.
import type { Http, HttpAnswer, HttpOutcome, HttpRequest } from '../../src/lib/net/http.ts'
import type { Random } from '../../src/lib/random.ts'
import type { Universe } from './clock.ts'
import type { DirectServer } from './direct-server.ts'

/** Answers with a status that looks well, from something in front of the API: whether it was carried out is not known. */
export const LIES = [
  'lie_200_page',
  'lie_200_json',
  'lie_201_without_id',
  'lie_202',
  'lie_204',
  'lie_206',
  'lie_302',
  'lie_304',
  'lie_404_page',
] as const
type Lie = (typeof LIES)[number]

/** Lists of the helpdesk that are odd, and true. */
export const ODD_PAGES = ['cursor_refused', 'empty_page', 'page_twice', 'page_shuffled'] as const

export type Fault =
  | Lie
  | (typeof ODD_PAGES)[number]
  | 'unauthorized'
  | 'forbidden'
  | 'wait_a_year'
  | 'bad_request'
  | 'slow'
  | 'slow_down'
  | 'slow_down_untold'
  | 'server_error'
  | 'server_error_applied'
  | 'html'
  | 'truncated'
  | 'refused'
  | 'reset'
  | 'reset_applied'
  | 'stalled'
  | 'stalled_applied'
  | 'applied_late'
  | 'old_page'

export interface Weather {
  /** Share of requests that meet a fault. */
  share: number
  faults: readonly Fault[]
  /** While true, nothing answers there. */
  down: { helpdesk: boolean; brevo: boolean }
}

export interface Network {
  universe: Universe
  random: Random
  weather: Weather
  servers: {
    helpdesk: Pick<DirectServer, 'inject'>
    outlet?: Pick<DirectServer, 'inject'>
    brevo: Pick<DirectServer, 'inject'>
  }
  /** True time plus this is what the helpdesk's clock shows. */
  sourceOffsetMs: number
  counts: Partial<Record<Fault, number>>
  requests: number
  /** Requests that change something in Brevo. */
  writes: number
  /** Told of a ticket by the helpdesk, while a process listens. */
  onWebhook: ((ticketId: number) => void) | null
  /** Told of each contact that is read singly. */
  onLook?: (email: string) => void
  /** Told of each request to Brevo, and of what struck it: for a look at one seed. */
  trace?: (said: Record<string, unknown>) => void
  /** When a contact last left a list. */
  lastLeftAt(): number
  /** Objects that the helpdesk does not give, by the path of their address: which fault each meets. */
  poisoned: Map<string, Fault>
  /** Where a test decides instead of chance. */
  script: ((request: HttpRequest, side: 'helpdesk' | 'brevo') => Fault | null) | null
}

export const HELPDESK_URL = 'https://helpdesk.test/api'
/** The second account of the helpdesk. */
export const OUTLET_URL = 'https://outlet.test/api'
export const BREVO_URL = 'https://brevo.test/v3'

/** The network as one process sees it. `step` may kill the process; a dead one hears nothing any more. */
export function createHttpFor(
  network: Network,
  process: { step(): void; isDead(): boolean; onAnswer?(side: 'helpdesk' | 'brevo'): void },
): Http {
  const { universe, random } = network
  const seenPages = new Map<string, HttpOutcome>()
  /** What stands behind the cursor of a page that was given empty. */
  const behindEmpty = new Map<string, string>()
  let lastPage: { url: string; answer: HttpOutcome } | null = null

  async function send(request: HttpRequest): Promise<HttpOutcome> {
    if (process.isDead()) return NEVER_LEFT
    process.step()
    network.requests += 1
    const side = isHelpdesk(request.url) ? 'helpdesk' : 'brevo'
    if (side === 'brevo' && request.method !== 'GET') network.writes += 1
    await universe.wait(5 + random.next() * 300)
    if (network.weather.down[side]) return NEVER_LEFT
    const poison = network.poisoned.get(pathOf(request.url))
    const fault =
      poison ?? (network.script === null ? pickFault(network, side, request) : network.script(request, side))
    if (fault !== null) network.counts[fault] = (network.counts[fault] ?? 0) + 1
    const outcome = await meet(fault, side, request)
    if (side === 'brevo')
      network.trace?.({
        request: `${request.method} ${request.url.slice(BREVO_URL.length)} ${request.body ?? ''}`,
        answer: outcome.outcome === 'answer' ? `${outcome.status} ${outcome.body}` : outcome.outcome,
        ...(fault === null ? {} : { fault }),
      })
    // It left, and the process is not there any more to hear of it.
    if (process.isDead()) return NEVER_LEFT
    process.onAnswer?.(side)
    process.step()
    return process.isDead() ? NEVER_LEFT : outcome
  }

  async function meet(
    fault: Fault | null,
    side: 'helpdesk' | 'brevo',
    request: HttpRequest,
  ): Promise<HttpOutcome> {
    switch (fault) {
      case 'unauthorized':
        return answer(401, '{"code":"unauthorized","message":"Key not found"}')
      case 'forbidden':
        return answer(403, side === 'helpdesk' ? '{"error":{"msg":"Forbidden."}}' : '{"message":"Forbidden"}')
      case 'wait_a_year':
        return answer(429, '{"error":{"msg":"Too many requests."},"message":"Too many requests"}', {
          'retry-after': String(365 * 86_400),
          'x-sib-ratelimit-reset': String(365 * 86_400),
          'x-sib-ratelimit-remaining': '0',
        })
      case 'bad_request':
        return answer(400, '{"code":"invalid_parameter","message":"Invalid value"}')
      case 'slow_down':
        return answer(429, '{"error":{"msg":"Too many requests."}}', {
          'retry-after': '7',
          'x-sib-ratelimit-reset': '3',
          'x-sib-ratelimit-remaining': '0',
        })
      case 'slow_down_untold':
        return answer(429, '<html><body>Too many requests</body></html>')
      case 'slow':
        await universe.wait(random.next() * 20_000)
        return await deliver(side, request)
      case 'lie_200_page':
      case 'lie_200_json':
      case 'lie_201_without_id':
      case 'lie_202':
      case 'lie_204':
      case 'lie_206':
      case 'lie_302':
      case 'lie_304':
      case 'lie_404_page':
        return await lie(fault, side, request)
      case 'cursor_refused':
        return answer(400, '{"error":{"msg":"Invalid cursor."}}')
      case 'empty_page': {
        const token = `empty-${behindEmpty.size}`
        behindEmpty.set(token, request.url)
        return answer(200, JSON.stringify({ data: [], object: 'list', meta: { next_cursor: token } }))
      }
      case 'page_twice': {
        const isSameList = lastPage !== null && placeOf(lastPage.url) === placeOf(request.url)
        return isSameList ? lastPage!.answer : await deliver(side, request)
      }
      case 'page_shuffled': {
        const whole = await deliver(side, request)
        return whole.outcome === 'answer' && whole.status === 200 ? shuffle(whole) : whole
      }
      case 'server_error':
        return answer(503, '{"error":{"msg":"An external service had an issue."}}')
      case 'html':
        return answer(502, '<html><body>Bad gateway</body></html>')
      case 'refused':
        return NEVER_LEFT
      case 'reset':
        return UNANSWERED
      case 'stalled':
        await universe.wait(request.timeoutMs)
        return { outcome: 'unanswered', reason: 'ETIMEDOUT' }
      case 'stalled_applied':
        await deliver(side, request)
        await universe.wait(request.timeoutMs)
        return { outcome: 'unanswered', reason: 'ETIMEDOUT' }
      case 'reset_applied':
        await deliver(side, request)
        return UNANSWERED
      case 'server_error_applied':
        await deliver(side, request)
        return answer(500, '{"code":"internal","message":"Internal error"}')
      case 'applied_late': {
        const leftAt = universe.now
        universe.at(leftAt + random.next() * 45_000, () => {
          // Who leaves a list while the request that adds them is under way is put back: nobody can prevent that from here
          // (docs/guarantees.md § 4), so such a request is lost instead.
          if (network.lastLeftAt() < leftAt) void universe.busy(deliver(side, request))
        })
        return UNANSWERED
      }
      case 'truncated': {
        const whole = await deliver(side, request)
        if (whole.outcome !== 'answer') return whole
        // Without its end an answer is no JSON; where there is nothing to cut the connection breaks.
        return whole.body.length < 2 ? UNANSWERED : { ...whole, body: whole.body.slice(0, -2) }
      }
      case 'old_page':
        return seenPages.get(keyOf(request)) ?? (await deliver(side, request))
      case null: {
        const outcome = await deliver(side, request)
        if (side === 'helpdesk' && outcome.outcome === 'answer' && outcome.status === 200) {
          seenPages.set(keyOf(request), outcome)
          if (isList(request)) lastPage = { url: request.url, answer: outcome }
        }
        return outcome
      }
    }
  }

  /** Carried out by the API or not, what comes back is not the API's. */
  async function lie(kind: Lie, side: 'helpdesk' | 'brevo', request: HttpRequest): Promise<HttpOutcome> {
    const isPart = kind === 'lie_206' && request.method === 'GET'
    const truth = random.next() < 0.3 || isPart ? await deliver(side, request) : null
    const page = '<html><body>We will be back soon.</body></html>'
    switch (kind) {
      case 'lie_200_page':
        return answer(200, page)
      case 'lie_200_json':
        return answer(200, side === 'helpdesk' ? '{"data":[]}' : '{"status":"ok"}')
      case 'lie_201_without_id':
        return answer(201, '{}')
      case 'lie_202':
        return answer(202, '{"message":"Accepted"}')
      case 'lie_204':
        return answer(204, '')
      case 'lie_206':
        return truth?.outcome === 'answer'
          ? { ...truth, status: 206, body: halve(truth.body) }
          : answer(206, '')
      case 'lie_302':
        return answer(302, page, { location: `https://login.test${new URL(request.url).pathname}` })
      case 'lie_304':
        return answer(304, '')
      case 'lie_404_page':
        return answer(404, page)
    }
  }

  /** Another order within a page, which says nothing of what comes after it. */
  function shuffle(page: HttpAnswer): HttpAnswer {
    const envelope = JSON.parse(page.body) as { data: unknown[] }
    return { ...page, body: JSON.stringify({ ...envelope, data: envelope.data.toReversed() }) }
  }

  async function deliver(side: 'helpdesk' | 'brevo', request: HttpRequest): Promise<HttpOutcome> {
    const url = new URL(behindEmpty.get(new URL(request.url).searchParams.get('cursor') ?? '') ?? request.url)
    const read = request.method === 'GET' ? /\/contacts\/([^/]+%40[^/]+)$/.exec(url.pathname) : null
    if (read !== null) network.onLook?.(decodeURIComponent(read[1]!))
    const response = await universe.busy(
      serverOf(network, side, request.url).inject({
        method: request.method,
        url: `${url.pathname}${url.search}`,
        headers: request.headers,
        ...(request.body === undefined ? {} : { payload: request.body }),
      }),
    )
    const offset = side === 'helpdesk' ? network.sourceOffsetMs : 0
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value)
    headers['date'] = new Date(universe.now + offset).toUTCString()
    return { outcome: 'answer', status: response.statusCode, headers, body: response.body }
  }

  return { send, close: () => undefined }
}

const NEVER_LEFT: HttpOutcome = { outcome: 'never_left', reason: 'ECONNREFUSED' }
const UNANSWERED: HttpOutcome = { outcome: 'unanswered', reason: 'ECONNRESET' }

function answer(status: number, body: string, headers: Record<string, string> = {}): HttpOutcome {
  const type = body.startsWith('<') ? 'text/html' : 'application/json'
  return { outcome: 'answer', status, headers: { 'content-type': type, ...headers }, body }
}

function pickFault(network: Network, side: 'helpdesk' | 'brevo', request: HttpRequest): Fault | null {
  const { random, weather } = network
  if (random.next() >= weather.share) return null
  const possible = weather.faults.filter((fault) => isPossible(fault, side, request))
  if (possible.length === 0) return null
  const fault = possible[Math.floor(random.next() * possible.length)]!
  // Reading is never applied twice: the difference is Brevo's alone.
  return side === 'helpdesk' && fault.includes('applied')
    ? 'reset'
    : request.method === 'GET' && fault === 'applied_late'
      ? 'reset'
      : fault
}

function isPossible(fault: Fault, side: 'helpdesk' | 'brevo', request: HttpRequest): boolean {
  if (fault === 'old_page') return side === 'helpdesk'
  if (fault === 'cursor_refused' || fault === 'page_twice') return request.url.includes('cursor=')
  if (fault === 'empty_page' || fault === 'page_shuffled') return isList(request)
  // Where nothing is due, nothing tells the lie from the truth.
  return fault !== 'lie_204' || side === 'helpdesk' || !mayBeEmpty(request)
}

const mayBeEmpty = ({ method, url }: HttpRequest): boolean =>
  method === 'PUT' || method === 'DELETE' || (method === 'POST' && /\/(contacts|events)$/.test(url))

const keyOf = ({ url, body = '' }: HttpRequest): string => `${url} ${body}`
const pathOf = (url: string): string => new URL(url).pathname
const placeOf = (url: string): string => `${new URL(url).host}${pathOf(url)}`
/** By the host: each vendor has a path of its own. */
const isAt = (url: string, base: string): boolean => new URL(url).host === new URL(base).host
const isHelpdesk = (url: string): boolean => isAt(url, HELPDESK_URL) || isAt(url, OUTLET_URL)

function serverOf(
  { servers }: Network,
  side: 'helpdesk' | 'brevo',
  url: string,
): Pick<DirectServer, 'inject'> {
  return isAt(url, OUTLET_URL) ? servers.outlet! : servers[side]
}
const isList = (request: HttpRequest): boolean =>
  request.method === 'GET' && isHelpdesk(request.url) && request.url.includes('limit=')

/** Half of whatever is listed in it; what lists nothing is cut. */
function halve(body: string): string {
  if (!body.startsWith('{')) return body.split('\n').slice(0, -2).join('\n')
  const whole = JSON.parse(body) as Record<string, unknown>
  const halved = Object.entries(whole).map(([key, value]): [string, unknown] => [
    key,
    Array.isArray(value) ? value.slice(0, Math.floor(value.length / 2)) : value,
  ])
  return JSON.stringify(Object.fromEntries(halved))
}
