// Wakes one who waits. A ring that nobody waits for is kept until somebody does.
import { linkSignal } from '../net/abort.ts'
import type { Clock } from '../time/clock.ts'
import { isAbort } from '../errors.ts'

export interface WakeSignal {
  raise(): void
  /** Resolves at the next ring, or at once if it rang since the last wait; also when `signal` aborts. */
  wait(signal: AbortSignal): Promise<void>
}

/** Until `ms` have passed, or until the next ring; also when `signal` aborts. */
export async function sleepOrWake(
  clock: Clock,
  ms: number,
  wake: WakeSignal,
  signal?: AbortSignal,
): Promise<void> {
  const turn = linkSignal(signal)
  const slept = clock.sleep(ms, turn.signal).catch((thrown: unknown) => {
    if (!isAbort(thrown)) throw thrown
  })
  await Promise.race([slept, wake.wait(turn.signal)])
  turn.abort()
  turn.release()
  await slept
}

export function createWakeSignal(): WakeSignal {
  let rung = false
  let wake: (() => void) | null = null
  return {
    raise() {
      rung = true
      wake?.()
    },
    async wait(signal) {
      if (!rung && !signal.aborted) {
        const end = await new Promise<() => void>((resolve) => {
          const ring = (): void => resolve(() => signal.removeEventListener('abort', ring))
          wake = ring
          signal.addEventListener('abort', ring, { once: true })
        })
        end()
      }
      wake = null
      rung = false
    },
  }
}
