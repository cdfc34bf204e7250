// Events are what happens after go-live, each occurrence once, on the timeline of an existing contact, in order.
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { Sqlite } from '../support/sqlite.ts'
import { openShop, type Shop } from '../support/sandbox.ts'

const DAY = 86_400_000_000

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.close())

const world = (): Shop['sandbox']['world'] => shop.sandbox.world
const events = (): {
  name: string
  email: string | null
  properties: Record<string, unknown>
  date: string
}[] => shop.sandbox.brevo.account.events
const names = (): string[] => events().map((event) => event.name)

describe('history', () => {
  it('fires no event', async () => {
    const past = world().now() - 10 * DAY
    const { id } = world().addCustomer({ email: 'a@example.com', created: past })
    const ticket = world().addTicket({ customerId: id, created: past })
    world().closeTicket(ticket.id)
    world().addSurvey(ticket.id, { created: past, score: 5, scored: past + DAY })

    await shop.sync()
    await shop.sync()

    expect(names()).toEqual([])
  })

  it('that is imported into the helpdesk later fires no event either', async () => {
    await shop.sync()
    const past = world().now() - 10 * DAY
    const { id } = world().addCustomer({ email: 'a@example.com', created: past })
    world().addTicket({ customerId: id, created: past })

    await shop.sync()

    expect(names()).toEqual([])
  })
})

