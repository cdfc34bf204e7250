// Calls Brevo through its SDK, which builds requests and reads answers; its own retries are off, because it would repeat
// events (reliability.md § 0.1). Pace and waiting are ours: Brevo tells its budget with each answer.
import { linkSignal } from '../lib/net/abort.ts'
import { backoffMs } from '../lib/net/backoff.ts'
import { TajoError } from '../lib/errors.ts'
import type { HttpFailure, HttpRequest } from '../lib/net/http.ts'
import { RetryBudget } from '../lib/net/retry-budget.ts'
import type { Secret } from '../lib/log/secret.ts'
import {
  BACKOFF,
  type BrevoPorts,
  createTransport,
  isTemporary,
  MAX_SLOW_DOWNS,
  RESTING,
  SAFE_RETRIES,
  type Transport,
} from './transport.ts'
import { BrevoError, type BrevoSdk, createBrevoSdk } from './sdk.ts'
import { toObject } from './wire.ts'

export { type BrevoPorts, isTemporary } from './transport.ts'

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
export type BatchEventsRequest = Parameters<BrevoSdk['event']['createBatchEvents']>[0]

type SdkCall<T> = (
  sdk: BrevoSdk,
  options: { abortSignal: AbortSignal },
) => { withRawResponse(): Promise<{ data: T; rawResponse: { status: number; headers: Headers } }> }

export interface BrevoCaller extends Pick<Transport, 'stopWaiting' | 'waitMs' | 'budget'> {
  /** Paced, and repeated on 429, which is certain not to have been carried out. Throws `brevo_unauthorized`. */
  call<T>(what: string, action: SdkCall<T>, signal?: AbortSignal): Promise<BrevoAnswer<T>>
  /**
   * The same for what may be repeated: waits out 5xx, time-outs and resets, a few times. `afterDoubt`: an earlier one of
   * these was not answered, and may still be carried out.
   */
  callSafely<T>(what: string, action: SdkCall<T>, signal?: AbortSignal): Promise<BrevoAnswer<T>>
  /** The same for what somebody waits for: not answered where Brevo asks for a long rest. For what counts as contacts. */
  callSoon<T>(what: string, action: SdkCall<T>, signal?: AbortSignal): Promise<BrevoAnswer<T>>
}

/** Longer than any window of Brevo's for contacts. */
const LONG_REST_MS = 60_000

/** The SDK's own time-out would also run while we wait for our turn: up to an hour. */
const SDK_TIMEOUT_SECONDS = 2 * 3_600

/**
 * How the lack of an answer travels through the SDK: as an answer of our own. Were `fetch` to reject, the SDK would leave its
 * time-out running, and the process with it.
 */
const NO_ANSWER_STATUS = 599
const OUTCOME_HEADER = 'x-tajo-outcome'
const REASON_HEADER = 'x-tajo-reason'

function toNoAnswer(failure: HttpFailure): Response {
  const headers = { [OUTCOME_HEADER]: failure.outcome, [REASON_HEADER]: failure.reason }
  return new Response(null, { status: NO_ANSWER_STATUS, headers })
}

/** The SDK's way to the network. */
async function send(
  transport: Transport,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const outcome = await transport.exchange({
    method: (init.method ?? 'GET') as HttpRequest['method'],
    url: input instanceof Request ? input.url : String(input),
    headers: Object.fromEntries(new Headers(init.headers).entries()),
    ...(typeof init.body === 'string' ? { body: init.body } : {}),
    signal: init.signal ?? undefined,
  })
  if (outcome.outcome !== 'answer') return toNoAnswer(outcome)
  const content = outcome.status === 204 ? null : outcome.body
  return new Response(content, { status: outcome.status, headers: outcome.headers })
}

export function createBrevoCaller(account: BrevoAccount, ports: BrevoPorts): BrevoCaller {
  const transport = createTransport(account, ports)
  const sdk = createBrevoSdk({
    // Asked for each request: keys may be replaced while the process runs.
    apiKey: () => account.apiKey.reveal(),
    baseUrl: account.baseUrl,
    maxRetries: 0,
    timeoutInSeconds: SDK_TIMEOUT_SECONDS,
    fetch: (input, init) => send(transport, input, init),
  })
  const calls = new Calls(sdk, transport, ports)
  return {
    call: (what, action, signal) => calls.call(what, action, signal),
    callSafely: (what, action, signal) => calls.callAgain(what, action, signal),
    callSoon: (what, action, signal) => calls.callAgain(what, action, signal, LONG_REST_MS),
    stopWaiting: () => transport.stopWaiting(),
    waitMs: (bucket) => transport.waitMs(bucket),
    budget: () => transport.budget(),
  }
}

