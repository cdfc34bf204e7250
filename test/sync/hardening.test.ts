// One thing that goes wrong must cost only itself.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { systemClock } from '../../src/lib/time/clock.ts'
import { LISTS, MAPPING, openShop, type Shop, SMALL } from '../support/sandbox.ts'

const DAY = 86_400_000_000

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.close())

const world = (): Shop['sandbox']['world'] => shop.sandbox.world
const account = (): Shop['sandbox']['brevo']['account'] => shop.sandbox.brevo.account
const names = (): string[] => account().events.map((event) => event.name)

function fillShop(count: number): void {
  for (let index = 0; index < count; index += 1) {
    world().addTicket({ customerId: world().addCustomer({ email: `c${index}@example.com` }).id })
  }
}

/** Of two known tickets one is deleted, which has to be read again, and the other closed. */
async function deleteOneCloseOther(): Promise<{ id: number }> {
  const { id } = world().addCustomer({ email: 'a@example.com' })
  const [bad, good] = [world().addTicket({ customerId: id }), world().addTicket({ customerId: id })]
  await shop.sync()
  world().deleteTicket(bad.id)
  world().closeTicket(good.id)
  return bad
}

describe('an object that Gorgias refuses to show', () => {
  it('is set aside, and what else the feed tells goes on', async () => {
    const bad = await deleteOneCloseOther()
    shop.sandbox.helpdesk.intercept = ({ path }) =>
      path === `/api/tickets/${bad.id}` ? { status: 410, body: '{"error":{"msg":"Gone."}}' } : null

    const report = await shop.sync()

    expect(report.setAside).toBe(1)
    expect(names()).toEqual(['SUPPORT_TICKET_RESOLVED'])
  })

  it('for a while is read again by the next run, and holds up nothing', async () => {
    const bad = await deleteOneCloseOther()
    shop.sandbox.helpdesk.intercept = ({ path }) =>
      path === `/api/tickets/${bad.id}` ? { status: 500, body: '' } : null
    const { engine, close } = shop.open(undefined, {
      clock: { ...systemClock, sleep: async () => undefined },
    })

    await engine.sync('gorgias')
    close()
    expect(names()).toEqual(['SUPPORT_TICKET_RESOLVED'])

    shop.sandbox.helpdesk.intercept = null
    await shop.sync()
    expect(account().contacts.get('a@example.com')!.attributes['TICKET_COUNT']).toBe(1)
  })
})

describe('an import that fails', () => {
  it('is done one by one', async () => {
    await shop.close()
    shop = await openShop({}, { thresholds: SMALL })
    fillShop(60)
    shop.sandbox.brevo.intercept = ({ path }) =>
      path.startsWith('/v3/processes/')
        ? { status: 200, body: '{"id":1,"name":"x","status":"failed"}' }
        : null

    const report = await shop.sync()

    expect(report).toMatchObject({ undelivered: { contacts: 0, events: 0 }, setAside: 0 })
    expect(account().contacts.size).toBe(60)
  })
})

describe('brevo.import_list', () => {
  it('takes contacts without a list along, but nobody who left it', async () => {
    await shop.close()
    shop = await openShop({}, { thresholds: SMALL })
    account().lists.set(50, 'Imports')
    for (let index = 0; index < 60; index += 1)
      world().addCustomer({ email: `c${index}@example.com`, name: 'New' })
    account().addToList(account().write('c7@example.com', {}), 50)
    account().leaveList('c7@example.com', 50)
    const yaml = shop.yaml(`${LISTS}${MAPPING}`).replace('brevo: {', 'brevo: { import_list: 50,')

    await shop.sync({}, yaml)

    // One from which is learned what arrives, and one with all others.
    expect(shop.takeRequests().brevo.get('POST /v3/contacts/import')).toBe(2)
    expect([...account().contacts.get('c7@example.com')!.lists]).toEqual([])
    expect(account().contacts.get('c7@example.com')!.attributes['FIRSTNAME']).toBe('New')
    expect([...account().contacts.get('c8@example.com')!.lists]).toEqual([50])
  })
})

describe('a ticket that was snoozed before go-live', () => {
  it('is not reopened by waking up', async () => {
    const ticket = world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    world().snoozeTicket(ticket.id, world().now() + DAY)
    await shop.sync()

    world().reopenTicket(ticket.id)
    await shop.sync()

    expect(names()).toEqual([])
  })
})

