// The time of a test: it stands still while anything is under way, and then moves to whoever sleeps the shortest. So waits take no time,
// and whoever looks every five seconds whether others are done does not run away with it.
import type { Clock } from '../lib/time/clock.ts'

interface Sleeper {
  at: number
  wake(): void
}

/** Turns of the event loop after which everything that could go on has gone on. */
const TURNS = 3

export class IdleClock implements Clock {
  at: number
  readonly #start: number
  #sleepers: Sleeper[] = []
  #busy = 0
  #isMoving = false

  constructor(at: number) {
    this.at = at
    this.#start = at
  }

  now(): number {
    return this.at
  }

  monotonic(): number {
    return this.at - this.#start
  }

  /** Time stands still until it is done. */
  async busy<T>(action: PromiseLike<T>): Promise<T> {
    this.#busy += 1
    try {
      return await action
    } finally {
      this.#busy -= 1
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
        reject(signal!.reason as Error)
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const sleeper = { at: this.at + Math.max(0, ms), wake }
      if (signal?.aborted === true) return abort()
      signal?.addEventListener('abort', abort, { once: true })
      this.#sleepers.push(sleeper)
      void this.#move()
    })
  }

  async #move(): Promise<void> {
    if (this.#isMoving) return
    this.#isMoving = true
    while (this.#sleepers.length > 0) {
      for (let idle = 0; idle < TURNS;) {
        await new Promise((resolve) => setImmediate(resolve))
        idle = this.#busy === 0 ? idle + 1 : 0
      }
      this.#sleepers.sort((a, b) => a.at - b.at)
      const next = this.#sleepers.shift()
      if (next === undefined) break
      this.at = Math.max(this.at, next.at)
      next.wake()
    }
    this.#isMoving = false
  }
}
