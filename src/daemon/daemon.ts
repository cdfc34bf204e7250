// The long-running process. For each connector live runs on its schedule and, beside them, a reading in the background: the
// rest of the first sync, phones, the nightly reconcile. What was postponed is delivered when it is due. Leaves cleanly.
import { setMaxListeners } from 'node:events'

import {
  type Engine,
  enabled,
  type EngineOptions,
  openEngine,
  type Ports,
  type Progress,
  type SyncOptions,
  type SyncReport,
} from '../engine/engine.ts'
import { BREVO, createPauses } from '../engine/pauses.ts'
import { type WakeSignal, createWakeSignal, sleepOrWake } from '../lib/async/wake-signal.ts'
import { isAbort, coerceError, type TajoError } from '../lib/errors.ts'
import { type Schedule, startSchedule } from '../lib/time/schedule.ts'
import { formatDuration } from '../lib/human.ts'
import { fromMs, type Instant } from '../model/time.ts'
import type { Served, Serving } from './serve.ts'
import { isDatabaseError } from '../state/db/sqlite.ts'
import { META } from '../state/meta.ts'

export interface DaemonHooks {
  onProgress?: (connector: string, progress: Progress) => void
  /** `isSettled`: the first sync has come through. */
  onRun?: (report: SyncReport, isSettled: boolean) => void
  /** Both sides take connectors.yml as it is; called with each run. */
  onAccepted?: () => void
}

export interface DaemonPorts extends Ports {
  startSchedule?: typeof startSchedule
  /** Opens the server; absent: nothing is served. */
  serve?: (served: Served) => Promise<Serving | null>
}

export interface Daemon {
  engine: Engine
  /** Resolves when the daemon has stopped; rejects where it cannot go on. */
  ended: Promise<void>
  /** Lets what is under way finish, then ends. */
  stop(): void
}

/** Runs because of webhooks follow each other so closely while the helpdesk's budget is short. */
const REFRESH_SPACING_MS = 3_000
/** While webhooks are silent. */
const FASTER_POLL_MS = 60_000
/** Where such a run did not come through: the schedule goes on meanwhile. */
const REFRESH_RETRY_MS = 15_000
/** After an API that did not answer, the background waits this long. */
const BACKGROUND_RETRY_MS = 60_000
/** Between two looks for something postponed. */
const SHORTEST_PAUSE_MS = 1_000
/** A clock may be set meanwhile. */
const LONGEST_PAUSE_MS = 5 * 60_000
/** How long one delivery round waits for a postponed write before the next one gets its turn. */
const PATIENCE_MS = 5_000

