// Real time through the built binary: `tajo webhooks install`, a running daemon, and a helpdesk that calls it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { deliverOverHttp } from '../../src/sandbox/deliver.ts'
import { fireWebhooks } from '../../src/sandbox/gorgias/webhooks.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

let directory: string
let sandbox: Sandbox
const tajo = (...args: string[]) => runTajo(args, directory)

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-e2e-'))
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { port: 0 }
brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    schedule: "0 0 1 1 *"
    rate_limit: { requests: 100000, per_seconds: 1 }
    event_mapping: { ticket.closed: RESOLVED }
`,
  )
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

it('a ticket that closes is an event at once, without any poll', async () => {
  const { world, brevo } = sandbox
  const { id } = world.addCustomer({ email: 'jane@example.com' })
  const ticket = world.addTicket({ customerId: id }).id
  const daemon = startTajo(['start'], directory)
  let log = ''
  daemon.child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await daemon.until('Run ended')
  const address = /"address":"([^"]+)"/.exec(log)![1]!

  const installed = await tajo('webhooks', 'install', 'gorgias', '--url', address)
  expect(installed).toMatchObject({ code: 0, stderr: '' })
  expect(world.webhooks).toMatchObject([{ name: 'tajo', http: { url: `${address}/webhooks/gorgias` } }])
  fireWebhooks(world, deliverOverHttp)
  const told = new Promise<void>((resolve) => {
    const { addEvent } = brevo.account
    brevo.account.addEvent = (event) => {
      addEvent.call(brevo.account, event)
      resolve()
    }
  })
  world.closeTicket(ticket)
  await told

  const status = await tajo('webhooks', 'status', 'gorgias', '--json')
  expect(JSON.parse(status.stdout)).toMatchObject({
    atHelpdesk: { active: true, differences: [] },
    deliveries: { accepted: 1, unauthorized: 0 },
  })
  expect(status.code).toBe(0)
  world.webhooks[0]!.deactivated = world.now()
  expect((await tajo('webhooks', 'status', 'gorgias')).stdout).toContain('switched off')
  expect((await tajo('webhooks', 'remove', 'gorgias')).code).toBe(0)
  expect(world.webhooks).toEqual([])
  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
  expect(brevo.account.events).toHaveLength(1)
})

it('a port that is taken is said, with what to do', async () => {
  const port = new URL(sandbox.brevoUrl).port
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { port: ${port} }\nbrevo: { base_url: "${sandbox.brevoUrl}" }\nconnectors: { gorgias: { base_url: "${sandbox.helpdeskUrl}" } }\n`,
  )

  const { code, stderr } = await tajo('start')

  expect(code).toBe(2)
  expect(stderr).toContain(`Nothing can be served at 127.0.0.1:${port} (EADDRINUSE)`)
  expect(stderr).toContain('server.port')
})

it('asks for an address that the helpdesk can reach', async () => {
  expect(await tajo('webhooks', 'install', 'gorgias')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--url https://') as unknown,
  })
  expect(await tajo('webhooks', 'install', 'gorgias', '--url', 'http://shop.example')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Plain http') as unknown,
  })
})

it('tajo trigger lets something happen in a sandbox, which calls the webhook; and nowhere else', async () => {
  await sandbox.close()
  const ports = {
    helpdesk: Number(new URL(sandbox.helpdeskUrl).port),
    brevo: Number(new URL(sandbox.brevoUrl).port),
  }
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null, ports, alive: true })
  const daemon = startTajo(['start'], directory)
  let log = ''
  daemon.child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await daemon.until('Run ended')
  const address = /"address":"([^"]+)"/.exec(log)![1]!
  await tajo('webhooks', 'install', 'gorgias', '--url', address)
  const told = new Promise<string>((resolve) => {
    sandbox.brevo.account.onEvent = (event) => resolve(event.name)
  })

  const triggered = await tajo('trigger', 'ticket.closed', '--email', 'jane@example.com')

  expect(triggered).toMatchObject({ code: 0, stdout: expect.stringContaining('was answered and closed') })
  expect(await told).toBe('RESOLVED')
  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
  writeFileSync(
    join(directory, 'real.yml'),
    'connectors:\n  gorgias:\n    domain: shop.gorgias.com\n    event_mapping: { ticket.closed: RESOLVED }\n',
  )
  expect(
    await tajo('trigger', 'ticket.closed', '--email', 'a@b.example', '--config', 'real.yml'),
  ).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('in a real helpdesk nothing is made to happen'),
  })
})
