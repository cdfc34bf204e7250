// Asks a helpdesk's API until there is an answer: rate limit, retries, rest when it is down, its clock. What an outcome means is the
// vendor's dialect (verdict.ts has what they share). Every source asks through here.
import { backoffMs } from '../lib/net/backoff.ts'
import { CircuitBreaker, toTrouble } from '../lib/net/breaker.ts'
import { type ErrorCode, TajoError } from '../lib/errors.ts'
import type { HttpAnswer, HttpOutcome } from '../lib/net/http.ts'
import { type Priority, type WindowLimit, WindowLimiter } from '../lib/net/limiter.ts'
import { RetryBudget } from '../lib/net/retry-budget.ts'
import { ClockOffset } from '../lib/time/clock-offset.ts'
import { fromMs, type Instant } from '../model/time.ts'
import type { Pace } from './rate-limit.ts'
import type { Budget, SourcePorts } from './source.ts'

/** A list is a parameter that is given several times. */
export type Params = Record<string, string | number | readonly string[] | undefined>

/** A request that only reads, whatever its method: a search may be a POST. */
export interface Asked {
  method?: 'GET' | 'POST'
  /** Below the base address: `/tickets/42`. */
  path: string
  params?: Params
  body?: object
  /** What is asked for, where it is no JSON. */
  accept?: string
  /** It goes on where an earlier one stopped: a refusal may be its cursor's. */
  isContinued?: boolean
  /** About one object, whose failure may be its own: it is set aside, and the others go on. */
  ofOne?: boolean
  /** How often it is asked again; where somebody sits and waits, seldom. */
  retries?: number
}

/** At least; the rest is the dialect's own. */
export interface Answered {
  status: number
}

/** A request that changes something at the helpdesk: its webhooks, and nothing else. */
export interface Change {
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  body: object | null
}

export interface Dialect<Answer extends Answered> {
  /** In sentences and in the log. */
  label: string
  /** Beside those that every request has: authentication, a version. */
  headers(): Record<string, string>
  /** An answer to use, or the error that says what to do. */
  judge(outcome: HttpOutcome, asked: Asked, baseUrl: string): Answer | TajoError
  /** Whether a change was made: exactly what that call documents. */
  judgeChange(outcome: HttpOutcome, change: Change, baseUrl: string): Answer | TajoError
  /** Asked where one object does not answer, to see whether the others would; everybody who is let in may ask it. */
  probe: Asked
  /** What a key may lack that is let in: the permission that a request needs, as a sentence on where to add it. Null, or absent: none. */
  permissionFor?(asked: Asked): string | null
  /** What an answer tells of the budget; null: nothing. */
  readBudget(answer: HttpAnswer): Budget | null
}

/** One account, shared by the clients of both priorities. */
export interface Account {
  baseUrl: string
  limiter: WindowLimiter
  /** Beside it. */
  others: readonly OtherLimit[]
  breaker: CircuitBreaker
  retries: RetryBudget
  clockOffset: ClockOffset
  logApiCalls: boolean
  /** What time it is there. */
  now(this: void): Instant
}

export interface SourceClient<Answer extends Answered> {
  /**
   * Asks until it has an answer; throws what the dialect says of it. Only with `ofOne` it may have another status than 200; a refusal is
   * `record_invalid` then, and what can't be read, or is not answered while the API is well otherwise, `record_unavailable`.
   */
  ask(asked: Asked, signal?: AbortSignal): Promise<Answer>
  /** Asked once, because a repetition might make a second one. */
  change(change: Change, signal?: AbortSignal): Promise<Answer>
  budget(): Budget | null
}

/** A page of a large account takes seconds; what takes longer is lost. */
const TIMEOUT_MS = 60_000
/** With full jitter and a cap of 60 s this waits out some four minutes; after that the next run goes on from here. */
const RETRIES = 8
/** So many failures of one object are waited out before the API is asked for something else. */
const PROBED_AFTER = 2
/** A web page with 404 may be a wrong address, or something in between: believed when it comes again and again. */
const SURE_AFTER = 2
const BACKOFF = { baseMs: 1_000, capMs: 60_000 }
/** Windows have seconds: whoever asks for much more has made a mistake, or is not the helpdesk. */
const LONGEST_PAUSE_MS = 5 * 60_000

/** Another limit of the account, for the requests that it concerns. */
export interface OtherLimit {
  limiter: WindowLimiter
  concerns(this: void, path: string): boolean
}

/** `isTold`: `requests` holds only until the answers say how many there are. */
export function openAccount(
  baseUrl: string,
  { requests, perSeconds, isTold = false }: Pace & { isTold?: boolean },
  logApiCalls: boolean,
  ports: SourcePorts,
  others: readonly { limit: WindowLimit; concerns?: OtherLimit['concerns'] }[] = [],
): Account {
  const clockOffset = new ClockOffset()
  return {
    baseUrl: baseUrl.replace(/\/+$/, ''),
    limiter: new WindowLimiter({ requests, windowMs: perSeconds * 1000, isTold }, ports.clock),
    others: others.map(({ limit, concerns = () => true }) => ({
      limiter: new WindowLimiter(limit, ports.clock),
      concerns,
    })),
    breaker: new CircuitBreaker(ports.clock, ports.random, ports.onTrouble),
    retries: new RetryBudget(),
    clockOffset,
    logApiCalls,
    now: () => fromMs(ports.clock.now() + clockOffset.offsetMs),
  }
}

