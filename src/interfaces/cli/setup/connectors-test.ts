// tajo connectors test: a tick for each thing that must work, at the helpdesk and at Brevo.
import type { BrevoCaller } from '../../../brevo/client.ts'
import { readAttributes, readLists, readNewestEvent } from '../../../brevo/setup.ts'
import type { ConnectorConfig } from '../../../config/config.ts'
import { createSource } from '../../../engine/engine.ts'
import { noteKeysTested } from '../../../engine/pauses.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { coerceError, TajoError } from '../../../lib/errors.ts'
import { isLocked } from '../../../state/db/lock.ts'
import { openStoreBeside } from '../../../state/store.ts'
import type { Check, Source } from '../../../sources/source.ts'
import { refuseIssues, refuseUnknownLists } from '../../../projection/refusals.ts'
import { openBrevo } from '../../../preflight/online.ts'
import { checkMapping } from '../../../preflight/preparation.ts'
import { type CommonOptions, openSession } from '../terminal/session.ts'
import { paint, print, printError, say } from '../terminal/terminal.ts'

export async function runConnectorsTest(
  name: string,
  options: CommonOptions & { json?: boolean },
): Promise<number> {
  const session = openSession(options)
  try {
    const connector = session.config.connectors.find((one) => one.name === name)
    if (connector === undefined)
      throw new TajoError('usage', `There is no connector ${name} in ${options.config}.`)
    if (!connector.enabled)
      throw new TajoError('usage', `${name} is switched off in ${options.config} (enabled: false).`, {
        hint: 'Take that line out, and test it then.',
      })
    const brevo = openBrevo(session)
    const source = createSource(connector, session.engine, { ...session.ports, retries: 1 })
    const quiet = options.json === true
    const results = [
      ...(await runChecks(source.checks(), quiet)),
      ...(await runChecks(toBrevoChecks(connector, source, brevo), quiet)),
    ]
    if (options.json === true) print(JSON.stringify(results))
    const isWell = results.every((one) => one.ok)
    if (isWell) tellDaemon(options.stateDir)
    return isWell ? 0 : 1
  } finally {
    session.close()
  }
}

/** A daemon that was refused tries again at once. */
function tellDaemon(stateDir: string): void {
  if (!isLocked(stateDir)) return
  const store = openStoreBeside(stateDir)
  if (store === null) return
  noteKeysTested(store, systemClock.now())
  store.close()
}

function toBrevoChecks(connector: ConnectorConfig, source: Source, brevo: BrevoCaller): Check[] {
  return [
    // GET /account may be closed to a restricted key; the attributes are what is needed (brevo-api.md § 2.0).
    { label: 'Brevo API key accepted', run: async () => void (await readAttributes(brevo)) },
    {
      label: 'Brevo attributes fit the mapping',
      run: async () => refuseIssues((await checkMapping(connector, source, brevo)).issues, connector.name),
    },
    {
      label: 'Brevo lists are there',
      run: async () => refuseUnknownLists(connector.listPlaces, await readLists(brevo)),
    },
    { label: 'Brevo events reachable', run: () => readNewestEvent(brevo) },
  ]
}

interface Result {
  check: string
  ok: boolean
  reason?: string
}

/** What a check of one side takes before a word is said. */
const SILENCE_MS = 2_000
const NO_ANSWER = new Set(['source_unavailable', 'brevo_unavailable'])

/** Where one side does not answer, it is not asked for the rest. */
async function runChecks(checks: readonly Check[], quiet: boolean): Promise<Result[]> {
  const results: Result[] = []
  let answers = true
  for (const check of checks) {
    if (answers) {
      const { code, ...result } = await runCheck(check, quiet)
      results.push(result)
      answers = code === undefined || !NO_ANSWER.has(code)
    } else {
      if (!quiet) print(`${paint('dim', '–')} ${check.label}: not asked`)
      results.push({ check: check.label, ok: false, reason: 'Not asked: there was no answer before.' })
    }
  }
  return results
}

async function runCheck(check: Check, quiet: boolean): Promise<Result & { code?: string }> {
  const answered = new AbortController()
  systemClock.sleep(SILENCE_MS, answered.signal).then(
    () => quiet || say(paint('dim', `  ${check.label}: waiting for an answer …`, process.stderr)),
    () => undefined,
  )
  try {
    await check.run()
    if (!quiet) print(`${paint('green', '✓')} ${check.label}`)
    return { check: check.label, ok: true }
  } catch (thrown) {
    if (!quiet) print(`${paint('red', '✗')} ${check.label}`)
    const error = quiet ? coerceError(thrown) : printError(thrown, ' ')
    return { check: check.label, ok: false, reason: error.message, code: error.code }
  } finally {
    answered.abort()
  }
}
