// tajo explain: each value with the records and the line that gave it, each list, event and campaign with its reason.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { parseConfig } from '../../src/config/load.ts'
import { type Explanation, explainContact } from '../../src/explain/explain.ts'
import { explainAttribute, explainList } from '../../src/explain/reverse.ts'
import { OWN_ADDRESS } from '../simulation/account.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

const EMAIL = 'a@example.com'
let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

async function explain(yaml = shop.yaml(), email = EMAIL): Promise<Explanation | null> {
  return await shop.open(
    async ({ store }) => explainContact(store, parseConfig('connectors.yml', yaml, {}), email),
    yaml,
  )
}

const lineOf = (yaml: string, text: string): number =>
  yaml.split('\n').findIndex((line) => line.includes(text)) + 1

/** A customer whose only survey has this score. */
function addScored(score: number) {
  const customer = shop.world.addCustomer({
    email: EMAIL,
    name: 'Ann',
    created: 1,
    updated: shop.world.now(),
  })
  const ticket = shop.world.addTicket({ customerId: customer.id })
  const survey = shop.world.addSurvey(ticket.id, { created: shop.world.now(), sent: shop.world.now() })
  shop.world.scoreSurvey(survey.id, score)
  return { customer, ticket, survey }
}

describe('an attribute', () => {
  it('has its value, the records and the line that gave it, when it was sent, and what it was before', async () => {
    const { customer, ticket } = addScored(5)
    await shop.sync()
    const first = (await explain())!.attributes['TICKET_COUNT']!
    expect(first).toEqual({
      value: 1,
      from: [{ connector: 'gorgias', record: 'ticket', id: String(ticket.id), field: 'id' }],
      mapping: {
        file: 'connectors.yml',
        line: lineOf(shop.yaml(), 'TICKET_COUNT'),
        field: 'nb_tickets',
        expression: null,
      },
      sent_at: expect.stringMatching(/^2026-03-01T08:/),
      previous: null,
    })

    await shop.pass(60)
    const second = shop.world.addTicket({ customerId: customer.id })
    await shop.sync()

    const attributes = (await explain())!.attributes
    expect(attributes['TICKET_COUNT']).toMatchObject({
      value: 2,
      previous: 1,
      sent_at: expect.stringMatching(/^2026-03-01T09:/),
    })
    expect(attributes['TICKET_COUNT']!.from.map((one) => one.id)).toEqual([
      String(ticket.id),
      String(second.id),
    ])
    expect(attributes['FIRSTNAME']).toMatchObject({ sent_at: first.sent_at, previous: null })
  })

  it('that is computed names its expression, and every record behind it', async () => {
    const { ticket, survey } = addScored(4)
    const yaml = shop
      .yaml()
      .replace(
        'nb_tickets: TICKET_COUNT',
        'TICKET_COUNT: { value: nb_tickets * last_satisfaction_score, type: number }',
      )
    await shop.sync({}, yaml)

    expect((await explain(yaml))!.attributes['TICKET_COUNT']).toMatchObject({
      value: 4,
      from: [
        { record: 'ticket', id: String(ticket.id) },
        { record: 'satisfaction_survey', id: String(survey.id) },
      ],
      mapping: { expression: 'nb_tickets * last_satisfaction_score' },
    })
  })

  it('says what it will become where the mapping gives something else by now', async () => {
    addScored(4)
    await shop.sync()
    const yaml = shop
      .yaml()
      .replace('nb_tickets: TICKET_COUNT', 'TICKET_COUNT: { value: nb_tickets + 10, type: number }')

    expect((await explain(yaml))!.attributes['TICKET_COUNT']).toMatchObject({ value: 1, wanted: 11 })
  })
})