export function createSourceClient<Answer extends Answered>(
  dialect: Dialect<Answer>,
  account: Account,
  priority: Priority,
  ports: SourcePorts,
): SourceClient<Answer> {
  return new Client(dialect, account, createExchange(dialect, account, priority, ports), ports)
}

class Client<Answer extends Answered> implements SourceClient<Answer> {
  readonly #dialect: Dialect<Answer>
  readonly #account: Account
  readonly #exchange: Exchange
  readonly #ports: SourcePorts

  constructor(dialect: Dialect<Answer>, account: Account, exchange: Exchange, ports: SourcePorts) {
    this.#dialect = dialect
    this.#account = account
    this.#exchange = exchange
    this.#ports = ports
  }

  budget(): Budget | null {
    return this.#exchange.budget()
  }

  async change(change: Change, signal?: AbortSignal): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#exchange.send({ ...change, reads: false }, signal)
      const verdict = this.#dialect.judgeChange(outcome, change, this.#account.baseUrl)
      if (!(verdict instanceof TajoError)) return verdict
      // Only what was turned away for its pace is known to have changed nothing.
      if (verdict.retryAfterMs === undefined) throw verdict
      await this.#waitOut(verdict, change, attempt, signal)
    }
  }

  async ask(asked: Asked, signal?: AbortSignal): Promise<Answer> {
    refuseDots(asked.path)
    if (asked.ofOne !== true) return this.#requireAnswer(asked, await this.#askOften(asked, signal))
    try {
      return await this.#askOften(asked, signal)
    } catch (thrown) {
      throw thrown instanceof TajoError ? toObjectError(thrown) : thrown
    }
  }

  /** One object may be gone; a list, or the account, is there. */
  #requireAnswer({ path }: Asked, answer: Answer): Answer {
    if (answer.status === 200) return answer
    throw new TajoError('source_refused', `${this.#dialect.label} answered ${path} with ${answer.status}.`, {
      hint: 'Check the address of the connector in connectors.yml.',
    })
  }

  async #askOften(asked: Asked, signal?: AbortSignal): Promise<Answer> {
    this.#account.retries.earn()
    for (let attempt = 0; ; attempt += 1) {
      const outcome = await this.#exchange.send({ ...asked, reads: true }, signal)
      signal?.throwIfAborted()
      const verdict = this.#dialect.judge(outcome, asked, this.#account.baseUrl)
      if (!(verdict instanceof TajoError)) return verdict
      if (asked.ofOne === true && mayBeItsOwn(verdict, attempt) && (await this.#isWell(signal)))
        throw new TajoError('record_unavailable', verdict.message, { cause: verdict })
      if (verdict.code === 'source_unauthorized') throw await this.#explainRefusal(verdict, asked, signal)
      await this.#waitOut(verdict, asked, attempt, signal)
    }
  }

  /** A key that is let in elsewhere is right, and may not read this. */
  async #explainRefusal(verdict: TajoError, asked: Asked, signal?: AbortSignal): Promise<TajoError> {
    const permission = this.#dialect.permissionFor?.(asked) ?? null
    if (permission === null || !(await this.#isWell(signal))) return verdict
    const { label } = this.#dialect
    return new TajoError('source_unauthorized', `${label} lets this key in, but not to ${asked.path}.`, {
      hint: permission,
      cause: verdict,
    })
  }

  /** Whether the API answers, and lets the key in. */
  async #isWell(signal?: AbortSignal): Promise<boolean> {
    const { probe } = this.#dialect
    const outcome = await this.#exchange.send({ ...probe, reads: true }, signal)
    const verdict = this.#dialect.judge(outcome, probe, this.#account.baseUrl)
    return !(verdict instanceof TajoError) && verdict.status === 200
  }

  /** Where it makes sense to ask once more; throws the verdict where it does not. */
  async #waitOut(
    verdict: TajoError,
    asked: Pick<Asked, 'path' | 'retries'>,
    attempt: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const { limiter, breaker, retries } = this.#account
    const { clock, random, log } = this.#ports
    const most = asked.retries ?? this.#ports.retries ?? RETRIES
    const { retryAfterMs } = verdict
    if (!isPassing(verdict, attempt) || attempt >= most) throw verdict
    if (retryAfterMs === undefined && !retries.take()) throw verdict
    const pauseMs = retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, LONGEST_PAUSE_MS)
    if (retryAfterMs !== undefined && pauseMs !== undefined) {
      limiter.pause(pauseMs)
      breaker.slowDown(retryAfterMs, pauseMs)
    }
    const waitMs = backoffMs(BACKOFF, attempt, random, pauseMs)
    log.verbose(`${this.#dialect.label} did not answer well, waiting`, {
      path: asked.path,
      reason: verdict.message,
      wait_ms: Math.round(waitMs),
    })
    await clock.sleep(waitMs, signal)
  }
}

