// A plan is a dry run: the real engine, on a copy of the state, against the real helpdesk and a destination that only simulates what is
// written. So it says what a sync does, because it is what a sync does.
import { holds } from '../brevo/contacts.ts'
import type { Config } from '../config/config.ts'
import { createBrevoDestination } from '../brevo/destination.ts'
import { type EngineOptions, openEngine, type Ports, type SyncReport } from '../engine/engine.ts'
import { TajoError } from '../lib/errors.ts'
import type { Http } from '../lib/net/http.ts'
import { createScratch } from '../state/db/scratch.ts'
import { forgetLessons } from '../outbox/import-lessons.ts'
import type { HeldRemovals } from '../state/meta.ts'
import { openStoreScratch } from '../state/store.ts'
import type { PlanFile } from './plan.ts'
import { type DryRunOptions, type Requests, toPlanFile } from './report.ts'
import { createSimulation, type Simulation } from './simulated-destination.ts'
import { sweep } from './sweep.ts'

/** Writes nothing anywhere but into a copy that is thrown away. Throws what a sync would throw. */
export async function dryRun(
  engineOptions: EngineOptions,
  ports: Ports,
  options: DryRunOptions,
  signal?: AbortSignal,
): Promise<PlanFile> {
  const first = await dryRunOnce(engineOptions, ports, options, null, signal)
  if ('plan' in first) return first.plan
  // The guard would hold back what was taken away already: from the start again, with that known.
  const second = await dryRunOnce(engineOptions, ports, options, first.excess, signal)
  if ('plan' in second) return second.plan
  throw new TajoError('internal', 'The guard of removals was not kept to by the plan.')
}

/** `guard`: more memberships would be taken away than it lets through, so none is. */
async function dryRunOnce(
  engineOptions: EngineOptions,
  ports: Ports,
  options: DryRunOptions,
  guard: HeldRemovals | null,
  signal?: AbortSignal,
): Promise<{ plan: PlanFile } | { excess: HeldRemovals }> {
  const scratch = createScratch(engineOptions.stateDir)
  const { config } = engineOptions
  const simulation = createSimulation(holds)
  const requests: Requests = { source: 0, brevo: simulation.counted }
  try {
    const engine = openEngine(
      {
        ...engineOptions,
        config: guard === null ? config : withoutRemovals(config),
        stateDir: scratch.directory,
        sample: options.sample,
        onSample: (done, total) => options.onProgress?.({ phase: 'sampling', done, total }),
        leaveOthers: true,
      },
      {
        ...ports,
        http: readOnly(ports.http, config.brevo.baseUrl, requests),
        openStore: openStoreScratch,
        toDestination: (caller, own) => simulation.over(createBrevoDestination(caller, own)),
      },
    )
    try {
      engine.store.trial.begin()
      forgetLessons(engine.store)
      const given = engine.store.contacts.countGiven()
      const reports: SyncReport[] = []
      for (const name of options.connectors)
        reports.push(
          await engine.sync(
            name,
            { patienceMs: 0, acceptRemovals: options.acceptRemovals, onProgress: options.onProgress },
            signal,
          ),
        )
      const result = await sweep(engine, simulation, config, reports, { ...options, given, guard }, signal)
      refuseUnread(simulation)
      if ('excess' in result) return result
      const { swept } = result
      return {
        plan: toPlanFile(engine, simulation, requests, reports, config, options, swept, ports.clock.now()),
      }
    } finally {
      engine.close()
    }
  } finally {
    scratch.remove()
  }
}

function withoutRemovals(config: Config): Config {
  return { ...config, delivery: { ...config.delivery, maxRemovals: { count: 0 } } }
}

/** A plan of a Brevo that was not seen whole would say too little. */
function refuseUnread(simulation: Simulation): void {
  const failure = simulation.failure()
  if (failure === null) return
  throw new TajoError(
    'brevo_unavailable',
    `What Brevo holds could not be read (${failure}), so there is no plan.`,
    { hint: 'Try again in a moment.' },
  )
}

/** A look at one contact, or at many: the destination counts those that a sync would make itself. */
const LOOK = /^\/contacts(\?|$|\/[^/?]*(%40|@))/

/** Lets through what only reads, by what it means and not by its method; nothing else leaves. */
function readOnly(http: Http, brevoUrl: string, requests: Requests): Http {
  return {
    async send(request) {
      const isBrevo = request.url.startsWith(brevoUrl)
      const reads = isBrevo ? request.method === 'GET' : request.reads === true
      if (!reads) throw new TajoError('internal', 'A plan only reads, and something was to be written.')
      const path = request.url.slice(brevoUrl.length)
      if (!isBrevo) requests.source += 1
      else if (!LOOK.test(path)) requests.brevo[path.startsWith('/contacts') ? 'contacts' : 'other'] += 1
      return await http.send(request)
    },
    close: () => undefined,
  }
}
