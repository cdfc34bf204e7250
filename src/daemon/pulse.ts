// Whether a daemon lives and is ready, and what it is right now: for probes and scrapes.
import type { Engine } from '../engine/engine.ts'
import { isAbort } from '../lib/errors.ts'
import { type Instant, toMs } from '../model/time.ts'
import type { Clock } from '../lib/time/clock.ts'
import { META } from '../state/meta.ts'
import type { Meters, Snapshot } from './meters.ts'
import type { StatusReader } from './statuses.ts'

const TICK_MS = 5_000
/** Whoever has not ticked for so long hangs. */
const HANGS_AFTER_MS = 60_000
/** A scrape asks the state some fifty questions. */
const KEPT_MS = 2_000

/** `null`: it is well. */
export type Verdict = string | null

export class Pulse {
  readonly #engine: Engine
  readonly #statuses: StatusReader
  readonly #clock: Clock
  readonly #meters: Meters
  #tickedAt: number
  #isStopping = false
  #rendered: { at: number; text: string } | null = null

  constructor(engine: Engine, statuses: StatusReader, clock: Clock, meters: Meters) {
    this.#engine = engine
    this.#statuses = statuses
    this.#clock = clock
    this.#meters = meters
    this.#tickedAt = clock.monotonic()
    meters.follow(() => {
      if (!this.#isStopping) this.metrics()
      return clock.now()
    })
  }

  /** Until `signal` aborts. */
  async follow(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        this.#tickedAt = this.#clock.monotonic()
        await this.#clock.sleep(TICK_MS, signal)
      }
    } catch (thrown) {
      if (!isAbort(thrown)) throw thrown
    } finally {
      this.#isStopping = true
    }
  }

  /** A restart mends what this complains of, and nothing else does. Who ends, or has ended, is not dead. */
  findDeath(): Verdict {
    if (this.#isStopping) return null
    const silentMs = this.#clock.monotonic() - this.#tickedAt
    return silentMs > HANGS_AFTER_MS ? `it has not moved for ${Math.round(silentMs / 1000)} s` : null
  }

  /** Whether deliveries can be taken. That an API does not answer is no reason to turn them away. */
  findUnready(): Verdict {
    if (this.#isStopping) return 'it is stopping'
    try {
      this.#engine.store.meta.set(META.probe, String(this.#clock.now()))
      return null
    } catch (thrown) {
      return `the state can't be written (${thrown instanceof Error ? thrown.message : String(thrown)})`
    }
  }

  metrics(): string {
    const at = this.#clock.monotonic()
    if (this.#rendered === null || at - this.#rendered.at > KEPT_MS)
      this.#rendered = { at, text: this.#meters.render(this.#snapshot()) }
    return this.#rendered.text
  }

  #snapshot(): Snapshot {
    const { store } = this.#engine
    const { connectors } = this.#statuses.read()
    const deadLetters: Record<string, number> = {}
    for (const { kind } of store.deadLetters.list()) deadLetters[kind] = (deadLetters[kind] ?? 0) + 1
    const [first] = connectors.values()
    return {
      connectors,
      deadLetters,
      ...store.sizes(),
      oldestEvent: toMsOrNull(store.backlog.oldestEventAt()),
      pendingConfig: first?.pendingConfig?.state ?? null,
      now: this.#clock.now(),
    }
  }
}

const toMsOrNull = (at: Instant | null): number | null => (at === null ? null : toMs(at))
