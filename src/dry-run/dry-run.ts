// A plan is a dry run: the real engine, on a copy of the state, against the real helpdesk and a Brevo that only pretends to
// take what is written. So it says what a sync does, because it is what a sync does.
import { type PretendedBrevo, pretendBrevo } from '../brevo/pretend.ts'
import { createPacedReads } from '../brevo/transport.ts'
import type { Config } from '../config/config.ts'
import { type Engine, type EngineOptions, openEngine, type Ports, type SyncReport } from '../engine/engine.ts'
import { TajoError } from '../lib/errors.ts'
import { createScratch } from '../state/db/scratch.ts'
import { forgetLessons } from '../outbox/import-lessons.ts'
import { openStoreReadOnly, openStoreScratch } from '../state/store.ts'
import type { PlanFile } from './plan.ts'
import { type DryRunOptions, type Swept, toPlanFile } from './report.ts'

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
  const { baseUrl } = config.brevo
  const brevo = pretendBrevo(createPacedReads(baseUrl, ports), baseUrl)
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
      { ...ports, http: brevo.http, openStore: openStoreScratch },
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
      const swept = await sweep(engine, brevo, config, given, options, signal)
      refuseUnread(brevo)
      if (swept === null) return null
      return toPlanFile(engine, brevo, reports, config, options, swept, ports.clock.now())
    } finally {
      engine.close()
    }
  } finally {
    scratch.remove()
  }
}

/** A plan of a Brevo that was not seen whole would say too little. */
function refuseUnread(brevo: PretendedBrevo): void {
  const failure = brevo.failure()
  if (failure === null) return
  throw new TajoError(
    'brevo_unavailable',
    `What Brevo holds could not be read (${failure}), so there is no plan.`,
    { hint: 'Try again in a moment.' },
  )
}

/** How many contacts Brevo was told of. */
function countContacts(directory: string): number {
  const store = openStoreReadOnly(directory)
  try {
    return store?.contacts.count() ?? 0
  } finally {
    store?.close()
  }
}

/** What a changed mapping writes of those who do not change themselves: the same functions, without the outbox in between. */
async function sweep(
  engine: Engine,
  brevo: PretendedBrevo,
  config: Config,
  given: number,
  options: DryRunOptions,
  signal?: AbortSignal,
): Promise<Swept | null> {
  let reading = Promise.resolve()
  let isReading = false
  const others = await engine.othersToWrite(async () => {
    if (!isReading) {
      reading = brevo.readAll()
      // Waited for below; until then its failure is nobody's surprise.
      reading.catch(() => undefined)
    }
    isReading = true
    await options.pause?.()
  }, signal)
  await reading
  if (others === null) return { created: 0, guard: null }
  const count = others.reduce((sum, write) => sum + write.removeLists.length, 0)
  const limit = toLimit(config, given, options)
  const isHeld = count > limit
  // What the outbox took away already, the guard would have held back with the rest.
  const taken = brevo.writes().reduce((sum, one) => sum + one.remove.length, 0)
  if (taken > 0 && count + taken > limit) return null
  let created = 0
  for (const write of others) {
    const held = isHeld ? { ...write, removeLists: [] } : write
    if (brevo.writeAt(held, config.delivery.createContacts)) created += 1
  }
  return { created, guard: isHeld ? { count, limit } : null }
}

function toLimit(config: Config, given: number, { acceptRemovals }: DryRunOptions): number {
  const rule = config.delivery.maxRemovals
  if (acceptRemovals) return Number.POSITIVE_INFINITY
  return 'count' in rule ? rule.count : Math.max(rule.atLeast, Math.floor(given * rule.share))
}
