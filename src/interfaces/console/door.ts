// What the console can see and do of the daemon that it comes out of.
import type { Config } from '../../config/config.ts'
import type { Env } from '../../config/load.ts'
import type { ConfigFile } from '../../config/text/file.ts'
import type { ConnectorStatus } from '../../engine/status.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import type { Store } from '../../state/store.ts'

/** Something that is not well. */
export interface Finding {
  /** What it is about: `guard`, `stale:gorgias`. */
  id: string
  severity: 'critical' | 'warning'
  /** Both are sentences, in English. */
  summary: string
  action: string
}

export interface ConsoleDoor {
  store: Store
  /** In force. */
  config: Config
  file: ConfigFile
  /** Of the daemon. Of a draft that is checked with it something is shown: by `toShownEnv` alone. */
  env: Env
  clock: Clock
  log: Log
  /** As of a few seconds ago at most. */
  statuses(): { connectors: ReadonlyMap<string, ConnectorStatus>; at: number }
  findings(): Finding[]
  /** Begins a run; what becomes of it is seen among the runs. */
  sync(connector: string, options: { acceptRemovals?: boolean }): void
  /** Lets others have their turn in what takes long. */
  pause(): Promise<void>
}
