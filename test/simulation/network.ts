// The network between tajo and the two fakes: virtual latency, and everything that reliability.md § 8.3 G says can go wrong.
import type { Http, HttpOutcome, HttpRequest } from '../../src/lib/http.ts'
import type { Random } from '../../src/lib/random.ts'
import type { Universe } from './clock.ts'
import type { DirectServer } from './direct-server.ts'

export type Fault =
  | 'unauthorized'
  | 'bad_request'
  | 'slow_down'
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
  down: { gorgias: boolean; brevo: boolean }
}

export interface Network {
  universe: Universe
  random: Random
  weather: Weather
  servers: { gorgias: Pick<DirectServer, 'inject'>; brevo: Pick<DirectServer, 'inject'> }
  /** True time plus this is what the helpdesk's clock shows. */
  sourceOffsetMs: number
  counts: Partial<Record<Fault, number>>
  /** Told of a ticket by the helpdesk, while a process listens. */
  onWebhook: ((ticketId: number) => void) | null
  /** Told of each contact that is read singly. */
  onLook?: (email: string) => void
  /** When a contact last left a list. */
  lastLeftAt(): number
  /** Where a test decides instead of chance. */
  script: ((request: HttpRequest, side: 'gorgias' | 'brevo') => Fault | null) | null
}

export const GORGIAS_URL = 'https://gorgias.test/api'
export const BREVO_URL = 'https://brevo.test/v3'

/** The network as one process sees it. `step` may kill the process; a dead one hears nothing any more. */
export function createHttpFor(network: Network, process: { step(): void; isDead(): boolean }): Http {
  const { universe, random } = network
  const seenPages = new Map<string, HttpOutcome>()

  async function send(request: HttpRequest): Promise<HttpOutcome> {
    if (process.isDead()) return NEVER_LEFT
    process.step()
    const side = request.url.startsWith(GORGIAS_URL) ? 'gorgias' : 'brevo'
    await universe.wait(5 + random.next() * 300)
    if (network.weather.down[side]) return NEVER_LEFT
    const fault = network.script === null ? pickFault(network, side, request) : network.script(request, side)
    if (fault !== null) network.counts[fault] = (network.counts[fault] ?? 0) + 1
    const outcome = await meet(fault, side, request)
    // It left, and the process is not there any more to hear of it.
    if (process.isDead()) return NEVER_LEFT
    process.step()
    return process.isDead() ? NEVER_LEFT : outcome
  }

  async function meet(
    fault: Fault | null,
    side: 'gorgias' | 'brevo',
    request: HttpRequest,
  ): Promise<HttpOutcome> {
    switch (fault) {
      case 'unauthorized':
        return answer(401, '{"code":"unauthorized","message":"Key not found"}')
      case 'bad_request':
        return answer(400, '{"code":"invalid_parameter","message":"Invalid value"}')
      case 'slow_down':
        return answer(429, '{"error":{"msg":"Too many requests."}}', {
          'retry-after': '7',
          'x-sib-ratelimit-reset': '3',
          'x-sib-ratelimit-remaining': '0',
        })
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
        return seenPages.get(request.url) ?? (await deliver(side, request))
      case null: {
        const outcome = await deliver(side, request)
        if (side === 'gorgias' && outcome.outcome === 'answer' && outcome.status === 200)
          seenPages.set(request.url, outcome)
        return outcome
      }
    }
  }

  async function deliver(side: 'gorgias' | 'brevo', request: HttpRequest): Promise<HttpOutcome> {
    const url = new URL(request.url)
    const read = request.method === 'GET' ? /\/contacts\/([^/]+%40[^/]+)$/.exec(url.pathname) : null
    if (read !== null) network.onLook?.(decodeURIComponent(read[1]!))
    const response = await universe.busy(
      network.servers[side].inject({
        method: request.method,
        url: `${url.pathname}${url.search}`,
        headers: request.headers,
        ...(request.body === undefined ? {} : { payload: request.body }),
      }),
    )
    const offset = side === 'gorgias' ? network.sourceOffsetMs : 0
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

function pickFault(network: Network, side: 'gorgias' | 'brevo', request: HttpRequest): Fault | null {
  const { random, weather } = network
  if (random.next() >= weather.share || weather.faults.length === 0) return null
  const fault = weather.faults[Math.floor(random.next() * weather.faults.length)]!
  if (fault === 'old_page') return side === 'gorgias' ? fault : null
  // Reading is never applied twice: the difference is Brevo's alone.
  return side === 'gorgias' && fault.includes('applied')
    ? 'reset'
    : request.method === 'GET' && fault === 'applied_late'
      ? 'reset'
      : fault
}
