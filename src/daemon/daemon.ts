// The long-running process: an engine, a runner for each connector on its schedules, and the doors. Leaves cleanly.
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
import type { ConnectorConfig } from '../config/config.ts'
import { createPauses } from '../engine/pauses.ts'
import { createWakeSignal } from '../lib/async/wake-signal.ts'
import { type Schedule, startSchedule } from '../lib/time/schedule.ts'
import { META } from '../state/meta.ts'
import type { Http } from '../lib/net/http.ts'
import { noTrace, type Trace } from '../lib/trace.ts'
import { followFirstSyncs } from './first-sync.ts'
import { followLooks } from './look.ts'
import type { Meters } from './meters.ts'
import { deliverPostponed } from './postponed.ts'
import { Pulse } from './pulse.ts'
import { Runner, type Shared } from './runner.ts'
import type { Served, Serving } from './serve.ts'
import { StatusReader } from './statuses.ts'
import { Tasks } from './tasks.ts'
import { watchHttp } from './watched-http.ts'

export interface DaemonHooks {
  onProgress?: (connector: string, progress: Progress) => void
  /** `isSettled`: the first sync has come through. */
  onRun?: (report: SyncReport, isSettled: boolean) => void
  /** It works, and takes deliveries where it is served; `isAlive`: it moves. */
  onReady?: (isAlive: () => boolean) => void
  /** Where it answers to others. */
  onServing?: (address: string, engine: Engine) => void
  /** Both sides take connectors.yml as it is; called with each run. */
  onAccepted?: () => void
}

export interface DaemonPorts extends Ports {
  startSchedule?: typeof startSchedule
  /** Absent: nothing is counted, and nobody can ask whether it lives. */
  meters?: Meters
  /** Absent: nothing is traced. */
  trace?: Trace
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

/** Starts at once with a run of every connector. Throws `state_locked` if another process works with the state. */
export function startDaemon(
  options: EngineOptions,
  ports: DaemonPorts,
  hooks: DaemonHooks = {},
  sync: Pick<SyncOptions, 'acceptRemovals'> = {},
): Daemon {
  const { clock, random } = ports
  const { meters, trace = noTrace } = ports
  const watch = (api: string, http: Http): Http =>
    meters === undefined ? http : watchHttp(api, http, { meters, trace, clock })
  const engine = openEngine(options, { ...ports, watch })
  const connectors = enabled(options.config)
  const tasks = new Tasks()
  const schedules = new Schedules(ports, tasks)
  const shared: Shared = {
    engine,
    tasks,
    pauses: createPauses(options, { store: engine.store, clock, random }),
    ports,
    hooks: meters === undefined ? hooks : counted(hooks, meters),
    meters: meters ?? null,
    trace,
    sync,
    isAlone: connectors.length === 1,
    runEnded: createWakeSignal(),
    noteState: () => engine.store.meta.set(META.daemon, { nextRun: schedules.next() }),
  }
  const runners = new Map(connectors.map((one) => [one.name, new Runner(one.name, shared)]))
  for (const connector of connectors) schedules.plan(connector, runners.get(connector.name)!)
  for (const runner of runners.values()) runner.start()
  void tasks.follow(() => deliverPostponed(shared))
  void tasks.follow(() => engine.followTroubles(tasks.signal))
  const statuses = new StatusReader(options.config, engine.store, clock)
  const names = connectors.map(({ name }) => name)
  void tasks.follow(() => followFirstSyncs(engine, names, clock, tasks.signal))
  void tasks.follow(() => followLooks(options.config, engine, statuses, ports, tasks.signal))
  const pulse = meters === undefined ? null : new Pulse(engine, statuses, clock, meters)
  if (pulse !== null) void tasks.follow(() => pulse.follow(tasks.signal))
  return {
    engine,
    ended: live(shared, schedules, runners, { ...ports, pulse, statuses }),
    stop: () => tasks.stop(),
  }
}

/** Until it is stopped, or cannot go on; then everything ends before the state is closed. */
async function live(
  { engine, tasks, hooks }: Shared,
  schedules: Schedules,
  runners: ReadonlyMap<string, Runner>,
  { serve, log, meters, pulse, statuses }: DaemonPorts & { pulse: Pulse | null; statuses: StatusReader },
): Promise<void> {
  let serving: Serving | null = null
  try {
    serving =
      (await serve?.({
        engine,
        pulse,
        statuses,
        meters: meters ?? null,
        onRefreshRequest: (name) => runners.get(name)?.refresh(),
        onFailure: (error) => tasks.fail(error),
        track: (action) => tasks.track(action),
      })) ?? null
    if (serving?.address != null) {
      engine.store.meta.set(META.served, serving.address)
      log.info('Serving', { address: serving.address })
      hooks.onServing?.(serving.address, engine)
    }
    hooks.onReady?.(() => pulse === null || pulse.findDeath() === null)
    await Promise.race([tasks.untilStopped(), tasks.failed])
  } finally {
    tasks.stop()
    await serving?.close()
    await schedules.stop()
    await tasks.settled()
    engine.close()
  }
}

const counted = (hooks: DaemonHooks, meters: Meters): DaemonHooks => ({
  ...hooks,
  onRun(report, isSettled) {
    meters.report(report)
    hooks.onRun?.(report, isSettled)
  },
})

class Schedules {
  readonly #started: { name: string; schedule: Schedule }[] = []
  readonly #ports: DaemonPorts
  readonly #tasks: Tasks

  constructor(ports: DaemonPorts, tasks: Tasks) {
    this.#ports = ports
    this.#tasks = tasks
  }

  plan(connector: ConnectorConfig, runner: Runner): void {
    const { name, schedule, surveySchedule, reconcile, agentStates, extract } = connector
    this.#start(name, schedule, () => runner.run({ settling: false }))
    this.#start(`${name}:surveys`, surveySchedule, () => runner.run({ settling: true }))
    if (agentStates !== null) this.#start(`${name}:agent_states`, agentStates, () => runner.readAgentStates())
    if (extract !== null) this.#start(`${name}:extract`, extract.schedule, () => runner.extract(connector))
    if (reconcile !== null) this.#start(`${name}:reconcile`, reconcile, async () => runner.reconcile())
  }

  #start(name: string, expression: string, action: () => Promise<unknown>): void {
    const { clock, log, startSchedule: start = startSchedule } = this.#ports
    const schedule = start(expression, () => this.#tasks.follow(action), { clock, log })
    this.#started.push({ name, schedule })
  }

  /** When each of them runs next; ISO 8601. */
  next(): Record<string, string> {
    const planned = this.#started.map(({ name, schedule }) => [name, schedule.next()] as const)
    return Object.fromEntries(
      planned.flatMap(([name, at]) => (at === null ? [] : [[name, new Date(at).toISOString()]])),
    )
  }

  async stop(): Promise<void> {
    await Promise.all(this.#started.map((one) => one.schedule.stop()))
  }
}
