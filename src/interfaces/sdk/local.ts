// The engine in this process: configuration, keys and state as the commands take them, and what `connect` is given on top.
import { randomUUID } from 'node:crypto'

import { type Config, requireEnabled } from '../../config/config.ts'
import { Control } from '../../daemon/control.ts'
import { type Engine, openEngine, type Ports } from '../../engine/engine.ts'
import { readStatus } from '../../engine/status.ts'
import { createWakeSignal, sleepOrWake } from '../../lib/async/wake-signal.ts'
import { coerceError, isAbort, TajoError } from '../../lib/errors.ts'
import { toMs } from '../../model/time.ts'
import type { OccurrenceType } from '../../model/occurrence.ts'
import { findSource, SOURCE_NAMES } from '../../sources/index.ts'
import { openStoreReadOnly } from '../../state/store.ts'
import { Given } from './given.ts'
import type { Backend, ConnectOptions, TajoClientOptions } from './types.ts'

const MOST_GIVEN = 100
/** Looks for something to give to a handler at least so often: what failed is due again. */
const LOOK_AGAIN_MS = 1_000
/** What is under way may end by itself. */
const CLOSE_WAIT_MS = 20_000

export function createLocal(options: TajoClientOptions, ports: Ports): Backend {
  return new Local(options, ports)
}

class Local implements Backend {
  readonly #hasConfig: boolean
  readonly #ports: Ports
  readonly #stateDir: string
  readonly #given: Given
  readonly #listened = new Map<string, Set<OccurrenceType>>()
  /** Something may be there for a handler. */
  readonly #happened = createWakeSignal()
  readonly #closing = new AbortController()
  readonly #following = new Set<Promise<void>>()
  #opened: { engine: Engine; control: Control; config: Config } | null = null

  constructor(options: TajoClientOptions, ports: Ports) {
    this.#hasConfig = options.config !== undefined
    this.#ports = ports
    this.#stateDir = options.stateDir ?? 'state'
    this.#given = new Given(options, this.#stateDir)
  }

  /** A wrong name is said before anything is opened: the next call may be the right `connect`. */
  #open(connector?: string) {
    if (this.#opened !== null) return this.#opened
    const ports = this.#ports
    const config = this.#given.readConfig()
    if (connector !== undefined) requireEnabled(config, connector)
    const connectors = config.connectors.filter((one) => one.enabled)
    const engine = openEngine(
      {
        config,
        stateDir: this.#stateDir,
        credentials: Object.fromEntries(
          connectors.map((one) => [one.name, this.#given.credentialsOf(one, config)]),
        ),
        brevoKey: this.#given.brevoKey(),
        handled: () => new Set([...this.#listened.values()].flatMap((types) => [...types])),
      },
      ports,
    )
    const control = new Control(config, engine, {
      now: () => ports.clock.now(),
      uuid: randomUUID,
      wake: (name) => this.#follow(name),
    })
    return (this.#opened = { engine, control, config })
  }

  /** Reads again what was asked for, in the background; one run for all that come meanwhile. */
  #follow(name: string): void {
    if (this.#following.size > 0) return
    const run = this.#refresh(name)
      .catch((thrown: unknown) => {
        if (isAbort(thrown)) return
        const reason = coerceError(thrown).message
        this.#ports.log.warn('A refresh request was not followed yet', { reason })
      })
      .finally(() => this.#following.delete(run))
    this.#following.add(run)
  }

  async #refresh(name: string): Promise<void> {
    const { engine } = this.#open()
    const { signal } = this.#closing
    for (;;) {
      const waitMs = engine.untilNextRefresh(name)
      if (waitMs === null || signal.aborted) return
      if (waitMs > 0) await sleepOrWake(this.#ports.clock, waitMs, createWakeSignal(), signal)
      if (engine.untilNextRefresh(name) !== 0) continue
      await engine.sync(name, { quick: true, patienceMs: 5_000 }, signal)
      this.#happened.raise()
    }
  }

  async connect(name: string, options: ConnectOptions) {
    if (this.#opened !== null)
      throw new TajoError('usage', 'connect comes before everything else.', {
        hint: 'Call connectors.connect once, first, or make a new TajoClient.',
      })
    const helpdesk = options.source ?? name
    if (findSource(helpdesk) === null && !this.#hasConfig)
      throw new TajoError('usage', `There is no helpdesk ${helpdesk}.`, {
        hint: `Helpdesks are: ${SOURCE_NAMES.join(', ')}.`,
      })
    this.#given.add(name, options)
    return await this.#open(name).control.probe(name)
  }

  async sync(name: string, request: Parameters<Backend['sync']>[1]) {
    try {
      return await this.#open(name).control.sync(name, request, this.#closing.signal)
    } finally {
      this.#happened.raise()
    }
  }

  async status(name: string) {
    if (this.#opened !== null) return this.#opened.control.status(name)
    const store = openStoreReadOnly(this.#stateDir)
    if (store === null) return this.#open(name).control.status(name)
    try {
      return readStatus(store, requireEnabled(this.#given.readConfig(), name), false)
    } finally {
      store.close()
    }
  }

  async requestRefresh(name: string, { payload }: Parameters<Backend['requestRefresh']>[1]) {
    return this.#open(name).control.requestRefresh(name, payload)
  }

  async trigger(name: string, request: Parameters<Backend['trigger']>[1]) {
    const { control, engine } = this.#open()
    const triggered = control.trigger(name, request)
    if (triggered.fired) await engine.deliver(this.#closing.signal)
    return triggered
  }

  async listen(name: string, types: Parameters<Backend['listen']>[1]) {
    const known = this.#listened.get(name) ?? new Set()
    for (const type of types) known.add(type)
    this.#listened.set(name, known)
    this.#happened.raise()
  }

  async deliveries(name: string, types: Parameters<Backend['deliveries']>[1], signal: AbortSignal) {
    const { control } = this.#open()
    const { clock } = this.#ports
    for (;;) {
      const events = control.deliveries(name, types, MOST_GIVEN)
      if (events.length > 0 || signal.aborted) return events
      const at = control.nextDeliveryAt(name)
      const untilDue = at === null ? LOOK_AGAIN_MS : Math.max(10, toMs(at) - clock.now())
      await sleepOrWake(clock, Math.min(LOOK_AGAIN_MS, untilDue), this.#happened, signal)
    }
  }

  async ack(_: string, id: string) {
    this.#open().control.ack(id)
  }

  async nack(_: string, id: string, attempts: number, reason: string) {
    this.#open().control.nack(id, attempts, reason)
  }

  async close() {
    // What was asked for is on disk, and is followed by whoever opens the state next.
    const patience = new AbortController()
    const waited = this.#ports.clock.sleep(CLOSE_WAIT_MS, patience.signal).catch(() => undefined)
    await Promise.race([Promise.allSettled(this.#following), waited])
    patience.abort()
    this.#closing.abort()
    await Promise.allSettled(this.#following)
    this.#opened?.engine.close()
    this.#opened = null
    this.#ports.http.close()
  }
}
