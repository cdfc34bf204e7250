// Talks to the Gorgias REST API: address, authentication, rate limit, retries. It hands back JSON; what the JSON means
// is wire.ts and to-records.ts. Facts: gorgias-api.md § 1-3.
import { backoffMs } from '../../lib/net/backoff.ts'
import { type CircuitBreaker, toTrouble } from '../../lib/net/breaker.ts'
import { TajoError } from '../../lib/errors.ts'
import type { HttpAnswer, HttpOutcome } from '../../lib/net/http.ts'
import { parseExactly } from '../../lib/net/json.ts'
import type { Priority, WindowLimiter } from '../../lib/net/limiter.ts'
import type { RetryBudget } from '../../lib/net/retry-budget.ts'
import type { ClockOffset } from '../../lib/time/clock-offset.ts'
import type { Secret } from '../../lib/log/secret.ts'
import type { Budget, SourcePorts } from '../source.ts'

export interface GorgiasAccount {
  baseUrl: string
  email: Secret
  apiKey: Secret
  limiter: WindowLimiter
  clockOffset: ClockOffset
  breaker: CircuitBreaker
  retries: RetryBudget
  priority: Priority
  logApiCalls: boolean
}

export type Params = Record<string, string | number | undefined>

/** `status` is 200, 301 or 404, each in the shape that Gorgias documents; everything else is thrown. */
export interface GorgiasAnswer {
  status: number
  json: unknown
  /** Of a 301: the id of the object that took its place. */
  into: string | null
}

export interface Asking {
  ofOne?: boolean
  /** How often it is asked again; where somebody sits and waits, seldom. */
  retries?: number
}

export interface GorgiasClient {
  /**
   * Asks until it has an answer. `ofOne`: about one object, whose failure may be its own; where Gorgias is well otherwise that
   * is thrown as `record_unavailable`.
   */
  get(path: string, params: Params, signal?: AbortSignal, how?: Asking): Promise<GorgiasAnswer>
  /** Changes something; asked once, because a repetition might make a second one. */
  write(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body: object | null,
    signal?: AbortSignal,
  ): Promise<GorgiasAnswer>
  budget(): Budget | null
}

/** A page of 100 tickets takes seconds on a large account; what takes longer is lost. */
const TIMEOUT_MS = 60_000
/** With full jitter and a cap of 60 s this waits out some four minutes; after that the next run goes on from here. */
const RETRIES = 8
/** So many failures of one object are waited out before Gorgias is asked for something else. */
const PROBED_AFTER = 2
/** A web page with 404 may be a wrong address, or something in between: believed when it comes again and again. */
const SURE_AFTER = 2
const BACKOFF = { baseMs: 1_000, capMs: 60_000 }
/** Asked when a 429 names no time (Retry-after: gorgias-api.md § 2). */
const PAUSE_WITHOUT_RETRY_AFTER_MS = 5_000
/** The window has 20 or 40 s (gorgias-api.md § 2): whoever asks for much more has made a mistake, or is not Gorgias. */
const LONGEST_PAUSE_MS = 5 * 60_000

