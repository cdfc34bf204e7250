// One for each API: when it does not answer, requests stop leaving, and after a while a single one looks whether it does again.
import { backoffMs } from './backoff.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** In a row; fewer may be bad luck. */
const FAILURES = 5
const REST = { baseMs: 5_000, capMs: 5 * 60_000 }

export class CircuitBreaker {
  readonly #clock: Clock
  readonly #random: Random
  #failures = 0
  #rests = 0
  #restsUntil = 0
  #probing = false

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** Milliseconds until a request may leave; 0: now. At the end of a rest only one may, until its outcome is known. */
  untilOpen(): number {
    if (this.#failures < FAILURES) return 0
    const left = this.#restsUntil - this.#clock.monotonic()
    if (left > 0) return Math.ceil(left)
    if (this.#probing) return PROBE_MS
    this.#probing = true
    return 0
  }

  /** What became of a request: whether the API answered it at all, however badly it was asked. */
  observe(answered: boolean): void {
    this.#probing = false
    if (answered) {
      this.#failures = 0
      this.#rests = 0
      return
    }
    this.#failures += 1
    if (this.#failures < FAILURES) return
    this.#restsUntil = this.#clock.monotonic() + backoffMs(REST, this.#rests, this.#random)
    this.#rests += 1
  }
}

/** How often to look whether the one that was let through has come back. */
const PROBE_MS = 250