describe('an occurrence after go-live', () => {
  beforeEach(async () => {
    await shop.sync()
  })

  it('is told however long its texts are: what is longer is cut', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    world().addTicket({ customerId: id, subject: '🙂'.repeat(30_000), tags: ['x'.repeat(60_000)] })

    const report = await shop.sync()

    expect(report.setAside).toBe(0)
    const [event] = events().filter((one) => one.properties['subject'] !== undefined)
    expect(event!.properties['subject']).toBe('🙂'.repeat(2_000))
    expect(event!.properties['tags']).toEqual(['x'.repeat(256)])
  })

  it('is one event, with the properties that tell of it', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const ticket = world().addTicket({
      customerId: id,
      subject: 'Where?',
      channel: 'chat',
      tags: ['vip'],
      assignee: 1,
    })
    await shop.sync()

    expect(names()).toEqual(['SUPPORT_CUSTOMER_CREATED', 'SUPPORT_TICKET_OPENED'])
    expect(events()[1]).toMatchObject({
      email: 'a@example.com',
      date: new Date(Math.floor(ticket.created / 1000)).toISOString(),
      properties: {
        ticket_id: String(ticket.id),
        customer_id: String(id),
        subject: 'Where?',
        channel: 'chat',
        status: 'open',
        tags: ['vip'],
        assignee_name: 'Mia Torres',
      },
    })
    expect(events()[1]!.properties['event_id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-/)
  })

  it('is told each time a ticket is closed and reopened, though snapshots show only the last', async () => {
    const ticket = world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    world().closeTicket(ticket.id)
    world().reopenTicket(ticket.id)
    world().closeTicket(ticket.id)
    await shop.sync()
    await shop.sync()

    expect(names().slice(2)).toEqual([
      'SUPPORT_TICKET_RESOLVED',
      'SUPPORT_TICKET_REOPENED',
      'SUPPORT_TICKET_RESOLVED',
    ])
    expect(
      events()
        .slice(2)
        .map((event) => event.properties['status']),
    ).toEqual(['closed', 'open', 'closed'])
    expect(new Set(events().map((event) => event.properties['event_id'])).size).toBe(5)
  })

  it('tells minutes to the resolution and to the first response', async () => {
    const created = world().now()
    const ticket = world().addTicket({
      customerId: world().addCustomer({ email: 'a@example.com' }).id,
      created,
    })
    world().addMessage(ticket.id)
    world().addMessage(ticket.id, { fromAgent: true, created: world().now() + 90_000_000 })
    world().closeTicket(ticket.id)
    await shop.sync()

    const closed = events().find((event) => event.name === 'SUPPORT_TICKET_RESOLVED')!
    expect(closed.properties['first_response_time']).toBe(1.5)
    expect(closed.properties['resolution_time']).toBeGreaterThanOrEqual(0)
  })

  it('is no resolution when the ticket was only snoozed, and waking up is no reopening', async () => {
    const ticket = world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    world().snoozeTicket(ticket.id, world().now() + DAY)
    await shop.sync()
    world().reopenTicket(ticket.id)
    await shop.sync()
    expect(names().slice(2)).toEqual([])

    world().closeTicket(ticket.id)
    await shop.sync()
    expect(names().slice(2)).toEqual(['SUPPORT_TICKET_RESOLVED'])
  })

  it('is an answer once: when the survey is scored, and not when the score is corrected', async () => {
    const ticket = world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    const survey = world().addSurvey(ticket.id)
    await shop.sync()
    world().scoreSurvey(survey.id, 5, { comment: 'Thanks!' })
    await shop.sync()
    world().scoreSurvey(survey.id, 4)
    await shop.sync()

    const csat = events().filter((event) => event.name.startsWith('CSAT'))
    expect(csat.map((event) => event.name)).toEqual(['CSAT_SURVEY_SENT', 'CSAT_SUBMITTED'])
    expect(csat[1]!.properties).toMatchObject({ score: 5, comment: 'Thanks!', survey_id: String(survey.id) })
    expect(shop.sandbox.brevo.account.contacts.get('a@example.com')!.attributes['CSAT_SCORE']).toBe(4)
  })

  it('keeps nothing of what a customer wrote once it is sent, or not sent on purpose', async () => {
    const yaml = shop.yaml(`
    event_mapping:
      satisfaction_survey.responded:
        event: ANSWERED
        when: score > 2
        properties: { said: comment, stars: score, quote: 'survey.comment' }`)
    const customerId = world().addCustomer({ email: 'a@example.com' }).id
    for (const score of [5, 1]) {
      const survey = world().addSurvey(world().addTicket({ customerId }).id)
      world().scoreSurvey(survey.id, score, { comment: 'So many words' })
    }

    await shop.sync({}, yaml)

    expect(events().map((one) => [one.properties['said'], one.properties['quote']])).toEqual([
      ['So many words', 'So many words'],
    ])
    const state = new Sqlite(join(shop.directory, 'state/tajo.db'), { readonly: true })
    const rows = state.prepare('SELECT state, payload FROM outbox_events ORDER BY state').all() as {
      state: string
      payload: string
    }[]
    state.close()
    expect(rows.map((row) => row.state)).toEqual(['sent', 'skipped'])
    expect(rows.map((row) => (JSON.parse(row.payload) as { properties: object }).properties)).toEqual([
      expect.objectContaining({ stars: 5 }),
      expect.objectContaining({ score: 1 }),
    ])
    expect(rows.filter((row) => row.payload.includes('So many'))).toEqual([])
  })

  it('of a survey that is first seen answered has the answer in the answer only', async () => {
    const ticket = world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    world().scoreSurvey(world().addSurvey(ticket.id).id, 2)

    await shop.sync()

    const scores = events().flatMap(({ name, properties }) =>
      name.startsWith('CSAT') ? [[name, properties['score']]] : [],
    )
    expect(scores).toEqual([
      ['CSAT_SURVEY_SENT', undefined],
      ['CSAT_SUBMITTED', 2],
    ])
  })

  it('is sent after its contact exists, and per contact in the order that it happened', async () => {
    const seen: { event: string; known: boolean }[] = []
    shop.sandbox.brevo.account.onEvent = (event) =>
      seen.push({ event: event.name, known: shop.sandbox.brevo.account.contacts.has(event.email!) })
    // Every other answer is late: an event that did not wait for the one before it would overtake it.
    let requests = 0
    shop.sandbox.brevo.intercept = ({ path }) =>
      path === '/v3/events' && requests++ % 2 === 0 ? { delayMs: 30 } : null
    const { id } = world().addCustomer({ email: 'a@example.com' })
    for (let index = 0; index < 5; index += 1) {
      const ticket = world().addTicket({ customerId: id, subject: String(index) })
      world().closeTicket(ticket.id)
    }

    await shop.sync()

    expect(seen.every((one) => one.known)).toBe(true)
    const told = events().map(({ name, properties }) => `${name} ${JSON.stringify(properties['subject'])}`)
    expect(told).toEqual([
      'SUPPORT_CUSTOMER_CREATED undefined',
      ...[0, 1, 2, 3, 4].flatMap((index) => [
        `SUPPORT_TICKET_OPENED "${index}"`,
        `SUPPORT_TICKET_RESOLVED "${index}"`,
      ]),
    ])
  })

  it('of a customer without an address, of the shop itself, or of spam is told to nobody', async () => {
    world().addTicket({ customerId: world().addCustomer({ email: null }).id })
    world().addTicket({ customerId: world().addCustomer({ email: 'mia@shop.example' }).id })
    world().addTicket({ customerId: world().addCustomer({ email: 'spam@example.com' }).id, spam: true })

    await shop.sync()

    expect(names()).toEqual(['SUPPORT_CUSTOMER_CREATED'])
    expect(events()[0]!.email).toBe('spam@example.com')
  })

  it('is not told when connectors.yml gives it no event', async () => {
    const yaml = shop.yaml(`
    event_mapping: { ticket.closed: DONE }`)
    const ticket = world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    world().closeTicket(ticket.id)

    await shop.sync({}, yaml)

    expect(names()).toEqual(['DONE'])
  })

  it('goes in batches when hundreds are waiting, each with an answer of its own', async () => {
    for (let index = 0; index < 450; index += 1) world().addCustomer({ email: `c${index}@example.com` })

    const report = await shop.sync()

    const { brevo } = shop.takeRequests()
    expect(report.events.sent).toBe(450)
    expect(brevo.get('POST /v3/events/batch')).toBe(1)
    expect(new Set(events().map((event) => event.properties['event_id'])).size).toBe(450)
  })
})

describe('the id of an event', () => {
  it('is the same on another machine that sees the same occurrence', async () => {
    await shop.sync()
    world().addCustomer({ email: 'a@example.com' })
    await shop.sync()
    const first = events()[0]!.properties['event_id']

    const { toEventId } = await import('../../src/model/occurrence.ts')
    const account = new URL(shop.sandbox.helpdeskUrl).host
    const [customer] = world().customers.keys()
    expect(first).toBe(toEventId(account, 'customer.created', String(customer)))
  })
})
