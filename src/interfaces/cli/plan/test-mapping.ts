// tajo test-mapping: runs the tests beside a connectors.yml. tajo record: makes one from a real contact.
import { loadConfig } from '../../../config/load.ts'
import { formatTest, loadTests, testsFileOf } from '../../../config/tests-file.ts'
import { TajoError } from '../../../lib/errors.ts'
import type { Log } from '../../../lib/log/log.ts'
import { recordTest } from '../../../config-tests/record.ts'
import { runMappingTest } from '../../../config-tests/run.ts'
import { normalizeEmail } from '../../../model/email.ts'
import { openStoreReadOnly } from '../../../state/store.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

const silent = (): void => undefined
const SILENT: Log = { error: silent, warn: silent, info: silent, verbose: silent, debug: silent }

/** Exit code 0: all pass; 1: some do not. */
export async function runTestMapping(options: CommonOptions & { json?: boolean }): Promise<number> {
  const config = loadConfig(options.config, process.env)
  const tests = loadTests(options.config, process.env)
  if (tests.length === 0)
    throw new TajoError(
      'usage',
      `There are no tests: neither \`tests:\` in ${options.config} nor ${testsFileOf(options.config)}.`,
      {
        hint: `Make one from a real contact: tajo record EMAIL --anonymise >> ${testsFileOf(options.config)}`,
      },
    )
  const store = openStoreReadOnly(options.stateDir)
  const attributes = store?.brevo.setup()?.attributes ?? []
  store?.close()
  const results = []
  for (const { test, where } of tests) {
    const differences = await runMappingTest(test, config, attributes, SILENT)
    results.push({ name: test.name, where, passed: differences.length === 0, differences })
    if (options.json === true) continue
    const mark = differences.length === 0 ? paint('green', '✓') : paint('red', '✗')
    print(`${mark} ${test.name}  ${paint('dim', where)}`)
    for (const line of differences) print(`    ${line}`)
  }
  const failed = results.filter((one) => !one.passed).length
  if (options.json === true)
    print(JSON.stringify({ version: 1, passed: results.length - failed, failed, tests: results }))
  else print(`${results.length - failed} passed, ${failed} failed`)
  return failed === 0 ? 0 : 1
}

/** Exit code 1: no customer has the address. */
export function runRecord(address: string, options: CommonOptions & { anonymise?: boolean }): number {
  const email = normalizeEmail(address)
  if (email === null) throw new TajoError('usage', `"${address}" is no e-mail address.`)
  const config = loadConfig(options.config, process.env)
  const store = openStoreReadOnly(options.stateDir)
  const test = store === null ? null : recordTest(store, config, email, options.anonymise === true)
  store?.close()
  if (test === null) {
    say('No customer of the helpdesk has this address.')
    return 1
  }
  print(formatTest(test, options.config).trimEnd())
  if (options.anonymise !== true) say('It holds personal data: --anonymise leaves that out.')
  return 0
}