describe('a list', () => {
  it('says whether the contact is in it and why: given, there before, left, or not', async () => {
    shop.account.write(EMAIL, { listIds: [35] })
    addScored(5)
    const yaml = shop.yaml()
    await shop.sync({}, yaml)

    const lists = (await explain())!.lists
    expect(lists['35']).toMatchObject({
      member: true,
      reason: expect.stringContaining('It was there before'),
    })
    expect(lists['36']).toMatchObject({
      member: true,
      reason: 'satisfied_customers: last_satisfaction_score is 5 (satisfied from 4). Given by tajo.',
      mapping: { line: lineOf(yaml, 'satisfied_customers') },
    })
    expect(lists['37']).toMatchObject({
      member: false,
      reason: 'dissatisfied_customers: last_satisfaction_score is 5 (dissatisfied to 2).',
    })
    expect(lists['40']).toMatchObject({ member: false, reason: 'vip: no ticket has the tag vip.' })
  })

  it('that the contact left says so', async () => {
    shop.account.write(EMAIL, { listIds: [36] })
    shop.account.leaveList(EMAIL, 36)
    addScored(5)
    await shop.sync()

    expect((await explain())!.lists['36']).toMatchObject({
      member: false,
      reason: expect.stringContaining('left this list and is not put back'),
    })
  })

  it('is explained the other way round, too: who is in it and why', async () => {
    addScored(5)
    await shop.sync()
    const explained = await shop.open(async ({ store }) =>
      explainList(store, parseConfig('connectors.yml', shop.yaml(), {}), { list: 36, limit: 10 }),
    )

    expect(explained).toMatchObject({
      name: 'list 36',
      mapping: [{ rule: 'satisfied_customers' }],
      counts: { given: 1, found: 0, left: 0 },
      contacts: [{ email: EMAIL, member: true, reason: expect.stringContaining('is 5') }],
    })
  })

  it('and so is an attribute: what it holds, and where from', async () => {
    addScored(5)
    await shop.sync()
    const explained = await shop.open(async ({ store }) =>
      explainAttribute(store, parseConfig('connectors.yml', shop.yaml(), {}), 'CSAT_SCORE', 10),
    )

    expect(explained).toMatchObject({
      type: 'float',
      mapping: { field: 'last_satisfaction_score' },
      values: [{ value: 5, contacts: 1 }],
      distinct: 1,
    })
  })
})

describe('events and campaigns', () => {
  it('each say what became of them and why', async () => {
    const customer = shop.world.addCustomer({ email: EMAIL, created: 1, updated: shop.world.now() })
    const yaml = shop
      .yaml('verify', { campaigns: true })
      .replace('ticket.reopened: TICKET_REOPENED', 'ticket.reopened: { event: TICKET_REOPENED, max_age: 1m }')
      .replace(
        'ticket.created: TICKET_CREATED',
        'ticket.created: { event: TICKET_CREATED, when: nb_tickets > 7 }',
      )
    await shop.sync({}, yaml)
    await shop.pass(1)
    const ticket = shop.world.addTicket({ customerId: customer.id })
    shop.world.closeTicket(ticket.id)
    await shop.pass(1)
    await shop.sync({}, yaml)
    shop.world.reopenTicket(ticket.id)
    await shop.pass(30)
    await shop.sync({}, yaml)

    const explained = (await explain(yaml))!
    const byName = Object.fromEntries(explained.events.map((one) => [one.name, one]))
    expect(byName['TICKET_CLOSED']).toMatchObject({
      state: 'sent',
      reason: expect.stringMatching(/^Sent at /),
    })
    expect(byName['TICKET_CREATED']).toMatchObject({
      state: 'not_met',
      reason: '`when` was not met: nb_tickets > 7',
    })
    expect(byName['TICKET_REOPENED']).toMatchObject({ state: 'too_old' })
    const campaigns = Object.fromEntries(explained.campaigns.map((one) => [one.campaign, one]))
    expect(campaigns['thanks']).toMatchObject({ state: 'fired' })
    expect(campaigns['echo']).toMatchObject({ state: 'dropped', reason: 'The ticket was reopened since.' })
  })
})

it('says so where nothing is known, and of the shop’s own addresses', async () => {
  shop.world.addCustomer({ email: OWN_ADDRESS, created: 1, updated: shop.world.now() })
  await shop.sync()

  expect(await explain(shop.yaml(), 'nobody@example.com')).toBeNull()
  expect((await explain(shop.yaml(), OWN_ADDRESS))!.contact).toContain('own addresses')
})