/** An id of dots alone can't be written into an address: it would lead elsewhere. */
function refuseDots(path: string): void {
  if (path.split('/').some((part) => /^(\.|%2e){1,2}$/i.test(part)))
    throw new TajoError('record_invalid', `An id of dots alone can't be asked for (${path}).`)
}

/** What something in between has answered says nothing of the object: it is asked for again by the next run. */
const OBJECT_ERRORS: Partial<Record<ErrorCode, ErrorCode>> = {
  source_refused: 'record_invalid',
  source_not_found: 'record_invalid',
  source_unreadable: 'record_unavailable',
}

function toObjectError(error: TajoError): TajoError {
  const code = OBJECT_ERRORS[error.code]
  return code === undefined ? error : new TajoError(code, error.message, { cause: error })
}

function isPassing({ kind, code }: TajoError, attempt: number): boolean {
  if (code === 'source_cursor_refused') return false
  return kind === 'transient' || (code === 'source_not_found' && attempt < SURE_AFTER)
}

/** A refusal at once, what may pass after some tries; to be asked to slow down concerns everything. */
function mayBeItsOwn({ code, retryAfterMs }: TajoError, attempt: number): boolean {
  if (code === 'source_unauthorized') return true
  return code === 'source_unavailable' && retryAfterMs === undefined && attempt >= PROBED_AFTER
}

type Sent = (Asked | Change) & { reads: boolean }

/** What a request about one object is about. */
function toObject(sent: Sent): string | null {
  return 'ofOne' in sent && sent.ofOne ? `${sent.path}${toQuery(sent.params ?? {})}` : null
}

type Exchange = ReturnType<typeof createExchange>

/** One request, when there is a place for it, and one outcome. */
function createExchange<Answer extends Answered>(
  dialect: Dialect<Answer>,
  { baseUrl, limiter, others, breaker, clockOffset, logApiCalls }: Account,
  priority: Priority,
  { http, clock, log }: SourcePorts,
) {
  let budget: Budget | null = null

  function observe(outcome: HttpOutcome, sent: Sent, sentAt: number): void {
    breaker.observe(toTrouble(outcome), outcome.outcome === 'answer' ? toObject(sent) : null)
    if (outcome.outcome !== 'answer') return
    const told = dialect.readBudget(outcome)
    if (told !== null) limiter.observe(told.used, told.limit)
    budget = told ?? budget
    clockOffset.observe(outcome.headers['date'], sentAt, clock.now())
  }

  /** The narrowest first: who waits for it holds no place of the others. */
  async function acquireAll(path: string, signal?: AbortSignal): Promise<() => void> {
    const releases: (() => void)[] = []
    const releaseAll = (): void => {
      for (const release of releases) release()
    }
    try {
      const concerned = others.filter(({ concerns }) => concerns(path)).map((one) => one.limiter)
      for (const one of [...concerned, limiter]) releases.push(await one.acquire(signal, priority))
    } catch (thrown) {
      releaseAll()
      throw thrown
    }
    return releaseAll
  }

  return {
    budget: () => budget,

    async send(sent: Sent, signal?: AbortSignal): Promise<HttpOutcome> {
      const { method = 'GET', path, body = null, reads } = sent
      for (let restMs = breaker.untilOpen(); restMs > 0; restMs = breaker.untilOpen())
        await clock.sleep(restMs, signal)
      const release = await acquireAll(path, signal)
      const startedAt = clock.monotonic()
      const sentAt = clock.now()
      const url = `${baseUrl}${path}${'params' in sent ? toQuery(sent.params ?? {}) : ''}`
      const headers = {
        accept: ('accept' in sent ? sent.accept : undefined) ?? 'application/json',
        'user-agent': 'tajo',
        ...dialect.headers(),
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      }
      const content = body === null ? {} : { body: JSON.stringify(body) }
      const outcome = await http
        .send({ method, url, headers, ...content, reads, timeoutMs: TIMEOUT_MS, signal })
        .finally(release)
      observe(outcome, sent, sentAt)
      if (logApiCalls) {
        log.info(`${dialect.label} request`, {
          method,
          path,
          status: outcome.outcome === 'answer' ? outcome.status : outcome.reason,
          ms: Math.round(clock.monotonic() - startedAt),
          budget: budget === null ? undefined : `${budget.used}/${budget.limit}`,
        })
      }
      return outcome
    },
  }
}

function toQuery(params: Params): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    if (Array.isArray(value)) for (const one of value as string[]) query.append(name, one)
    else if (value !== undefined) query.set(name, String(value))
  }
  return query.size === 0 ? '' : `?${query.toString()}`
}
