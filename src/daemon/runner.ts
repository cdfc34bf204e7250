// One connector's life in a daemon: live runs on its schedule, beside them a reading in the background (the rest of the first sync, phones,
// the nightly reconcile), and what webhooks name as soon as they do.
import type { ConnectorConfig } from '../config/config.ts'
import { type Engine, type Ports, type SyncOptions, type SyncReport } from '../engine/engine.ts'
import { BREVO, type Pauses } from '../engine/pauses.ts'
import { createWakeSignal, sleepOrWake, type WakeSignal } from '../lib/async/wake-signal.ts'
import { coerceError, isAbort, type TajoError } from '../lib/errors.ts'
import { formatDuration } from '../lib/human.ts'
import { runExtraction, toExtraction } from '../extract/run.ts'
import { withoutPassword } from '../lib/net/address.ts'
import { isDatabaseError } from '../state/db/sqlite.ts'
import { META } from '../state/meta.ts'
import type { DaemonHooks } from './daemon.ts'
import type { Trace } from '../lib/trace.ts'
import type { Meters } from './meters.ts'
import type { Tasks } from './tasks.ts'

/** What the connectors of a daemon share. */
export interface Shared {
  engine: Engine
  tasks: Tasks
  pauses: Pauses
  ports: Pick<Ports, 'clock' | 'log'>
  hooks: DaemonHooks
  meters: Meters | null
  trace: Trace
  sync: Pick<SyncOptions, 'acceptRemovals'>
  /** Where there are others, one that lacks a key is stopped alone. */
  isAlone: boolean
  /** A run has ended: what is due may have changed. */
  runEnded: WakeSignal
  /** For `tajo status`. */
  noteState(): void
}

interface Run {
  settling: boolean
  /** What the background has read for it. */
  before?: Readonly<Record<string, number>>
  quick?: boolean
}

/** Runs because of webhooks follow each other so closely while the helpdesk's budget is short. */
const REFRESH_SPACING_MS = 3_000
/** While webhooks are silent. */
const FASTER_POLL_MS = 60_000
/** Where such a run did not come through: the schedule goes on meanwhile. */
const REFRESH_RETRY_MS = 15_000
/** After an API that did not answer, the background waits this long. */
const BACKGROUND_RETRY_MS = 60_000
/** How long one delivery round waits for a postponed write before the next one gets its turn. */
const PATIENCE_MS = 5_000

export class Runner {
  readonly name: string
  readonly #shared: Shared
  readonly #background = createWakeSignal()
  readonly #requested = createWakeSignal()
  /** It has come through since the daemon started. */
  #wasWell = false
  #isFaster = false
  #isReconcileDue = false
  /** Why the last look for agents did not come through. */
  #lastWarned: string | null = null

  constructor(name: string, shared: Shared) {
    this.name = name
    this.#shared = shared
  }