export function createGorgiasClient(account: GorgiasAccount, ports: SourcePorts): GorgiasClient {
  const { http, clock, random, log } = ports
  const authorization = (): string =>
    `Basic ${Buffer.from(`${account.email.reveal()}:${account.apiKey.reveal()}`).toString('base64')}`
  let budget: Budget | null = null

  async function send(
    path: string,
    params: Params,
    signal?: AbortSignal,
    change?: { method: 'POST' | 'PUT' | 'DELETE'; body: object | null },
  ): Promise<HttpOutcome> {
    const method = change?.method ?? 'GET'
    for (let restMs = account.breaker.untilOpen(); restMs > 0; restMs = account.breaker.untilOpen())
      await clock.sleep(restMs, signal)
    const release = await account.limiter.acquire(signal, account.priority)
    const startedAt = clock.monotonic()
    const sentAt = clock.now()
    const url = `${account.baseUrl}${path}${toQuery(params)}`
    const body = change?.body == null ? {} : { body: JSON.stringify(change.body) }
    const headers = {
      authorization: authorization(),
      accept: 'application/json',
      'user-agent': 'tajo',
      ...(change?.body == null ? {} : { 'content-type': 'application/json' }),
    }
    const outcome = await http
      .send({ method, url, headers, ...body, timeoutMs: TIMEOUT_MS, signal })
      .finally(release)
    account.breaker.observe(toTrouble(outcome), outcome.outcome === 'answer' && isObject(path) ? path : null)
    if (outcome.outcome === 'answer') {
      observe(outcome)
      account.clockOffset.observe(outcome.headers['date'], sentAt, clock.now())
    }
    if (account.logApiCalls) {
      log.info('Gorgias request', {
        method,
        path,
        status: outcome.outcome === 'answer' ? outcome.status : outcome.reason,
        ms: Math.round(clock.monotonic() - startedAt),
        budget: budget === null ? undefined : `${budget.used}/${budget.limit}`,
      })
    }
    return outcome
  }

  function observe(answer: HttpAnswer): void {
    const match = /^(\d+)\/(\d+)$/.exec(answer.headers['x-gorgias-account-api-call-limit'] ?? '')
    if (match === null) return
    budget = { used: Number(match[1]), limit: Number(match[2]) }
    account.limiter.observe(budget.used, budget.limit)
  }

  /** Whether Gorgias answers, and lets the key in. */
  async function isWell(signal?: AbortSignal): Promise<boolean> {
    const verdict = judge(await send(PROBE, {}, signal), PROBE, {}, account.baseUrl)
    return !(verdict instanceof TajoError) && verdict.status === 200
  }

  return {
    budget: () => budget,

    async write(method, path, body, signal) {
      const outcome = await send(path, {}, signal, { method, body })
      if (outcome.outcome === 'answer' && isWritten(method, outcome))
        return { status: 200, json: parseJson(outcome.body) ?? null, into: null }
      const verdict = judge(outcome, path, {}, account.baseUrl)
      if (verdict instanceof TajoError) throw verdict
      if (verdict.status !== 200)
        throw new TajoError('source_refused', `Gorgias answered ${method} ${path} with ${verdict.status}.`)
      return verdict
    },

    async get(path, params, signal, { ofOne = false, retries = ports.retries ?? RETRIES } = {}) {
      account.retries.earn()
      for (let attempt = 0; ; attempt += 1) {
        const outcome = await send(path, params, signal)
        signal?.throwIfAborted()
        const verdict = judge(outcome, path, params, account.baseUrl)
        if (!(verdict instanceof TajoError)) return verdict
        if (ofOne && mayBeItsOwn(verdict, attempt) && (await isWell(signal)))
          throw new TajoError('record_unavailable', verdict.message, { cause: verdict })
        const isPassing =
          verdict.kind === 'transient' || (verdict.code === 'source_not_found' && attempt < SURE_AFTER)
        if (
          !isPassing ||
          verdict.code === 'source_cursor_refused' ||
          attempt >= retries ||
          (verdict.retryAfterMs === undefined && !account.retries.take())
        )
          throw verdict
        const asked = verdict.retryAfterMs
        const pauseMs = asked === undefined ? undefined : Math.min(asked, LONGEST_PAUSE_MS)
        if (asked !== undefined && pauseMs !== undefined) {
          account.limiter.pause(pauseMs)
          account.breaker.slowDown(asked, pauseMs)
        }
        const waitMs = backoffMs(BACKOFF, attempt, random, pauseMs)
        log.verbose('Gorgias did not answer well, waiting', {
          path,
          reason: verdict.message,
          wait_ms: Math.round(waitMs),
        })
        await clock.sleep(waitMs, signal)
      }
    },
  }
}

const PROBE = '/account'

/** A refusal at once, what may pass after some tries; to be asked to slow down concerns everything. */
function mayBeItsOwn({ code, retryAfterMs }: TajoError, attempt: number): boolean {
  if (code === 'source_unauthorized') return true
  return code === 'source_unavailable' && retryAfterMs === undefined && attempt >= PROBED_AFTER
}