describe('a record that is dated ahead', () => {
  it('hides nothing that changes before its date', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const tickets = Array.from({ length: 350 }, () =>
      world().addTicket({ customerId: id, created: world().now() - DAY, updated: world().now() - DAY }),
    )
    world().addTicket({ customerId: id, updated: world().now() + 300 * DAY })
    await shop.sync()

    for (const ticket of tickets) world().changeTicket(ticket.id, { subject: 'changed' })
    await shop.sync()

    const { engine } = shop.open()
    expect(
      tickets.every(
        (ticket) => engine.store.tickets.find('gorgias', String(ticket.id))!.subject === 'changed',
      ),
    ).toBe(true)
  })
})

describe('an event whose customer went away before it was sent', () => {
  it('is set aside and does not wait for ever', async () => {
    await shop.sync()
    const { id } = world().addCustomer({ email: 'a@example.com' })
    shop.sandbox.brevo.intercept = ({ method, path }) =>
      method === 'POST' || path === '/v3/account' ? { status: 401, body: '{"message":"no"}' } : null
    await expect(shop.sync()).rejects.toMatchObject({ code: 'brevo_unauthorized' })
    shop.sandbox.brevo.intercept = null
    world().deleteCustomer(id)

    const report = await shop.sync()

    expect(report).toMatchObject({ undelivered: { contacts: 0, events: 0 }, setAside: 1 })
    expect(names()).toEqual([])
  })
})

describe('a survey that is answered during the first sync', () => {
  it('is told, because its customer is read before it', async () => {
    for (let index = 0; index < 250; index += 1) world().addCustomer({ email: `c${index}@example.com` })
    const { id } = world().addCustomer({ email: 'late@example.com', updated: world().now() - 300 * DAY })
    const survey = world().addSurvey(1, { customerId: id, created: world().now() - DAY })
    shop.sandbox.helpdesk.intercept = ({ path }) => {
      if (path === '/api/events' && world().surveys.get(survey.id)!.score === null) {
        world().scoreSurvey(survey.id, 5)
      }
      return null
    }

    // What happens while a run reads is told by the next one: something earlier may have been missed by this one.
    await shop.sync()
    await shop.sync()

    expect(account().events.map(({ name, email }) => [name, email])).toEqual([
      ['CSAT_SUBMITTED', 'late@example.com'],
    ])
  })
})

describe('a batch of events that is refused as a whole', () => {
  it('is sent one by one', async () => {
    await shop.sync()
    for (let index = 0; index < 320; index += 1) world().addCustomer({ email: `c${index}@example.com` })
    shop.sandbox.brevo.intercept = ({ path }) =>
      path === '/v3/events/batch' ? { status: 413, body: '{"message":"too large"}' } : null

    const report = await shop.sync()

    expect(report).toMatchObject({ events: { sent: 320 }, setAside: 0 })
    expect(new Set(account().events.map((event) => event.properties['event_id'])).size).toBe(320)
  })
})

describe('a run that finds something still set aside', () => {
  it('is not green either', async () => {
    world().addCustomer({ email: 'bad@example.com' })
    shop.sandbox.brevo.intercept = ({ method, path }) =>
      method === 'POST' && path === '/v3/contacts'
        ? { status: 400, body: '{"code":"invalid_parameter","message":"No"}' }
        : null
    expect((await shop.sync()).setAside).toBe(1)

    expect((await shop.sync()).setAside).toBe(1)

    shop.sandbox.brevo.intercept = null
    const { id } = [...world().customers.values()][0]!
    world().changeCustomer(id, { name: 'Changed' })
    expect((await shop.sync()).setAside).toBe(0)
  })
})

describe('a stop', () => {
  it('does not wait for the budget of events', async () => {
    await shop.sync()
    world().addCustomer({ email: 'a@example.com' })
    const stop = new AbortController()
    shop.sandbox.brevo.intercept = ({ path }) => {
      if (path !== '/v3/events') return null
      setTimeout(() => stop.abort(), 50)
      return {
        status: 429,
        body: '{}',
        headers: { 'x-sib-ratelimit-reset': '1800', 'x-sib-ratelimit-remaining': '0' },
      }
    }
    const { engine, close } = shop.open()

    await expect(engine.sync('gorgias', {}, stop.signal)).rejects.toMatchObject({ name: 'AbortError' })
    close()

    shop.sandbox.brevo.intercept = null
    await shop.sync()
    expect(names()).toEqual(['SUPPORT_CUSTOMER_CREATED'])
  })
})
