// tajo connectors test: a tick for each thing that must work, at the helpdesk and at Brevo.
import type { BrevoCaller } from '../brevo/client.ts'
import { readAttributes, readLists, readNewestEvent } from '../brevo/setup.ts'
import type { ConnectorConfig } from '../config/config.ts'
import { createSource } from '../engine.ts'
import { noteKeysTested } from '../engine/pauses.ts'
import { systemClock } from '../lib/clock.ts'
import { TajoError } from '../lib/errors.ts'
import { isLocked } from '../state/database.ts'
import { openStoreBeside } from '../state/store.ts'
import type { Check, Source } from '../sources/source.ts'
import { refuseMisfits, refuseUnknownLists } from '../sync/readiness.ts'
import { openBrevo } from '../check/online.ts'
import { checkMapping } from '../check/preparation.ts'
import { type CommonOptions, openSession } from './session.ts'
import { paint, print, printError } from './terminal.ts'

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
    const checks = [...source.checks(), ...toBrevoChecks(connector, source, brevo)]
    const results = []
    for (const check of checks) results.push(await runCheck(check, options.json === true))
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
      run: async () => refuseMisfits((await checkMapping(connector, source, brevo)).misfits),
    },
    {
      label: 'Brevo lists are there',
      run: async () => refuseUnknownLists(connector.listPlaces, await readLists(brevo)),
    },
    { label: 'Brevo events reachable', run: () => readNewestEvent(brevo) },
  ]
}

async function runCheck(
  check: Check,
  quiet: boolean,
): Promise<{ check: string; ok: boolean; reason?: string }> {
  try {
    await check.run()
    if (!quiet) print(`${paint('green', '✓')} ${check.label}`)
    return { check: check.label, ok: true }
  } catch (thrown) {
    if (!quiet) print(`${paint('red', '✗')} ${check.label}`)
    const error = quiet ? (thrown as Error) : printError(thrown, ' ')
    return { check: check.label, ok: false, reason: error.message }
  }
}
