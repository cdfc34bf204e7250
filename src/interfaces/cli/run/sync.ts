// tajo sync: one pass of reading and delivering, by this process or by the daemon that holds the state.
import { plural, formatCount } from '../../../lib/human.ts'
import { setMaxListeners } from 'node:events'

import type { Config } from '../../../config/config.ts'
import { openEngine, type Progress, type SyncReport } from '../../../engine/engine.ts'
import type { Resource } from '../../../model/requests.ts'
import { isAbort, TajoError } from '../../../lib/errors.ts'
import { normalizeEmail } from '../../../model/email.ts'
import { parseInstant } from '../../../model/time.ts'
import { writeInForce } from '../../../state/reading/applied-config.ts'
import { hereOrBeside } from '../terminal/beside.ts'
import { type CommonOptions, openSession } from '../terminal/session.ts'
import { createProgress, paint, print, say } from '../terminal/terminal.ts'

export interface SyncCommandOptions extends CommonOptions {
  resources?: string
  since?: string
  contact?: string
  json?: boolean
  /** False under --no-wait. */
  wait?: boolean
  reconcile?: boolean
  acceptRemovals?: boolean
}

const RESOURCES: readonly Resource[] = ['customers', 'tickets', 'satisfaction_surveys']
const INTERRUPTED = 130
const STREAM_WORDS: Record<string, string> = {
  satisfaction_surveys: 'surveys',
  events: 'entries of the event feed',
}

/**
 * Exit code: 0 all delivered, 1 failed or something is still to be delivered, 3 some records were set aside or events are in
 * doubt, 4 a guard held something back.
 */
export async function runSync(name: string, options: SyncCommandOptions): Promise<number> {
  const resources = parseResources(options.resources)
  const since = parseSince(options.since)
  const contact = options.contact === undefined ? undefined : normalizeEmail(options.contact)
  if (contact === null) throw new TajoError('usage', `"${options.contact}" is no e-mail address.`)
  const asked = {
    contact,
    resources,
    since,
    reconcile: options.reconcile === true,
    waitForDoubt: options.wait !== false,
    acceptRemovals: options.acceptRemovals === true,
  }
  const session = openSession(options)
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const progress = createProgress()
  const here = async (): Promise<SyncReport> => {
    const engine = openEngine(session.engine, session.ports)
    try {
      const note = findFirstSyncNote(session.config, name, engine.isBackfilled(name))
      if (note !== null && options.json !== true) say(note)
      const onProgress = (one: Progress): void => progress.update(one)
      // Whoever calls a sync has decided: a daemon that is started later does not ask again.
      const onAccepted = (): void => engine.store.transaction(() => writeInForce(engine.store, session.text))
      return await engine.sync(name, { ...asked, onProgress, onAccepted }, stop.signal)
    } finally {
      engine.close()
    }
  }
  try {
    const report = await hereOrBeside(options.stateDir, here, 'sync', { ...asked, connector: name })
    progress.done()
    if (options.json === true) print(JSON.stringify(report))
    else printReport(report)
    return toExitCode(report)
  } catch (thrown) {
    progress.done()
    if (!isAbort(thrown)) throw thrown
    say('Stopped. What was read is kept; the next run goes on from here.')
    return INTERRUPTED
  } finally {
    session.close()
  }
}

/** Before a first sync that will take its time: why, and what makes it short. Null where there is nothing to say. */
export function findFirstSyncNote(
  { brevo }: Pick<Config, 'brevo'>,
  connector: string,
  isBackfilled: boolean,
): string | null {
  if (isBackfilled || brevo.importList !== undefined) return null
  return (
    'This first sync writes contacts that belong to none of your lists one by one: 10,000 of them take 17 minutes. ' +
    `With a list of tajo’s own they are imported, thousands at once: tajo connectors install ${connector} --yes`
  )
}

export function toExitCode(
  report: Pick<SyncReport, 'undelivered' | 'setAside' | 'heldRemovals' | 'events'>,
): number {
  const { undelivered, setAside, heldRemovals, events } = report
  if (heldRemovals !== null) return 4
  if (undelivered.contacts + undelivered.events > 0) return 1
  return setAside > 0 || events.inDoubt > 0 ? 3 : 0
}

export function printReport(report: SyncReport): void {
  const { read, contacts, events, setAside, undelivered } = report
  for (const warning of report.warnings) say(`${paint('yellow', 'note', process.stderr)} ${warning}`)
  const parts = Object.entries(read).map(
    ([stream, count]) => `${formatCount(count)} ${STREAM_WORDS[stream] ?? stream}`,
  )
  print(`Read     ${parts.join(', ')}`)
  print(
    `Written  ${plural(contacts.written, 'contact')} (${formatCount(contacts.unchanged)} in step` +
      `${contacts.repaired > 0 ? `, ${formatCount(contacts.repaired)} repaired after the import` : ''}), ${plural(events.sent, 'event')}`,
  )
  if (events.confirmed > 0)
    print(`Found    ${plural(events.confirmed, 'event')} in Brevo that had not been answered`)
  if (events.inDoubt > 0)
    print(
      `${paint('yellow', 'Doubt')}    ${plural(events.inDoubt, 'event')} without an answer; Brevo is asked before anything is sent again`,
    )
  if (setAside > 0)
    print(`${paint('yellow', 'Aside')}    ${plural(setAside, 'record')} set aside: tajo dead-letters list`)
  if (report.heldRemovals !== null)
    print(
      `${paint('red', 'Guard')}    more than ${formatCount(report.heldRemovals.limit)} list memberships would be taken away, so none was; if that is right: tajo sync ${report.connector} --accept-removals`,
    )
  const open = undelivered.contacts + undelivered.events
  if (open > 0 && report.heldRemovals === null)
    print(
      `${paint('red', 'Open')}     ${plural(open, 'write')} still to be delivered; the next run tries again`,
    )
  print(paint('dim', `Took     ${report.seconds} s`))
}

function parseResources(text: string | undefined): Resource[] | undefined {
  if (text === undefined) return undefined
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.filter((name) => !RESOURCES.includes(name as Resource))
  if (unknown.length > 0)
    throw new TajoError('usage', `Unknown resource ${unknown.join(', ')}.`, {
      hint: `Resources are ${RESOURCES.join(', ')}.`,
    })
  return names as Resource[]
}

function parseSince(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const since = parseInstant(text)
  if (since === null)
    throw new TajoError('usage', `"${text}" is no date.`, { hint: 'Write it as 2024-01-31.' })
  return since
}
