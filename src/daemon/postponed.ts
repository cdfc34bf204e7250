// Between the runs what was postponed is delivered, when it is due.
import { BREVO } from '../engine/pauses.ts'
import { sleepOrWake } from '../lib/async/wake-signal.ts'
import { coerceError, isAbort } from '../lib/errors.ts'
import { isDatabaseError } from '../state/db/sqlite.ts'
import type { Shared } from './runner.ts'

/** Between two looks for something postponed. */
const SHORTEST_PAUSE_MS = 1_000
/** A clock may be set meanwhile. */
const LONGEST_PAUSE_MS = 5 * 60_000

export async function deliverPostponed(shared: Shared): Promise<void> {
  const { engine, tasks, pauses, sync, ports } = shared
  for (;;) {
    await pauses.over(BREVO, tasks.signal)
    // Each run delivers; what it could not deliver is planned anew after it.
    await untilDue(shared)
    if (tasks.isStopping) return
    if (pauses.leftMs(BREVO) > 0 || engine.untilNextDue() === null) continue
    try {
      await engine.deliver(tasks.signal, sync)
      pauses.end(BREVO)
    } catch (thrown) {
      if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
      const error = coerceError(thrown)
      if (error.kind !== 'transient') pauses.begin(BREVO, error.message)
      ports.log.warn('Delivery did not succeed', { reason: error.message, hint: error.hint })
    }
  }
}

async function untilDue({ engine, tasks, runEnded, ports }: Shared): Promise<void> {
  const waitMs = engine.untilNextDue()
  if (waitMs === null) return await runEnded.wait(tasks.signal)
  const pauseMs = Math.max(SHORTEST_PAUSE_MS, Math.min(waitMs, LONGEST_PAUSE_MS))
  await sleepOrWake(ports.clock, pauseMs, runEnded, tasks.signal)
}
