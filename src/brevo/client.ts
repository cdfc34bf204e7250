// The only import of @getbrevo/brevo. The SDK builds requests and reads answers; its own retries are off, because it would
// repeat events (reliability.md § 0.1). Pace and waiting are ours: Brevo tells its budget with each answer.
import { BrevoClient, BrevoError } from '@getbrevo/brevo'

import { linkSignal } from '../lib/abort.ts'
import { backoffMs } from '../lib/backoff.ts'
import { CircuitBreaker } from '../lib/breaker.ts'
import type { Clock } from '../lib/clock.ts'
import { TajoError } from '../lib/errors.ts'
import type { Http, HttpAnswer, HttpFailure, HttpOutcome, HttpRequest } from '../lib/http.ts'
import { BudgetLimiter } from '../lib/limiter.ts'
import type { Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'
import { RetryBudget } from '../lib/retry-budget.ts'
import type { Secret } from '../lib/secret.ts'
import { isDocumented } from './answers.ts'
import { toObject } from './wire.ts'

export interface BrevoPorts {
  http: Http
  clock: Clock
  random: Random
  log: Log
}

export interface BrevoAccount {
  baseUrl: string
  apiKey: Secret
  logApiCalls: boolean
}

/** An answer that Brevo documents, with any status but 401, 403 and 429, or the lack of one. */
export type BrevoAnswer<T> =
  | { answered: true; ok: true; status: number; body: T; date: string | null; afterDoubt?: boolean }
  | BrevoRefusal
  | { answered: false; uncertain: boolean; reason: string }

export interface BrevoRefusal {
  answered: true
  ok: false
  status: number
  code: string
  message: string
  body: unknown
}

/** The SDK types the values of a batch more narrowly than those of a single event. */
export type BatchEventsRequest = Parameters<BrevoClient['event']['createBatchEvents']>[0]

type SdkCall<T> = (
  sdk: BrevoClient,
  options: { abortSignal: AbortSignal },
) => { withRawResponse(): Promise<{ data: T; rawResponse: { status: number; headers: Headers } }> }

export interface BrevoCaller {
  /** Paced, and repeated on 429, which is certain not to have been carried out. Throws `brevo_unauthorized`. */
  call<T>(what: string, action: SdkCall<T>, signal?: AbortSignal): Promise<BrevoAnswer<T>>
  /**
   * The same for what may be repeated: waits out 5xx, time-outs and resets, a few times. `afterDoubt`: an earlier one of
   * these was not answered, and may still be carried out.
   */
  callSafely<T>(what: string, action: SdkCall<T>, signal?: AbortSignal): Promise<BrevoAnswer<T>>
  /** Requests that wait for their turn give up (`never_left`); those under way go on. */
  stopWaiting(): void
  /** Milliseconds until a request of this bucket could leave. */
  waitMs(bucket: Bucket): number
  /** What is left of each bucket, as Brevo last said. */
  budget(): Record<Bucket, number>
}

/** Brevo counts contacts, events and everything else apart (brevo-api.md § 4). */
type Bucket = 'contacts' | 'events' | 'other'

/** An import of 8 MB may take this long to be taken in. */
const TIMEOUT_MS = 60_000
/** The SDK's own time-out would also run while we wait for our turn: up to an hour. */
const SDK_TIMEOUT_SECONDS = 2 * 3_600
const MAX_SLOW_DOWNS = 20
const SAFE_RETRIES = 4
const BACKOFF = { baseMs: 1_000, capMs: 30_000 }
/** Waited on a 429 that does not say when the window ends. */
const RESET_UNKNOWN_MS = 10_000

/**
 * How the lack of an answer travels through the SDK: as an answer of our own. Were `fetch` to reject, the SDK would leave its
 * time-out running, and the process with it.
 */
const NO_ANSWER_STATUS = 599
/** Brevo did not answer several times in a row, and is left alone for a while. */
const RESTING = 'it did not answer before, and is asked again later'
const OUTCOME_HEADER = 'x-tajo-outcome'
const REASON_HEADER = 'x-tajo-reason'

function toNoAnswer(failure: HttpFailure): Response {
  const headers = { [OUTCOME_HEADER]: failure.outcome, [REASON_HEADER]: failure.reason }
  return new Response(null, { status: NO_ANSWER_STATUS, headers })
}

export function createBrevoCaller(account: BrevoAccount, ports: BrevoPorts): BrevoCaller {
  const { http, clock, random, log } = ports
  const limiters: Record<Bucket, BudgetLimiter> = {
    contacts: new BudgetLimiter(clock),
    events: new BudgetLimiter(clock),
    other: new BudgetLimiter(clock),
  }

  const breaker = new CircuitBreaker(clock, random)
  const retries = new RetryBudget()
  const waiting = new Set<{ abort(): void }>()

  /** The SDK's way to the network: paced, watched, and classified. */
  async function send(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    const url = input instanceof Request ? input.url : String(input)
    const method = (init.method ?? 'GET') as HttpRequest['method']
    const bucket = toBucket(method, url.slice(account.baseUrl.length))
    const signal = init.signal ?? undefined
    // Nothing leaves while Brevo rests: what is due stays due.
    if (breaker.untilOpen() > 0) return toNoAnswer({ outcome: 'never_left', reason: RESTING })
    // Not the request's own signal: an event that is under way is never cut off, but it need not wait for its turn.
    const turn = linkSignal(signal)
    waiting.add(turn)
    const release = await limiters[bucket].acquire(turn.signal).catch(() => null)
    waiting.delete(turn)
    turn.release()
    if (release === null) return toNoAnswer({ outcome: 'never_left', reason: 'stopped' })
    const startedAt = clock.monotonic()
    const body = typeof init.body === 'string' ? { body: init.body } : {}
    const headers = Object.fromEntries(new Headers(init.headers).entries())
    const path = url.slice(account.baseUrl.length)
    const received = await http.send({ method, url, headers, ...body, timeoutMs: TIMEOUT_MS, signal })
    const outcome = believe(method, path, received)
    // That one contact is answered badly says nothing of Brevo.
    breaker.observe(outcome.outcome === 'answer' && (outcome.status < 500 || ONE_CONTACT.test(path)))
    if (outcome.outcome === 'answer') observe(limiters[bucket], outcome)
    release()
    if (account.logApiCalls) {
      log.info('Brevo request', {
        method,
        path: toPathTemplate(path),
        status: outcome.outcome === 'answer' ? outcome.status : outcome.reason,
        ms: Math.round(clock.monotonic() - startedAt),
        budget: outcome.outcome === 'answer' ? outcome.headers['x-sib-ratelimit-remaining'] : undefined,
      })
    }
    if (outcome.outcome !== 'answer') return toNoAnswer(outcome)
    const content = outcome.status === 204 ? null : outcome.body
    return new Response(content, { status: outcome.status, headers: outcome.headers })
  }

  const sdk = new BrevoClient({
    // Asked for each request: keys may be replaced while the process runs.
    apiKey: () => account.apiKey.reveal(),
    baseUrl: account.baseUrl,
    maxRetries: 0,
    timeoutInSeconds: SDK_TIMEOUT_SECONDS,
    fetch: send,
  })

  async function call<T>(what: string, action: SdkCall<T>, signal?: AbortSignal): Promise<BrevoAnswer<T>> {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await callOnce(action, signal)
      signal?.throwIfAborted()
      if (!answer.answered || answer.ok) return answer
      if (answer.status === 401 || answer.status === 403)
        throw unauthorized(what, answer.status, answer.message)
      if (answer.status !== 429 || attempt >= MAX_SLOW_DOWNS) return answer
    }
  }

  async function callOnce<T>(action: SdkCall<T>, signal?: AbortSignal): Promise<BrevoAnswer<T>> {
    const link = linkSignal(signal)
    try {
      const { data, rawResponse } = await action(sdk, { abortSignal: link.signal }).withRawResponse()
      return {
        answered: true,
        ok: true,
        status: rawResponse.status,
        body: data,
        date: rawResponse.headers.get('date'),
      }
    } catch (thrown) {
      if (!(thrown instanceof BrevoError)) throw thrown
      const { headers } = thrown.rawResponse ?? {}
      const outcome = headers?.get(OUTCOME_HEADER)
      if (outcome != null) {
        return {
          answered: false,
          uncertain: outcome === 'unanswered',
          reason: headers?.get(REASON_HEADER) ?? '',
        }
      }
      if (thrown.statusCode === undefined)
        return { answered: false, uncertain: true, reason: 'unreadable answer' }
      const { body } = thrown
      const { code, message } = toObject(body) ?? {}
      return {
        answered: true,
        ok: false,
        status: thrown.statusCode,
        code: typeof code === 'string' ? code : '',
        message: typeof message === 'string' ? message.slice(0, 300) : '',
        body,
      }
    } finally {
      link.release()
    }
  }

  return {
    call,
    async callSafely(what, action, signal) {
      retries.earn()
      let doubtful = false
      for (let attempt = 0; ; attempt += 1) {
        const answer = await call(what, action, signal)
        if (!isWorthRepeating(answer) || attempt >= SAFE_RETRIES || !retries.take())
          return answer.answered && answer.ok ? { ...answer, afterDoubt: doubtful } : answer
        doubtful ||= !answer.answered && answer.uncertain
        const waitMs = backoffMs(BACKOFF, attempt, random)
        log.verbose('Brevo did not answer well, waiting', { what, wait_ms: Math.round(waitMs) })
        await clock.sleep(waitMs, signal)
      }
    },
    stopWaiting() {
      for (const turn of waiting) turn.abort()
    },
    waitMs: (bucket) => limiters[bucket].waitMs,
    budget: () => ({
      contacts: limiters.contacts.remaining,
      events: limiters.events.remaining,
      other: limiters.other.remaining,
    }),
  }
}

