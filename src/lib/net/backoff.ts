// How long to wait before trying again.
import type { Random } from '../random.ts'

export interface Backoff {
  baseMs: number
  capMs: number
}

/**
 * Exponential back-off with full jitter: a random wait in [base/2, min(cap, base·2^attempt)].
 * `attempt` counts from 0. A wait that the other side asked for is a floor, never shortened.
 */
export function backoffMs(backoff: Backoff, attempt: number, random: Random, askedMs = 0): number {
  const ceiling = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(attempt, 30))
  const floor = Math.min(backoff.baseMs / 2, ceiling)
  return Math.max(askedMs, floor + random.next() * (ceiling - floor))
}
