// The one place where the parts are wired together. Commands, the daemon and the SDK are thin doors to this.
import { type BrevoCaller, createBrevoCaller } from '../brevo/client.ts'
import { createBrevoDestination } from '../brevo/destination.ts'
import { type ConnectorConfig, requireEnabled } from '../config/config.ts'
import { type Forgotten, forgetPerson, resetCursors } from './maintenance.ts'
import { enabled, readingOfCustomers, toStreams } from './streams.ts'
import { createSource, toContext } from './connectors.ts'
import { createHelpdesks } from './helpdesks.ts'
import { createMappings } from './mappings.ts'
import { findOthers } from './others.ts'
import type { EngineOptions, Ports, SyncOptions } from './options.ts'
import { BREVO } from './pauses.ts'
import { toReadOptions } from './reading.ts'
import { createRecorder } from './recorder.ts'
import type { SyncReport } from './report.ts'
import { createTroubles } from './troubles.ts'
import { createClockWatch } from '../lib/time/clock-watch.ts'
import { TajoError } from '../lib/errors.ts'
import { meanwhile } from '../lib/async/meanwhile.ts'
import { createCoalescer } from '../lib/async/coalescer.ts'
import { createMutex, type Mutex } from '../lib/async/mutex.ts'
import { identifies } from '../mapping/compile.ts'
import type { Attribute } from '../model/attributes.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import type { Stream } from '../model/records.ts'
import { fromMs, type Instant, toMs } from '../model/time.ts'
import { type DeliveryContext, THRESHOLDS } from '../outbox/delivery.ts'
import { type DeliveryReport, emptyReport } from '../outbox/report.ts'
import { createLookTimes } from '../outbox/verify-events.ts'
import { sampleOf } from '../sources/sample.ts'
import type { Source } from '../sources/source.ts'
import { longestPlans, recoverState } from '../state/db/recover.ts'
import { openStore } from '../state/store.ts'
import { deliverAll, untilNextDue } from '../outbox/deliver.ts'
import { prepareContact, recordsInBatches } from '../projection/project.ts'
import { decideCampaigns } from '../sync/campaigns/decide.ts'
import { type DirectoryContext, findGoLive } from '../sync/context.ts'
import { createFreshness, type Freshness } from '../sync/read/freshness.ts'
import { DELIVER_EVERY_MS, readManyPhones } from '../sync/read/phones.ts'
import { readBackground, readDirectories, readSource } from '../sync/read/read.ts'
import { readPerson } from '../sync/read/person.ts'
import { isReconcileDue, reconcile } from '../sync/read/reconcile.ts'
import { META } from '../state/meta.ts'

export { enabled } from './streams.ts'
export { createSource } from './connectors.ts'
export type { EngineOptions, Ports, SyncOptions } from './options.ts'
export type { Progress, SyncReport } from './report.ts'

/** Followed by one run. */
const MOST_REFRESHED = 500
/** Long enough for a restart of Brevo's side, short enough for a cron job. */
const DEFAULT_PATIENCE_MS = 10 * 60_000

interface Connector {
  config: ConnectorConfig
  source: Source
  /** Readings of one connector follow each other; one in the background goes on beside them. */
  reading: Mutex
  freshness: Freshness
}

export type Engine = ReturnType<typeof openEngine>

