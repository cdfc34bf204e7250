// tajo plan, tajo sync --dry-run: what a sync would do, before it does it. tajo apply: just that, and nothing else.
import { formatDuration, formatTime, plural, formatCount } from '../../../lib/human.ts'
import { requestsForSample } from '../../../sources/sample.ts'
import { isOfEarlierTajo, openStoreReadOnly } from '../../../state/store.ts'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { setMaxListeners } from 'node:events'
import { setImmediate } from 'node:timers/promises'

import { requireEnabled } from '../../../config/config.ts'
import { readConfig } from '../../../config/load.ts'
import { enabled, openEngine } from '../../../engine/engine.ts'
import { isAbort, TajoError } from '../../../lib/errors.ts'
import { comparePlans, drifted, onlyPlanned } from '../../../dry-run/plan-guard.ts'
import { type Plan, PLAN_VERSION, type PlanFile, type PlannedContact } from '../../../dry-run/plan.ts'
import { dryRun } from '../../../dry-run/dry-run.ts'
import { fingerprint, secondsAtHelpdesk } from '../../../dry-run/report.ts'
import { writeInForce } from '../../../state/reading/applied-config.ts'
import { type CommonOptions, openSession, type Session } from '../terminal/session.ts'
import { printReport, toExitCode } from '../run/sync.ts'
import { createProgress, fit, paint, print, say, wrap, toCount } from '../terminal/terminal.ts'

export interface PlanCommandOptions extends CommonOptions {
  connector?: string
  limit?: string
  sample?: string
  out?: string
  json?: boolean
  acceptRemovals?: boolean
}

const INTERRUPTED = 130

/** Exit code 0: there is a plan; 4: a guard would stop the sync. */
export async function runPlan(options: PlanCommandOptions): Promise<number> {
  const limit = toCount(options.limit ?? '10', '--limit')
  const sample = options.sample === undefined ? null : toCount(options.sample, '--sample')
  const session = openSession(options)
  const progress = createProgress(process.stderr, 'Planning')
  try {
    if (options.json !== true) say(estimate(session, sample))
    return await interruptible(async (signal) => {
      const plan = await dryRun(
        session.engine,
        session.ports,
        {
          connectors: toConnectors(session, options.connector),
          text: session.text,
          acceptRemovals: options.acceptRemovals === true,
          sample,
          limit,
          onProgress: (one) => progress.update(one),
          pause: () => setImmediate(),
        },
        signal,
      )
      progress.done()
      if (options.out !== undefined) {
        writePlan(options.out, plan)
        say(`Wrote ${options.out}: it names contacts, so keep it as safe as the state.`)
      }
      const { accept_removals: _, changes: __, writes: ___, sends: ____, ...shown } = plan
      if (options.json === true) print(JSON.stringify(shown))
      else printPlan(shown, options)
      return plan.guard === null ? 0 : 4
    })
  } finally {
    progress.done()
    session.close()
  }
}

/** What it will take, from what is known before anything was asked. */
function estimate({ config, engine }: Session, sample: number | null): string {
  if (isOfEarlierTajo(engine.stateDir)) return 'Brings a copy of the state up to date, and looks at that.'
  const store = openStoreReadOnly(engine.stateDir)
  try {
    const isFirst = config.connectors.some((one) => store === null || store.runs.lastDone(one.name) === null)
    if (!isFirst)
      return `Reads what changed since the last sync, and looks at ${formatCount(store!.contacts.count())} contacts: some seconds.`
    if (sample === null)
      return 'Reads the helpdesk as a whole, as a first sync does; how much that is it does not say beforehand. tajo plan --sample 20 looks at a part.'
    const seconds = secondsAtHelpdesk(config, requestsForSample(sample))
    return `Reads ${plural(sample, 'customer')} with everything of theirs: about ${formatDuration(seconds * 1000)} at the helpdesk’s rate limit.`
  } finally {
    store?.close()
  }
}

