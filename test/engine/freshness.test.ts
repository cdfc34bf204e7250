// As of when Brevo is: said once the first sync has come through, and not before, whatever a run meanwhile had to deliver.
import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { parseConfig } from '../../src/config/load.ts'
import { readStatus } from '../../src/engine/status.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

const freshAsOf = (): Promise<string | null> =>
  shop.open(async ({ store }) => {
    const [connector] = parseConfig('connectors.yml', shop.yaml(), {}).connectors
    return readStatus(store, connector!, false).freshAsOf
  })

it('a shop is not fresh while its first sync is under way, and is as of the run that ended it', async () => {
  const { world } = shop
  const customer = world.addCustomer({
    email: 'a@example.com',
    name: 'Ann',
    created: 1,
    updated: world.now(),
  })
  world.addTicket({ customerId: customer.id })
  // What a daemon does at once; the history is read beside it.
  const live = await shop.sync({ liveOnly: true })
  expect(live.undelivered).toEqual({ contacts: 0, events: 0 })
  expect(await freshAsOf()).toBeNull()

  await shop.pass(10)
  await shop.sync()
  expect(await freshAsOf()).toMatch(/^2026-03-01T/)
})
