// Commands that change the state, while a daemon holds it: the daemon does it, whether it serves others or not.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { EMPTY } from '../support/sandbox.ts'
import { type Running, runTajo, startTajo } from '../support/tajo.ts'

let directory: string
let sandbox: Sandbox
let daemon: Running
const tajo = (...args: string[]) => runTajo(args, directory)

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-beside-'))
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { enabled: false }
events: { verify_after: 0.1s }
brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    schedule: "0 0 1 1 *"
    survey_schedule: "0 0 1 1 *"
    rate_limit: { requests: 100000, per_seconds: 1 }
    lists: { all_support_contacts: 35 }
    field_mapping: { nb_tickets: TICKET_COUNT }
    event_mapping: { ticket.created: TICKET_OPENED }
`,
  )
  addTicket('a@example.com')
  daemon = startTajo(['start'], directory)
  // The first sync has read everything, so nothing but a command reads from here on.
  const isRead = async (): Promise<boolean> => {
    const { gorgias } = JSON.parse((await tajo('status', '--json')).stdout) as {
      gorgias: { cursors: Record<string, { backfilled: boolean }> } | null
    }
    return gorgias !== null && Object.values(gorgias.cursors).every((one) => one.backfilled)
  }
  while (!(await isRead()));
})
afterEach(async () => {
  daemon.child.kill('SIGTERM')
  await daemon.ended
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

function addTicket(email: string): void {
  const { id } = sandbox.world.addCustomer({ email })
  sandbox.world.addTicket({ customerId: id })
}

it('tajo sync is done by the daemon, and prints its report', async () => {
  addTicket('b@example.com')

  const sync = await tajo('sync', 'gorgias', '--json')

  expect(sync).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(sync.stdout)).toMatchObject({ connector: 'gorgias', undelivered: { events: 0 } })
  // By this run, or by the daemon's own, which may still have been at it.
  const told = sandbox.brevo.account.events.filter(({ email }) => email === 'b@example.com')
  expect(told.map(({ name }) => name)).toEqual(['TICKET_OPENED'])
  expect(sandbox.brevo.account.contacts.get('b@example.com')!.lists).toEqual(new Set([35]))
  expect((await tajo('sync', 'gorgias', '--resources', 'tickets')).stdout).toContain('Read')
})

it('tajo sync --contact reads one person whole, whatever their lists showed', async () => {
  // As where a hundred thousand others are read before.
  const { id: customerId } = sandbox.world.addCustomer({ email: 'b@example.com' })
  sandbox.world.addTicket({ customerId })
  sandbox.helpdesk.intercept = ({ path, query }) =>
    /api.(customers|tickets)$/.test(path) &&
    query['email'] === undefined &&
    query['customer_id'] === undefined
      ? { status: 200, body: '{"data":[],"object":"list","meta":{"next_cursor":null}}' }
      : null

  const sync = await tajo('sync', 'gorgias', '--contact', 'B@example.com', '--json')

  expect(JSON.parse(sync.stdout)).toMatchObject({
    contacts: { written: 1 },
    events: { sent: 1 },
    warnings: [],
  })
  expect(sandbox.brevo.account.contacts.get('b@example.com')!.attributes).toMatchObject({ TICKET_COUNT: 1 })
  const nobody = await tajo('sync', 'gorgias', '--contact', 'nobody@example.com')
  expect(nobody).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('No customer of gorgias has this address'),
  })
})

it('tajo forget is done by the daemon: nothing of the person is in the files', async () => {
  const forgotten = await tajo('forget', 'a@example.com', '--yes', '--json')

  expect(forgotten.code).toBe(0)
  expect(JSON.parse(forgotten.stdout)).toMatchObject({
    brevo: { lists_left: [35] },
    removed: { customers: 1 },
  })
  for (const name of ['tajo.db', 'tajo.db-wal'])
    expect(readFileSync(join(directory, 'state', name)).includes('a@example.com')).toBe(false)
  await tajo('sync', 'gorgias', '--reconcile')
  expect(sandbox.brevo.account.contacts.get('a@example.com')!.lists.size).toBe(0)
})

it('tajo state reset-cursor is done by the daemon: the next run reads everything, and tells nothing twice', async () => {
  addTicket('b@example.com')
  await tajo('sync', 'gorgias')

  expect((await tajo('state', 'reset-cursor', 'all')).stdout).toContain('reads everything again')

  const sync = JSON.parse((await tajo('sync', 'gorgias', '--json')).stdout) as { read: { tickets: number } }
  expect(sync.read.tickets).toBe(2)
  expect(sandbox.brevo.account.events).toHaveLength(1)
})

it('tajo replay is done by the daemon, and an event that Brevo has lost is told again', async () => {
  addTicket('b@example.com')
  await tajo('sync', 'gorgias')
  const { account } = sandbox.brevo
  account.events.splice(0)
  const from = ['replay', '--from', '2020-01-01', '--json']
  // What was sent just now may not be shown yet, so it does not count at first.
  while (!(await tajo(...from, '--dry-run')).stdout.includes('"in_ledger":1'));

  const replay = await tajo(...from)

  expect(replay).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(replay.stdout)).toEqual({ in_ledger: 1, in_brevo: 0, to_send: 1, without_content: 0 })
  expect(await tajo('sync', 'gorgias')).toMatchObject({ code: 0 })
  expect(account.events).toHaveLength(1)
})

it('what goes wrong in the daemon is said by the command; nobody else may use its socket', async () => {
  sandbox.helpdesk.intercept = () => ({ status: 401, body: '{"error":{"msg":"Unauthorized."}}' })

  const refused = await tajo('sync', 'gorgias')

  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('source_unauthorized') })
  expect(statSync(join(directory, 'state/tajo.sock')).mode & 0o077).toBe(0)
})