/** What an outcome means: an answer to use, or the error that says what to do. */
function judge(
  outcome: HttpOutcome,
  path: string,
  params: Params,
  baseUrl: string,
): GorgiasAnswer | TajoError {
  if (outcome.outcome !== 'answer') {
    return new TajoError('source_unavailable', `Gorgias could not be reached (${outcome.reason}) at ${path}.`)
  }
  const { status, headers, body } = outcome
  const json = parseJson(body)
  if (status === 200 && hasShape(path, json)) return { status: 200, json, into: null }
  // No other redirect is documented (gorgias-api.md § 1).
  const into = status === 301 ? survivorOf(path, headers['location'], baseUrl) : null
  if (into !== null) return { status, json: null, into }
  if (status === 401 && isError(json)) {
    return new TajoError('source_unauthorized', 'Gorgias refused the API key (401).', {
      hint: 'Check the e-mail address and the key (Settings → REST API), then run: tajo connectors install gorgias',
    })
  }
  if (status === 403 && isError(json)) {
    return new TajoError(
      'source_unauthorized',
      `Gorgias does not allow this key to read ${path} (403${sentence(json)}).`,
      {
        hint: 'The key has the rights of the user who made it: let an admin make one. Some Gorgias plans have no REST API.',
      },
    )
  }
  if (status === 404 && isError(json)) return { status, json, into: null }
  // An unknown account answers with a web page; a missing object with JSON (gorgias-api.md § 1).
  if (status === 404 && json === undefined && !isObject(path)) {
    return new TajoError('source_not_found', 'There is no Gorgias API at this address (404 and no JSON).', {
      hint: 'Check `domain` (or `base_url`) of the connector: it is the first part of the address of your helpdesk.',
    })
  }
  if (status === 429) {
    const asked = Number(headers['retry-after'])
    const retryAfterMs = Number.isFinite(asked) && asked > 0 ? asked * 1000 : PAUSE_WITHOUT_RETRY_AFTER_MS
    return new TajoError('source_unavailable', 'Gorgias asks to slow down (429).', { retryAfterMs })
  }
  if (status >= 500 || status === 408 || status === 425) {
    return new TajoError('source_unavailable', `Gorgias answered ${path} with ${status}.`)
  }
  // A refusal has a status of its own, too: an error under another one was put there by something in between.
  if (status < 400 || !isError(json)) {
    return new TajoError(
      'source_unreadable',
      `Gorgias answered ${path} with ${status} and something that it does not document.`,
    )
  }
  if (status === 400 && params['cursor'] !== undefined) {
    return new TajoError(
      'source_cursor_refused',
      `Gorgias no longer takes the cursor of ${path} (400${sentence(json)}).`,
    )
  }
  return new TajoError('source_refused', `Gorgias refused ${path} (${status}${sentence(json)}).`)
}

/**
 * Another object of the same kind, at Gorgias itself: `/api/customers/42/`, relative or absolute, which is not documented
 * (gorgias-api.md § 8). Null where the redirect names none.
 */
function survivorOf(path: string, location: string | undefined, baseUrl: string): string | null {
  if (!isObject(path) || location === undefined || !URL.canParse(location, baseUrl)) return null
  const { host, pathname } = new URL(location, baseUrl)
  if (host !== new URL(baseUrl).host && !host.endsWith('.gorgias.com')) return null
  const [, kind, id] = /^(?:\/api)?\/([\w-]+)\/([\w-]+)\/?$/.exec(pathname) ?? []
  return id !== undefined && path.startsWith(`/${kind}/`) && path !== `/${kind}/${id}` ? id : null
}

/** A change that Gorgias says it has made. Some have no body; what was created names its id (gorgias-api.md § 1). */
function isWritten(method: 'POST' | 'PUT' | 'DELETE', { status, body }: HttpAnswer): boolean {
  const json = body.trim() === '' ? null : parseJson(body)
  const isNamed = hasId(json)
  if (method === 'POST') return (status === 200 || status === 201) && isNamed
  const isSilent = (status === 202 || status === 204) && json === null
  return isSilent || ((status === 200 || status === 202) && (method === 'DELETE' || isNamed))
}

/** Only an explicit `next_cursor: null` is the end of a list; an object says which one it is (gorgias-api.md § 3, § 4). */
function hasShape(path: string, json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false
  if (path === '/account') return true
  if (isObject(path))
    return hasId(json) && String((json as Json)['id']) === decodeURIComponent(path.split('/').at(-1)!)
  const { data, meta } = json as { data?: unknown; meta?: { next_cursor?: unknown } | null }
  const next = meta?.next_cursor
  return Array.isArray(data) && (next === null || typeof next === 'string')
}

type Json = Record<string, unknown>

function hasId(json: unknown): boolean {
  const id = (json as Json | null | undefined)?.['id']
  return typeof id === 'number' || typeof id === 'string'
}

/** `{"error":{"msg":…}}`: Gorgias itself, and not something in between. */
function isError(json: unknown): boolean {
  return typeof (json as { error?: { msg?: unknown } } | null | undefined)?.error?.msg === 'string'
}

/** `/tickets/42`, not `/tickets`. */
function isObject(path: string): boolean {
  return /^\/[\w-]+\/[^/]+$/.test(path)
}

function parseJson(body: string): unknown {
  try {
    return parseExactly(body)
  } catch {
    return undefined
  }
}

/** The API's own words, cut short: `{"error":{"msg":…}}`. */
function sentence(json: unknown): string {
  const text = (json as { error?: { msg?: unknown } } | null | undefined)?.error?.msg
  return typeof text === 'string' && text !== '' ? `: ${text.slice(0, 200)}` : ''
}

function toQuery(params: Params): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) if (value !== undefined) query.set(name, String(value))
  return query.size === 0 ? '' : `?${query.toString()}`
}