/** What is not documented as an answer to this request is none: whether it was carried out is not known. */
function believe(method: HttpRequest['method'], path: string, outcome: HttpOutcome): HttpOutcome {
  if (outcome.outcome !== 'answer' || isDocumented(method, path, outcome)) return outcome
  return { outcome: 'unanswered', reason: `something in between answered ${outcome.status} in its place` }
}

function observe(limiter: BudgetLimiter, answer: HttpAnswer): void {
  const remaining = toNumber(answer.headers['x-sib-ratelimit-remaining'])
  const resetMs = toNumber(answer.headers['x-sib-ratelimit-reset']) * 1000
  if (answer.status === 429) limiter.exhaust(Number.isFinite(resetMs) ? resetMs : RESET_UNKNOWN_MS)
  else if (Number.isFinite(remaining) && Number.isFinite(resetMs)) limiter.observe(remaining, resetMs)
}

/** NaN for what is no number of something. */
function toNumber(header: string | undefined): number {
  return header !== undefined && /^\d+(\.\d+)?$/.test(header) ? Number(header) : Number.NaN
}

function isWorthRepeating(answer: BrevoAnswer<unknown>): boolean {
  if (!answer.answered && answer.reason === RESTING) return false
  return !answer.answered || (!answer.ok && isTemporary(answer.status))
}

