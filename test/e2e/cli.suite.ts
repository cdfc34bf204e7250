// The built binary, real files, real HTTP: what a newcomer does, and what it says.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from '../support/keys.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

const SMALL = { customers: 60, tickets: 90, messages: 200, surveys: 20 }

let directory: string
let sandbox: Sandbox
let close: (() => Promise<void>) | null
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-e2e-'))
  close = null
})
afterEach(async () => {
  await close?.()
  rmSync(directory, { recursive: true, force: true })
})

async function start(options: SandboxOptions = {}): Promise<void> {
  sandbox = await startSandbox({ size: SMALL, helpdeskLimit: null, brevoLimit: null, ...options })
  close = () => sandbox.close()
  sandbox.brevo.account.importDelayMs = 0
}

const addresses = (): string[] => ['--base-url', sandbox.helpdeskUrl, '--brevo-base-url', sandbox.brevoUrl]
const everyOutput = (): string =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n')

describe('a newcomer', () => {
  it('is told that there is nothing to show a status of', async () => {
    writeFileSync(join(directory, 'connectors.yml'), 'connectors: {}\n')

    const status = await runTajo(['status'], directory)

    expect(status).toMatchObject({ code: 0, stdout: 'There is no connector in connectors.yml.\n' })
  })

  it('installs, tests, syncs, and sees the status', async () => {
    await start({ prepared: false })

    const install = await runTajo(['connectors', 'install', 'gorgias', ...addresses(), '--yes'], directory)
    expect(install).toMatchObject({ code: 0, stderr: '' })
    expect(install.stdout).toContain('✓ Wrote connectors.yml')
    expect(install.stdout).toContain('✓ Created the attribute TICKET_COUNT in Brevo')

    // From here on the stored keys are used.
    const env = { GORGIAS_EMAIL: '', GORGIAS_API_KEY: '', BREVO_API_KEY: '' }
    const test = await runTajo(['connectors', 'test', 'gorgias'], directory, { env })
    expect(test.stdout.trim().split('\n')).toEqual([
      '✓ API authentication successful',
      '✓ Customer list accessible',
      '✓ Ticket data readable',
      '✓ CSAT surveys available',
      '✓ Tags listable',
      '✓ Brevo API key accepted',
      '✓ Brevo attributes fit the mapping',
      '✓ Brevo lists are there',
      '✓ Brevo events reachable',
    ])

    const sync = await runTajo(['sync', 'gorgias', '--json'], directory, { env })
    expect(sync.code).toBe(0)
    expect(JSON.parse(sync.stdout)).toMatchObject({
      connector: 'gorgias',
      undelivered: { contacts: 0, events: 0 },
    })

    const status = await runTajo(['status', '--json'], directory)
    expect(JSON.parse(status.stdout)).toMatchObject({
      gorgias: {
        connected: true,
        running: false,
        customersCount: SMALL.customers,
        ticketsTracked: SMALL.tickets,
        backlog: { contacts: 0, events: 0, behind: 0 },
        troubles: { helpdesk: null, brevo: null },
      },
    })
    const list = await runTajo(['connectors', 'list'], directory)
    expect(list.stdout).toMatch(/^gorgias +enabled/)
  })

  it('is asked for the address of a connector whose name stands in the file, and is none of its connectors', async () => {
    await start()
    const others =
      'connectors:\n  # gorgias: comes later\n  my_gorgias: { source: gorgias, domain: a.gorgias.com }\n'
    writeFileSync(join(directory, 'connectors.yml'), others)

    const install = await runTajo(['connectors', 'install', 'gorgias', '--yes'], directory)

    expect(install).toMatchObject({ code: 2, stderr: expect.stringContaining('Give --domain') })
    expect(readFileSync(join(directory, 'connectors.yml'), 'utf8')).toBe(others)
  })

  it('may give the keys on standard input; on the command line they get a warning; none is ever written in clear', async () => {
    await start()
    const env = { GORGIAS_API_KEY: '', BREVO_API_KEY: '' }

    const piped = await runTajo(['connectors', 'install', 'gorgias', ...addresses(), '--yes'], directory, {
      env,
      input: `${SANDBOX_KEYS.GORGIAS_API_KEY}\n${SANDBOX_KEYS.BREVO_API_KEY}\n`,
    })
    expect(piped.code).toBe(0)
    const argv = await runTajo(
      ['connectors', 'install', 'gorgias', '--api-key', SANDBOX_KEYS.GORGIAS_API_KEY, '--yes'],
      directory,
    )
    expect(argv.stderr).toContain('A key on the command line can be seen by others on this machine')
    const sync = await runTajo(['sync', 'gorgias'], directory, { env: { ...env, GORGIAS_EMAIL: '' } })

    expect(sync.code).toBe(0)
    const said = [piped, argv, sync].map((one) => one.stdout + one.stderr).join()
    for (const key of [SANDBOX_KEYS.GORGIAS_API_KEY, SANDBOX_KEYS.BREVO_API_KEY]) {
      expect(said).not.toContain(key)
      expect(everyOutput()).not.toContain(key)
    }
    expect(statSync(join(directory, 'state', 'secrets.json')).mode & 0o077).toBe(0)
  })

  it('is told what is missing when there is no --yes', async () => {
    await start({ prepared: false })

    const install = await runTajo(['connectors', 'install', 'gorgias', ...addresses()], directory)

    expect(install.code).toBe(2)
    expect(install.stderr).toMatch(
      /Brevo has no GORGIAS_ID \(text\), TICKET_COUNT \(float\).* run: tajo connectors install gorgias --yes/,
    )
    expect(sandbox.brevo.account.attributes.has('TICKET_COUNT')).toBe(false)

    // The keys are stored: the command that was named asks for nothing.
    const env = { GORGIAS_EMAIL: '', GORGIAS_API_KEY: '', BREVO_API_KEY: '' }
    const advised = await runTajo(['connectors', 'install', 'gorgias', '--yes'], directory, { env })
    expect(advised).toMatchObject({ code: 0, stderr: '' })
    expect(sandbox.brevo.account.attributes.has('TICKET_COUNT')).toBe(true)
    expect(readFileSync(join(directory, 'connectors.yml'), 'utf8')).toMatch(/^ {2}import_list: \d+$/m)
    const first = await runTajo(['sync', 'gorgias'], directory, { env })
    expect(first.stderr).not.toMatch(/one by one/)
  })

  it('is told before a first sync without a list for imports how long it takes', async () => {
    await start()
    await runTajo(['connectors', 'install', 'gorgias', ...addresses()], directory)

    const first = await runTajo(['sync', 'gorgias'], directory)
    const second = await runTajo(['sync', 'gorgias'], directory)

    expect(first.stderr).toMatch(
      /one by one: 10,000 of them take 17 minutes.*tajo connectors install gorgias --yes/,
    )
    expect(second.stderr).not.toMatch(/one by one/)
  })
})

