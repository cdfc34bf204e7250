// The one place where the parts are wired together. Commands, the daemon and the SDK are thin doors to this.
import { createBrevoCaller, type BrevoCaller } from './brevo/client.ts'
import { createBrevoDestination } from './brevo/destination.ts'
import { readAttributes, readLists } from './brevo/setup.ts'
import type { Config, ConnectorConfig } from './config/config.ts'
import type { Clock } from './lib/clock.ts'
import { coerceError, isAbort, TajoError } from './lib/errors.ts'
import type { Http } from './lib/http.ts'
import type { Log } from './lib/log.ts'
import type { Random } from './lib/random.ts'
import type { Secret } from './lib/secret.ts'
import { type Compiled, compileMapping, needsMessages, needsPhone } from './mapping/compile.ts'
import type { Attribute } from './model/attributes.ts'
import type { Stream } from './model/records.ts'
import { fromMs, type Instant } from './model/time.ts'
import type { DeliveryContext } from './outbox/delivery.ts'
import { type DeliveryReport, emptyReport } from './outbox/report.ts'
import { SOURCES } from './sources/registry.ts'
import type { Credentials, Source, SourcePorts } from './sources/source.ts'
import { openStore, type Store } from './state/store.ts'
import { findGoLive, type SyncContext } from './sync/context.ts'
import { type ConnectorMapping, deliverAll, prepareContact, untilNextDue } from './sync/deliver.ts'
import { readDirectories, readSource } from './sync/read.ts'
import { refuseMisfits, refuseUnknownLists } from './sync/readiness.ts'

export interface Ports {
  http: Http
  clock: Clock
  random: Random
  log: Log
}

export interface EngineOptions {
  config: Config
  stateDir: string
  /** By connector. */
  credentials: Record<string, Credentials>
  brevoKey: Secret
}

export type Resource = 'customers' | 'tickets' | 'satisfaction_surveys'

export interface SyncOptions {
  resources?: readonly Resource[] | undefined
  /** Reads what changed since then again. */
  since?: Instant | undefined
  /** Reads the whole survey window, not only new surveys. */
  surveys?: 'window' | 'new'
  /** How long to wait for an API that does not take a delivery now. */
  patienceMs?: number
  onProgress?: ((progress: Progress) => void) | undefined
}

export type Progress =
  | { phase: 'reading'; read: Record<string, number> }
  | { phase: 'writing'; report: DeliveryReport; remaining: () => { contacts: number; events: number } }

export interface SyncReport {
  connector: string
  read: Record<string, number>
  contacts: { written: number; unchanged: number; repaired: number }
  events: { sent: number }
  /** Set aside in this run, or before and still not delivered. */
  setAside: number
  undelivered: { contacts: number; events: number }
  warnings: string[]
  seconds: number
}

const CHECK_AGAIN_MS = 3_600_000
/** Long enough for a restart of Brevo's side, short enough for a cron job. */
const DEFAULT_PATIENCE_MS = 10 * 60_000

export type Engine = ReturnType<typeof openEngine>