/** Opens the state for this process alone; `close` gives it back. */
export function openEngine(options: EngineOptions, ports: Ports) {
  const { config, stateDir } = options
  const { clock, log } = ports
  const troubles = createTroubles(clock, log)
  const caller: BrevoCaller = createBrevoCaller(
    { baseUrl: config.brevo.baseUrl, apiKey: options.brevoKey, logApiCalls: config.log.apiCalls },
    { ...ports, onTrouble: troubles.of(BREVO) },
  )
  const store = (ports.openStore ?? openStore)(stateDir)
  let isSampled = false
  const connectors = new Map<string, Connector>(
    enabled(config).map((one) => [
      one.name,
      {
        config: one,
        source: toSampled(createSource(one, options, { ...ports, onTrouble: troubles.of(one.name) }), one),
        reading: createMutex(),
        freshness: createFreshness(),
      },
    ]),
  )
  const { uncertain } = config.delivery
  const recovery = recoverState(store, fromMs(clock.now()), fromMs(uncertain.verifyAfterMs))
  if (recovery.uncertain > 0) {
    log.warn('The last process ended while events were under way; Brevo is asked for them first', {
      events: recovery.uncertain,
    })
  }
  if (recovery.restored !== null) {
    log.warn('This state is a restored backup; what it has not sent is looked for in Brevo first', {
      events: recovery.restored,
    })
  }
  const mappings = createMappings(config, store, caller, clock, options.leaveOthers)
  const delivering = createCoalescer()
  const record = createRecorder(store, clock, config)
  const lookTimes = createLookTimes()
  const clockWatch = createClockWatch(clock)

  /** What was read already is looked at as a whole. */
  function toSampled(source: Source, connector: ConnectorConfig): Source {
    const isRead = store.cursors.isBackfilled(connector.name, toStreams(connector, undefined))
    if (options.sample == null || isRead) return source
    isSampled = true
    return sampleOf(source, readingOfCustomers(connector), options.sample, options.onSample)
  }

  function find(name: string): Connector {
    return connectors.get(requireEnabled(config, name).name)!
  }

  function toDelivery(report: DeliveryReport, sync: SyncOptions): DeliveryContext {
    return {
      connectors: [...connectors.keys()],
      store,
      destination: createBrevoDestination(caller, ports),
      clock,
      random: ports.random,
      log,
      preparing(emails) {
        const recordsOf = recordsInBatches(store, emails)
        return (email, told) => prepareContact(store, mappings.current(), email, told, recordsOf)
      },
      identifies: () => enabled(config).some((one) => identifies(one.rules)),
      importList: config.brevo.importList,
      createContacts: config.delivery.createContacts,
      thresholds: options.thresholds ?? THRESHOLDS,
      uncertain,
      lookTimes,
      maxRemovals: sync.acceptRemovals === true ? null : config.delivery.maxRemovals,
      report,
      startedAt: fromMs(clock.now()),
      onDelivery: (done, remaining) => sync.onProgress?.({ phase: 'writing', report: done, remaining }),
    }
  }

  /** Plans are kept by the wall clock, so that they outlive the process. */
  function followClock(): void {
    const jumpMs = clockWatch.takeJumpMs()
    if (jumpMs === 0) return
    log.warn('The clock of this machine was set', { by_seconds: Math.round(jumpMs / 1000) })
    const now = fromMs(clock.now())
    store.transaction(() => {
      store.shiftDue(fromMs(jumpMs))
      // What was planned between the jump and this moment was planned right, and is moved too far.
      store.capDue(longestPlans(now, fromMs(uncertain.verifyAfterMs)), now)
    })
  }

  /** Writes that wait for their turn give up as soon as `signal` aborts; those under way go on. */
  async function untilAborted<T>(signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    const stopWaiting = (): void => caller.stopWaiting()
    signal?.addEventListener('abort', stopWaiting, { once: true })
    try {
      return await action()
    } finally {
      signal?.removeEventListener('abort', stopWaiting)
    }
  }

  function contextOf(connector: Connector, source = connector.source): DirectoryContext {
    const handled = options.handled?.() ?? new Set<OccurrenceType>()
    return toContext(connector.config, source, store, ports, connector.freshness, config, handled)
  }

  /** Identifiers cost a write each: where there are any, they go out while a first sync is still reading. */
  const isTellingEarly = ({ config: one }: Connector, { liveOnly, resources }: SyncOptions): boolean =>
    liveOnly !== true &&
    identifies(one.rules) &&
    !store.cursors.isBackfilled(one.name, toStreams(one, resources))

  /** One pass: read what changed, deliver what follows. Throws what only a person can mend; the rest is in the report. */
  async function sync(name: string, sync: SyncOptions = {}, signal?: AbortSignal): Promise<SyncReport> {
    const connector = find(name)
    followClock()
    return await record(name, (read, delivery, warnings) =>
      untilAborted(signal, async () => {
        const known = await findKnown(sync, warnings, signal)
        const context = toDelivery(delivery, sync)
        const waitPolicy = {
          forDeliveryMs: sync.patienceMs ?? DEFAULT_PATIENCE_MS,
          forDoubt: sync.waitForDoubt ?? false,
          asked: delivering.asked,
        }
        // A live run need not wait for a delivery that is under way: that one sees to it.
        const deliver = (stop = signal): Promise<void> =>
          delivering.run(() => deliverAll(context, waitPolicy, stop), { wait: sync.liveOnly !== true })
        await connector.reading(async () => {
          const base = contextOf(connector)
          if (sync.quick !== true) await readDirectories(base, signal)
          if (known !== null) mappings.refuse(known)
          const reader = { ...base, goLive: findGoLive(base) }
          const reading = {
            ...toReadOptions(connector.config, sync, read, signal),
            requested: store.refreshRequests.due(name, fromMs(clock.now()), MOST_REFRESHED),
          }
          if (sync.contact !== undefined && !(await readPerson(reader, sync.contact, signal)))
            warnings.push(`No customer of ${name} has this address.`)
          if (known === null || !isTellingEarly(connector, sync)) await readSource(reader, reading)
          else {
            mappings.compile(known)
            const readOn = (stop: AbortSignal): Promise<void> =>
              readSource(reader, { ...reading, signal: stop })
            const tell = (stop: AbortSignal): Promise<void> =>
              delivering.run(() => deliverAll(context, { ...waitPolicy, forDeliveryMs: 0 }, stop), {
                wait: true,
              })
            await meanwhile(clock, DELIVER_EVERY_MS, readOn, tell, signal)
          }
          if (sync.reconcile === true) await reconcile(reader, reading)
          await decideCampaigns(reader, signal)
        })
        if (known === null) return
        warnings.push(...mappings.compile(known))
        sync.onAccepted?.()
        await readManyPhones(
          contextOf(connector),
          toReadOptions(connector.config, sync, read, signal),
          deliver,
        )
        await deliver()
        store.meta.set(META.rateLimits(name), { helpdesk: connector.source.budget(), brevo: caller.budget() })
      }),
    )
  }

  /** Null: nothing is delivered. A Brevo that does not answer is no reason for a daemon not to read the helpdesk. */
  async function findKnown(
    { readOnly, liveOnly }: SyncOptions,
    warnings: string[],
    signal?: AbortSignal,
  ): Promise<Attribute[] | null> {
    if (readOnly === true) return null
    try {
      return await mappings.check(signal)
    } catch (thrown) {
      const isPassing = thrown instanceof TajoError && thrown.kind === 'transient'
      if (!isPassing || liveOnly !== true) throw thrown
      warnings.push(`${thrown.message} Nothing was delivered.`)
      return null
    }
  }

  /** Milliseconds until a campaign is to be decided, by the helpdesk's clock: what it waits for happened there. */
  function untilDecision({ config: connector, source }: Connector): number | null {
    const at = store.campaigns.nextDueAt(connector.name)
    if (at === null || !store.cursors.isBackfilled(connector.name, toStreams(connector, undefined)))
      return null
    return Math.max(0, toMs(at - source.now()))
  }

  /** Campaigns whose time came between two runs. */
  async function decideDue(connector: Connector, signal?: AbortSignal): Promise<void> {
    if (store.campaigns.due(connector.config.name, connector.source.now(), 1).length === 0) return
    const base = contextOf(connector)
    await decideCampaigns({ ...base, goLive: findGoLive(base) }, signal)
  }

  return {
    store,
    /** Notes until `signal` aborts which of the APIs does not answer. */
    followTroubles: (signal: AbortSignal): Promise<void> => troubles.follow(store, signal),
    /** Only some customers are seen. */
    isSampled,
    sync,

    /** Delivers what was postponed and is due now. */
    async deliver(signal?: AbortSignal, sync: SyncOptions = {}): Promise<DeliveryReport> {
      const report = emptyReport()
      followClock()
      await untilAborted(signal, async () => {
        for (const connector of connectors.values())
          await connector.reading(() => decideDue(connector, signal))
        mappings.compile(await mappings.check(signal))
        const context = toDelivery(report, sync)
        const waitPolicy = { forDeliveryMs: 0, forDoubt: false, asked: delivering.asked }
        await delivering.run(() => deliverAll(context, waitPolicy, signal), { wait: true })
      })
      return report
    },

    /**
     * Reads what can wait, beside the live runs and with what they leave of the helpdesk's budget: the rest of the first
     * sync, then phones, then, when its time has come, everything again. What it read, if there is something new to deliver.
     */
    async readInBackground(
      name: string,
      reconcileAt: Instant | null,
      onProgress: SyncOptions['onProgress'],
      signal?: AbortSignal,
    ): Promise<Record<string, number> | null> {
      const connector = find(name)
      const source = connector.source.inBackground()
      const base = contextOf(connector, source)
      const context = { ...base, goLive: findGoLive(base), lane: 'background' as const }
      const read: Record<string, number> = {}
      const options = toReadOptions(connector.config, { onProgress }, read, signal)
      const found = await readBackground(context, options)
      if (!isReconcileDue(context, reconcileAt)) return found ? read : null
      await reconcile(context, options)
      return read
    },

    /** With `leaveOthers`: what a changed mapping writes of whoever is not marked; null where it did not change. */
    othersToWrite: (pause: () => Promise<void>, signal?: AbortSignal) =>
      findOthers(store, mappings, pause, signal),

    /** While no write of this person is under way. */
    forget: (email: string, wantsDeletion: boolean): Promise<Forgotten> =>
      delivering.between(() =>
        forgetPerson({ store, stateDir }, caller, email, wantsDeletion, fromMs(clock.now())),
      ),
    /** The next run reads these streams again, from `to` on. */
    async resetCursors(streams: readonly Stream[], to: Instant): Promise<void> {
      for (const { config: one, reading } of connectors.values())
        await reading(async () => resetCursors(store, one.name, streams, to))
    },

    ...createHelpdesks(find, { store, clock, log }, options.webhookSecrets ?? {}),

    isBackfilled: (name: string): boolean =>
      store.cursors.isBackfilled(name, toStreams(find(name).config, undefined)),

    /** Milliseconds until something is to be delivered, looked for or tried again; null if nothing is. */
    untilNextDue(): number | null {
      followClock()
      const waits = [untilNextDue(store, clock), ...[...connectors.values()].map((one) => untilDecision(one))]
      return waits.reduce((first, wait) => (first === null || (wait !== null && wait < first) ? wait : first))
    },

    close: (): void => store.close(),
  }
}
