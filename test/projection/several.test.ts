// One person at several helpdesks: docs/definitions.md, § One person, several helpdesks. Real HTTP, two accounts, one Brevo.
import { afterEach, describe, expect, it } from '@jest/globals'

import { openTwoShops, type TwoShops } from '../support/two-shops.ts'

const EMAIL = 'jane@example.com'
const MAPPING = `    lists: { all_support_contacts: 35, satisfied_customers: 36, dissatisfied_customers: 37 }
    tag_lists: { vip: 40 }
    field_mapping:
      name: FIRSTNAME
      nb_tickets: TICKET_COUNT
      last_ticket_channel: LAST_SUPPORT_CHANNEL
      last_satisfaction_score: CSAT_SCORE
      satisfaction_count: CSAT_RESPONSES
    event_mapping: { ticket.created: SUPPORT_TICKET_OPENED }
`
let shops: TwoShops
afterEach(() => shops.close())

const held = (): Record<string, unknown> => shops.brevo.account.contacts.get(EMAIL)?.attributes ?? {}
const lists = (): number[] =>
  [...(shops.brevo.account.contacts.get(EMAIL)?.lists ?? [])].sort((a, b) => a - b)
const join = (world: TwoShops['main'], name: string | null = 'Jane'): number =>
  world.addCustomer({ email: EMAIL, name }).id

function score(world: TwoShops['main'], customerId: number, value: number): void {
  const ticket = world.addTicket({ customerId, channel: 'chat' })
  world.scoreSurvey(world.addSurvey(ticket.id).id, value)
}

describe('an attribute that both fill from the same field', () => {
  it('counts the records of both, and who knows nothing changes nothing', async () => {
    shops = await openTwoShops(MAPPING)
    const jane = join(shops.main)
    for (let count = 0; count < 6; count += 1) shops.main.addTicket({ customerId: jane })
    score(shops.main, jane, 5)
    join(shops.outlet, null)

    await shops.sync('main', 'outlet')

    expect(held()).toMatchObject({ TICKET_COUNT: 7, CSAT_SCORE: 5, CSAT_RESPONSES: 1, FIRSTNAME: 'Jane' })
    const again = [...shops.outlet.customers.values()].find((one) => one.email === EMAIL)!
    shops.outlet.addTicket({ customerId: again.id, channel: 'phone' })
    await shops.sync('outlet')
    expect(held()).toMatchObject({ TICKET_COUNT: 8, LAST_SUPPORT_CHANNEL: 'phone', FIRSTNAME: 'Jane' })
  })

  it('is, for single values, that of the customer whose record is the newest among those that have one', async () => {
    shops = await openTwoShops(MAPPING)
    const earlier = shops.main.now() - 60_000_000
    shops.main.addCustomer({
      email: EMAIL,
      name: 'Jane of the main shop',
      created: earlier,
      updated: earlier,
    })
    join(shops.outlet, 'Jane of the outlet')
    await shops.sync('main', 'outlet')
    expect(held()).toMatchObject({ FIRSTNAME: 'Jane of the outlet' })

    const [main] = [...shops.main.customers.values()].filter((one) => one.email === EMAIL)
    shops.main.changeCustomer(main!.id, { name: 'Jane Doe' })
    await shops.sync('main')

    expect(held()).toMatchObject({ FIRSTNAME: 'Jane Doe' })
  })

  it('follows contacts.precedence for single values, whoever changed last', async () => {
    shops = await openTwoShops(MAPPING, {}, 'contacts: { precedence: [main, outlet] }\n')
    join(shops.main, 'Jane of the main shop')
    join(shops.outlet, 'Jane of the outlet')

    await shops.sync('main', 'outlet')

    expect(held()).toMatchObject({ FIRSTNAME: 'Jane of the main shop' })
  })
})

describe('lists', () => {
  it('go by the last score over both: nobody is satisfied and dissatisfied', async () => {
    shops = await openTwoShops(MAPPING)
    score(shops.main, join(shops.main), 5)
    await shops.sync('main', 'outlet')
    expect(lists()).toEqual([35, 36])

    score(shops.outlet, join(shops.outlet), 1)
    await shops.sync('outlet')
    expect(lists()).toEqual([35, 37])
  })

  it('of tags unite, and a membership ends when its reason has ended at both', async () => {
    shops = await openTwoShops(MAPPING)
    const [one, two] = [
      shops.main.addTicket({ customerId: join(shops.main), tags: ['vip'] }),
      shops.outlet.addTicket({ customerId: join(shops.outlet), tags: ['vip'] }),
    ]
    await shops.sync('main', 'outlet')
    shops.main.changeTicket(one.id, { tags: [] })
    await shops.sync('main')
    expect(lists()).toContain(40)

    shops.outlet.changeTicket(two.id, { tags: [] })
    await shops.sync('outlet')
    expect(lists()).not.toContain(40)
  })
})

