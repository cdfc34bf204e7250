// Retries are a share of the requests: an API in trouble is not asked twice as much as a healthy one.

/** Each request earns a tenth of a retry; so many may be saved up. */
const EARNED = 0.1
const MOST = 20

export class RetryBudget {
  #tokens = MOST

  /** A request leaves for the first time. */
  earn(): void {
    this.#tokens = Math.min(MOST, this.#tokens + EARNED)
  }

  /** False: no retry now; the next run goes on from here. */
  take(): boolean {
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
