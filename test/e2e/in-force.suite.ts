// Which connectors.yml is in force: only one that both sides took ever is, and a faulty one does not end a daemon that has another.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { openStoreBeside } from '../../src/state/store.ts'
import { EMPTY } from '../support/sandbox.ts'
import { type Running, runTajo, startTajo } from '../support/tajo.ts'
import { META } from '../../src/state/meta.ts'

let directory: string
let sandbox: Sandbox
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-in-force-'))
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  const { id } = sandbox.world.addCustomer({ email: 'a@example.com' })
  sandbox.world.addTicket({ customerId: id })
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

const tajo = (...args: string[]) => runTajo(args, directory)
const write = ({ list = '35', domain = '' } = {}): void =>
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { port: 0 }
brevo: { base_url: "${sandbox.brevoUrl}" }
guards: { max_change: 1000 }
connectors:
  gorgias:
    ${domain}
    base_url: "${sandbox.helpdeskUrl}"
    schedule: "* * * * * *"
    rate_limit: { requests: 100000, per_seconds: 1 }
    lists: { all_support_contacts: ${list} }
    field_mapping: { nb_tickets: TICKET_COUNT }
    event_mapping: { ticket.created: TICKET_OPENED }
`,
  )
async function end(daemon: Running): Promise<number | null> {
  daemon.child.kill('SIGTERM')
  return (await daemon.ended).code
}

it('what a sync refused was never in force: the mended file goes live without a question', async () => {
  write({ list: '99' })
  expect((await tajo('sync', 'gorgias')).code).toBe(2)

  write()
  const daemon = startTajo(['start'], directory)
  await daemon.until('Run ended')

  expect(await end(daemon)).toBe(0)
  expect((await daemon.ended).stderr).not.toMatch(/approval|list 99/)
})

it('a file with a mistake at a restart leaves in force what was, says so, and goes on when it is mended', async () => {
  write()
  expect((await tajo('sync', 'gorgias')).code).toBe(0)

  write({ list: 'thirty' })
  const daemon = startTajo(['start'], directory)
  await daemon.until('has mistakes; the last good one stays in force')
  await daemon.until('Run ended')
  write({ list: '36' })
  await daemon.until('is in force now')

  expect(await end(daemon)).toBe(0)
})

it('a file at a restart that Brevo refuses gives way to the one that was in force', async () => {
  write()
  expect((await tajo('sync', 'gorgias')).code).toBe(0)

  write({ list: '99' })
  const daemon = startTajo(['start'], directory)
  await daemon.until('the one before is in force again')
  await daemon.until('Run ended')

  expect((await tajo('status')).stdout).toMatch(/changed, with mistakes[\s\S]*no list 99/)
  expect(await end(daemon)).toBe(0)
})

it('what an earlier version kept and this one cannot read says what to do', async () => {
  write()
  expect((await tajo('sync', 'gorgias')).code).toBe(0)
  const store = openStoreBeside(join(directory, 'state'))!
  store.meta.set(META.configInForce, 'connectors: { unheard_of: {} }')
  store.close()

  const refused = await tajo('start')

  expect(refused.code).toBe(2)
  expect(refused.stderr).toMatch(/can't be read by this version/)
  expect(refused.stderr).toMatch(/tajo plan.*tajo sync/)
  expect((await tajo('sync', 'gorgias')).code).toBe(0)
  const daemon = startTajo(['start'], directory)
  await daemon.until('Run ended')
  expect(await end(daemon)).toBe(0)
})

it('an event keeps its id when the file calls the account otherwise, and another account is refused', async () => {
  write({ domain: 'domain: shop.gorgias.com' })
  await tajo('sync', 'gorgias')
  const { id } = sandbox.world.addCustomer({ email: 'b@example.com' })
  sandbox.world.addTicket({ customerId: id })
  await tajo('sync', 'gorgias')
  expect(sandbox.brevo.account.events).toHaveLength(1)

  write()
  await tajo('sync', 'gorgias', '--reconcile')
  write({ domain: 'domain: other.gorgias.com' })
  const other = await tajo('sync', 'gorgias')

  expect(sandbox.brevo.account.events).toHaveLength(1)
  expect(other.code).toBe(2)
  expect(other.stderr).toMatch(/belongs to shop\.gorgias\.com.*other\.gorgias\.com/)
})
