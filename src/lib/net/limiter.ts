// Two ways of staying within an API's limit: a window that we count ourselves, and a budget that
// each answer tells.
import { linkSignal } from './abort.ts'
import type { Clock } from '../time/clock.ts'

export interface WindowLimit {
  requests: number
  windowMs: number
  /** So many at once at most. */
  atOnce?: number
  /** `requests` holds until the answers say how many there are. */
  isTold?: boolean
}

/** `background` leaves every place that is asked for to `live`, and a share of all places besides. */
export type Priority = 'live' | 'background'

/** Kept free of requests in the background, so that a live one need not wait. */
const RESERVED_SHARE = 0.1
/** How often it is looked whether one of those that are under way has ended. */
const LOOK_MS = 10
/** How often a request in the background looks whether nobody else waits any more. */
const YIELD_MS = 100

/**
 * At most `requests` in any window of `windowMs`. A request holds its place from the moment it is let through until
 * `windowMs` after it was answered, because that is the earliest the other side can have forgotten it.
 */
export class WindowLimiter {
  readonly #limit: WindowLimit
  readonly #clock: Clock
  #requests: number
  #answered: number[] = []
  #underWay = 0
  #pausedUntil = 0
  readonly #waiting: Record<Priority, Promise<void>> = {
    live: Promise.resolve(),
    background: Promise.resolve(),
  }
  #liveWaiting = 0

  constructor(limit: WindowLimit, clock: Clock) {
    this.#limit = limit
    this.#requests = limit.requests
    this.#clock = clock
  }

  /**
   * Waits for a place, first come first served within a priority; the returned function gives it back when the answer has
   * come.
   */
  async acquire(signal?: AbortSignal, priority: Priority = 'live'): Promise<() => void> {
    const turn = this.#waiting[priority].then(() => this.#waitForPlace(priority, signal))
    this.#waiting[priority] = turn.catch(() => undefined)
    if (priority === 'live') this.#liveWaiting += 1
    try {
      await turn
    } finally {
      if (priority === 'live') this.#liveWaiting -= 1
    }
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#underWay -= 1
      this.#answered.push(this.#clock.monotonic())
    }
  }

  /** Nothing is let through for `ms`: the other side asked for it. */
  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.monotonic() + ms)
  }

  /** The other side counts `used` of `limit`: requests that are not ours take places too. */
  observe(used: number, limit: number): void {
    if (this.#limit.isTold === true) this.#requests = limit
    this.#forget()
    const mine = this.#answered.length + this.#underWay
    const ceiling = Math.min(limit, this.#requests)
    const foreign = Math.min(used - mine, ceiling - mine)
    for (let index = 0; index < foreign; index += 1) this.#answered.push(this.#clock.monotonic())
  }

  /** Places free right now. */
  get free(): number {
    this.#forget()
    return Math.max(0, this.#requests - this.#answered.length - this.#underWay)
  }

  async #waitForPlace(priority: Priority, signal?: AbortSignal): Promise<void> {
    const reserved = priority === 'live' ? 0 : Math.floor(this.#requests * RESERVED_SHARE)
    for (;;) {
      signal?.throwIfAborted()
      const wait = this.#untilPlace(reserved, priority === 'background' && this.#liveWaiting > 0)
      if (wait === 0) break
      await this.#clock.sleep(Math.ceil(wait), signal)
    }
    this.#underWay += 1
  }

  #untilPlace(reserved: number, yields: boolean): number {
    const now = this.#clock.monotonic()
    if (this.#pausedUntil > now) return this.#pausedUntil - now
    if (this.free <= reserved) return this.#untilNextPlace(now)
    if (this.#underWay >= (this.#limit.atOnce ?? Number.POSITIVE_INFINITY)) return LOOK_MS
    return yields ? YIELD_MS : 0
  }

  #untilNextPlace(now: number): number {
    const oldest = this.#answered[0]
    // All places are under way: look again soon, an answer frees nothing before its window is over anyway.
    return oldest === undefined ? 10 : Math.max(1, oldest + this.#limit.windowMs - now)
  }

  #forget(): void {
    const horizon = this.#clock.monotonic() - this.#limit.windowMs
    let gone = 0
    while (gone < this.#answered.length && (this.#answered[gone] ?? 0) <= horizon) gone += 1
    if (gone > 0) this.#answered = this.#answered.slice(gone)
  }
}

/** Where the end of the window is not known: an answer wakes the waiting earlier. */
const LONGEST_WAIT_MS = 3_600_000

/**
 * Follows what each answer says of the budget: `remaining` requests until `resetMs` from then. Until the first answer
 * only one request is under way.
 */
export class BudgetLimiter {
  readonly #clock: Clock
  #remaining = 1
  #resetAt = Number.POSITIVE_INFINITY
  #closedUntil = 0
  #underWay = 0
  #wake: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async acquire(signal?: AbortSignal): Promise<() => void> {
    for (;;) {
      signal?.throwIfAborted()
      if (this.#clock.monotonic() >= this.#resetAt) {
        this.#remaining = Math.max(1, this.#remaining)
        this.#resetAt = Number.POSITIVE_INFINITY
      }
      if (this.#remaining - this.#underWay > 0) break
      await this.#change(signal)
    }
    this.#underWay += 1
    let held = true
    return () => {
      if (!held) return
      held = false
      this.#underWay -= 1
      // An answer without the headers says nothing of the budget: one at a time, then.
      if (this.#remaining <= 0 && this.#resetAt === Number.POSITIVE_INFINITY) this.#remaining = 1
      this.#notify()
    }
  }

  /**
   * What an answer said: this many more, and the window ends in at most `resetMs`. It is told in whole seconds, so of the
   * answers of one window the earliest end is the nearest to the truth.
   */
  observe(remaining: number, resetMs: number): void {
    // Of a request that left before another one was refused.
    if (this.#clock.monotonic() < this.#closedUntil) return
    const end = this.#clock.monotonic() + resetMs
    const isSameWindow = remaining < this.#remaining && this.#clock.monotonic() < this.#resetAt
    this.#resetAt = isSameWindow ? Math.min(this.#resetAt, end) : end
    this.#remaining = remaining
    this.#notify()
  }

  /** A request was refused: nothing more for `resetMs`, whatever was told before or is told meanwhile. */
  exhaust(resetMs: number): void {
    this.#remaining = 0
    this.#resetAt = this.#clock.monotonic() + resetMs
    this.#closedUntil = this.#resetAt
    this.#notify()
  }

  get remaining(): number {
    return this.#remaining
  }

  /** Milliseconds until a request could leave. */
  get waitMs(): number {
    if (this.#remaining - this.#underWay > 0) return 0
    return Math.max(0, Math.min(this.#resetAt - this.#clock.monotonic(), LONGEST_WAIT_MS))
  }

  /** Resolves when a place may have come free; the caller looks again. */
  async #change(signal?: AbortSignal): Promise<void> {
    const freed = new Promise<void>((resolve) => this.#wake.push(resolve))
    const waitMs = Math.min(this.#resetAt - this.#clock.monotonic(), LONGEST_WAIT_MS)
    const link = linkSignal(signal)
    const slept = this.#clock.sleep(Math.max(1, Math.ceil(waitMs)), link.signal).catch(() => undefined)
    await Promise.race([freed, slept])
    link.abort()
    link.release()
  }

  #notify(): void {
    const waiting = this.#wake
    this.#wake = []
    for (const wake of waiting) wake()
  }
}