export function isTemporary(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429
}

/** One sentence on an answer that is no success. */
export function describe(answer: BrevoAnswer<unknown>): string {
  if (!answer.answered) return `Brevo could not be reached (${answer.reason})`
  if (answer.ok) return `Brevo answered ${answer.status}`
  return `Brevo answered ${answer.status}${answer.message === '' ? '' : `: ${answer.message}`}`
}

export function unavailable(what: string, answer: BrevoAnswer<unknown>): TajoError {
  const temporary = !answer.answered || answer.ok || isTemporary(answer.status)
  return new TajoError(temporary ? 'brevo_unavailable' : 'brevo_refused', `${what}: ${describe(answer)}.`)
}

function unauthorized(what: string, status: number, message: string): TajoError {
  if (/unrecogni[sz]ed ip/i.test(message)) {
    return new TajoError(
      'brevo_unauthorized',
      `Brevo does not know the IP address of this machine (${what}).`,
      {
        hint: 'Authorise it in Brevo: Security → Authorised IPs, or switch that check off.',
      },
    )
  }
  return new TajoError('brevo_unauthorized', `Brevo refused the API key (${status}, ${what}).`, {
    hint: 'Check BREVO_API_KEY: it needs rights on contacts, lists, attributes and events, and may have expired.',
  })
}

function toBucket(method: string, path: string): Bucket {
  if (path.startsWith('/contacts')) return 'contacts'
  return method === 'POST' && path.startsWith('/events') ? 'events' : 'other'
}

const ONE_CONTACT = /^\/contacts\/[^/?]*(%40|@)[^/?]*/

/** Paths hold e-mail addresses; a log must not. */
function toPathTemplate(path: string): string {
  return path.replace(/\?.*$/, '').replace(ONE_CONTACT, '/contacts/{email}')
}