/** Starts at once with a run of every connector. Throws `state_locked` if another process works with the state. */
export function startDaemon(
  options: EngineOptions,
  ports: DaemonPorts,
  hooks: DaemonHooks = {},
  sync: Pick<SyncOptions, 'acceptRemovals'> = {},
): Daemon {
  const { clock, log } = ports
  const engine: Engine = openEngine(options, ports)
  const stopping = new AbortController()
  // As many as there are readings and writes under way.
  setMaxListeners(0, stopping.signal)
  const schedules: { name: string; schedule: Schedule }[] = []
  const pauses = createPauses(options, { store: engine.store, clock, random: ports.random })
  const wellOnce = new Set<string>()
  const reconcileAt = new Map<string, Instant>()
  const backgroundSignals = new Map<string, WakeSignal>()
  const faster = new Set<string>()
  const refreshSignals = new Map<string, WakeSignal>()
  const underWay = new Set<Promise<void>>()
  const runEnded = createWakeSignal()
  let fail: (error: unknown) => void = () => undefined

  /** An error of the state ends the daemon; what a stop cut off is no error. */
  function follow(action: () => Promise<unknown>): Promise<void> {
    const followed = action()
      .then(() => undefined)
      .catch((thrown: unknown) => {
        if (!isAbort(thrown)) fail(thrown)
      })
      .finally(() => underWay.delete(followed))
    underWay.add(followed)
    return followed
  }

  /** `before`: what the background has read for it. */
  async function run(
    name: string,
    { settling }: { settling: boolean },
    before: Readonly<Record<string, number>> = {},
    quick = false,
  ): Promise<boolean> {
    if (stopping.signal.aborted || pauses.leftMs(name) > 0) return false
    const readOnly = pauses.leftMs(BREVO) > 0
    try {
      const report = await engine.sync(
        name,
        {
          ...sync,
          settling,
          quick,
          liveOnly: true,
          readOnly,
          patienceMs: PATIENCE_MS,
          onProgress: (progress) => hooks.onProgress?.(name, progress),
          onAccepted: hooks.onAccepted,
        },
        stopping.signal,
      )
      for (const [stream, count] of Object.entries(before))
        report.read[stream] = (report.read[stream] ?? 0) + count
      pauses.end(name)
      if (!readOnly) pauses.end(BREVO)
      wellOnce.add(name)
      if (!quick && (await engine.watchWebhook(name, stopping.signal))) pollFaster(name)
      backgroundSignals.get(name)?.raise()
      for (const warning of report.warnings) log.verbose('Note on the mapping', { warning })
      hooks.onRun?.(report, engine.isBackfilled(name))
      const { read, contacts, events, setAside, undelivered } = report
      log.info('Run ended', {
        connector: name,
        read,
        contacts: contacts.written,
        events: events.sent,
        ...(events.inDoubt > 0 ? { in_doubt: events.inDoubt } : {}),
        set_aside: setAside,
        undelivered,
      })
      return true
    } catch (thrown) {
      if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
      reportFailure(name, coerceError(thrown))
      return false
    } finally {
      runEnded.raise()
      if (!stopping.signal.aborted) noteState()
    }
  }

  function reportFailure(name: string, error: TajoError): void {
    if (error.kind === 'transient') {
      log.warn('Run ended early; the next one goes on from here', { connector: name, reason: error.message })
      return
    }
    // A setup that never worked is for the one who starts the daemon to mend; one that broke later must not end it.
    const isItsOwn = error.code === 'secret_missing' && enabled(options.config).length > 1
    if (error.kind === 'config' && !isItsOwn && !wellOnce.has(name)) return fail(error)
    const refuser = error.code === 'brevo_unauthorized' ? BREVO : name
    const isPaused = pauses.leftMs(refuser) > 0
    const again = `tried again in ${formatDuration(pauses.begin(refuser, error.message))}`
    if (!isPaused)
      void follow(async () => {
        await pauses.over(refuser, stopping.signal)
        await run(name, { settling: false })
      })
    log.error(
      refuser === BREVO
        ? `Nothing is delivered; that is ${again}, and the helpdesk is read meanwhile`
        : `Connector stopped; it is ${again}`,
      {
        connector: name,
        code: error.code,
        reason: error.message,
        details: error.details.length > 0 ? error.details : undefined,
        hint: error.hint,
      },
    )
  }

  /** After each live run that came through, and when a reconcile is due. */
  async function readInBackground(name: string, wake: WakeSignal): Promise<void> {
    for (;;) {
      await wake.wait(stopping.signal)
      if (stopping.signal.aborted) return
      try {
        const found = await engine.readInBackground(
          name,
          reconcileAt.get(name) ?? null,
          (progress) => hooks.onProgress?.(name, progress),
          stopping.signal,
        )
        pauses.end(`${name}:background`)
        if (found !== null) await run(name, { settling: false }, found)
      } catch (thrown) {
        if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
        const error = coerceError(thrown)
        log.warn('Reading in the background was interrupted; it goes on from here', {
          connector: name,
          reason: error.message,
          hint: error.hint,
        })
        const key = `${name}:background`
        if (error.kind === 'transient') await clock.sleep(BACKGROUND_RETRY_MS, stopping.signal)
        else {
          pauses.begin(key, error.message)
          await pauses.over(key, stopping.signal)
        }
        wake.raise()
      }
    }
  }

  /** While webhooks can't be relied on. */
  function pollFaster(name: string): void {
    if (faster.has(name)) return
    faster.add(name)
    void follow(async () => {
      await clock.sleep(FASTER_POLL_MS, stopping.signal)
      faster.delete(name)
      await run(name, { settling: false })
    })
  }

  /** Reads again what webhooks name, as soon as they do. */
  async function followRefreshRequests(name: string, wake: WakeSignal): Promise<void> {
    for (;;) {
      const waitMs = engine.untilNextRefresh(name)
      if (waitMs === null) await wake.wait(stopping.signal)
      else if (waitMs > 0) await sleepOrWake(clock, waitMs, wake, stopping.signal)
      if (stopping.signal.aborted) return
      if (engine.untilNextRefresh(name) !== 0) continue
      const wasRead = wellOnce.has(name) && (await run(name, { settling: false }, {}, true))
      const pauseMs = !wasRead ? REFRESH_RETRY_MS : engine.freeShare(name) > 0.5 ? 0 : REFRESH_SPACING_MS
      if (pauseMs > 0) await clock.sleep(pauseMs, stopping.signal)
    }
  }

  /** For `tajo status`. */
  function noteState(): void {
    const nextRun = Object.fromEntries(
      schedules.flatMap(({ name, schedule }) => {
        const at = schedule.next()
        return at === null ? [] : [[name, new Date(at).toISOString()]]
      }),
    )
    engine.store.meta.set(META.daemon, { nextRun })
  }

  /** Delivers between the runs what was postponed, when it is due. */
  async function deliverPostponed(): Promise<void> {
    for (;;) {
      await pauses.over(BREVO, stopping.signal)
      // Each run delivers; what it could not deliver is planned anew after it.
      await untilDue(engine.untilNextDue())
      if (stopping.signal.aborted) return
      if (pauses.leftMs(BREVO) > 0 || engine.untilNextDue() === null) continue
      try {
        await engine.deliver(stopping.signal, sync)
        pauses.end(BREVO)
      } catch (thrown) {
        if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
        const error = coerceError(thrown)
        if (error.kind !== 'transient') pauses.begin(BREVO, error.message)
        log.warn('Delivery did not succeed', { reason: error.message, hint: error.hint })
      }
    }
  }

  async function untilDue(waitMs: number | null): Promise<void> {
    if (waitMs === null) return await runEnded.wait(stopping.signal)
    const pauseMs = Math.max(SHORTEST_PAUSE_MS, Math.min(waitMs, LONGEST_PAUSE_MS))
    await sleepOrWake(clock, pauseMs, runEnded, stopping.signal)
  }

  function schedule(name: string, expression: string, action: () => Promise<unknown>): void {
    const start = ports.startSchedule ?? startSchedule
    schedules.push({ name, schedule: start(expression, () => follow(action), { clock, log }) })
  }

  const ended = (async () => {
    const failed = new Promise<never>((_, reject) => (fail = reject))
    const stopped = new Promise<void>((resolve) =>
      stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    for (const connector of enabled(options.config)) {
      const { name } = connector
      const wake = createWakeSignal()
      backgroundSignals.set(name, wake)
      schedule(name, connector.schedule, () => run(name, { settling: false }))
      schedule(`${name}:surveys`, connector.surveySchedule, () => run(name, { settling: true }))
      if (connector.reconcile !== null) {
        schedule(`${name}:reconcile`, connector.reconcile, async () => {
          reconcileAt.set(name, fromMs(clock.now()))
          if (wellOnce.has(name)) wake.raise()
        })
      }
      void follow(() => run(name, { settling: true }))
      void follow(() => readInBackground(name, wake))
      const hinted = createWakeSignal()
      refreshSignals.set(name, hinted)
      void follow(() => followRefreshRequests(name, hinted))
    }
    void follow(deliverPostponed)
    void follow(() => engine.followTroubles(stopping.signal))
    let serving: Serving | null = null
    try {
      serving =
        (await ports.serve?.({
          engine,
          onRefreshRequest: (name) => refreshSignals.get(name)?.raise(),
          onFailure: fail,
          async track(action) {
            const running = action()
            const watched = running.then(
              () => undefined,
              (thrown: unknown) => {
                if (isDatabaseError(thrown)) throw thrown
              },
            )
            void follow(() => watched)
            return await running
          },
        })) ?? null
      if (serving?.address != null) log.info('Serving', { address: serving.address })
      await Promise.race([stopped, failed])
    } finally {
      stopping.abort()
      await serving?.close()
      await Promise.all(schedules.map((one) => one.schedule.stop()))
      await Promise.allSettled(underWay)
      engine.close()
    }
  })()

  return { engine, ended, stop: () => stopping.abort() }
}
