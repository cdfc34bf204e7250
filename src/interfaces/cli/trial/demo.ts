// tajo demo: the sandbox and the daemon together, with nothing to set up and nothing left behind.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { startDaemon } from '../../../daemon/daemon.ts'
import { CUSTOM_FIELDS, exampleEvents, exampleFields, hasSurveys } from '../../../config/example.ts'
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts'
import { requireSource } from '../../../sources/index.ts'
import { keepLiving, printAddresses, showEvents, toEnvironment, untilInterrupted } from './sandbox.ts'
import { openSession } from '../terminal/session.ts'
import { formatCount } from '../../../lib/human.ts'
import { createProgress, paint, print } from '../terminal/terminal.ts'

/** With the real limits (2 and 10 requests a second) the first sync of this shop takes 20 minutes. */
const HELPDESK_LIMIT = 4_000
const BREVO_LIMIT = 100
const LIVE_EVERY_MS = 1_500

export async function runDemo(helpdesk: string): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'tajo-demo-'))
  const sandbox = await startSandbox({
    helpdesk,
    alive: true,
    helpdeskLimit: HELPDESK_LIMIT,
    brevoLimit: BREVO_LIMIT,
  })
  const config = join(directory, 'connectors.yml')
  writeFileSync(config, toDemoConfig(sandbox))
  const { world } = sandbox
  print(paint('bold', 'tajo demo'))
  print(
    `A shop on this machine: ${formatCount(world.customers.size)} customers, ${formatCount(world.tickets.size)} tickets, ` +
      `${formatCount(world.messages.size)} messages, ${formatCount(world.surveys.size)} surveys.`,
  )
  printAddresses(sandbox)
  print(`Config   ${config}\n`)

  const session = openSession(
    { config, stateDir: join(directory, 'state') },
    { env: { ...process.env, ...toEnvironment(sandbox.definition) } },
  )
  const progress = createProgress()
  let stopLiving = (): void => undefined
  let isFirst = true
  const daemon = startDaemon(session.engine, session.ports, {
    onProgress: (_, one) => {
      if (isFirst) progress.update(one)
    },
    onRun(report, isSettled) {
      // The first sync has come to its end where what was read is at Brevo, too; a run only counts its own.
      if (!isFirst || !isSettled || report.undelivered.contacts > 0) return
      isFirst = false
      progress.done()
      printFirst(sandbox.brevo.account.contacts.size)
      showEvents(sandbox)
      stopLiving = keepLiving(sandbox, LIVE_EVERY_MS, (line) =>
        print(paint('dim', `         helpdesk: ${line}`)),
      )
    },
  })
  try {
    await Promise.race([untilInterrupted(), daemon.ended])
    progress.done()
    print('\nLeaving: what is under way is finished first.')
    stopLiving()
    daemon.stop()
    await daemon.ended
    print(
      `Brevo holds ${formatCount(sandbox.brevo.account.contacts.size)} contacts and took ${formatCount(sandbox.brevo.account.events.length)} events.`,
    )
    return 0
  } finally {
    stopLiving()
    session.close()
    await sandbox.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

function printFirst(contacts: number): void {
  print(paint('green', '✓ First sync done'))
  print(
    `Brevo holds ${formatCount(contacts)} contacts now. History fires no event; what happens from here on does:\n`,
  )
}

/** What the helpdesk can tell of the documentation's example. */
function toDemoConfig({ definition, helpdeskUrl, brevoUrl }: Sandbox): string {
  const source = requireSource(definition.name)
  const { supports, address, options } = source
  const more = (definition.demo ?? []).map((line) => `    ${line}\n`).join('')
  const custom = supports.directories.includes('custom_fields') ? Object.entries(CUSTOM_FIELDS) : []
  const scores = hasSurveys(source) ? ', satisfied_customers: 36, dissatisfied_customers: 37' : ''
  const toLines = (entries: readonly (readonly [string, string])[]): string =>
    entries.map(([key, value]) => `      ${key}: ${value}\n`).join('')
  return `brevo:
  base_url: ${brevoUrl}
connectors:
  ${source.name}:
    ${address.base}: ${helpdeskUrl}
    schedule: "*/4 * * * * *"
    survey_schedule: "*/8 * * * * *"
${options['rate_limit'] === undefined ? '' : `    rate_limit: { requests: ${HELPDESK_LIMIT}, per_seconds: ${definition.limit.windowMs / 1000} }\n`}\
${more}    default_country: US
    log_level: warn
    lists: { all_support_contacts: 35${scores} }
    tag_lists: { vip: 40, wholesale: 41 }
    field_mapping:
${toLines([...exampleFields(source), ...custom])}    event_mapping:
${toLines(exampleEvents(source))}`
}