describe('a mistake', () => {
  it('in connectors.yml is told with its place, exit code 2, no stack, and nothing written', async () => {
    await start({ size: EMPTY })
    writeFileSync(
      join(directory, 'connectors.yml'),
      'connectors:\n  gorgias:\n    domain: shop.gorgias.com\n    shedule: x\n',
    )

    const sync = await runTajo(['sync', 'gorgias'], directory)

    expect(sync).toMatchObject({ code: 2, stdout: '' })
    expect(sync.stderr).toBe(
      'tajo: connectors.yml has a mistake; nothing was done. (config_invalid)\n' +
        '  connectors.yml:4:5 connectors.gorgias.shedule: Unknown key "shedule". Did you mean "schedule"?\n',
    )
    expect(existsSync(join(directory, 'state'))).toBe(false)
  })

  it('on the command line is exit code 2', async () => {
    await start({ size: EMPTY })

    expect(await runTajo(['snyc'], directory)).toMatchObject({ code: 2 })
    expect(await runTajo(['sync', 'zendesk'], directory)).toMatchObject({ code: 2 })
    expect(await runTajo(['--help'], directory)).toMatchObject({ code: 0, stderr: '' })
  })

  it('in the key is exit code 1 with what to do, and no key in the output', async () => {
    await start()
    await runTajo(['connectors', 'install', 'gorgias', ...addresses(), '--yes'], directory)

    const sync = await runTajo(['sync', 'gorgias'], directory, {
      env: { GORGIAS_API_KEY: 'canary-wrong-key' },
    })

    expect(sync.code).toBe(1)
    expect(sync.stderr).toContain('Gorgias refused the API key (401).')
    expect(sync.stdout + sync.stderr).not.toContain('canary')
  })

  it('of one record is exit code 3', async () => {
    await start({ size: EMPTY })
    await runTajo(['connectors', 'install', 'gorgias', ...addresses(), '--yes'], directory)
    sandbox.world.addCustomer({ email: 'bad@example.com' })
    sandbox.brevo.intercept = ({ method, path }) =>
      method === 'POST' && path === '/v3/contacts'
        ? { status: 400, body: '{"code":"invalid_parameter","message":"No"}' }
        : null

    const sync = await runTajo(['sync', 'gorgias'], directory)

    expect(sync.code).toBe(3)
    expect(sync.stdout).toContain('1 record set aside: tajo dead-letters list')
    const status = await runTajo(['status'], directory)
    expect(status.stdout).toContain('contact b***@e***.com: Brevo answered 400: No')
  })
})

