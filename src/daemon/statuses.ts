// What the state says of each connector, for probes, alerts and pages that ask at any time. To count a million records takes a second: the
// longer it took, the longer it is kept, so that looking never takes much of the process.
import type { Config } from '../config/config.ts'
import { type ConnectorStatus, readStatus } from '../engine/status.ts'
import { enabled } from '../engine/streams.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Store } from '../state/store.ts'

const LEAST_KEPT_MS = 2_000
/** In multiples of what it took. */
const KEPT_TIMES = 30

export interface Statuses {
  connectors: ReadonlyMap<string, ConnectorStatus>
  /** Milliseconds since the epoch. */
  at: number
}

export class StatusReader {
  readonly #config: Config
  readonly #store: Store
  readonly #clock: Clock
  #kept: { statuses: Statuses; until: number } | null = null

  constructor(config: Config, store: Store, clock: Clock) {
    this.#config = config
    this.#store = store
    this.#clock = clock
  }

  read(): Statuses {
    const began = this.#clock.monotonic()
    if (this.#kept !== null && began < this.#kept.until) return this.#kept.statuses
    const connectors = new Map(
      enabled(this.#config).map((one) => [one.name, readStatus(this.#store, one, true)]),
    )
    const statuses = { connectors, at: this.#clock.now() }
    const took = this.#clock.monotonic() - began
    const until = began + took + Math.max(LEAST_KEPT_MS, KEPT_TIMES * took)
    this.#kept = { statuses, until }
    return statuses
  }
}
