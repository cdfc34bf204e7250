// The two ways in which APIs count: a moving window, and a fixed one for each bucket.

/** At most `limit` requests in any window; null: no limit. */
export class MovingWindow {
  readonly limit: number
  readonly #windowMs: number
  #times: number[] = []

  constructor(limit: number, windowMs: number) {
    this.limit = limit
    this.#windowMs = windowMs
  }

  /** Counts a request: how many are used now, and how long to wait if it is one too many. */
  take(now: number): { used: number; waitMs: number } {
    while (this.#times.length > 0 && this.#times[0]! <= now - this.#windowMs) this.#times.shift()
    if (this.#times.length >= this.limit)
      return { used: this.limit, waitMs: this.#times[0]! + this.#windowMs - now }
    this.#times.push(now)
    return { used: this.#times.length, waitMs: 0 }
  }
}

export class FixedWindow {
  readonly limit: number
  readonly #windowMs: number
  #startedAt = 0
  #used = 0

  constructor(limit: number, windowMs: number) {
    this.limit = limit
    this.#windowMs = windowMs
  }

  take(now: number): { allowed: boolean; remaining: number; resetSeconds: number } {
    if (now - this.#startedAt >= this.#windowMs) {
      this.#startedAt = now
      this.#used = 0
    }
    const allowed = this.#used < this.limit
    if (allowed) this.#used += 1
    const resetSeconds = Math.ceil((this.#startedAt + this.#windowMs - now) / 1000)
    return { allowed, remaining: this.limit - this.#used, resetSeconds }
  }
}
