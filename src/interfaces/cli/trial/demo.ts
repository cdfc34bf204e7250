// tajo demo: the sandbox and the daemon together, with nothing to set up and nothing left behind.
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { DaemonHooks } from '../../../daemon/daemon.ts'
import { startReloading } from '../../../daemon/reload/reload.ts'
import { CUSTOM_FIELDS, exampleEvents, exampleFields, hasSurveys } from '../../../config/example.ts'
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts'
import { requireSource } from '../../../sources/index.ts'
import { keepLiving, printAddresses, showEvents, toEnvironment, untilInterrupted } from './sandbox.ts'
import { openPorts } from '../terminal/session.ts'
import { makeToken, toLink } from '../run/console.ts'
import { toReloadPorts } from '../run/preparing.ts'
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
  writeFileSync(config, toDemoConfig(sandbox, await findFreePort()))
  const { world } = sandbox
  print(paint('bold', 'tajo demo'))
  print(
    `A shop on this machine: ${formatCount(world.customers.size)} customers, ${formatCount(world.tickets.size)} tickets, ` +
      `${formatCount(world.messages.size)} messages, ${formatCount(world.surveys.size)} surveys.`,
  )
  printAddresses(sandbox)
  print(`Config   ${config}`)

  const env = { ...process.env, ...toEnvironment(sandbox.definition) }
  const opened = openPorts(DEMO_LOG, [])
  const options = { config, stateDir: join(directory, 'state') }
  const shown = new Shown(sandbox)
  try {
    const daemon = await startReloading(toReloadPorts(options, env, opened.ports.log, shown.hooks))
    await Promise.race([untilInterrupted(), daemon.ended])
    print('\nLeaving: what is under way is finished first.')
    shown.stop()
    daemon.stop()
    await daemon.ended
    print(
      `Brevo holds ${formatCount(sandbox.brevo.account.contacts.size)} contacts and took ${formatCount(sandbox.brevo.account.events.length)} events.`,
    )
    return 0
  } finally {
    shown.stop()
    opened.close()
    await sandbox.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

const DEMO_LOG = { level: 'warn', apiCalls: false, showPersonal: false } as const
/** Whoever tries it may come back to the link. */
const TOKEN_MS = 24 * 3_600_000

/** What the demo prints of its daemon, whichever version of connectors.yml it runs by. */
class Shown {
  readonly #sandbox: Sandbox
  readonly #progress = createProgress()
  #isFirst = true
  #isServed = false
  #stopLiving = (): void => undefined

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox
  }

  readonly hooks: DaemonHooks = {
    onServing: (address, { store }) => {
      if (this.#isServed) return
      this.#isServed = true
      print(`Console  ${toLink(address, makeToken(store, 'the demo', { ms: TOKEN_MS, isSingle: false }))}\n`)
    },
    onProgress: (_, one) => {
      if (this.#isFirst) this.#progress.update(one)
    },
    onRun: (report, isSettled) => {
      // The first sync has come to its end where what was read is at Brevo, too; a run only counts its own.
      if (!this.#isFirst || !isSettled || report.undelivered.contacts > 0) return
      this.#isFirst = false
      this.#progress.done()
      printFirst(this.#sandbox.brevo.account.contacts.size)
      showEvents(this.#sandbox)
      this.#stopLiving = keepLiving(this.#sandbox, LIVE_EVERY_MS, (line) =>
        print(paint('dim', `         helpdesk: ${line}`)),
      )
    },
  }

  stop(): void {
    this.#progress.done()
    this.#stopLiving()
  }
}

/** One that stays the same when connectors.yml is changed, so that an open page finds it again. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function printFirst(contacts: number): void {
  print(paint('green', '✓ First sync done'))
  print(
    `Brevo holds ${formatCount(contacts)} contacts now. History fires no event; what happens from here on does:\n`,
  )
}

const DEMO_CAMPAIGN = `campaigns:
  thanks_for_the_stars:
    on: satisfaction_survey.responded
    when: satisfaction_score >= 4
    guards: { not_while_open_tickets: true, cooldown: 30d }
`

/** What the helpdesk can tell of the documentation's example. */
function toDemoConfig({ definition, helpdeskUrl, brevoUrl }: Sandbox, port: number): string {
  const source = requireSource(definition.name)
  const { supports, address, options } = source
  const more = (definition.demo ?? []).map((line) => `    ${line}\n`).join('')
  const custom = supports.directories.includes('custom_fields') ? Object.entries(CUSTOM_FIELDS) : []
  const scores = hasSurveys(source) ? ', satisfied_customers: 36, dissatisfied_customers: 37' : ''
  const toLines = (entries: readonly (readonly [string, string])[]): string =>
    entries.map(([key, value]) => `      ${key}: ${value}\n`).join('')
  return `server: { console: true, port: ${port} }
brevo:
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
${toLines(exampleEvents(source))}${hasSurveys(source) ? DEMO_CAMPAIGN : ''}`
}