/** Opens the state for this process alone; `close` gives it back. */
export function openEngine(options: EngineOptions, ports: Ports) {
  const { config, stateDir } = options
  const { clock, log } = ports
  const caller: BrevoCaller = createBrevoCaller(
    { baseUrl: config.brevo.baseUrl, apiKey: options.brevoKey, logApiCalls: config.log.apiCalls },
    ports,
  )
  const sources = new Map(
    enabled(config).map((connector) => [connector.name as string, createSource(connector, options, ports)]),
  )
  const store = openStore(stateDir)
  const resent = store.outboxEvents.recover()
  if (resent > 0)
    log.warn('The last process ended while events were under way; they are sent again', { events: resent })
  let checked: { attributes: Attribute[]; at: number } | null = null

  /** What Brevo has: attributes and lists are checked before the first write, and again each hour. */
  async function checkBrevo(signal?: AbortSignal): Promise<Attribute[]> {
    if (checked !== null && clock.monotonic() - checked.at < CHECK_AGAIN_MS) return checked.attributes
    const attributes = await readAttributes(caller, signal)
    const places = enabled(config).flatMap((connector) => connector.listPlaces)
    if (config.brevo.importList !== undefined) {
      places.push({ id: config.brevo.importList, where: `${config.file}: brevo.import_list` })
    }
    if (places.length > 0) refuseUnknownLists(places, await readLists(caller, signal))
    // Not remembered before all of it is well: what is put right in Brevo is seen by the next run.
    refuseMisfits(enabled(config).flatMap((connector) => compile(store, connector, attributes).misfits))
    checked = { attributes, at: clock.monotonic() }
    return attributes
  }

  function compileAll(known: readonly Attribute[]): { mappings: ConnectorMapping[]; warnings: string[] } {
    const compiled = enabled(config).map((connector) => ({ connector, ...compile(store, connector, known) }))
    refuseMisfits(compiled.flatMap((one) => one.misfits))
    noticeChangedMapping(store, compiled)
    return {
      mappings: compiled.map(({ connector, mapping }) => ({
        source: connector.name,
        mapping,
        defaultCountry: connector.defaultCountry,
      })),
      warnings: compiled.flatMap((one) => one.warnings),
    }
  }

  function toDelivery(
    mappings: readonly ConnectorMapping[],
    report: DeliveryReport,
    sync: SyncOptions,
  ): DeliveryContext {
    return {
      store,
      destination: createBrevoDestination(caller, ports),
      clock,
      random: ports.random,
      log,
      prepare: (email, told) => prepareContact(store, mappings, email, told),
      importList: config.brevo.importList,
      report,
      startedAt: fromMs(clock.now()),
      onDelivery: (done, remaining) => sync.onProgress?.({ phase: 'writing', report: done, remaining }),
    }
  }

  /** One pass: read what changed, deliver what follows. Throws what only a person can mend; the rest is in the report. */
  async function sync(name: string, sync: SyncOptions = {}, signal?: AbortSignal): Promise<SyncReport> {
    const connector = enabled(config).find((one) => one.name === name)
    const source = sources.get(name)
    if (connector === undefined || source === undefined) {
      throw new TajoError('usage', `There is no enabled connector ${name} in ${config.file}.`)
    }
    const startedAt = clock.monotonic()
    const runId = store.runs.start(name, fromMs(clock.now()))
    const startedOn = fromMs(clock.now())
    const read: Record<string, number> = {}
    const delivery = emptyReport()
    let warnings: string[] = []
    const toReport = (): SyncReport => ({
      connector: name,
      read,
      contacts: {
        written: delivery.contactsWritten,
        unchanged: delivery.contactsUnchanged,
        repaired: delivery.repaired,
      },
      events: { sent: delivery.eventsSent },
      setAside: store.deadLetters.countSince(startedOn),
      undelivered: store.undelivered(),
      warnings,
      seconds: Math.round((clock.monotonic() - startedAt) / 100) / 10,
    })

    const stopWaiting = (): void => caller.stopWaiting()
    signal?.addEventListener('abort', stopWaiting, { once: true })
    try {
      const known = await checkBrevo(signal)
      const context = toContext(connector, source, store, ports)
      await readDirectories(context, signal)
      const compiled = compileAll(known)
      warnings = compiled.warnings
      await readSource(context, {
        streams: toStreams(connector, sync.resources),
        backfillSince: connector.backfillSince,
        since: sync.since ?? null,
        surveyWindowMs: sync.surveys === 'new' ? 0 : connector.surveyWindowMs,
        phones:
          connector.sync.customers && needsPhone(connector.rules)
            ? { defaultCountry: connector.defaultCountry }
            : null,
        onPage(stream, records) {
          read[stream] = (read[stream] ?? 0) + records
          sync.onProgress?.({ phase: 'reading', read })
        },
        signal,
      })
      await deliverAll(
        toDelivery(compiled.mappings, delivery, sync),
        sync.patienceMs ?? DEFAULT_PATIENCE_MS,
        signal,
      )
      const report = toReport()
      store.runs.end(runId, fromMs(clock.now()), 'done', null, report)
      store.meta.write(
        `rate_limit:${name}`,
        JSON.stringify({ helpdesk: source.budget(), brevo: caller.budget() }),
      )
      return report
    } catch (thrown) {
      const stopped = isAbort(thrown)
      store.runs.end(
        runId,
        fromMs(clock.now()),
        stopped ? 'stopped' : 'failed',
        stopped ? null : coerceError(thrown).message,
        toReport(),
      )
      throw thrown
    } finally {
      signal?.removeEventListener('abort', stopWaiting)
    }
  }

  return {
    store,
    sync,

    /** Delivers what was postponed and is due now. */
    async deliver(signal?: AbortSignal): Promise<DeliveryReport> {
      const report = emptyReport()
      const { mappings } = compileAll(await checkBrevo(signal))
      await deliverAll(toDelivery(mappings, report, {}), 0, signal)
      return report
    },

    /** Milliseconds until something postponed is due; null if nothing is. */
    untilNextDue: () => untilNextDue(store, clock),

    close(): void {
      store.close()
    },
  }
}

export function enabled(config: Config): ConnectorConfig[] {
  return config.connectors.filter((connector) => connector.enabled)
}

export function createSource(
  connector: ConnectorConfig,
  options: Pick<EngineOptions, 'credentials'>,
  ports: SourcePorts,
): Source {
  return SOURCES[connector.name].create(
    connector.options as never,
    options.credentials[connector.name] ?? {},
    ports,
  )
}

function toContext(connector: ConnectorConfig, source: Source, store: Store, ports: Ports): SyncContext {
  return {
    source,
    store,
    clock: ports.clock,
    log: ports.log,
    account: connector.account,
    rules: connector.rules,
    withTags: connector.sync.tags,
    streams: new Set(toStreams(connector, undefined)),
    goLive: findGoLive(store, connector.name, ports.clock),
  }
}

function toStreams(
  connector: ConnectorConfig,
  resources: readonly Resource[] | undefined,
): Exclude<Stream, 'events'>[] {
  const wants = (resource: Resource): boolean => resources === undefined || resources.includes(resource)
  const streams: Exclude<Stream, 'events'>[] = []
  if (connector.sync.customers && wants('customers')) streams.push('customers')
  if (connector.sync.tickets && wants('tickets')) {
    streams.push('tickets')
    if (needsMessages(connector.rules)) streams.push('messages')
  }
  if (connector.sync.satisfactionSurveys && wants('satisfaction_surveys'))
    streams.push('satisfaction_surveys')
  return streams
}

function compile(store: Store, connector: ConnectorConfig, attributes: readonly Attribute[]): Compiled {
  return compileMapping(connector.rules, store.customers.customFields(connector.name), attributes)
}

/** A mapping that says something else than last time concerns every contact. */
function noticeChangedMapping(
  store: Store,
  compiled: readonly { connector: ConnectorConfig; mapping: Compiled['mapping'] }[],
): void {
  const fingerprint = JSON.stringify(
    compiled.map(({ connector, mapping }) => [
      connector.name,
      connector.defaultCountry,
      mapping.fields,
      mapping.lists,
    ]),
  )
  store.transaction(() => {
    const before = store.meta.read('mapping')
    if (before === fingerprint) return
    if (before !== null) store.outboxContacts.markAll()
    store.meta.write('mapping', fingerprint)
  })
}