class Calls {
  readonly #sdk: BrevoSdk
  readonly #transport: Transport
  readonly #ports: BrevoPorts
  readonly #retries = new RetryBudget()
  /** 401 and 403 in a row, by what was asked for. */
  readonly #refusals = new Map<string, number>()

  constructor(sdk: BrevoSdk, transport: Transport, ports: BrevoPorts) {
    this.#sdk = sdk
    this.#transport = transport
    this.#ports = ports
  }

  async call<T>(
    what: string,
    action: SdkCall<T>,
    signal?: AbortSignal,
    longestMs = Number.POSITIVE_INFINITY,
  ): Promise<BrevoAnswer<T>> {
    for (let attempt = 0; ; attempt += 1) {
      if (this.#transport.waitMs('contacts') > longestMs)
        return { answered: false, uncertain: false, reason: 'it asks to wait' }
      const answer = await this.#callOnce(action, signal)
      signal?.throwIfAborted()
      if (answer.answered && answer.ok) this.#refusals.delete(what)
      if (!answer.answered || answer.ok) return answer
      if (answer.status === 401 || answer.status === 403) {
        if (!(await this.#isItsOwn(what, answer, signal)))
          throw unauthorized(what, answer.status, answer.message)
        return answer
      }
      if (answer.status !== 429 || attempt >= MAX_SLOW_DOWNS) return answer
    }
  }

  async callAgain<T>(
    what: string,
    action: SdkCall<T>,
    signal?: AbortSignal,
    longestMs?: number,
  ): Promise<BrevoAnswer<T>> {
    const { clock, random, log } = this.#ports
    this.#retries.earn()
    let doubtful = false
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.call(what, action, signal, longestMs)
      if (!isWorthRepeating(answer) || attempt >= SAFE_RETRIES || !this.#retries.take())
        return answer.answered && answer.ok ? { ...answer, afterDoubt: doubtful } : answer
      doubtful ||= !answer.answered && answer.uncertain
      const waitMs = backoffMs(BACKOFF, attempt, random)
      log.verbose('Brevo did not answer well, waiting', { what, wait_ms: Math.round(waitMs) })
      await clock.sleep(waitMs, signal)
    }
  }

  /** Whatever stands in front of Brevo may refuse one request, in Brevo's own shape; the key is asked for something else then. */
  async #isItsOwn(what: string, { message }: BrevoRefusal, signal?: AbortSignal): Promise<boolean> {
    const count = (this.#refusals.get(what) ?? 0) + 1
    this.#refusals.set(what, count)
    if (count > MOST_REFUSALS || UNKNOWN_IP.test(message)) return false
    const account = await this.#callOnce((one, options) => one.account.getAccount(options), signal)
    return account.answered && account.ok
  }

  async #callOnce<T>(action: SdkCall<T>, signal?: AbortSignal): Promise<BrevoAnswer<T>> {
    const link = linkSignal(signal)
    try {
      const { data, rawResponse } = await action(this.#sdk, { abortSignal: link.signal }).withRawResponse()
      const { status, headers } = rawResponse
      return { answered: true, ok: true, status, body: data, date: headers.get('date') }
    } catch (thrown) {
      if (thrown instanceof BrevoError) return toRefusal(thrown)
      throw thrown
    } finally {
      link.release()
    }
  }
}

/** What the SDK throws for an answer that is no success, and for our own that says that there was none. */
function toRefusal({ rawResponse, statusCode, body }: BrevoError): BrevoAnswer<never> {
  const outcome = rawResponse?.headers.get(OUTCOME_HEADER)
  if (outcome != null)
    return {
      answered: false,
      uncertain: outcome === 'unanswered',
      reason: rawResponse?.headers.get(REASON_HEADER) ?? '',
    }
  if (statusCode === undefined) return { answered: false, uncertain: true, reason: 'unreadable answer' }
  const { code, message } = toObject(body) ?? {}
  return {
    answered: true,
    ok: false,
    status: statusCode,
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message.slice(0, 300) : '',
    body,
  }
}

/** So many refusals of the same kind in a row are no matter of one contact or one event: a right is missing. */
const MOST_REFUSALS = 5
const UNKNOWN_IP = /unrecogni[sz]ed ip/i

function isWorthRepeating(answer: BrevoAnswer<unknown>): boolean {
  if (!answer.answered && answer.reason === RESTING) return false
  return !answer.answered || (!answer.ok && isTemporary(answer.status))
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
  if (UNKNOWN_IP.test(message)) {
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
