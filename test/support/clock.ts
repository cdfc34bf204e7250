// A clock that only moves when it is told to, or when everyone sleeps.
import type { Clock } from '../../src/lib/time/clock.ts'

export class VirtualClock implements Clock {
  #now = 1_000_000
  #sleepers: { at: number; wake: () => void }[] = []

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(abortError())
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((one) => one !== sleeper)
        reject(abortError())
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const sleeper = { at: this.#now + ms, wake }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /** Runs `action` to its end, moving to the next sleeper whenever nothing else is left to do. */
  async run<T>(action: Promise<T>): Promise<T> {
    let ended = false
    const result = action.finally(() => (ended = true))
    result.catch(() => undefined)
    for (;;) {
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
      if (ended) return result
      const next = this.#sleepers.sort((a, b) => a.at - b.at).shift()
      if (next === undefined) throw new Error('nobody sleeps, and yet it does not end')
      this.#now = Math.max(this.#now, next.at)
      next.wake()
    }
  }
}

function abortError(): Error {
  const error = new Error('aborted')
  error.name = 'AbortError'
  return error
}
