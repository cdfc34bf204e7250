// What goes on beside what: reading beside a long delivery, live events beside a delivery in bulk.
import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

const minutes = (from: number): number => (shop.universe.now - from) / 60_000

it('a live run does not wait for a delivery that is under way, and that one sends what it found', async () => {
  const { id } = shop.world.addCustomer({ email: 'a@example.com' })
  await shop.sync()
  for (let index = 0; index < 400; index += 1) shop.world.addCustomer({ email: `b${index}@example.com` })
  shop.account.events.length = 0
  // 400 single writes of a minute each, six at a time.
  shop.meet(({ method, url }) => (method === 'POST' && url.endsWith('/contacts') ? 'stalled_applied' : null))

  await shop.open(async (engine) => {
    const long = engine.sync('gorgias')
    await shop.later(10)
    shop.world.addTicket({ customerId: id })
    const from = shop.universe.now
    const report = await engine.sync('gorgias', { liveOnly: true })
    expect(report.read['tickets']).toBeGreaterThan(0)
    expect(minutes(from)).toBeLessThan(1)
    shop.meet(null)
    await long
  })

  expect(shop.account.events.map((event) => event.name)).toContain('TICKET_CREATED')
})

it('events are sent while thousands of contacts are imported', async () => {
  const { id } = shop.world.addCustomer({ email: 'a@example.com' })
  await shop.sync()
  const yaml = shop.yaml('verify', { importList: true })
  for (let index = 0; index < 6_000; index += 1)
    shop.world.addCustomer({ email: `b${index}@example.com`, created: 1, updated: shop.world.now() })
  shop.account.importDelayMs = 60_000
  const order: string[] = []
  let poll: Promise<unknown> | null = null

  await shop.open(async (engine) => {
    shop.meet(({ method, url }) => {
      if (url.endsWith('/contacts/import') && poll === null) {
        shop.world.addTicket({ customerId: id })
        poll = engine.sync('gorgias', { liveOnly: true })
      }
      if (method === 'POST' && url.includes('/events')) order.push('event')
      if (method === 'GET' && url.includes('/contacts?')) order.push('look')
      return null
    })
    await engine.sync('gorgias')
    await poll
  }, yaml)

  expect(shop.account.events.map((event) => event.name)).toEqual(['TICKET_CREATED'])
  // The look at what the imports made comes last.
  expect(order.slice(order.indexOf('event')).length).toBeGreaterThan(6)
})

it('a Brevo that lets nobody in does not stop the reading', async () => {
  shop.world.addCustomer({ email: 'a@example.com' })
  await shop.sync()
  shop.world.addCustomer({ email: 'b@example.com' })
  shop.meet((_, side) => (side === 'brevo' ? 'unauthorized' : null))

  const report = await shop.sync({ readOnly: true })
  shop.meet(null)
  await shop.sync()

  expect(report.read['customers']).toBeGreaterThan(0)
  expect(report.undelivered).toMatchObject({ contacts: 1 })
  expect([...shop.account.contacts.keys()]).toEqual(['a@example.com', 'b@example.com'])
})