  /** Begins with a run at once. */
  start(): void {
    const { tasks } = this.#shared
    void tasks.follow(() => this.run({ settling: true }))
    void tasks.follow(() => this.#readInBackground())
    void tasks.follow(() => this.#followRequests())
  }

  /** Everything is read again, beside the live runs. */
  reconcile(): void {
    this.#isReconcileDue = true
    if (this.#wasWell) this.#background.raise()
  }

  /** A webhook named something. */
  refresh(): void {
    this.#requested.raise()
  }

  /** Nothing waits for it, so what does not come through is left to the next look. */
  async readAgentStates(): Promise<void> {
    const { tasks, pauses, engine, ports } = this.#shared
    if (tasks.isStopping || !this.#wasWell || pauses.leftMs(this.name) > 0) return
    try {
      await engine.readAgentStates(this.name, tasks.signal)
      this.#lastWarned = null
    } catch (thrown) {
      if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
      const { message, hint } = coerceError(thrown)
      const said = { connector: this.name, reason: message, hint }
      // Said once until it comes through: it is looked for every few seconds.
      if (this.#lastWarned === message) return ports.log.verbose('Nobody knows who is there', said)
      this.#lastWarned = message
      ports.log.warn('Nobody knows who is there', said)
    }
  }

  #isExtracting = false

  /** Behind the live runs; what does not come through is gone on with the next time. */
  async extract(connector: ConnectorConfig): Promise<void> {
    const { extract } = connector
    if (extract === null) return
    const { tasks, pauses, engine, ports } = this.#shared
    // One that takes longer than its schedule is let come to its end.
    if (tasks.isStopping || this.#isExtracting || !this.#wasWell || pauses.leftMs(this.name) > 0) return
    this.#isExtracting = true
    const startedAt = new Date(ports.clock.now()).toISOString()
    const key = META.tables(this.name)
    const to = withoutPassword(extract.to)
    const last = engine.store.meta.get(key)
    const known = last?.to === to ? last : null
    try {
      const from = engine.backgroundSource(this.name)
      const { clock } = ports
      const { signal } = tasks
      const reports = await runExtraction(connector, from, toExtraction(extract), { clock, signal })
      engine.store.meta.set(key, { to, freshAt: startedAt, trouble: null })
      const rows = Object.fromEntries(reports.map((one) => [one.table, one.rows]))
      ports.log.info('Tables are fresh', { connector: this.name, rows })
      for (const { table, new_fields: fields } of reports)
        if (fields.length > 0)
          ports.log.info('The helpdesk has new fields', { connector: this.name, table, fields })
    } catch (thrown) {
      if (isAbort(thrown)) throw thrown
      const { message, hint } = coerceError(thrown)
      const since = known?.trouble?.since ?? startedAt
      engine.store.meta.set(key, { to, freshAt: known?.freshAt ?? null, trouble: { since, reason: message } })
      ports.log.warn('The tables are not fresh', { connector: this.name, reason: message, hint })
    } finally {
      this.#isExtracting = false
    }
  }

  /** False where it did not come through, or is paused. */
  async run({ settling, before = {}, quick = false }: Run): Promise<boolean> {
    const { tasks, pauses, engine, hooks, sync, runEnded, meters, ports } = this.#shared
    const { name } = this
    if (tasks.isStopping || pauses.leftMs(name) > 0) return false
    const readOnly = pauses.leftMs(BREVO) > 0
    const startedAt = ports.clock.monotonic()
    const tell = (result: 'done' | 'failed'): void =>
      meters?.run(name, result, (ports.clock.monotonic() - startedAt) / 1000)
    try {
      const report = await this.#traced({
        ...sync,
        settling,
        quick,
        liveOnly: true,
        readOnly,
        patienceMs: PATIENCE_MS,
        onProgress: (progress) => hooks.onProgress?.(name, progress),
        onAccepted: hooks.onAccepted,
      })
      for (const [stream, count] of Object.entries(before))
        report.read[stream] = (report.read[stream] ?? 0) + count
      pauses.end(name)
      if (!readOnly) pauses.end(BREVO)
      this.#wasWell = true
      if (!quick && (await engine.watchWebhook(name, tasks.signal))) this.#pollFaster()
      this.#background.raise()
      tell('done')
      this.#tell(report)
      return true
    } catch (thrown) {
      if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
      tell('failed')
      this.#reportFailure(coerceError(thrown))
      return false
    } finally {
      runEnded.raise()
      if (!tasks.isStopping) this.#shared.noteState()
    }
  }

  #traced(sync: SyncOptions): Promise<SyncReport> {
    const { engine, tasks, trace } = this.#shared
    const values = { 'tajo.connector': this.name, 'tajo.quick': sync.quick === true }
    return trace.span('tajo.run', values, 'internal', async (span) => {
      const report = await engine.sync(this.name, sync, tasks.signal)
      span.note({
        'tajo.records_read': Object.values(report.read).reduce((sum, count) => sum + count, 0),
        'tajo.contacts_written': report.contacts.written,
        'tajo.events_sent': report.events.sent,
      })
      return report
    })
  }

  #tell(report: SyncReport): void {
    const { engine, hooks, ports } = this.#shared
    for (const warning of report.warnings) ports.log.verbose('Note on the mapping', { warning })
    hooks.onRun?.(report, engine.isBackfilled(this.name))
    const { read, contacts, events, setAside, undelivered } = report
    ports.log.info('Run ended', {
      connector: this.name,
      read,
      contacts: contacts.written,
      events: events.sent,
      ...(events.inDoubt > 0 ? { in_doubt: events.inDoubt } : {}),
      set_aside: setAside,
      undelivered,
    })
  }

  #reportFailure(error: TajoError): void {
    const { tasks, pauses, ports, isAlone } = this.#shared
    const { log } = ports
    const connector = this.name
    if (error.kind === 'transient')
      return log.warn('Run ended early; the next one goes on from here', { connector, reason: error.message })
    // A setup that never worked is for the one who starts the daemon to mend; one that broke later must not end it.
    const isItsOwn = error.code === 'secret_missing' && !isAlone
    if (error.kind === 'config' && !isItsOwn && !this.#wasWell) return tasks.fail(error)
    const refuser = error.code === 'brevo_unauthorized' ? BREVO : connector
    const isPaused = pauses.leftMs(refuser) > 0
    const again = `tried again in ${formatDuration(pauses.begin(refuser, error.message, error.hint))}`
    if (!isPaused)
      void tasks.follow(async () => {
        await pauses.over(refuser, tasks.signal)
        await this.run({ settling: false })
      })
    log.error(
      refuser === BREVO
        ? `Nothing is delivered; that is ${again}, and the helpdesk is read meanwhile`
        : `Connector stopped; it is ${again}`,
      {
        connector,
        code: error.code,
        reason: error.message,
        details: error.details.length > 0 ? error.details : undefined,
        hint: error.hint,
      },
    )
  }

  /** After each live run that came through, and when a reconcile is due. */
  async #readInBackground(): Promise<void> {
    const { tasks, engine, pauses, hooks, trace } = this.#shared
    for (;;) {
      await this.#background.wait(tasks.signal)
      if (tasks.isStopping) return
      const isReconcileDue = this.#isReconcileDue
      this.#isReconcileDue = false
      try {
        const values = { 'tajo.connector': this.name, 'tajo.reconcile': isReconcileDue }
        const found = await trace.span('tajo.background', values, 'internal', () =>
          engine.readInBackground(
            this.name,
            isReconcileDue,
            (progress) => hooks.onProgress?.(this.name, progress),
            tasks.signal,
          ),
        )
        pauses.end(this.#backgroundKey)
        if (found !== null) await this.run({ settling: false, before: found })
      } catch (thrown) {
        if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
        this.#isReconcileDue ||= isReconcileDue
        await this.#waitOut(coerceError(thrown))
        this.#background.raise()
      }
    }
  }

  get #backgroundKey(): string {
    return `${this.name}:background`
  }

  async #waitOut(error: TajoError): Promise<void> {
    const { ports, tasks, pauses } = this.#shared
    ports.log.warn('Reading in the background was interrupted; it goes on from here', {
      connector: this.name,
      reason: error.message,
      hint: error.hint,
    })
    if (error.kind === 'transient') return await ports.clock.sleep(BACKGROUND_RETRY_MS, tasks.signal)
    pauses.begin(this.#backgroundKey, error.message)
    await pauses.over(this.#backgroundKey, tasks.signal)
  }

  /** While webhooks can't be relied on. */
  #pollFaster(): void {
    if (this.#isFaster) return
    this.#isFaster = true
    const { tasks, ports } = this.#shared
    void tasks.follow(async () => {
      await ports.clock.sleep(FASTER_POLL_MS, tasks.signal)
      this.#isFaster = false
      await this.run({ settling: false })
    })
  }

  /** Reads again what webhooks name, as soon as they do. */
  async #followRequests(): Promise<void> {
    const { engine, tasks, ports } = this.#shared
    const { name } = this
    for (;;) {
      const waitMs = engine.untilNextRefresh(name)
      if (waitMs === null) await this.#requested.wait(tasks.signal)
      else if (waitMs > 0) await sleepOrWake(ports.clock, waitMs, this.#requested, tasks.signal)
      if (tasks.isStopping) return
      if (engine.untilNextRefresh(name) !== 0) continue
      const wasRead = this.#wasWell && (await this.run({ settling: false, quick: true }))
      const pauseMs = !wasRead ? REFRESH_RETRY_MS : engine.freeShare(name) > 0.5 ? 0 : REFRESH_SPACING_MS
      if (pauseMs > 0) await ports.clock.sleep(pauseMs, tasks.signal)
    }
  }
}
