// Records read for many addresses at once are those that are read for each.
import { expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { openVirtualShop } from '../support/virtual.ts'

it('many at once give what each gives, merged and deleted customers and shared addresses among them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), fc.nat(40), async (seed, acts) => {
      const shop = openVirtualShop(seed)
      try {
        shop.shop.seedPast(6)
        await shop.sync()
        for (let count = 0; count < acts; count += 1) {
          shop.shop.act()
          await shop.pass(1)
        }
        await shop.sync({ reconcile: true })
        await shop.open(async ({ store }) => {
          const emails = [...store.customers.liveEmails(), 'nobody@example.com']
          const many = store.recordsOfMany('gorgias', emails)
          for (const email of emails) expect(many.get(email)).toEqual(store.recordsOf('gorgias', email))
          expect([...many.values()].some((one) => one.tickets.length > 0)).toBe(true)
        })
      } finally {
        shop.close()
      }
    }),
    { numRuns: 10 },
  )
})
