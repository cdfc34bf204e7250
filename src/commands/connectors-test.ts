// tajo connectors test: a tick for each thing that must work, at the helpdesk and at Brevo.
import { createBrevoCaller } from '../brevo/client.ts'
import { toChecks } from '../brevo/setup.ts'
import { createSource } from '../engine.ts'
import { TajoError } from '../lib/errors.ts'
import type { Check } from '../sources/source.ts'
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
    const brevo = createBrevoCaller(
      {
        baseUrl: session.config.brevo.baseUrl,
        apiKey: session.engine.brevoKey,
        logApiCalls: session.config.log.apiCalls,
      },
      session.ports,
    )
    const checks = [
      ...createSource(connector, session.engine, { ...session.ports, retries: 1 }).checks(),
      ...toChecks(brevo),
    ]
    const results = []
    for (const check of checks) results.push(await runCheck(check, options.json === true))
    if (options.json === true) print(JSON.stringify(results))
    return results.every((one) => one.ok) ? 0 : 1
  } finally {
    session.close()
  }
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
