// As of when Brevo is: said once the first sync has come through, and not before, whatever a run meanwhile had to deliver.
import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { checkConfig, parseConfig } from '../../src/config/load.ts'
import { readStatus } from '../../src/engine/status.ts'
import { readAttributeFreshness } from '../../src/engine/streams.ts'
import { toIso } from '../../src/model/time.ts'
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

it('a value made of scores is as fresh as the last run that read late ones; another one as any run', async () => {
  const [connector] = parseConfig('connectors.yml', shop.yaml(), {}).connectors
  const read = (attribute: string): Promise<string> =>
    shop.open(async ({ store }) => toIso(readAttributeFreshness(store, connector!, attribute)!))
  await shop.sync()
  const settled = await read('CSAT_SCORE')
  await shop.pass(60)
  await shop.sync({ settling: false })

  expect(await read('CSAT_SCORE')).toBe(settled)
  expect((await read('TICKET_COUNT')) > settled).toBe(true)
})

it('an objective of an attribute that nothing fills is a mistake', () => {
  const yaml = (attribute: string): string =>
    shop.yaml().replace('    lists:', `    objectives: { attributes: { ${attribute}: 2h } }\n    lists:`)
  expect(checkConfig('c.yml', yaml('CSAT_SCORE'), {}).complaints).toEqual([])
  expect(checkConfig('c.yml', yaml('CSAT'), {}).complaints).toMatchObject([
    {
      path: 'connectors.gorgias.objectives.attributes.CSAT',
      message: 'No line of field_mapping fills CSAT.',
    },
  ])
})
