// The way of every request to Brevo: one pace for each of its buckets, rest while it does not answer, and only what it documents is
// an answer. Brevo tells its budget with each answer (brevo-api.md § 4).
import { linkSignal } from '../lib/net/abort.ts'
import { CircuitBreaker, type OnTrouble, toTrouble } from '../lib/net/breaker.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Http, HttpAnswer, HttpOutcome, HttpRequest } from '../lib/net/http.ts'
import { BudgetLimiter } from '../lib/net/limiter.ts'
import type { Log } from '../lib/log/log.ts'
import type { Random } from '../lib/random.ts'
import { isDocumented } from './answers.ts'

export interface BrevoPorts {
  http: Http
  clock: Clock
  random: Random
  log: Log
  onTrouble?: OnTrouble
}

/** Brevo counts contacts, events and everything else apart (brevo-api.md § 4). */
export type Bucket = 'contacts' | 'events' | 'other'

export interface Transport {
  /** Sends one request when its turn has come. What Brevo does not document as an answer is `unanswered`. */
  exchange(request: Omit<HttpRequest, 'timeoutMs'>): Promise<HttpOutcome>
  /** Requests that wait for their turn give up (`never_left`); those under way go on. */
  stopWaiting(): void
  /** Milliseconds until a request of this bucket could leave. */
  waitMs(bucket: Bucket): number
  /** What is left of each bucket, as Brevo last said. */
  budget(): Record<Bucket, number>
}

/** An import of 8 MB may take this long to be taken in. */
const TIMEOUT_MS = 60_000
/** No window of Brevo's is longer than an hour (brevo-api.md § 4). */
const LONGEST_RESET_MS = 3_600_000
/** Waited on a 429 that does not say when the window ends. */
const RESET_UNKNOWN_MS = 10_000
/** Brevo did not answer several times in a row, and is left alone for a while. */
export const RESTING = 'it did not answer before, and is asked again later'

export function createTransport(
  { baseUrl, logApiCalls }: { baseUrl: string; logApiCalls: boolean },
  { http, clock, random, log, onTrouble }: BrevoPorts,
): Transport {
  const limiters: Record<Bucket, BudgetLimiter> = {
    contacts: new BudgetLimiter(clock),
    events: new BudgetLimiter(clock),
    other: new BudgetLimiter(clock),
  }
  const breaker = new CircuitBreaker(clock, random, onTrouble)
  const waiting = new Set<{ abort(): void }>()

  /** Null: nobody waits any more. */
  async function takeTurn(bucket: Bucket, signal: AbortSignal | undefined): Promise<(() => void) | null> {
    // Not the request's own signal: an event that is under way is never cut off, but it need not wait for its turn.
    const turn = linkSignal(signal)
    waiting.add(turn)
    const release = await limiters[bucket].acquire(turn.signal).catch(() => null)
    waiting.delete(turn)
    turn.release()
    return release
  }

  return {
    async exchange(request) {
      const { method, url, signal } = request
      const path = url.slice(baseUrl.length)
      const bucket = toBucket(method, path)
      // Nothing leaves while Brevo rests: what is due stays due.
      if (breaker.untilOpen() > 0) return { outcome: 'never_left', reason: RESTING }
      const release = await takeTurn(bucket, signal)
      if (release === null) return { outcome: 'never_left', reason: 'stopped' }
      const startedAt = clock.monotonic()
      const outcome = believe(method, path, await http.send({ ...request, timeoutMs: TIMEOUT_MS }))
      const isOne = outcome.outcome === 'answer' && ONE_CONTACT.test(path)
      breaker.observe(toTrouble(outcome), isOne ? path : null)
      if (outcome.outcome === 'answer') observe(limiters[bucket], outcome, breaker)
      release()
      if (logApiCalls) {
        log.info('Brevo request', {
          method,
          path: toPathTemplate(path),
          status: outcome.outcome === 'answer' ? outcome.status : outcome.reason,
          ms: Math.round(clock.monotonic() - startedAt),
          budget: outcome.outcome === 'answer' ? outcome.headers['x-sib-ratelimit-remaining'] : undefined,
        })
      }
      return outcome
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

/** How often a request is made again because Brevo asked to slow down. */
export const MAX_SLOW_DOWNS = 20
/** How often one that may be repeated is, because no answer came. */
export const SAFE_RETRIES = 4
export const BACKOFF = { baseMs: 1_000, capMs: 30_000 }

/** What is not documented as an answer to this request is none: whether it was carried out is not known. */
function believe(method: HttpRequest['method'], path: string, outcome: HttpOutcome): HttpOutcome {
  if (outcome.outcome !== 'answer' || isDocumented(method, path, outcome)) return outcome
  return { outcome: 'unanswered', reason: `something in between answered ${outcome.status} in its place` }
}

function observe(limiter: BudgetLimiter, answer: HttpAnswer, breaker: CircuitBreaker): void {
  const remaining = toNumber(answer.headers['x-sib-ratelimit-remaining'])
  const askedMs = toNumber(answer.headers['x-sib-ratelimit-reset']) * 1000
  const resetMs = Math.min(askedMs, LONGEST_RESET_MS)
  if (answer.status === 429) {
    limiter.exhaust(Number.isFinite(resetMs) ? resetMs : RESET_UNKNOWN_MS)
    if (Number.isFinite(askedMs)) breaker.slowDown(askedMs, resetMs)
  } else if (Number.isFinite(remaining) && Number.isFinite(resetMs)) limiter.observe(remaining, resetMs)
}

/** NaN for what is no number of something. */
function toNumber(header: string | undefined): number {
  return header !== undefined && /^\d+(\.\d+)?$/.test(header) ? Number(header) : Number.NaN
}

export function isTemporary(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429
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
