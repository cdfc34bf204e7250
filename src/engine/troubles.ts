// Which of the APIs does not answer, since when and why: for `tajo status`, while a daemon runs.
import { createBell } from '../lib/bell.ts'
import type { OnTrouble } from '../lib/breaker.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Store } from '../state/store.ts'

const KEY = 'troubles'

export interface Trouble {
  /** ISO 8601. */
  since: string
  reason: string
}

/** By the name of a connector, or `brevo`. */
type Troubles = Record<string, Trouble>

/** Kept in memory by those who talk to an API, and written where a state may be written. */
export function createTroubles(clock: Clock, log: Log) {
  const now: Troubles = {}
  const changed = createBell()
  return {
    of:
      (side: string): OnTrouble =>
      (reason) => {
        const before = now[side]
        if (reason !== null && before === undefined)
          log.warn('An API does not answer well', { api: side, reason })
        if (reason === null && before !== undefined) log.info('It answers again', { api: side })
        if (reason === null) delete now[side]
        else now[side] = { since: new Date(clock.now()).toISOString(), reason }
        changed.ring()
      },
    /** Notes each change until `signal` aborts. */
    async follow(store: Store, signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        if (store.meta.read(KEY) !== JSON.stringify(now)) store.meta.write(KEY, JSON.stringify(now))
        await changed.wait(signal)
      }
    },
  }
}

export function readTroubles(store: Pick<Store, 'meta'>): Troubles {
  return JSON.parse(store.meta.read(KEY) ?? '{}') as Troubles
}