describe('while one of them reads for the first time', () => {
  it('only what depends on it is left alone', async () => {
    const own = { main: '    event_mapping: {}\n', outlet: '' }
    const alone = `    field_mapping: { nb_tickets: TICKET_COUNT }
    lists: { all_support_contacts: 35 }
`
    shops = await openTwoShops('', {
      main: `${alone.replace('TICKET_COUNT', 'TICKET_COUNT, last_ticket_channel: LAST_SUPPORT_CHANNEL')}    tag_lists: { vip: 40 }\n${own.main}`,
      outlet: alone,
    })
    shops.main.addTicket({ customerId: join(shops.main), channel: 'chat', tags: ['vip'] })

    await shops.sync('main')

    expect(held()).toMatchObject({ LAST_SUPPORT_CHANNEL: 'chat' })
    expect(held()['TICKET_COUNT']).toBeUndefined()
    expect(lists()).toEqual([40])
    await shops.sync('outlet')
    expect(held()).toMatchObject({ TICKET_COUNT: 1 })
    expect(lists()).toEqual([35, 40])
  })
})

it('a contact who left one helpdesk keeps what the other knows', async () => {
  shops = await openTwoShops(MAPPING)
  const main = join(shops.main)
  shops.main.addTicket({ customerId: main })
  shops.outlet.addTicket({ customerId: join(shops.outlet) })
  await shops.sync('main', 'outlet')

  shops.main.deleteCustomer(main)
  await shops.sync('main')

  expect(held()).toMatchObject({ TICKET_COUNT: 1 })
  expect(lists()).toEqual([35])
})

it('explain names the connector behind each value', async () => {
  shops = await openTwoShops(MAPPING)
  shops.main.addTicket({ customerId: join(shops.main, 'Jane of the main shop'), channel: 'chat' })
  score(shops.outlet, join(shops.outlet, null), 2)
  await shops.sync('main', 'outlet')

  const { attributes } = await shops.explain(EMAIL)

  expect(attributes['FIRSTNAME']!.from).toMatchObject([{ connector: 'main', record: 'customer' }])
  expect(attributes['TICKET_COUNT']!.from.map((one) => one.connector).sort()).toEqual(['main', 'outlet'])
  expect(attributes['CSAT_SCORE']!.from).toMatchObject([{ connector: 'outlet' }])
})

describe('events', () => {
  it('name their connector and their helpdesk', async () => {
    shops = await openTwoShops(MAPPING)
    const [main, outlet] = [join(shops.main), join(shops.outlet)]
    await shops.sync('main', 'outlet')
    shops.main.addTicket({ customerId: main })
    shops.outlet.addTicket({ customerId: outlet })

    await shops.sync('main', 'outlet')

    expect(
      shops.brevo.account.events.map(({ properties }) => [properties['connector'], properties['helpdesk']]),
    ).toEqual([
      ['main', 'gorgias'],
      ['outlet', 'gorgias'],
    ])
  })

  it('of a connector that is still reading are not released by another that has read', async () => {
    shops = await openTwoShops(MAPPING)
    const main = join(shops.main)
    join(shops.outlet)
    await shops.sync('main', 'outlet')
    const first = shops.main.addTicket({ customerId: main })
    // The main shop's run stops after its first list: what it has staged may not be all that happened before.
    shops.gorgias.main.intercept = ({ path }) =>
      path === '/api/messages' ? { status: 401, body: '{"error":{"msg":"No."}}' } : null
    await shops.sync('main').catch(() => undefined)

    await shops.sync('outlet')

    expect(shops.brevo.account.events).toEqual([])
    shops.gorgias.main.intercept = null
    await shops.sync('main')
    expect(shops.brevo.account.events.map(({ properties }) => properties['ticket_id'])).toEqual([
      String(first.id),
    ])
  })
})