/** Exit code as of `tajo sync`; 4 where the world is not as it was. */
export async function runApply(file: string, options: CommonOptions & { json?: boolean }): Promise<number> {
  const plan = readPlan(file)
  const text = readConfig(options.config)
  if (fingerprint(text) !== plan.config.sha256)
    throw drifted([`${options.config} was changed since the plan was made.`])
  const session = openSession(options)
  const looking = createProgress(process.stderr, 'Looking')
  const progress = createProgress()
  try {
    return await interruptible(async (signal) => {
      const now = await dryRun(
        session.engine,
        session.ports,
        {
          connectors: plan.connectors,
          text,
          acceptRemovals: plan.accept_removals,
          sample: null,
          limit: 0,
          onProgress: (one) => looking.update(one),
          pause: () => setImmediate(),
        },
        signal,
      )
      looking.done()
      const differences = comparePlans(plan, now)
      if (differences.length > 0) throw drifted(differences)
      const http = onlyPlanned(session.ports.http, session.config.brevo.baseUrl, now)
      const engine = openEngine(session.engine, { ...session.ports, http })
      try {
        let worst = 0
        for (const name of plan.connectors) {
          const report = await engine.sync(
            name,
            {
              waitForDoubt: true,
              acceptRemovals: plan.accept_removals,
              onProgress: (one) => progress.update(one),
            },
            signal,
          )
          progress.done()
          if (options.json === true) print(JSON.stringify(report))
          else printReport(report)
          worst = Math.max(worst, toExitCode(report))
        }
        engine.store.transaction(() => writeInForce(engine.store, text))
        return worst
      } finally {
        engine.close()
      }
    })
  } finally {
    looking.done()
    progress.done()
    session.close()
  }
}

/** It names contacts: for its owner alone, even where a file was there before. */
function writePlan(file: string, plan: PlanFile): void {
  try {
    writeFileSync(file, `${JSON.stringify(plan)}\n`, { mode: 0o600 })
    chmodSync(file, 0o600)
  } catch (cause) {
    throw new TajoError(
      'usage',
      `${file} can not be written (${(cause as { code?: string }).code ?? 'unknown'}).`,
      {
        cause,
      },
    )
  }
}

function readPlan(file: string): PlanFile {
  let plan: Partial<PlanFile> | null
  try {
    plan = JSON.parse(readFileSync(file, 'utf8')) as Partial<PlanFile> | null
  } catch (cause) {
    throw new TajoError('usage', `${file} is no plan.`, {
      hint: 'Make one with: tajo plan --out FILE',
      cause,
    })
  }
  const lists = [plan?.changes, plan?.writes, plan?.sends, plan?.connectors]
  const isWhole = lists.every((one) => Array.isArray(one)) && typeof plan?.config?.sha256 === 'string'
  if (plan === null || plan.version !== PLAN_VERSION || !isWhole)
    throw new TajoError('usage', `${file} is no plan of this version of tajo.`, {
      hint: 'Make one with: tajo plan --out FILE',
    })
  if (plan.sample !== null)
    throw new TajoError('usage', `${file} looked at a part only (--sample), so it can not be applied.`, {
      hint: 'Make a whole one with: tajo plan --out FILE',
    })
  return plan as PlanFile
}

function toConnectors(session: Session, name: string | undefined): string[] {
  const names = enabled(session.config).map((one) => one.name)
  if (name === undefined) {
    if (names.length > 0) return names
    throw new TajoError('usage', `There is no enabled connector in ${session.config.file}.`)
  }
  return [requireEnabled(session.config, name).name]
}

