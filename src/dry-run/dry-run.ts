// A plan is a dry run: the real engine, on a copy of the state, against the real helpdesk and a destination that only simulates what is
// written. So it says what a sync does, because it is what a sync does.
import { holds } from '../brevo/contacts.ts'
import { createBrevoDestination } from '../brevo/destination.ts'
import { type EngineOptions, openEngine, type Ports, type SyncReport } from '../engine/engine.ts'
import { TajoError } from '../lib/errors.ts'
import type { Http } from '../lib/net/http.ts'
import { createScratch } from '../state/db/scratch.ts'
import { forgetLessons } from '../outbox/import-lessons.ts'
import { openStoreReadOnly, openStoreScratch } from '../state/store.ts'
import type { PlanFile } from './plan.ts'
import { type DryRunOptions, type Requests, toPlanFile } from './report.ts'
import { createSimulation, type Simulation } from './simulated-destination.ts'
import { sweep } from './sweep.ts'

/** From so many contacts on, those whom only a changed mapping makes due are swept (sweep.ts). */
const SWEEP_FROM = 2_000

/** Writes nothing anywhere but into a copy that is thrown away. Throws what a sync would throw. */
export async function dryRun(
  engineOptions: EngineOptions,
  ports: Ports,
  options: DryRunOptions,
  signal?: AbortSignal,
): Promise<PlanFile> {
  return (
    (await dryRunOnce(engineOptions, ports, options, true, signal)) ??
    (await dryRunOnce(engineOptions, ports, options, false, signal))!
  )
}

/** Null where a sweep can't be told apart from the rest: the guard would hold back what was written already. */
async function dryRunOnce(
  engineOptions: EngineOptions,
  ports: Ports,
  options: DryRunOptions,
  maySweep: boolean,
  signal?: AbortSignal,
): Promise<PlanFile | null> {
  const scratch = createScratch(engineOptions.stateDir)
  const { config } = engineOptions
  const simulation = createSimulation(holds)
  const requests: Requests = { source: 0, brevo: simulation.counted }
  try {
    const leaveOthers = maySweep && countContacts(scratch.directory) >= (options.sweepFrom ?? SWEEP_FROM)
    const engine = openEngine(
      {
        ...engineOptions,
        stateDir: scratch.directory,
        sample: options.sample,
        onSample: (done, total) => options.onProgress?.({ phase: 'sampling', done, total }),
        leaveOthers,
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
      const given = leaveOthers ? engine.store.contacts.countGiven() : 0
      const reports: SyncReport[] = []
      for (const name of options.connectors)
        reports.push(
          await engine.sync(
            name,
            { patienceMs: 0, acceptRemovals: options.acceptRemovals, onProgress: options.onProgress },
            signal,
          ),
        )
      const swept = await sweep(engine, simulation, config, given, options, signal)
      refuseUnread(simulation)
      if (swept === null) return null
      return toPlanFile(engine, simulation, requests, reports, config, options, swept, ports.clock.now())
    } finally {
      engine.close()
    }
  } finally {
    scratch.remove()
  }
}

/** How many contacts Brevo was sent. */
function countContacts(directory: string): number {
  const store = openStoreReadOnly(directory)
  try {
    return store?.contacts.count() ?? 0
  } finally {
    store?.close()
  }
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