describe('the daemon', () => {
  const withSchedule = (): void => {
    const file = join(directory, 'connectors.yml')
    const yaml = readFileSync(file, 'utf8').replace('"*/5 * * * *"', '"* * * * * *"')
    writeFileSync(file, `server: { port: 0 }\n${yaml}`)
  }
  const untilEvent = (): Promise<string> =>
    new Promise((resolve) => {
      sandbox.brevo.account.onEvent = (event) => resolve(event.name)
    })

  it('syncs at once, follows what happens, refuses a second one, and leaves cleanly on SIGTERM', async () => {
    await start()
    await runTajo(['connectors', 'install', 'gorgias', ...addresses(), '--yes'], directory)
    withSchedule()
    const daemon = startTajo(['start'], directory)
    await daemon.until('Run ended')

    const second = await runTajo(['start'], directory)
    expect(second.code).toBe(1)
    expect(second.stderr).toContain('Another tajo is working with state.')
    const event = untilEvent()
    sandbox.world.addCustomer({ email: 'new@example.com' })
    expect(await event).toBe('SUPPORT_CUSTOMER_CREATED')
    const status = JSON.parse((await runTajo(['status', '--json'], directory)).stdout) as {
      gorgias: { running: boolean; nextRun: string }
    }
    expect(status.gorgias.running).toBe(true)
    expect(Date.parse(status.gorgias.nextRun)).not.toBeNaN()

    daemon.child.kill('SIGTERM')
    const { code, stderr } = await daemon.ended
    expect(code).toBe(0)
    expect(stderr).toContain('"message":"Stopped"')
    expect(stderr).not.toContain('new@example.com')
  })

  it('that was never set up well ends with exit code 2 and says what to do', async () => {
    await start({ prepared: false })
    await runTajo(['connectors', 'install', 'gorgias', ...addresses()], directory)
    const file = join(directory, 'connectors.yml')
    writeFileSync(file, `server: { port: 0 }\n${readFileSync(file, 'utf8')}`)

    const daemon = await runTajo(['start'], directory)

    expect(daemon.code).toBe(2)
    expect(daemon.stderr).toContain(
      'nb_tickets can not go to TICKET_COUNT: there is no attribute TICKET_COUNT in Brevo.',
    )
    expect(daemon.stderr).toContain('→ tajo creates what is missing: tajo connectors install gorgias --yes')
  })

  it('killed at any moment and started again loses nothing and repeats nothing that was acknowledged', async () => {
    await start({ size: { customers: 700, tickets: 900, messages: 900, surveys: 100 } })
    await runTajo(['connectors', 'install', 'gorgias', ...addresses(), '--yes'], directory)
    withSchedule()
    for (const waitFor of [12, 25, 3]) {
      let requests = 0
      const daemon = startTajo(['start'], directory)
      await new Promise<void>((resolve) => {
        const count = (): null => {
          requests += 1
          if (requests >= waitFor) resolve()
          return null
        }
        sandbox.helpdesk.intercept = count
      })
      daemon.child.kill('SIGKILL')
      await daemon.ended
      sandbox.helpdesk.intercept = null
      sandbox.world.addCustomer({ email: `late${waitFor}@example.com` })
    }

    const sync = await runTajo(['sync', 'gorgias', '--json'], directory)

    expect(sync.code).toBe(0)
    const withAddress = [...sandbox.world.customers.values()].filter(
      (one) => one.email !== null && one.email !== 'support@shop.example',
    )
    expect(sandbox.brevo.account.contacts.size).toBe(withAddress.length)
    const ids = sandbox.brevo.account.events.map((event) => event.properties['event_id'])
    expect(new Set(ids).size).toBe(ids.length)
    expect(sandbox.brevo.account.events.map((event) => event.email ?? '').sort()).toEqual([
      'late12@example.com',
      'late25@example.com',
      'late3@example.com',
    ])
  })
})

