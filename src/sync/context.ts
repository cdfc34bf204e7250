// What one connector's reading works with.
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { MappingRules } from '../mapping/compile.ts'
import { fromMs, type Instant } from '../model/time.ts'
import type { Source } from '../sources/source.ts'
import type { Store } from '../state/store.ts'

export interface SyncContext {
  source: Source
  store: Store
  clock: Clock
  log: Log
  /** Names the account in event ids. */
  account: string
  rules: MappingRules
  /** `sync.tags`: whether events name the tags of their ticket. */
  withTags: boolean
  /** The start of the first sync: what happened before fires no event. */
  goLive: Instant
}

/** Remembers the start of the first sync, once and for all. */
export function findGoLive(store: Store, source: string, clock: Clock): Instant {
  const key = `go_live:${source}`
  const known = store.meta.read(key)
  if (known !== null) return Number(known)
  const now = fromMs(clock.now())
  store.meta.write(key, String(now))
  return now
}
