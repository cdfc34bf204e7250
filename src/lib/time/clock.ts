// The only door to time. Tests and the simulation put a virtual clock here.
import { setTimeout as delay } from 'node:timers/promises'

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. May jump. */
  now(): number
  /** Milliseconds that never run backwards; for waits and durations. */
  monotonic(): number
  /** Resolves after `ms`; rejects with an AbortError as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    // A timer of Node's that is longer fires at once.
    let left = ms
    for (; left > LONGEST_TIMER_MS; left -= LONGEST_TIMER_MS)
      await delay(LONGEST_TIMER_MS, undefined, signal ? { signal } : {})
    await delay(Math.max(0, left), undefined, signal ? { signal } : {})
  },
}

const LONGEST_TIMER_MS = 2 ** 31 - 1
