// The commands around delivery, through the built binary.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from '../support/keys.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

let directory: string
let sandbox: Sandbox
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-e2e-'))
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { port: 0 }
brevo: { base_url: "${sandbox.brevoUrl}" }
events: { verify_after: 1s }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    schedule: "* * * * * *"
    rate_limit: { requests: 100000, per_seconds: 1 }
    lists: { all_support_contacts: 35 }
    field_mapping: { nb_tickets: TICKET_COUNT }
    event_mapping: { ticket.created: TICKET_OPENED }
`,
  )
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

const tajo = (...args: string[]) => runTajo(args, directory)

function addTicket(email: string): number {
  const { id } = sandbox.world.addCustomer({ email })
  return sandbox.world.addTicket({ customerId: id }).id
}

/** The first event is taken, and its answer lost. */
function loseFirstAnswer(): void {
  let lost = false
  sandbox.brevo.intercept = ({ method, path }) => {
    if (lost || method !== 'POST' || path !== '/v3/events') return null
    lost = true
    return { cut: true, applied: true }
  }
}

describe('an event whose answer was lost', () => {
  beforeEach(async () => {
    await tajo('sync', 'gorgias')
    addTicket('a@example.com')
    loseFirstAnswer()
  })

  it('is waited for by sync, found, and shown by the audit', async () => {
    const sync = await tajo('sync', 'gorgias')

    expect(sync.code).toBe(0)
    expect(sync.stdout).toContain('Found    1 event in Brevo that had not been answered')
    expect(sandbox.brevo.account.events).toHaveLength(1)
    const to = new Date(Date.now() + 3_600_000).toISOString()
    const audit = await tajo('audit', '--to', to, '--json')
    expect(JSON.parse(audit.stdout)).toMatchObject({ doubled: [], missing: [], in_doubt: 0 })
  })

  it('is exit code 3 under --no-wait, and status says so', async () => {
    const sync = await tajo('sync', 'gorgias', '--no-wait')

    expect(sync.code).toBe(3)
    expect(sync.stdout).toContain('Doubt    1 event without an answer')
    expect((await tajo('status')).stdout).toContain('in doubt       1 event without an answer')
  })
})

it('status says of an outage which side does not answer, and counts what waits as its JSON does', async () => {
  for (let index = 0; index < 8; index += 1) addTicket(`c${index}@example.com`)
  sandbox.brevo.intercept = ({ path }) =>
    /contacts(?!.(attributes|lists))|events/.test(path) ? { status: 503, body: '{"message":"Down"}' } : null
  const daemon = startTajo(['start'], directory)
  try {
    type Status = {
      gorgias: { connected: boolean; troubles: { brevo: unknown }; backlog: { events: number } } | null
    }
    let status: Status
    do {
      status = JSON.parse((await tajo('status', '--json')).stdout) as Status
    } while (status.gorgias?.troubles.brevo == null)

    const shown = (await tajo('status')).stdout

    expect(status.gorgias).toMatchObject({
      connected: false,
      troubles: { helpdesk: null, brevo: { reason: 'it answers 503' } },
    })
    expect(shown).toMatch(/connected +no: Brevo has not answered well since .* \(it answers 503\)/)
    expect(shown).toMatch(new RegExp(`backlog +8 contacts, ${status.gorgias.backlog.events} events`))
  } finally {
    daemon.child.kill('SIGTERM')
    await daemon.ended
  }
})

it('an event whose contact was deleted in Brevo can not be tried again by itself, and exit code 3 says so', async () => {
  addTicket('gone@example.com')
  await tajo('sync', 'gorgias')
  sandbox.brevo.account.delete('gone@example.com')
  sandbox.world.addTicket({ customerId: [...sandbox.world.customers.keys()][0]! })
  await tajo('sync', 'gorgias')
  const letters = JSON.parse((await tajo('dead-letters', 'list', '--json')).stdout) as {
    id: string
    kind: string
  }[]

  const retried = await tajo('dead-letters', 'retry', letters.find((one) => one.kind === 'event')!.id)

  expect(retried).toMatchObject({
    code: 3,
    stdout: expect.stringContaining('retry the dead letter of that contact first'),
  })
})

it('dead letters are listed, shown, tried again beside a running daemon, and dropped', async () => {
  addTicket('bad@example.com')
  addTicket('worse@example.com')
  sandbox.brevo.intercept = ({ method, path }) =>
    method === 'POST' && path === '/v3/contacts'
      ? { status: 400, body: '{"code":"invalid_parameter","message":"No"}' }
      : null
  await tajo('sync', 'gorgias')

  const list = await tajo('dead-letters', 'list')
  expect(list.stdout).toContain('the contact b***@e***.com')
  const letters = JSON.parse((await tajo('dead-letters', 'list', '--json')).stdout) as {
    id: string
    what: string
  }[]
  const bad = letters.find((one) => one.what.includes('bad@'))!
  const shown = await tajo('dead-letters', 'show', bad.id)
  expect(shown.stdout).toMatch(/what +the contact bad@example.com\nwhy +Brevo answered 400: No\nwhat to do/)
  expect((await tajo('dead-letters', 'drop', letters.find((one) => one !== bad)!.id)).code).toBe(0)

  sandbox.brevo.intercept = null
  const daemon = startTajo(['start'], directory)
  await daemon.until('Run ended')
  expect((await tajo('dead-letters', 'retry', bad.id)).code).toBe(0)
  await daemon.until('"contacts":1')
  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
  expect([...sandbox.brevo.account.contacts.keys()]).toEqual(['bad@example.com'])
  expect((await tajo('dead-letters', 'list')).stdout).toBe('Nothing is set aside.\n')
})

it('a guard ends with exit code 4, and is answered by --accept-removals', async () => {
  for (let index = 0; index < 60; index += 1) addTicket(`c${index}@example.com`)
  await tajo('sync', 'gorgias')
  const file = join(directory, 'connectors.yml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('    lists: { all_support_contacts: 35 }\n', ''))

  const held = await tajo('sync', 'gorgias')
  expect(held.code).toBe(4)
  expect(held.stdout).toContain('Guard    more than 50 list memberships would be taken away')
  expect((await tajo('sync', 'gorgias', '--accept-removals')).code).toBe(0)
  expect([...sandbox.brevo.account.contacts.values()].every((contact) => contact.lists.size === 0)).toBe(true)
})

it('keys are replaced while the daemon runs', async () => {
  const env = { GORGIAS_EMAIL: '', GORGIAS_API_KEY: '', BREVO_API_KEY: '' }
  const keys = [SANDBOX_KEYS.GORGIAS_EMAIL, 'old-gorgias-key', SANDBOX_KEYS.BREVO_API_KEY].join('\n')
  await runTajo(['connectors', 'install', 'gorgias'], directory, { env, input: `${keys}\n` })
  const wrong = await runTajo(['connectors', 'install', 'gorgias', '--rotate'], directory, {
    env,
    input: `${keys}\n`,
  })
  expect(wrong).toMatchObject({ code: 1 })
  expect(wrong.stderr).toContain('Gorgias refused the API key')

  const good = keys.replace('old-gorgias-key', SANDBOX_KEYS.GORGIAS_API_KEY)
  const rotated = await runTajo(['connectors', 'install', 'gorgias', '--rotate'], directory, {
    env,
    input: `${good}\n`,
  })
  expect(rotated).toMatchObject({ code: 0 })
  expect((await runTajo(['sync', 'gorgias'], directory, { env })).code).toBe(0)
  expect(rotated.stdout + rotated.stderr).not.toContain(SANDBOX_KEYS.GORGIAS_API_KEY)
})

it('the state is backed up, checked, exported and read again', async () => {
  addTicket('a@example.com')
  await tajo('sync', 'gorgias')

  expect((await tajo('state', 'backup', '--out', 'copy.db')).code).toBe(0)
  expect((await tajo('state', 'check')).stdout).toContain('is sound')
  const rows = (await tajo('state', 'export')).stdout.trim().split('\n')
  expect(rows.map((row) => (JSON.parse(row) as { table: string }).table)).toEqual([
    'customers',
    'tickets',
    'contacts',
  ])
  expect((await tajo('state', 'reset-cursor', 'tickets', '--to', '2024-01-31')).code).toBe(0)
  expect((await tajo('state', 'reset-cursor', 'nothing')).code).toBe(2)
})

it('a person is forgotten, with a receipt; privacy says where data goes', async () => {
  addTicket('jane@example.com')
  await tajo('sync', 'gorgias')

  const unconfirmed = await tajo('forget', 'jane@example.com')
  expect(unconfirmed.code).toBe(2)
  const receipt = await tajo('forget', 'Jane@Example.com', '--yes', '--json')
  expect(JSON.parse(receipt.stdout)).toMatchObject({
    removed: { customers: 1, tickets: 1, contacts: 1 },
    brevo: { lists_left: [35], contact_deleted: false },
  })
  expect(sandbox.brevo.account.contacts.get('jane@example.com')!.lists.size).toBe(0)
  await tajo('forget', 'jane@example.com', '--yes', '--delete-contact')
  await tajo('sync', 'gorgias', '--reconcile')
  expect(sandbox.brevo.account.contacts.size).toBe(0)
  expect((await tajo('privacy')).stdout).toContain('nb_tickets → TICKET_COUNT')
})

it('a daemon whose keys are refused says when it tries again, and goes on when `connectors test` comes through', async () => {
  await tajo('sync', 'gorgias')
  const daemon = startTajo(['start'], directory)
  await daemon.until('Run ended')
  const unauthorized = { status: 401, body: '{"message":"Key not found","code":"unauthorized"}' }
  sandbox.brevo.intercept = () => unauthorized
  addTicket('a@example.com')
  await daemon.until('Nothing is delivered; that is tried again in')

  const refused = await tajo('status')
  sandbox.brevo.intercept = null
  const tested = await tajo('connectors', 'test', 'gorgias')
  await new Promise<void>((resolve) => (sandbox.brevo.account.onEvent = () => resolve()))

  expect(refused.code).toBe(1)
  expect(refused.stdout).toMatch(/^gorgias +needs attention\n/)
  expect(refused.stdout).toMatch(/connected +no/)
  expect(refused.stdout).toMatch(/refused +by Brevo: Brevo refused the API key/)
  expect(refused.stdout).toMatch(
    /Tried again at \d{4}-\d\d-\d\d \d\d:\d\d; at once after tajo connectors test gorgias/,
  )
  expect(tested.code).toBe(0)
  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
})

it('a daemon goes on when nobody reads its log any more', async () => {
  await tajo('sync', 'gorgias')
  const daemon = startTajo(['start'], directory)
  await daemon.until('Run ended')
  daemon.child.stdout!.destroy()
  daemon.child.stderr!.destroy()
  const told = (): Promise<void> =>
    new Promise((resolve) => (sandbox.brevo.account.onEvent = () => resolve()))

  for (const email of ['a@example.com', 'b@example.com']) {
    const event = told()
    addTicket(email)
    await event
  }

  expect(sandbox.brevo.account.events).toHaveLength(2)
  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
})

it('whoever was blocked or had left a list stays so where addresses change in a row, a swap and a circle', async () => {
  const { contacts } = sandbox.brevo.account
  const names = ['a', 'b', 'left', 'right', 'one', 'two', 'three']
  for (const name of names) addTicket(`${name}@example.com`)
  await tajo('sync', 'gorgias')
  for (const name of ['a', 'left', 'one']) {
    contacts.get(`${name}@example.com`)!.emailBlacklisted = true
    sandbox.brevo.account.leaveList(`${name}@example.com`, 35)
  }
  const owner = new Map([...sandbox.world.customers.values()].map(({ email, id }) => [email, id]))
  const moves = { b: 'x', a: 'b', left: 'right', right: 'left', one: 'two', two: 'three', three: 'one' }
  for (const [from, to] of Object.entries(moves))
    sandbox.world.changeCustomer(owner.get(`${from}@example.com`)!, { email: `${to}@example.com` })

  const sync = await tajo('sync', 'gorgias')

  expect(sync.code).toBe(0)
  const said = (name: string): unknown => {
    const { emailBlacklisted, lists } = contacts.get(`${name}@example.com`)!
    return { blocked: emailBlacklisted, member: lists.has(35) }
  }
  const no = { blocked: true, member: false }
  expect({ b: said('b'), right: said('right'), two: said('two') }).toEqual({ b: no, right: no, two: no })
  // The contacts that said it themselves are not put back, either.
  expect({ left: said('left'), one: said('one') }).toEqual({ left: no, one: no })
  expect({ x: said('x'), three: said('three') }).toEqual({
    x: { blocked: false, member: true },
    three: { blocked: false, member: true },
  })
})

it('Brevo that asks to wait a year is asked again within the hour, and status says that it waits', async () => {
  await tajo('sync', 'gorgias')
  addTicket('a@example.com')
  sandbox.brevo.intercept = ({ method }) =>
    method === 'POST'
      ? {
          status: 429,
          body: '{"code":"too_many_requests","message":"Too many requests"}',
          headers: { 'x-sib-ratelimit-reset': String(365 * 86_400), 'x-sib-ratelimit-remaining': '0' },
        }
      : null
  const daemon = startTajo(['start'], directory)
  await daemon.until('it asks to wait 365 days (429); it is asked again after 60 min')

  // Reading goes on meanwhile.
  addTicket('b@example.com')
  await daemon.until('"tickets":2')

  expect((await tajo('status')).stdout).toContain(
    'it asks to wait 365 days (429); it is asked again after 60 min',
  )
  daemon.child.kill('SIGTERM')
  expect(await daemon.ended).toMatchObject({ code: 0 })
})

it('an event that a firewall in front of Brevo refuses stops no other', async () => {
  await tajo('sync', 'gorgias')
  addTicket('blocked@example.com')
  const innocent = Array.from({ length: 4 }, (_, index) => `innocent${index}@example.com`)
  for (const email of innocent) addTicket(email)
  sandbox.brevo.intercept = ({ method, path, body }) =>
    method === 'POST' && path === '/v3/events' && JSON.stringify(body).includes('blocked@')
      ? { status: 403, body: '<html><body>Request blocked</body></html>' }
      : null

  await tajo('sync', 'gorgias', '--no-wait')

  expect(new Set(sandbox.brevo.account.events.map(({ email }) => email))).toEqual(new Set(innocent))
})
