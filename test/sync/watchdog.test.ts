// The watchdog: polls that find what no webhook told.
import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { fromMs } from '../../src/model/time.ts'
import { noteInstalled, readHealth, watchWebhook } from '../../src/engine/webhook-health.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

const URL = 'https://tajo.test/webhooks/gorgias'
let shop: VirtualShop
let ticket: number

beforeEach(async () => {
  shop = openVirtualShop()
  await shop.sync()
  const { id } = shop.world.addCustomer({ email: 'jane@example.com' })
  ticket = shop.world.addTicket({ customerId: id }).id
  await shop.open(async (engine) => {
    const installed = installInHelpdesk()
    noteInstalled(engine.store, 'gorgias', { id: installed, url: URL, at: fromMs(shop.universe.now) })
  })
  await shop.pass(5)
})
afterEach(() => shop.close())

/** As `tajo webhooks install` does; its number. */
function installInHelpdesk(): string {
  const { world } = shop
  const names = [
    'created',
    'updated',
    'message-created',
    'self-unsnoozed',
    'assignment-updated',
    'status-updated',
  ]
  const triggers = Object.fromEntries([...names, 'handed-over'].map((name) => [`ticket-${name}`, true]))
  const http = { url: URL, method: 'POST', headers: {}, form: { ticket_id: '{{ticket.id}}' }, triggers }
  world.webhooks.push({
    id: world.nextId(),
    name: 'tajo',
    created: world.now(),
    deactivated: null,
    failures: 0,
    http,
  })
  return String(world.webhooks.at(-1)!.id)
}

/** A poll that finds a change, some minutes after it happened. */
async function poll(): Promise<{ down: boolean; state: string | undefined }> {
  shop.world.closeTicket(ticket)
  await shop.pass(3)
  await shop.sync()
  return await shop.open(async (engine) => ({
    down: await engine.watchWebhook('gorgias'),
    state: readHealth(engine.store, 'gorgias')?.state,
  }))
}

it('is content while deliveries come', async () => {
  shop.world.closeTicket(ticket)
  await shop.open(async ({ store }) =>
    store.refreshRequests.add('gorgias', { accepted: 1 }, fromMs(shop.universe.now)),
  )
  await shop.pass(3)
  await shop.sync()

  expect(await shop.open((engine) => engine.watchWebhook('gorgias'))).toBe(false)
})

it('says that a webhook is silent, and that it is well again', async () => {
  expect(await poll()).toEqual({ down: true, state: 'silent' })

  await shop.open(async ({ store }) =>
    store.refreshRequests.add('gorgias', { accepted: 1 }, fromMs(shop.universe.now)),
  )

  expect(await shop.open((engine) => engine.watchWebhook('gorgias'))).toBe(false)
  expect(await shop.open(async ({ store }) => readHealth(store, 'gorgias')?.state)).toBe('ok')
})

it('switches one on again that the helpdesk switched off', async () => {
  const [webhook] = shop.world.webhooks
  webhook!.deactivated = shop.world.now()

  expect(await poll()).toEqual({ down: true, state: 'switched_off' })

  expect(shop.world.webhooks).toMatchObject([{ id: webhook!.id, deactivated: null }])
})

it('makes one again that was removed', async () => {
  shop.world.webhooks = []

  expect(await poll()).toEqual({ down: true, state: 'removed' })

  expect(shop.world.webhooks).toMatchObject([{ http: { url: URL } }])
})

it('repairs nothing where auto_repair is false', async () => {
  shop.world.webhooks = []
  const yaml = shop.yaml().replace('    schedule:', '    webhooks: { auto_repair: false }\n    schedule:')
  shop.world.closeTicket(ticket)
  await shop.pass(3)
  await shop.sync({}, yaml)

  expect(await shop.open((engine) => engine.watchWebhook('gorgias'), yaml)).toBe(true)
  expect(shop.world.webhooks).toEqual([])
})

it('says so in words, with no name out of the code', async () => {
  const said: string[] = []
  await shop.open(async ({ store }) => {
    const source = { name: 'gorgias', webhooks: null } as never
    const log = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) } as never
    shop.world.closeTicket(ticket)
    await shop.later(3)
    const { watermark } = store.cursors.read('gorgias', 'tickets')
    store.cursors.write('gorgias', 'tickets', {
      ...store.cursors.read('gorgias', 'tickets'),
      watermark: (watermark ?? 0) + fromMs(20 * 60_000),
    })
    const now = fromMs(shop.universe.now + 60 * 60_000)
    await watchWebhook({ source, store, log, now, repairWith: null })
  })
  expect(said).toHaveLength(1)
  expect(said.join(' ')).not.toMatch(/[a-z][A-Z]/)
})
