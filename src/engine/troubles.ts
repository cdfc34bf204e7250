// Which of the APIs does not answer, since when and why: for `tajo status`, while a daemon runs.
import { createWakeSignal } from '../lib/async/wake-signal.ts'
import type { OnTrouble } from '../lib/net/breaker.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Log } from '../lib/log/log.ts'
import { META, type Trouble } from '../state/meta.ts'
import type { Store } from '../state/store.ts'

/** By the name of a connector, or `brevo`. */
type Troubles = Record<string, Trouble>

/** Kept in memory by those who talk to an API, and written where a state may be written. */
export function createTroubles(clock: Clock, log: Log) {
  const now: Troubles = {}
  const changed = createWakeSignal()
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
        changed.raise()
      },
    /** Notes each change until `signal` aborts. */
    async follow(store: Store, signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        if (JSON.stringify(store.meta.get(META.troubles)) !== JSON.stringify(now))
          store.meta.set(META.troubles, now)
        await changed.wait(signal)
      }
    },
  }
}

export function readTroubles(store: Pick<Store, 'meta'>): Troubles {
  return store.meta.get(META.troubles) ?? {}
}
