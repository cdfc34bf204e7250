// A real Chromium, as a person has it, and a real daemon behind it.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { type Browser, chromium, type Page } from 'playwright-core'

import { findFreePort } from '../../src/interfaces/cli/trial/demo.ts'
import { fromMs } from '../../src/model/time.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { openStoreBeside } from '../../src/state/store.ts'
import { type Running, runTajo, startTajo } from '../support/tajo.ts'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM'] ?? PLACES.find((one) => existsSync(one))
  if (executablePath === undefined)
    throw new Error(
      'There is no Chromium here. Install it (apt-get install chromium), or name one: CHROMIUM=/path/to/it',
    )
  return await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  nodes: { html: string; failureSummary?: string }[]
}

/** What axe has against the page, each with the first place. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(context: unknown, options: object): Promise<{ violations: Violation[] }> }
    }
    const runOnly = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
    const found = await axe.run((globalThis as unknown as { document: unknown }).document, { runOnly })
    return found.violations
  })
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary ?? ''}`)
}

/** What the page complains of, and what it asks for elsewhere. */
export function watchPage(page: Page, own: string): string[] {
  const complaints: string[] = []
  page.on('console', (message) => {
    // That a stream ended is told by the page itself.
    if (message.type() !== 'error' || /ERR_(CONNECTION|INCOMPLETE|EMPTY)/.test(message.text())) return
    complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(own) && !request.url().startsWith('data:'))
      complaints.push(`asks ${request.url()}`)
  })
  return complaints
}

export interface Shop {
  directory: string
  config: string
  sandbox: Sandbox
  address: string
  daemon(): Running
  token(...options: string[]): Promise<string>
  /** Kills it as a power cut would, or lets it end. */
  stop(signal: NodeJS.Signals): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

const toYaml = (sandbox: Sandbox, port: number): string => `server: { port: ${port}, console: true }
brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
    schedule: "* * * * * *"
    objectives: { freshness: 15m }
    lists: { all_support_contacts: 35, satisfied_customers: 36, dissatisfied_customers: 37 }
    field_mapping:
      nb_tickets: TICKET_COUNT
      last_satisfaction_score: CSAT_SCORE
    event_mapping:
      ticket.closed: ticket_closed
campaigns:
  thanks:
    on: ticket.closed
    guards: { cooldown: 7d }
`

/** A small shop that has been in step for a while: things happened, one of them could not be done. */
export async function openShop(): Promise<Shop> {
  const directory = mkdtempSync(join(tmpdir(), 'tajo-browser-'))
  const size = { customers: 30, tickets: 50, messages: 100, surveys: 10 }
  const sandbox = await startSandbox({ size, helpdeskLimit: null, brevoLimit: null })
  const port = await findFreePort()
  const config = join(directory, 'connectors.yml')
  writeFileSync(config, toYaml(sandbox, port))
  let daemon: Running
  const start = async (): Promise<void> => {
    daemon = startTajo(['start'], directory)
    await daemon.until('"address":"')
    await daemon.until('Run ended')
  }
  await start()
  await daemon!.until(/"contacts":[1-9]/)
  happen(sandbox)
  await daemon!.until(/"events":[1-9]/)
  const store = openStoreBeside(join(directory, 'state'))!
  store.transaction(() => {
    const now = fromMs(Date.now())
    store.deadLetters.put(
      'contact',
      'refused@example.com',
      'Brevo refused the value of SMS: <b>not a phone</b>',
      now,
    )
    store.deadLetters.put(
      'record',
      'gorgias/tickets/4711',
      'The helpdesk answered with something that is no ticket.',
      now,
    )
  })
  store.close()
  return {
    directory,
    config,
    sandbox,
    address: `http://127.0.0.1:${port}`,
    daemon: () => daemon,
    start,
    async token(...options) {
      const made = await runTajo(['console', 'token', '--name', 'Ann', '--json', ...options], directory)
      return (JSON.parse(made.stdout) as { token: string }).token
    },
    async stop(signal) {
      daemon.child.kill(signal)
      await daemon.ended
    },
    async close() {
      daemon.child.kill('SIGTERM')
      await daemon.ended
      await sandbox.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Somebody's ticket is closed, which both an event and a campaign follow. Gives their address. */
export function happen({ world, brevo }: Sandbox): string {
  const { contacts } = brevo.account
  const somebody = [...world.customers.values()].find(({ email }) => email !== null && contacts.has(email))!
  world.closeTicket(world.addTicket({ customerId: somebody.id }).id)
  return somebody.email!
}
