// Two accounts of one helpdesk in one connectors.yml, through the built binary: installed by name, each with its own keys, webhooks and
// status; a key that is missing stops its own connector only.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { deliverOverHttp } from '../../src/sandbox/deliver.ts'
import { fireWebhooks } from '../../src/sandbox/gorgias/webhooks.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

const EMAIL = 'jane@example.com'
const keysOf = (prefix: string): Record<string, string> => ({
  [`${prefix}_EMAIL`]: 'you@shop.example',
  [`${prefix}_API_KEY`]: 'sandbox-gorgias-key',
})
const NONE = { GORGIAS_EMAIL: '', GORGIAS_API_KEY: '' }
const BOTH = { ...NONE, ...keysOf('MAIN'), ...keysOf('SHOP_OUTLET') }

let directory: string
let main: Sandbox
let outlet: Sandbox
const tajo = (env: Record<string, string>, ...args: string[]) => runTajo(args, directory, { env })

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-two-'))
  const options = { size: EMPTY, helpdeskLimit: null, brevoLimit: null }
  ;[main, outlet] = [await startSandbox(options), await startSandbox(options)]
})
afterEach(async () => {
  await Promise.all([main.close(), outlet.close()])
  rmSync(directory, { recursive: true, force: true })
})

it('are installed by name, tested, synced and listed', async () => {
  const first = ['--source', 'gorgias', '--base-url', main.helpdeskUrl, '--brevo-base-url', main.brevoUrl]
  const second = ['--source', 'gorgias', '--base-url', outlet.helpdeskUrl]
  expect(
    await tajo({ ...NONE, ...keysOf('MAIN') }, 'connectors', 'install', 'main', ...first, '--yes'),
  ).toMatchObject({ code: 0 })
  expect(await tajo(BOTH, 'connectors', 'install', 'shop-outlet', ...second, '--yes')).toMatchObject({
    code: 0,
  })
  const jane = main.world.addCustomer({ email: EMAIL })
  const other = outlet.world.addCustomer({ email: EMAIL })
  main.world.addTicket({ customerId: jane.id })
  for (const _ of [1, 2]) outlet.world.addTicket({ customerId: other.id })

  const planned = JSON.parse((await tajo(NONE, 'plan', '--json')).stdout) as {
    samples: { attributes: Record<string, object> }[]
  }
  expect(planned.samples[0]!.attributes['TICKET_COUNT']).toEqual({
    old: null,
    new: 3,
    from: ['main', 'shop-outlet'],
  })

  // The keys are stored by now.
  for (const name of ['main', 'shop-outlet']) {
    expect(await tajo(NONE, 'connectors', 'test', name)).toMatchObject({ code: 0 })
    expect(await tajo(NONE, 'sync', name)).toMatchObject({ code: 0 })
  }

  expect(main.brevo.account.contacts.get(EMAIL)!.attributes['TICKET_COUNT']).toBe(3)
  expect(JSON.parse((await tajo(NONE, 'connectors', 'list', '--json')).stdout)).toMatchObject([
    { name: 'main', source: 'gorgias' },
    { name: 'shop-outlet', source: 'gorgias' },
  ])
  const status = JSON.parse((await tajo(NONE, 'status', '--json')).stdout) as object
  expect(status).toMatchObject({ main: { ticketsTracked: 1 }, 'shop-outlet': { ticketsTracked: 2 } })
  const explained = await tajo(NONE, 'explain', EMAIL)
  expect(explained.stdout).toMatch(
    /nb_tickets, from ticket \d+ of main \(id\); tickets [\d, ]+ of shop-outlet/,
  )
  const plan = await tajo(NONE, 'plan', '--connector', 'main', '--json')
  expect(JSON.parse(plan.stdout)).toMatchObject({ contacts: { create: 0, update: 0 } })
  const unknown = await tajo(NONE, 'connectors', 'install', 'third', '--base-url', main.helpdeskUrl)
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('--source gorgias') })
})

it('have webhooks and keys of their own: what one of them lacks stops only that one', async () => {
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { port: 0 }
brevo: { base_url: "${main.brevoUrl}" }
event_mapping: { ticket.closed: RESOLVED }
connectors:
  main: { source: gorgias, base_url: "${main.helpdeskUrl}", schedule: "0 0 1 1 *" }
  shop-outlet: { source: gorgias, base_url: "${outlet.helpdeskUrl}", schedule: "0 0 1 1 *" }
`,
  )
  const ticket = main.world.addTicket({ customerId: main.world.addCustomer({ email: EMAIL }).id })
  const env = { ...NONE, ...keysOf('MAIN') }
  expect(await tajo(env, 'sync', 'shop-outlet')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There is no SHOP_OUTLET_EMAIL'),
  })
  const daemon = startTajo(['start'], directory, { env })
  let log = ''
  daemon.child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await Promise.all([daemon.until('"connector":"main","read"'), daemon.until('secret_missing')])
  const address = /"address":"([^"]+)"/.exec(log)![1]!

  expect(await tajo(env, 'webhooks', 'install', 'main', '--url', address)).toMatchObject({ code: 0 })
  expect(main.world.webhooks).toMatchObject([{ http: { url: `${address}/webhooks/main` } }])
  fireWebhooks(main.world, deliverOverHttp)
  const told = new Promise<void>((resolve) => {
    const { addEvent } = main.brevo.account
    main.brevo.account.addEvent = (event) => {
      addEvent.call(main.brevo.account, event)
      resolve()
    }
  })
  main.world.closeTicket(ticket.id)
  await told

  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
  expect(main.brevo.account.events).toMatchObject([
    { properties: { connector: 'main', helpdesk: 'gorgias', ticket_id: String(ticket.id) } },
  ])
})
