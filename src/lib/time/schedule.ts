// The only import of node-cron, which says when an expression fires. When that time has come is seen here: node-cron's own timer
// takes the wall clock at its word, and sleeps through what was to be done where the clock is set back.
import cron from 'node-cron'

import type { Clock } from './clock.ts'
import { isAbort } from '../errors.ts'
import type { Log } from '../log/log.ts'

export function isValidSchedule(expression: string): boolean {
  return cron.validate(expression)
}

export interface Schedule {
  /** The next time it fires, in milliseconds since the epoch; null when stopped. */
  next(): number | null
  stop(): Promise<void>
}

/** So often the wall clock is looked at: it may be set while a run is waited for. */
const LOOK_MS = 30_000
/** Steps smaller than this are corrections that go unnoticed. */
const STEP_MS = 2_000

/**
 * Calls `run` whenever the expression fires; while one call is under way further ones are left out. Times go by the wall
 * clock: set back, the next time is the first one from then on; set forward over some of them, one run makes up for all.
 */
export function startSchedule(
  expression: string,
  run: () => Promise<void>,
  { clock, log }: { clock: Clock; log: Log },
): Schedule {
  const task = cron.createTask(expression, () => undefined)
  const stopping = new AbortController()
  let running = false
  const findNext = (now: number): number | null =>
    task
      .getNextRuns(2)
      .map((date) => date.getTime())
      .find((at) => at > now) ?? null
  let dueAt = findNext(clock.now())

  async function fire(): Promise<void> {
    if (running) return
    running = true
    try {
      await run()
    } catch (thrown) {
      log.error('Schedule failed', { reason: String(thrown) })
    } finally {
      running = false
    }
  }

  const ended = (async () => {
    for (let seen = clock.now(); ; seen = clock.now()) {
      const leftMs = dueAt === null ? LOOK_MS : Math.max(1, dueAt - seen)
      await clock.sleep(Math.min(leftMs, LOOK_MS), stopping.signal)
      const now = clock.now()
      if (now < seen - STEP_MS) dueAt = findNext(now)
      if (dueAt === null || now < dueAt) continue
      dueAt = findNext(now)
      void fire()
    }
  })().catch((thrown: unknown) => {
    if (!isAbort(thrown)) log.error('Schedule ended', { reason: String(thrown) })
  })

  return {
    next: () => (stopping.signal.aborted ? null : dueAt),
    async stop() {
      stopping.abort()
      await ended
      await task.destroy()
    },
  }
}
