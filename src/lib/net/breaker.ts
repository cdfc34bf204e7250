// One for each API: when it does not answer, requests stop leaving, and after a while a single one looks whether it does again.
import { backoffMs } from './backoff.ts'
import type { Clock } from '../time/clock.ts'
import { formatDuration } from '../human.ts'
import type { HttpOutcome } from './http.ts'
import type { Random } from '../random.ts'

/** In a row; fewer may be bad luck. */
const FAILURES = 5
const REST = { baseMs: 5_000, capMs: 5 * 60_000 }

/** Told when an API stops answering, with the reason, and (null) when it answers again. */
export type OnTrouble = (reason: string | null) => void

export class CircuitBreaker {
  readonly #clock: Clock
  readonly #random: Random
  readonly #onTrouble: OnTrouble
  #failures = 0
  /** Single objects that were answered badly since anything was answered well. */
  readonly #objects = new Set<string>()
  #rests = 0
  #restsUntil = 0
  #probing = false
  #isSlowed = false

  constructor(clock: Clock, random: Random, onTrouble: OnTrouble = () => undefined) {
    this.#clock = clock
    this.#random = random
    this.#onTrouble = onTrouble
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

  /**
   * What became of a request: null if the API answered it, however badly it was asked; otherwise why not. That one object is
   * answered badly, however often, says little of the API; that many are, and nothing else is answered, does.
   */
  observe(trouble: string | null, object: string | null = null): void {
    this.#probing = false
    if (trouble === null) {
      this.#objects.clear()
      if (this.#failures >= FAILURES || this.#isSlowed) this.#onTrouble(null)
      this.#isSlowed = false
      this.#failures = 0
      this.#rests = 0
      return
    }
    if (object !== null && this.#failures < FAILURES) {
      if (this.#objects.has(object)) return
      this.#objects.add(object)
    }
    this.#failures += 1
    if (this.#failures < FAILURES) return
    if (this.#failures === FAILURES) this.#onTrouble(trouble)
    this.#restsUntil = this.#clock.monotonic() + backoffMs(REST, this.#rests, this.#random)
    this.#rests += 1
  }

  /** The API answered that nothing may leave for so long; told where somebody would wonder. To be called after `observe`. */
  slowDown(askedMs: number, waitedMs: number): void {
    if (askedMs < NOTABLE_MS) return
    this.#isSlowed = true
    const less = waitedMs < askedMs ? `; it is asked again after ${formatDuration(waitedMs)}` : ''
    this.#onTrouble(`it asks to wait ${formatDuration(askedMs)} (429)${less}`)
  }
}

const NOTABLE_MS = 60_000

/** Null: the API answered. */
export function toTrouble(outcome: HttpOutcome): string | null {
  if (outcome.outcome !== 'answer') return `no answer (${outcome.reason})`
  return outcome.status < 500 ? null : `it answers ${outcome.status}`
}

/** How often to look whether the one that was let through has come back. */
const PROBE_MS = 250
