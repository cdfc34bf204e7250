// Identifiers cost a write of their own: a first sync writes them while it is still reading.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

const CUSTOMERS = 250
const addCustomers = (): void => {
  for (let index = 0; index < CUSTOMERS; index += 1) {
    const { id } = shop.world.addCustomer({
      email: `c${index}@example.com`,
      name: `C ${index}`,
      externalId: `own-${index}`,
    })
    shop.world.addTicket({ customerId: id })
  }
}
const known = (): number =>
  [...shop.account.contacts.values()].filter((contact) => contact.extId !== null).length

describe('a first sync that fills EXT_ID', () => {
  it('writes it while the last pages are still to come, and everything else after them', async () => {
    addCustomers()
    let held = 0
    shop.meet(({ url }, side) => {
      const isLastPage = side === 'helpdesk' && url.includes('/tickets') && url.includes('cursor')
      if (!isLastPage || known() === CUSTOMERS) return null
      held += 1
      return 'slow_down'
    })

    const report = await shop.sync({}, shop.yaml('verify', { extId: true, rateLimit: SLOW }))

    expect(held).toBeGreaterThan(0)
    const contacts = [...shop.account.contacts.values()]
    expect(contacts).toHaveLength(CUSTOMERS)
    expect(contacts.map(({ attributes }) => attributes['TICKET_COUNT'])).toEqual(contacts.map(() => 1))
    expect(report).toMatchObject({ contacts: { written: CUSTOMERS }, setAside: 0 })
  })

  it('tells nothing then that may still change', async () => {
    addCustomers()
    const early: string[] = []
    shop.meet(({ method, url, body }, side) => {
      if (side === 'brevo' && method === 'POST' && url.endsWith('/contacts') && early.length < 100)
        early.push(body ?? '')
      return side === 'helpdesk' && url.includes('/tickets') && early.length < 100 ? 'slow_down' : null
    })

    await shop.sync({}, shop.yaml('verify', { extId: true, rateLimit: SLOW }))

    const told = early.map((body) => JSON.parse(body) as { attributes: object; listIds?: number[] })
    expect(told).toHaveLength(100)
    expect(told.filter(({ listIds }) => listIds !== undefined)).toEqual([])
    expect(told.filter(({ attributes }) => 'TICKET_COUNT' in attributes)).toEqual([])
  })
})

const SLOW = '{ requests: 40, per_seconds: 20 }'
