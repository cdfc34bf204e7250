// What an engine works with, opened once: the state, Brevo, a source for each connector, and what its passes share.
import { type BrevoCaller, createBrevoCaller } from '../brevo/client.ts'
import { createBrevoDestination } from '../brevo/destination.ts'
import { type Config, type ConnectorConfig, requireEnabled } from '../config/config.ts'
import { createCoalescer } from '../lib/async/coalescer.ts'
import { createMutex, type Mutex } from '../lib/async/mutex.ts'
import type { Http } from '../lib/net/http.ts'
import { createClockWatch } from '../lib/time/clock-watch.ts'
import { identifies } from '../mapping/compile.ts'
import { fromMs } from '../model/time.ts'
import { type DeliveryContext, THRESHOLDS } from '../outbox/delivery.ts'
import type { DeliveryReport } from '../outbox/report.ts'
import { createLookTimes } from '../outbox/verify-events.ts'
import { prepareContact, recordsInBatches } from '../projection/project.ts'
import { sampleOf } from '../sources/sample.ts'
import type { Source } from '../sources/source.ts'
import { capPlans, noteUpgrade, recoverState } from '../state/db/recover.ts'
import { openStore, type Store } from '../state/store.ts'
import type { DirectoryContext } from '../sync/context.ts'
import { createFreshness, type Freshness } from '../sync/read/freshness.ts'
import { createSource, toContext } from './connectors.ts'
import { createMappings } from './mappings.ts'
import type { EngineOptions, Ports, SyncOptions } from './options.ts'
import { META } from '../state/meta.ts'
import { BREVO } from './pauses.ts'
import { createRecorder } from './recorder.ts'
import { enabled, readingOfCustomers, toStreams } from './streams.ts'
import { createTroubles } from './troubles.ts'

export interface Connector {
  config: ConnectorConfig
  source: Source
  /** Readings of one connector follow each other; one in the background goes on beside them. */
  reading: Mutex
  freshness: Freshness
}

export class Parts {
  readonly options: EngineOptions
  readonly ports: Ports
  readonly store: Store
  readonly caller: BrevoCaller
  readonly connectors: ReadonlyMap<string, Connector>
  readonly mappings: ReturnType<typeof createMappings>
  readonly record: ReturnType<typeof createRecorder>
  readonly delivering = createCoalescer()
  readonly troubles: ReturnType<typeof createTroubles>
  /** Only some customers are seen. */
  isSampled = false
  readonly #lookTimes = createLookTimes()
  readonly #clockWatch: ReturnType<typeof createClockWatch>

  constructor(options: EngineOptions, ports: Ports) {
    const { config, brevoKey: apiKey } = options
    const { clock } = ports
    this.options = options
    this.ports = ports
    this.troubles = createTroubles(clock, ports.log)
    this.caller = createBrevoCaller(
      { baseUrl: config.brevo.baseUrl, apiKey, logApiCalls: config.log.apiCalls },
      { ...ports, http: this.#watched(BREVO), onTrouble: this.troubles.of(BREVO) },
    )
    this.store = (ports.openStore ?? openStore)(options.stateDir)
    this.connectors = new Map(enabled(config).map((one) => [one.name, this.#connect(one)]))
    this.#recover()
    this.mappings = createMappings(config, this.store, this.caller, clock, options.leaveOthers)
    this.record = createRecorder(this.store, clock, config)
    this.#clockWatch = createClockWatch(clock)
  }

  get config(): Config {
    return this.options.config
  }

  #watched(api: string): Http {
    const { http, watch } = this.ports
    return watch === undefined ? http : watch(api, http)
  }

  #connect(config: ConnectorConfig): Connector {
    const onTrouble = this.troubles.of(config.name)
    const http = this.#watched(config.name)
    const source = createSource(config, this.options, { ...this.ports, http, onTrouble })
    return {
      config,
      source: this.#toSampled(source, config),
      reading: createMutex(),
      freshness: createFreshness(),
    }
  }

  /** What was read already is looked at as a whole. */
  #toSampled(source: Source, connector: ConnectorConfig): Source {
    const { sample, onSample } = this.options
    if (sample == null || this.isBackfilled(connector)) return source
    this.isSampled = true
    return sampleOf(source, readingOfCustomers(connector), sample, onSample)
  }

  #recover(): void {
    const { clock, log } = this.ports
    const { verifyAfterMs } = this.config.delivery.uncertain
    noteUpgrade(log, this.store.keptCopy)
    const recovery = recoverState(this.store, fromMs(clock.now()), fromMs(verifyAfterMs))
    if (recovery.uncertain > 0)
      log.warn('The last process ended while events were under way; Brevo is asked for them first', {
        events: recovery.uncertain,
      })
    if (recovery.restored !== null)
      log.warn('This state is a restored backup; what it has not sent is looked for in Brevo first', {
        events: recovery.restored,
      })
  }

