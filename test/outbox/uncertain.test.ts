// An event that left and was not answered: looked for in Brevo before anything else is done (docs/guarantees.md § 3).
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import type { HttpRequest } from '../../src/lib/net/http.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
beforeEach(async () => {
  shop = openVirtualShop()
  await shop.sync()
})
afterEach(() => shop.close())

const isEvent = ({ method, url }: HttpRequest): boolean => method === 'POST' && url.endsWith('/events')
const isLook = ({ method, url }: HttpRequest): boolean =>
  method === 'GET' && url.includes('/events?') && url.includes('brevo')
const sent = (): string[] => shop.account.events.map((event) => event.name)

/** One ticket of a customer that Brevo knows already, so that one event is due. */
async function openTicket(): Promise<number> {
  const { id } = shop.world.addCustomer({ email: 'jane@example.com', created: 1, updated: shop.world.now() })
  await shop.sync()
  const ticket = shop.world.addTicket({ customerId: id })
  return ticket.id
}

/** The next event request meets this; later ones are let through. Looks are counted. */
function loseAnswer(fault: 'reset' | 'reset_applied' | 'stalled_applied' | 'server_error_applied'): {
  looks: number[]
} {
  const seen: { looks: number[] } = { looks: [] }
  let isFirst = true
  shop.meet((request) => {
    if (isLook(request)) seen.looks.push(Math.round((shop.universe.now - lostAt) / 60_000))
    if (!isEvent(request) || !isFirst) return null
    isFirst = false
    lostAt = shop.universe.now
    return fault
  })
  let lostAt = 0
  return seen
}

describe('when_uncertain: verify', () => {
  it.each(['reset_applied', 'stalled_applied', 'server_error_applied'] as const)(
    'does not send again what arrived (%s)',
    async (fault) => {
      await openTicket()
      const { looks } = loseAnswer(fault)

      const report = await shop.sync({ waitForDoubt: true })

      expect(sent()).toEqual(['TICKET_CREATED'])
      expect(report.events).toMatchObject({ sent: 0, confirmed: 1, inDoubt: 0 })
      expect(looks).toHaveLength(1)
      expect(looks[0]).toBeGreaterThanOrEqual(5)
    },
  )

  it('sends again what three looks did not find, and only then', async () => {
    await openTicket()
    const { looks } = loseAnswer('reset')

    const report = await shop.sync({ waitForDoubt: true })

    expect(sent()).toEqual(['TICKET_CREATED'])
    expect(report.events).toMatchObject({ sent: 1, confirmed: 0, inDoubt: 0 })
    // After five, fifteen and sixty minutes, rounded up to whole ones.
    expect(looks).toHaveLength(3)
    for (const [index, least] of [5, 15, 60].entries()) {
      expect(looks[index]).toBeGreaterThanOrEqual(least)
      expect(looks[index]).toBeLessThanOrEqual(least + 3)
    }
  })

  it('finds an event that Brevo shows late', async () => {
    await openTicket()
    shop.account.eventLagMs = 12 * 60_000
    const { looks } = loseAnswer('reset_applied')

    const report = await shop.sync({ waitForDoubt: true })

    expect(sent()).toEqual(['TICKET_CREATED'])
    expect(report.events.confirmed).toBe(1)
    expect(looks).toHaveLength(2)
  })

  it('does not wait unless it is told to, and says how many are in doubt', async () => {
    await openTicket()
    loseAnswer('reset_applied')

    const report = await shop.sync()

    expect(report.events).toMatchObject({ sent: 0, inDoubt: 1 })
    expect(report.undelivered).toEqual({ contacts: 0, events: 0 })
  })

  it('lets later events of the same contact wait, and those of others go on', async () => {
    const ticket = await openTicket()
    loseAnswer('reset')
    await shop.sync()
    shop.world.closeTicket(ticket)
    const other = shop.world.addCustomer({ email: 'other@example.com' })

    await shop.sync()

    expect(sent()).toEqual(['CUSTOMER_CREATED'])
    expect(other.email).toBe('other@example.com')
    await shop.sync({ waitForDoubt: true })
    expect(sent()).toEqual(['CUSTOMER_CREATED', 'TICKET_CREATED', 'TICKET_CLOSED'])
  })

  it('asks once for all that are in doubt', async () => {
    for (const name of ['a', 'b', 'c']) shop.world.addCustomer({ email: `${name}@example.com` })
    let looks = 0
    let lost = 0
    shop.meet((request) => {
      if (isLook(request)) looks += 1
      return isEvent(request) && (lost += 1) <= 3 ? 'reset_applied' : null
    })

    const report = await shop.sync({ waitForDoubt: true })

    expect(report.events.confirmed).toBe(3)
    expect(looks).toBe(1)
    expect(sent()).toHaveLength(3)
  })

  it('stays in doubt while Brevo can not be asked', async () => {
    await openTicket()
    let lost = 0
    shop.meet((request) => {
      if (isEvent(request)) return (lost += 1) === 1 ? 'reset' : null
      return isLook(request) ? 'server_error' : null
    })

    await shop.sync()
    await shop.pass(600)
    const report = await shop.sync()

    expect(report.events.inDoubt).toBe(1)
    expect(sent()).toEqual([])
  })
})

it('what never left is sent again at once, without a look', async () => {
  await openTicket()
  let looks = 0
  let refused = 0
  shop.meet((request) => {
    if (isLook(request)) looks += 1
    return isEvent(request) && (refused += 1) <= 2 ? 'refused' : null
  })

  const report = await shop.sync()

  expect(sent()).toEqual(['TICKET_CREATED'])
  expect(report.events).toMatchObject({ sent: 1, inDoubt: 0 })
  expect(looks).toBe(0)
})

describe('when_uncertain: never_twice', () => {
  it('sets aside what three looks did not find, and a person decides', async () => {
    await openTicket()
    loseAnswer('reset')

    const report = await shop.sync({ waitForDoubt: true }, shop.yaml('never_twice'))

    expect(sent()).toEqual([])
    expect(report.setAside).toBe(1)
    await shop.open(async ({ store }) => {
      const [letter] = store.deadLetters.list()
      expect(letter).toMatchObject({ kind: 'event', retry_at: null })
      expect(store.outboxEvents.counts().parked).toBe(1)
    })
  })

  it('takes what it finds for sent', async () => {
    await openTicket()
    loseAnswer('reset_applied')

    const report = await shop.sync({ waitForDoubt: true }, shop.yaml('never_twice'))

    expect(sent()).toEqual(['TICKET_CREATED'])
    expect(report).toMatchObject({ setAside: 0, events: { confirmed: 1 } })
  })
})

describe('when_uncertain: never_lose', () => {
  it('sends again at once', async () => {
    await openTicket()
    const { looks } = loseAnswer('reset_applied')

    await shop.sync({}, shop.yaml('never_lose'))

    expect(sent()).toEqual(['TICKET_CREATED', 'TICKET_CREATED'])
    expect(new Set(shop.account.events.map((event) => event.properties['event_id'])).size).toBe(1)
    expect(looks).toEqual([])
  })
})

it('a process that was killed while an event was on its way asks Brevo first', async () => {
  await openTicket()
  await shop.killAt(isEvent)
  expect(sent()).toEqual(['TICKET_CREATED'])

  const report = await shop.sync({ waitForDoubt: true })

  expect(sent()).toEqual(['TICKET_CREATED'])
  expect(report.events.confirmed).toBe(1)
})
