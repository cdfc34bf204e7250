// The long-running process: runs each connector on its schedule, one at a time, delivers what was postponed, and leaves
// cleanly when asked to.
import {
  type Engine,
  enabled,
  type EngineOptions,
  openEngine,
  type Ports,
  type Progress,
  type SyncReport,
} from './engine.ts'
import { isAbort, coerceError, type TajoError } from './lib/errors.ts'
import { type Schedule, startSchedule } from './lib/schedule.ts'
import { isDatabaseError } from './state/database.ts'

export interface DaemonHooks {
  onProgress?: (connector: string, progress: Progress) => void
  onRun?: (report: SyncReport) => void
}

export interface Daemon {
  /** Resolves when the daemon has stopped; rejects where it cannot go on. */
  ended: Promise<void>
  /** Lets what is under way finish, then ends. */
  stop(): void
}

/** Credentials that were refused, and answers that only a person can change, are tried again this rarely. */
const SLOW_RETRY_MS = 15 * 60_000
/** Between two looks for something postponed. */
const SHORTEST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
/** How long one delivery round waits for a postponed write before the next run gets its turn. */
const PATIENCE_MS = 5_000

/** Starts at once with a run of every connector. Throws `state_locked` if another process works with the state. */
export function startDaemon(options: EngineOptions, ports: Ports, hooks: DaemonHooks = {}): Daemon {
  const { clock, log } = ports
  const engine: Engine = openEngine(options, ports)
  const stopping = new AbortController()
  const schedules: { name: string; schedule: Schedule }[] = []
  const pausedUntil = new Map<string, number>()
  const wellOnce = new Set<string>()
  let deliverAgainAt = 0
  let turn: Promise<void> = Promise.resolve()
  let fail: (error: unknown) => void = () => undefined

  /** One thing at a time: runs and deliveries take turns. */
  function takeTurn(action: () => Promise<void>): Promise<void> {
    turn = turn.then(async () => {
      if (stopping.signal.aborted) return
      try {
        await action()
      } catch (thrown) {
        if (isDatabaseError(thrown)) fail(thrown)
        else if (!isAbort(thrown)) throw thrown
      }
    })
    return turn.catch((thrown: unknown) => fail(thrown))
  }

  async function run(name: string, surveys: 'window' | 'new'): Promise<void> {
    if (clock.now() < (pausedUntil.get(name) ?? 0)) return
    try {
      const report = await engine.sync(
        name,
        { surveys, patienceMs: PATIENCE_MS, onProgress: (progress) => hooks.onProgress?.(name, progress) },
        stopping.signal,
      )
      pausedUntil.delete(name)
      wellOnce.add(name)
      for (const warning of report.warnings) log.verbose('Note on the mapping', { warning })
      hooks.onRun?.(report)
      const { read, contacts, events, setAside, undelivered } = report
      log.info('Run ended', {
        connector: name,
        read,
        contacts: contacts.written,
        events: events.sent,
        set_aside: setAside,
        undelivered,
      })
    } catch (thrown) {
      if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
      reportFailure(name, coerceError(thrown))
    } finally {
      if (!stopping.signal.aborted) noteState()
    }
  }

  function reportFailure(name: string, error: TajoError): void {
    if (error.kind === 'transient') {
      log.warn('Run ended early; the next one goes on from here', { connector: name, reason: error.message })
      return
    }
    // A setup that never worked is for the one who starts the daemon to mend; one that broke later must not end it.
    if (error.kind === 'config' && !wellOnce.has(name)) return fail(error)
    pausedUntil.set(name, clock.now() + SLOW_RETRY_MS)
    if (error.code === 'brevo_unauthorized') deliverAgainAt = clock.now() + SLOW_RETRY_MS
    log.error('Connector stopped; it is tried again in 15 minutes', {
      connector: name,
      code: error.code,
      reason: error.message,
      details: error.details.length > 0 ? error.details : undefined,
      hint: error.hint,
    })
  }

  /** For `tajo status`. */
  function noteState(): void {
    const nextRun = Object.fromEntries(
      schedules.flatMap(({ name, schedule }) => {
        const at = schedule.next()
        return at === null ? [] : [[name, new Date(at).toISOString()]]
      }),
    )
    engine.store.meta.write('daemon', JSON.stringify({ nextRun }))
  }

  /** Delivers between the runs what was postponed, when it is due. */
  async function deliverPostponed(): Promise<void> {
    while (!stopping.signal.aborted) {
      const waitMs = Math.min(engine.untilNextDue() ?? LONGEST_PAUSE_MS, LONGEST_PAUSE_MS)
      await clock.sleep(Math.max(SHORTEST_PAUSE_MS, waitMs), stopping.signal)
      const { contacts, events } = engine.store.undelivered()
      if (contacts + events === 0 || clock.now() < deliverAgainAt) continue
      await takeTurn(async () => {
        try {
          await engine.deliver(stopping.signal)
        } catch (thrown) {
          if (isAbort(thrown) || isDatabaseError(thrown)) throw thrown
          const error = coerceError(thrown)
          if (error.kind !== 'transient') deliverAgainAt = clock.now() + SLOW_RETRY_MS
          log.warn('Delivery did not succeed', { reason: error.message, hint: error.hint })
        }
      })
    }
  }

  const ended = (async () => {
    const failed = new Promise<never>((_, reject) => (fail = reject))
    const stopped = new Promise<void>((resolve) =>
      stopping.signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    for (const { name, schedule, surveySchedule } of enabled(options.config)) {
      schedules.push({ name, schedule: startSchedule(schedule, () => takeTurn(() => run(name, 'new')), log) })
      schedules.push({
        name: `${name}:surveys`,
        schedule: startSchedule(surveySchedule, () => takeTurn(() => run(name, 'window')), log),
      })
      void takeTurn(() => run(name, 'window'))
    }
    const postponed = deliverPostponed().catch((thrown: unknown) => {
      if (!isAbort(thrown)) fail(thrown)
    })
    try {
      await Promise.race([stopped, failed])
    } finally {
      stopping.abort()
      await Promise.all(schedules.map(({ schedule }) => schedule.stop()))
      await turn.catch(() => undefined)
      await postponed
      engine.close()
    }
  })()

  return { ended, stop: () => stopping.abort() }
}
