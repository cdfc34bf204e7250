// What stays out of step on purpose, and what must not come out of an interrupted delivery.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { openShop, type Shop, SMALL } from '../support/sandbox.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop({}, { thresholds: SMALL })
})
afterEach(() => shop.close())

const world = (): Shop['sandbox']['world'] => shop.sandbox.world
const names = (): string[] => shop.sandbox.brevo.account.events.map((event) => event.name)

describe('--resources', () => {
  it('reads only these, and leaves what the event feed tells to the next whole sync', async () => {
    await shop.sync()
    const ticket = world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    world().closeTicket(ticket.id)
    shop.takeRequests()

    const report = await shop.sync({ resources: ['customers'] })

    const { gorgias } = shop.takeRequests()
    expect(Object.keys(report.read)).toEqual(['customers'])
    expect(gorgias.get('/api/tickets')).toBeUndefined()
    expect(gorgias.get('/api/events')).toBeUndefined()
    expect(names()).toEqual(['SUPPORT_CUSTOMER_CREATED'])
    await shop.sync()
    expect(names()).toEqual(['SUPPORT_CUSTOMER_CREATED', 'SUPPORT_TICKET_OPENED', 'SUPPORT_TICKET_RESOLVED'])
  })
})

describe('sync.tickets: false', () => {
  it('asks for no ticket, whatever the event feed tells', async () => {
    const yaml = shop.yaml(`
    sync: { tickets: false }
    field_mapping: { name: FIRSTNAME }
    event_mapping: { ticket.closed: CLOSED, customer.created: CREATED }`)
    await shop.sync({}, yaml)
    const ticket = world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    world().closeTicket(ticket.id)
    shop.takeRequests()

    await shop.sync({}, yaml)

    expect([...shop.takeRequests().gorgias.keys()].filter((path) => path.includes('tickets'))).toEqual([])
    expect(names()).toEqual(['CREATED'])
  })
})

describe('sync.customers: false', () => {
  it('makes contacts of the customers that tickets name', async () => {
    world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com', name: 'A' }).id })

    await shop.sync(
      {},
      shop.yaml(`
    sync: { customers: false }
    field_mapping: { name: FIRSTNAME, nb_tickets: TICKET_COUNT }`),
    )

    expect(shop.takeRequests().gorgias.get('/api/customers')).toBeUndefined()
    expect(shop.sandbox.brevo.account.contacts.get('a@example.com')!.attributes).toEqual({
      FIRSTNAME: 'A',
      TICKET_COUNT: 1,
    })
  })
})

describe('an interrupted bulk delivery', () => {
  it('forgets what it saw: who leaves a list meanwhile is not put back', async () => {
    const { account } = shop.sandbox.brevo
    account.addToList(account.write('c5@example.com', {}), 36)
    for (let index = 0; index < 60; index += 1) {
      world().addTicket({ customerId: world().addCustomer({ email: `c${index}@example.com` }).id })
    }
    shop.sandbox.brevo.intercept = ({ path }) =>
      path === '/v3/contacts/import' || path === '/v3/account'
        ? { status: 401, body: '{"message":"Key not found"}' }
        : null
    await expect(shop.sync()).rejects.toMatchObject({ code: 'brevo_unauthorized' })
    account.addToList(account.contacts.get('c5@example.com')!, 35)
    account.leaveList('c5@example.com', 35)
    shop.sandbox.brevo.intercept = null

    await shop.sync()

    expect([...account.contacts.get('c5@example.com')!.lists]).toEqual([36])
    expect([...account.contacts.get('c6@example.com')!.lists]).toEqual([35])
  })

  it('that was killed leaves nothing behind that the next one would believe', async () => {
    const { account } = shop.sandbox.brevo
    world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    const killed = shop.open()
    killed.engine.store.outboxContacts.mark('a@example.com', 'live')
    killed.engine.store.contacts.startLook()
    killed.engine.store.contacts.putSeen({ email: 'a@example.com', lists: [], unsubscribed: [] })
    killed.close()
    account.addToList(account.write('a@example.com', {}), 35)
    account.leaveList('a@example.com', 35)

    await shop.sync()

    expect([...account.contacts.get('a@example.com')!.lists]).toEqual([])
  })

  it('that lost the answer of its import ends with everyone in step', async () => {
    const { account } = shop.sandbox.brevo
    for (let index = 0; index < 60; index += 1) {
      world().addTicket({
        customerId: world().addCustomer({ email: `c${index}@example.com`, name: `C${index}` }).id,
        tags: ['vip'],
      })
    }
    let cuts = 0
    shop.sandbox.brevo.intercept = ({ path }) => {
      if (path !== '/v3/contacts/import' || cuts > 0) return null
      cuts += 1
      return { cut: true, applied: true }
    }

    const report = await shop.sync()

    expect(report.undelivered).toEqual({ contacts: 0, events: 0 })
    for (const contact of account.contacts.values()) {
      expect([...contact.lists].sort((a, b) => a - b)).toEqual([35, 40])
      expect(contact.attributes['FIRSTNAME']).toBe(`C${/\d+/.exec(contact.email)![0]}`)
    }
    expect(account.contacts.size).toBe(60)
  })
})

describe('a setup that is put right', () => {
  it('is seen by the next run of the same process', async () => {
    shop.sandbox.brevo.account.attributes.delete('TICKET_COUNT')
    const { engine } = shop.open()
    await expect(engine.sync('gorgias')).rejects.toMatchObject({ code: 'brevo_setup' })

    shop.sandbox.brevo.account.addAttribute('TICKET_COUNT', 'float')

    await expect(engine.sync('gorgias')).resolves.toMatchObject({ setAside: 0 })
  })
})
