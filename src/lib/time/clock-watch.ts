// Notices that somebody set the wall clock: it then has gone further, or less far, than the one that never jumps.
import type { Clock } from './clock.ts'

/** What a clock that is merely corrected moves by, at most. */
const TOLERANCE_MS = 30_000

export function createClockWatch(clock: Clock): { takeJumpMs(): number } {
  let difference = clock.now() - clock.monotonic()
  return {
    /** How far the wall clock was set since the last call; 0 if it was not. */
    takeJumpMs() {
      const now = clock.now() - clock.monotonic()
      const jump = now - difference
      if (Math.abs(jump) < TOLERANCE_MS) return 0
      difference = now
      return jump
    },
  }
}