async function interruptible(action: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    return await action(stop.signal)
  } catch (thrown) {
    if (!isAbort(thrown)) throw thrown
    say('Stopped.')
    return INTERRUPTED
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

export function printPlan(plan: Plan, options: CommonOptions): void {
  const { contacts, requests } = plan
  for (const warning of plan.warnings) say(`${paint('yellow', 'note', process.stderr)} ${warning}`)
  const part = plan.sample === null ? '' : ` (of the ${formatCount(plan.sample)} newest customers at most)`
  printWrapped(paint('bold', `What a sync with ${options.config} would do${part}`))
  print()
  printWrapped(
    `Contacts   ${paint('green', `${formatCount(contacts.create)} created`)}, ${paint('yellow', `${formatCount(contacts.update)} changed`)}, ` +
      `${formatCount(contacts.unchanged)} as they are, ${formatCount(contacts.skipped)} skipped`,
  )
  printCounted('Attributes', Object.entries(plan.attributes), (count) => `in ${formatCount(count)}`)
  for (const [id, { name, add, remove }] of Object.entries(plan.lists))
    print(
      fit(
        `List       ${id.padEnd(6)} ${paint('green', `+${formatCount(add)}`)} ${paint('red', `-${formatCount(remove)}`)}  ${name}`,
      ),
    )
  for (const [name, one] of Object.entries(plan.events)) {
    const parts = [`${formatCount(one.send)} sent`]
    if (one.hold > 0) parts.push(`${formatCount(one.hold)} waiting`)
    if (one.too_old > 0) parts.push(`${formatCount(one.too_old)} too old`)
    if (one.not_met > 0) parts.push(`${formatCount(one.not_met)} whose condition is not met`)
    print(wrap(`Event      ${name}: ${parts.join(', ')}`, 11))
  }
  for (const [name, one] of Object.entries(plan.campaigns))
    print(
      fit(
        `Campaign   ${name}: ${formatCount(one.fire)} fire, ${formatCount(one.hold)} wait, ${formatCount(one.drop)} not sent`,
      ),
    )
  printWrapped(
    `Costs      ${formatCount(requests.source)} requests to the helpdesk, ${formatCount(requests.brevo)} to Brevo; about ${formatDuration(plan.seconds * 1000)} at their limits`,
  )
  if (plan.guard !== null)
    printWrapped(
      `${paint('red', 'Guard')}      more than ${formatCount(plan.guard.limit)} list memberships would be taken away, so the sync would take none; if that is right: --accept-removals`,
    )
  if (!plan.complete)
    printWrapped(
      `${paint('yellow', 'Open')}       Some of it could not be foreseen: it waits for an earlier answer.`,
    )
  if (plan.samples.length > 0) print()
  for (const one of plan.samples) printContact(one)
  const rest = contacts.create + contacts.update - plan.samples.length
  if (rest > 0)
    print(paint('dim', `  … and ${formatCount(rest)} more (--limit ${contacts.create + contacts.update})`))
  if (plan.held.length > 0) print()
  for (const one of plan.held)
    print(
      wrap(
        `${paint('yellow', 'not now')}  ${one.name} for ${one.email}, of ${formatTime(one.at)}: ${toLocal(one.reason)}`,
        9,
      ),
    )
  const waiting = countHeld(plan) - plan.held.length
  if (waiting > 0) print(paint('dim', `  … and ${formatCount(waiting)} more that do not fire now (--limit)`))
  print()
  print(paint('dim', 'Nothing was written, and no cursor was moved.'))
}

/** A reason names instants as JSON does. */
const toLocal = (sentence: string): string =>
  sentence.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (instant) => formatTime(instant))

/** Campaigns that wait are counted with their events. */
function countHeld({ events, campaigns }: Plan): number {
  const ofEvents = Object.values(events).reduce((sum, one) => sum + one.hold + one.too_old + one.not_met, 0)
  return ofEvents + Object.values(campaigns).reduce((sum, one) => sum + one.drop, 0)
}

function printWrapped(text: string): void {
  print(wrap(text, 11))
}

function printCounted(label: string, counted: [string, number][], show: (count: number) => string): void {
  if (counted.length === 0) return
  const sorted = counted.toSorted((a, b) => b[1] - a[1])
  print(wrap(`${label.padEnd(10)} ${sorted.map(([name, count]) => `${name} ${show(count)}`).join(', ')}`, 11))
}

export function printContact(one: PlannedContact): void {
  const sign = one.change === 'create' ? paint('green', '+') : paint('yellow', '~')
  print(
    fit(
      `${sign} ${paint('bold', one.email)}${one.renamed_from === null ? '' : ` (was ${one.renamed_from})`}`,
    ),
  )
  if (one.blocked) print(fit(`    ${paint('red', 'blocked')}, as its person was under another address`))
  for (const [name, { old, new: value, from = [] }] of Object.entries(one.attributes))
    print(
      fit(
        (one.change === 'create' && old === null
          ? `    ${name.padEnd(22)} ${show(value)}`
          : `    ${name.padEnd(22)} ${show(old)} → ${show(value)}`) +
          (from.length === 0 ? '' : paint('dim', `  (${from.join(', ')})`)),
      ),
    )
  if (one.lists.add.length > 0) print(`    ${paint('green', '+')} list ${one.lists.add.join(', ')}`)
  if (one.lists.remove.length > 0) print(`    ${paint('red', '-')} list ${one.lists.remove.join(', ')}`)
}

function show(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing'
  if (Array.isArray(value)) return value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
