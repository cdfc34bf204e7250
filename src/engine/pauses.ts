// What was refused (a key, an attribute that Brevo lacks) is tried again soon at first, then ever more rarely, and at once when
// its keys are replaced or `tajo connectors test` has come through.
import { createHash } from 'node:crypto'

import { backoffMs } from '../lib/net/backoff.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Secret } from '../lib/log/secret.ts'
import { META, type Pause } from '../state/meta.ts'
import type { Store } from '../state/store.ts'
import type { EngineOptions } from './options.ts'

/** Doubled with each refusal in a row, with jitter between half of it and the whole. */
const FIRST_MS = 15_000
const LONGEST_MS = 15 * 60_000
/** How often the keys are looked at meanwhile. */
const LOOK_MS = 2_000

/** Deliveries are refused for all connectors at once. */
export const BREVO = 'brevo'

export interface Pauses {
  /** Milliseconds that are left; 0 where nothing pauses. */
  leftMs(key: string): number
  /** Begins a pause, or leaves the one that is under way as it is. Its milliseconds. */
  begin(key: string, reason: string, hint?: string): number
  /** It works again: the next refusal is the first one. */
  end(key: string): void
  /** Resolves when the pause is over, or cut short. Rejects as `clock.sleep` does. */
  over(key: string, signal: AbortSignal): Promise<void>
}

export function createPauses(
  { credentials, brevoKey }: Pick<EngineOptions, 'credentials' | 'brevoKey'>,
  { store, clock, random }: { store: Store; clock: Clock; random: Random },
): Pauses {
  /** By the clock that does not jump; `until` 0: over, and not known to work yet. */
  const pauses = new Map<string, { refusals: number; until: number; keys: string; pause: Pause }>()

  /** Changes when a key is replaced, or was seen to work by somebody else. */
  function readKeys(): string {
    const secrets = [...Object.values(credentials).flatMap((one) => Object.values(one)), brevoKey]
    const hash = createHash('sha256')
    for (const secret of secrets) hash.update(reveal(secret)).update('\0')
    return `${hash.digest('hex')} ${store.meta.get(META.keysTested) ?? ''}`
  }

  function note(): void {
    const open = [...pauses].filter(([, { until }]) => until > clock.monotonic())
    store.meta.set(META.pauses, Object.fromEntries(open.map(([key, one]) => [key, one.pause])))
  }

  const leftMs = (key: string): number => Math.max(0, (pauses.get(key)?.until ?? 0) - clock.monotonic())
  // What a process that was killed has left.
  note()

  return {
    leftMs,
    begin(key, reason, hint) {
      const left = leftMs(key)
      if (left > 0) return left
      const refusals = (pauses.get(key)?.refusals ?? 0) + 1
      const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** (refusals - 1))
      const waitMs = backoffMs({ baseMs: ceiling, capMs: ceiling }, 0, random)
      const until = new Date(clock.now() + waitMs).toISOString()
      pauses.set(key, {
        refusals,
        until: clock.monotonic() + waitMs,
        keys: readKeys(),
        pause: { until, reason, ...(hint === undefined ? {} : { hint }) },
      })
      note()
      return waitMs
    },
    end(key) {
      if (pauses.delete(key)) note()
    },
    async over(key, signal) {
      for (let left = leftMs(key); left > 0; left = leftMs(key)) {
        // Whole milliseconds: a rest that is smaller than the clock's grain would never pass.
        await clock.sleep(Math.ceil(Math.min(left, LOOK_MS)), signal)
        const paused = pauses.get(key)
        if (paused === undefined || paused.keys === readKeys()) continue
        pauses.set(key, { ...paused, refusals: 0, until: 0 })
      }
      note()
    },
  }
}

/** A file of keys may be replaced just now. */
function reveal(secret: Secret): string {
  try {
    return secret.reveal()
  } catch {
    return ''
  }
}

/** Says to a daemon that the keys work: what it has paused because of them goes on. */
export function noteKeysTested(store: Store, now: number): void {
  store.meta.set(META.keysTested, String(now))
}

export function readPauses(store: Pick<Store, 'meta'>): Record<string, Pause> {
  return store.meta.get(META.pauses) ?? {}
}
