// One object that an API does not give, or does not take, stops nobody else: it is set aside, and comes when it is mended.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
beforeEach(async () => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

const addCustomer = (name: string) => shop.world.addCustomer({ email: `${name}@example.com`, name })
const created = (email: string): number =>
  shop.account.events.filter((event) => event.name === 'TICKET_CREATED' && event.email === email).length
const letters = () => shop.open(async (engine) => engine.store.deadLetters.list().map((one) => one.key))

describe.each(['server_error', 'forbidden', 'reset'] as const)('an object that answers with %s', (fault) => {
  it('named by a webhook, is set aside, and the others go on', async () => {
    const people = ['a', 'b', 'c'].map(addCustomer)
    await shop.sync()
    const tickets = people.map(({ id }) => shop.world.addTicket({ customerId: id }))
    shop.poison(`tickets/${tickets[0]!.id}`, fault)
    // Every list shows it as it was before.
    await shop.open(async (engine) => {
      for (const { id } of tickets)
        engine.store.refreshRequests.put(
          'gorgias',
          { kind: 'ticket', id: String(id) },
          shop.universe.now * 1_000,
        )
      await engine.sync('gorgias', { liveOnly: true })
    })

    expect(['b', 'c'].map((name) => created(`${name}@example.com`))).toEqual([1, 1])
  })

  it('named by a ticket, holds that ticket back for as long as no page shows more, and it is told once', async () => {
    const moved = addCustomer('old')
    const other = addCustomer('other')
    await shop.sync()
    shop.poison(`customers/${moved.id}`, fault)
    // Between the pages of customers and those of tickets: the ticket shows an address that nobody has read.
    let isMoved = false
    shop.meet(({ url }) => {
      if (!isMoved && url.includes('/tickets')) {
        isMoved = true
        shop.world.changeCustomer(moved.id, { email: 'new@example.com' })
        shop.world.addTicket({ customerId: moved.id })
        shop.world.addTicket({ customerId: other.id })
      }
      return null
    })

    await shop.sync()
    expect(await letters()).toEqual([expect.stringMatching(/^gorgias\/tickets\/\d+$/)])

    // What happened while a run was reading waits for the next one, whose pages show the address.
    await shop.pass(1)
    await shop.sync()
    await shop.sync()

    expect(['new', 'other'].map((name) => created(`${name}@example.com`))).toEqual([1, 1])
    expect(created('old@example.com')).toBe(0)
    expect(await letters()).toEqual([])
  })
})

describe('Brevo', () => {
  const refuse = (email: string) =>
    shop.meet(({ method, url, body }, side) =>
      side === 'brevo' && method === 'POST' && url.endsWith('/events') && (body ?? '').includes(email)
        ? 'forbidden'
        : null,
    )

  it('whose firewall forbids one event takes all others, and that one when it may', async () => {
    const people = ['a', 'b', 'c', 'd'].map(addCustomer)
    await shop.sync()
    for (const { id } of people) shop.world.addTicket({ customerId: id })
    refuse('b@example.com')

    const report = await shop.sync()

    expect(['a', 'b', 'c', 'd'].map((name) => created(`${name}@example.com`))).toEqual([1, 0, 1, 1])
    expect(report).toMatchObject({ setAside: 1, undelivered: { events: 0 } })

    shop.meet(null)
    await shop.pass(120)
    await shop.sync()
    expect(created('b@example.com')).toBe(1)
  })

  it('that forbids every event lacks a right, and that is said', async () => {
    const people = Array.from({ length: 12 }, (_, index) => addCustomer(`p${index}`))
    await shop.sync()
    for (const { id } of people) shop.world.addTicket({ customerId: id })
    refuse('@example.com')

    await expect(shop.sync()).rejects.toMatchObject({ code: 'brevo_unauthorized' })
  })
})

describe('a wait of a year', () => {
  it('that the helpdesk asks for is waited for some minutes', async () => {
    addCustomer('a')
    let asked = false
    shop.meet((_, side) => {
      if (side === 'brevo' || asked) return null
      asked = true
      return 'wait_a_year'
    })
    const startedAt = shop.universe.now

    await shop.sync()

    expect(shop.universe.now - startedAt).toBeLessThan(20 * 60_000)
    expect(shop.account.contacts.has('a@example.com')).toBe(true)
  })

  it('that Brevo asks for stops no reading, is told by status, and is over in an hour', async () => {
    addCustomer('a')
    await shop.sync()
    addCustomer('b')
    let asks = true
    shop.meet((_, side) => (side === 'brevo' && asks ? 'wait_a_year' : null))

    await shop.open(async (engine) => {
      const report = await engine.sync('gorgias', { liveOnly: true, patienceMs: 5_000 })
      expect(report.read['customers']).toBeGreaterThan(0)
      expect(report.warnings).toEqual([expect.stringContaining('Nothing was delivered')])
    })
    asks = false
    await shop.pass(60)
    await shop.sync()

    expect(shop.account.contacts.has('b@example.com')).toBe(true)
  })
})

it('a refusal under a status that is none is no refusal: the next run asks again', async () => {
  const { id } = addCustomer('a')
  const [gone] = [shop.world.addTicket({ customerId: id }), shop.world.addTicket({ customerId: id })]
  await shop.sync()
  shop.world.deleteTicket(gone.id)
  // What stands in between gives Gorgias's own 404 as 206.
  shop.poison(`tickets/${gone.id}`, 'lie_206')
  await shop.pass(1)
  await shop.sync()
  shop.poison(`tickets/${gone.id}`, null)
  await shop.pass(1)

  await shop.sync()

  expect(shop.account.contacts.get('a@example.com')!.attributes['TICKET_COUNT']).toBe(1)
})
