// Intercom through the built binary, in real time: a webhook that a person entered, from its ping to the event in Brevo; and who of
// the shop is there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { deliverOverHttp } from '../../src/sandbox/deliver.ts'
import { type Sandbox, SANDBOX_BREVO_KEY, startSandbox } from '../../src/sandbox/sandbox.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

const SECRET = 'the-client-secret-of-the-app'
const env = {
  BREVO_API_KEY: SANDBOX_BREVO_KEY,
  INTERCOM_ACCESS_TOKEN: 'sandbox-intercom-token',
  INTERCOM_WEBHOOK_SECRET: SECRET,
}

let directory: string
let sandbox: Sandbox
const tajo = (...args: string[]) => runTajo(args, directory, { env })

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-intercom-'))
  sandbox = await startSandbox({ helpdesk: 'intercom', size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { port: 0 }
brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  intercom:
    api_url: "${sandbox.helpdeskUrl}"
    workspace: sandbox1
    schedule: "0 0 1 1 *"
    agent_states: "* * * * * *"
    rate_limit: { requests: 100000, per_seconds: 1 }
    event_mapping: { ticket.closed: RESOLVED }
`,
  )
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

it('a person enters the webhook, tries it, and a conversation that closes is an event at once', async () => {
  const { world, brevo, definition } = sandbox
  const { id } = world.addCustomer({ email: 'jane@example.com' })
  const ticket = world.addTicket({ customerId: id }).id
  const daemon = startTajo(['start'], directory, { env })
  let log = ''
  daemon.child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await daemon.until('Run ended')
  const address = /"address":"([^"]+)"/.exec(log)![1]!
  const steps = await tajo('webhooks', 'install', 'intercom', '--url', address)
  expect(steps).toMatchObject({ code: 0, stdout: expect.stringContaining('conversation.admin.closed') })
  expect((await fetch(`${address}/webhooks/intercom`, { method: 'HEAD' })).status).toBe(200)

  // Entered with another secret, and then with its own.
  const waiting = startTajo(['webhooks', 'test', 'intercom'], directory, { env })
  await waiting.until('test request')
  definition.fireWebhooks(world, deliverOverHttp, { url: `${address}/webhooks/intercom`, secret: 'another' })
  expect(await waiting.ended).toMatchObject({ code: 1, stdout: expect.stringContaining('is not signed') })
  const again = startTajo(['webhooks', 'test', 'intercom'], directory, { env })
  await again.until('test request')
  definition.fireWebhooks(world, deliverOverHttp, { url: `${address}/webhooks/intercom`, secret: SECRET })
  expect(await again.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('The ping came') })

  const told = new Promise<void>((resolve) => {
    const { addEvent } = brevo.account
    brevo.account.addEvent = (event) => {
      addEvent.call(brevo.account, event)
      resolve()
    }
  })
  world.closeTicket(ticket)
  await told
  expect(brevo.account.events).toMatchObject([
    { name: 'RESOLVED', properties: { ticket_id: String(ticket), helpdesk: 'intercom' } },
  ])

  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
})

it('tajo status says who of the shop is there', async () => {
  const { world } = sandbox
  world.users.push({ id: 1, name: 'Ann Agent', email: 'ann@shop.example', created: world.now() })
  world.setAgentState(1, 'away', 'Lunch')
  const daemon = startTajo(['start'], directory, { env })
  await daemon.until('Run ended')
  const asked = (): number => sandbox.helpdesk.requests.get('/admins/activity_logs') ?? 0
  // The second look is after the first one was stored.
  while (asked() < 2) await new Promise((resolve) => setImmediate(resolve))

  expect((await tajo('status')).stdout).toMatch(/agents +Ann Agent away \(Lunch\)/)

  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
})