describe('validate', () => {
  const yaml = (lines: string): string =>
    `connectors:\n  gorgias:\n    domain: yourstore.gorgias.com\n${lines}`

  it('takes the file that is named, and finds one with the other ending', async () => {
    writeFileSync(join(directory, 'other.yaml'), yaml(''))
    const named = await runTajo(['validate', 'other.yaml'], directory)
    const unnamed = await runTajo(['validate', '--config', 'other.yml'], directory)
    const elsewhere = await runTajo(['plan', 'other.yaml'], directory)

    expect(named).toMatchObject({ code: 0, stdout: expect.stringContaining('other.yaml is sound') })
    expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringContaining('mv other.yaml other.yml') })
    expect(elsewhere).toMatchObject({ code: 2, stderr: expect.stringContaining('--config other.yaml') })
  })

  it('never shows a key that stands in the file, nor more than ten mistakes', async () => {
    const keys = Array.from({ length: 14 }, (_, index) => `    key${index}: 1\n`).join('')
    writeFileSync(join(directory, 'connectors.yml'), yaml(`    api_key: sk-SECRET-1234\n${keys}`))
    const { code, stdout, stderr } = await runTajo(['validate'], directory)

    expect(code).toBe(2)
    expect(`${stdout}${stderr}`).not.toMatch(/SECRET/)
    expect(stdout.match(/connectors\.yml:\d+:\d+ /g)).toHaveLength(10)
    expect(stdout).toMatch(/and 5 more/)
  })
})

it.each([
  [['--customers', '-5'], '--customers takes a number, not "-5".'],
  [['--helpdesk-port', '99999'], '--helpdesk-port takes a port, from 0 (any) to 65535, not 99999.'],
  [['--brevo-port', 'abc'], '--brevo-port takes a number, not "abc".'],
  [['--customers', '0'], 'Tickets need customers: give --customers, or --tickets 0.'],
])('the sandbox refuses %j with a sentence', async (args, sentence) => {
  const { code, stderr } = await runTajo(['sandbox', ...args], directory)

  expect(code).toBe(2)
  expect(stderr).toContain(sentence)
})
