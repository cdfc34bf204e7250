// Campaigns and the ledger through the built binary.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

let directory: string
let sandbox: Sandbox
let customer: number
const tajo = (...args: string[]) => runTajo(args, directory)

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-e2e-'))
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { enabled: false }
events: { verify_after: 0.1s }
brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
    event_mapping: { ticket.created: OPENED }
campaigns:
  post-support-upsell:
    on: ticket.closed
    when: '!("refund" in ticket.tags)'
    event: POST_SUPPORT_UPSELL
    params: { ticket_subject: subject }
    guards: { cooldown: 14d }
`,
  )
  customer = sandbox.world.addCustomer({ email: 'jane@example.com' }).id
  await tajo('sync', 'gorgias')
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

async function closeTicket(tags: string[] = []): Promise<void> {
  const { id } = sandbox.world.addTicket({ customerId: customer, subject: 'Lost?', tags })
  await tajo('sync', 'gorgias')
  sandbox.world.closeTicket(id)
  await tajo('sync', 'gorgias')
}
const names = () => sandbox.brevo.account.events.map((event) => event.name)

describe('tajo campaigns', () => {
  it('lists what fired, and says why the others did not', async () => {
    await closeTicket()
    await closeTicket()
    await closeTicket(['refund'])

    const list = await tajo('campaigns', 'list', '--json')
    const why = await tajo('campaigns', 'why', 'post-support-upsell', 'Jane@Example.com')

    expect(JSON.parse(list.stdout)).toMatchObject([
      { name: 'post-support-upsell', paused: false, counts: { fired: 1, dropped: 2, waiting: 0, held: 0 } },
    ])
    expect(why.stdout).toMatch(/not sent.*\n {2}when: !\("refund" in ticket\.tags\) \(ticket is/)
    expect(why.stdout).toContain('cooldown: it fired for this contact on')
    expect(names().filter((name) => name === 'POST_SUPPORT_UPSELL')).toHaveLength(1)
  })

  it('holds while it is paused', async () => {
    expect((await tajo('campaigns', 'pause', 'post-support-upsell')).code).toBe(0)
    await closeTicket()
    expect(names()).not.toContain('POST_SUPPORT_UPSELL')
    expect((await tajo('campaigns', 'list')).stdout).toContain('paused')
    await tajo('campaigns', 'resume', 'post-support-upsell')

    await tajo('sync', 'gorgias')

    expect(names()).toContain('POST_SUPPORT_UPSELL')
  })

  it('knows its own names', async () => {
    const { code, stderr } = await tajo('campaigns', 'why', 'upsell', 'jane@example.com')

    expect(code).toBe(2)
    expect(stderr).toContain('There is no campaign upsell')
    expect(stderr).toContain('post-support-upsell')
  })
})

it('tajo events tail shows what is told as it is told', async () => {
  await closeTicket()
  const tail = await tajo('events', 'tail', '--no-follow')
  expect(tail.stdout).toMatch(/sent +OPENED +j\*\*\*@e\*\*\*\.com/)
  const follow = startTajo(['events', 'tail', '--json', '-n', '0'], directory)
  sandbox.world.addTicket({ customerId: customer })
  await tajo('sync', 'gorgias')
  await follow.until('"state":"sent"')
  follow.child.kill('SIGINT')

  expect((await follow.ended).code).toBe(0)
})

it('tajo replay sends what Brevo does not have, and nothing else', async () => {
  await closeTicket()
  const { account } = sandbox.brevo
  const opened = account.events.findIndex((event) => event.name === 'OPENED')
  account.events.splice(opened, 1)
  await new Promise((done) => setTimeout(done, 1_300))
  const dry = await tajo('replay', '--from', '2020-01-01', '--dry-run', '--json')
  expect(JSON.parse(dry.stdout)).toEqual({ in_ledger: 2, in_brevo: 1, to_send: 1, without_content: 0 })
  await tajo('sync', 'gorgias')
  expect(names()).toEqual(['POST_SUPPORT_UPSELL'])

  expect((await tajo('replay', '--from', '2020-01-01')).code).toBe(0)
  await tajo('sync', 'gorgias')
  await tajo('replay', '--from', '2020-01-01')
  await tajo('sync', 'gorgias')

  expect(names()).toEqual(['POST_SUPPORT_UPSELL', 'OPENED'])
})
