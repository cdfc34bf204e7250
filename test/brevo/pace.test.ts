// Brevo asks to slow down: until it says, nothing of that kind is asked.
import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

it('a 429 is waited out, by all that want to write', async () => {
  for (let index = 0; index < 12; index += 1)
    shop.world.addTicket({ customerId: shop.world.addCustomer({ email: `c${index}@example.com` }).id })
  const asked: number[] = []
  let sentAt = Number.POSITIVE_INFINITY
  shop.meet(({ url, method }, side) => {
    if (
      side !== 'brevo' ||
      !url.includes('/contacts') ||
      url.includes('/attributes') ||
      url.includes('/lists')
    )
      return null
    const isFirst = sentAt === Number.POSITIVE_INFINITY && method === 'POST'
    if (isFirst) sentAt = shop.universe.now
    else asked.push(shop.universe.now)
    return isFirst ? 'slow_down' : null
  })

  await shop.sync()

  expect(shop.account.contacts.size).toBe(12)
  // It says 3 seconds; those that had left already are not counted.
  expect(asked.filter((at) => at > sentAt + 400 && at < sentAt + 3_000)).toEqual([])
  expect(asked.some((at) => at > sentAt + 3_000)).toBe(true)
})