  find(name: string): Connector {
    return this.connectors.get(requireEnabled(this.config, name).name)!
  }

  isBackfilled(connector: ConnectorConfig): boolean {
    const { name, supports } = connector
    // Where customers have no list, those whom records name are asked for afterwards.
    const isWaiting =
      supports.streams.customers?.mode === 'singly' &&
      this.store.meta.get(META.customersResolved(name)) === null
    return !isWaiting && this.store.cursors.isBackfilled(name, toStreams(connector, undefined))
  }

  /** What a reading of a connector works with; `source`: its own, or the one for the background. */
  contextOf(connector: Connector, source = connector.source): DirectoryContext {
    const handled = this.options.handled?.() ?? new Set()
    return toContext(
      connector.config,
      source,
      this.store,
      this.ports,
      connector.freshness,
      this.config,
      handled,
    )
  }

  toDelivery(report: DeliveryReport, sync: SyncOptions): DeliveryContext {
    const { store, mappings, caller, ports, config } = this
    return {
      connectors: [...this.connectors.keys()],
      store,
      destination: (ports.toDestination ?? createBrevoDestination)(caller, ports),
      clock: ports.clock,
      random: ports.random,
      log: ports.log,
      preparing(emails) {
        const recordsOf = recordsInBatches(store, emails)
        return (email, lastSent) => prepareContact(store, mappings.current(), email, lastSent, recordsOf)
      },
      identifies: () => enabled(config).some((one) => identifies(one.rules)),
      importList: config.brevo.importList,
      createContacts: config.delivery.createContacts,
      thresholds: this.options.thresholds ?? THRESHOLDS,
      uncertain: config.delivery.uncertain,
      lookTimes: this.#lookTimes,
      maxRemovals: sync.acceptRemovals === true ? null : config.delivery.maxRemovals,
      report,
      startedAt: fromMs(ports.clock.now()),
      onDelivery: (done, remaining) => sync.onProgress?.({ phase: 'writing', report: done, remaining }),
    }
  }

  /** Plans are kept by the wall clock, so that they outlive the process: one that was set moves them. */
  followClock(): void {
    const { store, ports, config } = this
    const jumpMs = this.#clockWatch.takeJumpMs()
    if (jumpMs === 0) return
    ports.log.warn('The clock of this machine was set', { by_seconds: Math.round(jumpMs / 1000) })
    const now = fromMs(ports.clock.now())
    store.transaction(() => {
      store.backlog.shiftDue(fromMs(jumpMs))
      // What was planned between the jump and this moment was planned right, and is moved too far.
      capPlans(store, now, fromMs(config.delivery.uncertain.verifyAfterMs))
    })
  }

  /** Writes that wait for their turn give up as soon as `signal` aborts; those under way go on. */
  async untilAborted<T>(signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    const stopWaiting = (): void => this.caller.stopWaiting()
    signal?.addEventListener('abort', stopWaiting, { once: true })
    try {
      return await action()
    } finally {
      signal?.removeEventListener('abort', stopWaiting)
    }
  }
}
