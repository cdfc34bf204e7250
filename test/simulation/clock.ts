// Virtual time for a whole world. It moves to the next sleeper when nothing is left to do: no request is under way and no
// promise waits to be followed. Each process that lives in it has a clock of its own, whose wall may be wrong and which dies
// with its process.
import type { Clock } from '../../src/lib/time/clock.ts'

interface Sleeper {
  at: number
  order: number
  wake(): void
}

/** Mutex of the event loop after which everything that could go on has gone on. */
const TURNS = 3

export class Universe {
  /** Milliseconds since the epoch, as they truly are. */
  now: number
  #sleepers: Sleeper[] = []
  #order = 0
  #busy = 0

  constructor(startsAt: number) {
    this.now = startsAt
  }

  /** Calls `action` at that time; the function it gives takes that back. */
  at(time: number, action: () => void): () => void {
    const sleeper = { at: Math.max(time, this.now), order: (this.#order += 1), wake: action }
    let index = this.#sleepers.length
    while (index > 0 && isBefore(sleeper, this.#sleepers[index - 1]!)) index -= 1
    this.#sleepers.splice(index, 0, sleeper)
    return () => {
      const found = this.#sleepers.indexOf(sleeper)
      if (found >= 0) this.#sleepers.splice(found, 1)
    }
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.at(this.now + ms, resolve))
  }

  /** Time stands still while `action`, which needs the real event loop, is under way. */
  async busy<T>(action: Promise<T>): Promise<T> {
    this.#busy += 1
    try {
      return await action
    } finally {
      this.#busy -= 1
    }
  }

  /** Lets everything happen up to `until`. */
  async run(until: number): Promise<void> {
    for (;;) {
      await this.#settle()
      const next = this.#sleepers[0]
      if (next === undefined || next.at > until) break
      this.#sleepers.shift()
      this.now = Math.max(this.now, next.at)
      next.wake()
    }
    this.now = Math.max(this.now, until)
  }

  async #settle(): Promise<void> {
    for (let idle = 0; idle < TURNS;) {
      await new Promise((resolve) => setImmediate(resolve))
      idle = this.#busy === 0 ? idle + 1 : 0
    }
  }
}

function isBefore(a: Sleeper, b: Sleeper): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** What a process that was killed meets: nothing goes on. */
export class Killed extends Error {
  override readonly name = 'Killed'
}

/** The clock of one process. */
export class ProcessClock implements Clock {
  readonly #universe: Universe
  readonly #startedAt: number
  readonly #wall: { offsetMs: number }
  readonly #step: () => void
  readonly #asleep = new Set<(reason: Error) => void>()

  constructor(universe: Universe, wall: { offsetMs: number }, step: () => void) {
    this.#universe = universe
    this.#startedAt = universe.now
    this.#wall = wall
    this.#step = step
  }

  now(): number {
    return this.#universe.now + this.#wall.offsetMs
  }

  monotonic(): number {
    return this.#universe.now - this.#startedAt
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.#step()
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#asleep.delete(fail)
        cancel()
        signal?.removeEventListener('abort', abort)
      }
      const cancel = this.#universe.at(this.#universe.now + Math.max(0, ms), () => {
        end()
        resolve()
      })
      const fail = (reason: Error): void => {
        end()
        reject(reason)
      }
      const abort = (): void => fail(Object.assign(new Error('aborted'), { name: 'AbortError' }))
      this.#asleep.add(fail)
      if (signal?.aborted === true) abort()
      else signal?.addEventListener('abort', abort, { once: true })
    })
  }

  kill(): void {
    for (const fail of this.#asleep) fail(new Killed())
  }
}
