// The only import of node-cron: when the next run is due.
import cron from 'node-cron'

import type { Log } from './log.ts'

export function isValidSchedule(expression: string): boolean {
  return cron.validate(expression)
}

export interface Schedule {
  /** The next time it fires, in milliseconds since the epoch; null when stopped. */
  next(): number | null
  stop(): Promise<void>
}

/** Calls `run` whenever the expression fires; while one call is under way further ones are left out. */
export function startSchedule(expression: string, run: () => Promise<void>, log: Log): Schedule {
  const quiet = {
    info: (message: string) => log.debug(message),
    debug: (message: string | Error) => log.debug(String(message)),
    warn: (message: string) => log.debug(message),
    error: (message: string | Error) => log.error('Schedule failed', { reason: String(message) }),
  }
  const task = cron.schedule(expression, run, { noOverlap: true, logger: quiet })
  return {
    next: () => task.getNextRun()?.getTime() ?? null,
    stop: async () => {
      await task.destroy()
    },
  }
}
