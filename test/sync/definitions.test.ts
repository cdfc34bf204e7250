// What each value means (docs/definitions.md), seen in Brevo after a sync over real HTTP.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import type { SandboxContact } from '../../src/sandbox/brevo/account.ts'
import { LISTS, MAPPING, openShop, type Shop } from '../support/sandbox.ts'

const MINUTE = 60_000_000
const DAY = 86_400_000_000
const AT = Date.UTC(2026, 4, 10, 23, 30) * 1000

let shop: Shop
beforeEach(async () => {
  shop = await openShop()
})
afterEach(() => shop.close())

const contact = (email: string): SandboxContact => shop.sandbox.brevo.account.contacts.get(email)!
const value = (email: string, attribute: string): unknown => contact(email).attributes[attribute]
const world = (): Shop['sandbox']['world'] => shop.sandbox.world

describe('identity', () => {
  it('is the e-mail address, trimmed and lower-cased', async () => {
    world().addCustomer({ email: '  Jane.Doe@Example.COM ', name: 'Jane' })

    await shop.sync()

    expect([...shop.sandbox.brevo.account.contacts.keys()]).toEqual(['jane.doe@example.com'])
  })

  it('makes one contact of customers that share an address: the latest one gives the values, all give the metrics', async () => {
    const older = world().addCustomer({ email: 'a@example.com', name: 'Older', updated: AT })
    const newer = world().addCustomer({ email: 'A@example.com', name: 'Newer', updated: AT + DAY })
    world().addTicket({ customerId: older.id })
    world().addTicket({ customerId: newer.id })

    await shop.sync()

    expect(value('a@example.com', 'FIRSTNAME')).toBe('Newer')
    expect(value('a@example.com', 'GORGIAS_ID')).toBe(String(newer.id))
    expect(value('a@example.com', 'TICKET_COUNT')).toBe(2)
  })

  it('needs an address: a customer without one is counted and is no contact', async () => {
    world().addCustomer({ email: null, name: 'Chat only' })

    await shop.sync()

    const { engine } = shop.open()
    expect(shop.sandbox.brevo.account.contacts.size).toBe(0)
    expect(engine.store.customers.count('gorgias')).toEqual({ all: 1, withoutEmail: 1, invalidPhones: 0 })
  })

  it('leaves out the shop’s own addresses: agents and mailboxes', async () => {
    const agent = world().addCustomer({ email: 'Mia@shop.example' })
    const mailbox = world().addCustomer({ email: 'support@shop.example' })
    for (const { id } of [agent, mailbox]) world().addTicket({ customerId: id })

    await shop.sync()

    expect(shop.sandbox.brevo.account.contacts.size).toBe(0)
  })
})

describe('a customer who is deleted in the helpdesk', () => {
  it('leaves the address to the other customers who have it', async () => {
    world().addCustomer({ email: 'a@example.com', name: 'First' })
    const { id } = world().addCustomer({ email: 'a@example.com', name: 'Second' })
    await shop.sync()
    expect(value('a@example.com', 'FIRSTNAME')).toBe('Second')

    world().deleteCustomer(id)
    await shop.sync({ reconcile: true })

    expect(value('a@example.com', 'FIRSTNAME')).toBe('First')
  })
})

describe('counted tickets', () => {
  it('are neither spam nor trashed', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    world().addTicket({ customerId: id })
    world().addTicket({ customerId: id, spam: true })
    world().addTicket({ customerId: id, trashed: AT })

    await shop.sync()

    expect(value('a@example.com', 'TICKET_COUNT')).toBe(1)
  })

  it('are not merged away nor deleted', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const [kept, merged, deleted] = [0, 1, 2].map(() => world().addTicket({ customerId: id }))
    await shop.sync()
    expect(value('a@example.com', 'TICKET_COUNT')).toBe(3)

    world().mergeTickets(merged!.id, kept!.id)
    world().deleteTicket(deleted!.id)
    await shop.sync()

    expect(value('a@example.com', 'TICKET_COUNT')).toBe(1)
  })

  it('are 0, not absent, for a contact with none; answered surveys likewise', async () => {
    world().addCustomer({ email: 'a@example.com' })

    await shop.sync()

    expect(value('a@example.com', 'TICKET_COUNT')).toBe(0)
    expect(value('a@example.com', 'CSAT_RESPONSES')).toBe(0)
  })

  it('give the UTC date and the channel of the newest one', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    world().addTicket({ customerId: id, created: AT, channel: 'chat' })
    world().addTicket({ customerId: id, created: AT - DAY, channel: 'phone' })
    world().addTicket({ customerId: id, created: AT + DAY, channel: 'sms', spam: true })

    await shop.sync()

    expect(value('a@example.com', 'LAST_SUPPORT_DATE')).toBe('2026-05-10')
    expect(value('a@example.com', 'LAST_SUPPORT_CHANNEL')).toBe('chat')
  })

  it('clear the date and the channel when the last of them is trashed', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const ticket = world().addTicket({ customerId: id, channel: 'chat' })
    await shop.sync()

    world().changeTicket(ticket.id, { trashed: world().now() })
    await shop.sync()

    expect(value('a@example.com', 'LAST_SUPPORT_DATE')).toBeUndefined()
    expect(value('a@example.com', 'LAST_SUPPORT_CHANNEL')).toBeUndefined()
    expect(value('a@example.com', 'TICKET_COUNT')).toBe(0)
  })
})

describe('avg_response_time', () => {
  it('is the mean of the minutes from creation to the first public answer of a person after the customer spoke', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const first = world().addTicket({ customerId: id, created: AT })
    const say = (ticketId: number, minutes: number, fields: object = {}): void =>
      void world().addMessage(ticketId, { created: AT + minutes * MINUTE, ...fields })
    say(first.id, 0, { fromAgent: true }) // before the customer spoke
    say(first.id, 1)
    say(first.id, 2, { fromAgent: true, rule: 7 }) // a rule
    say(first.id, 3, { fromAgent: true, public: false }) // not public
    say(first.id, 4, { fromAgent: true, note: true }) // a note that is marked public
    say(first.id, 10, { fromAgent: true })
    say(first.id, 90, { fromAgent: true })
    const second = world().addTicket({ customerId: id, created: AT })
    say(second.id, 1)
    say(second.id, 15.5, { fromAgent: true })
    const unanswered = world().addTicket({ customerId: id, created: AT })
    say(unanswered.id, 1)

    await shop.sync()

    expect(value('a@example.com', 'AVG_RESPONSE_TIME')).toBe(12.75)
  })

  it('is read from the listing, 100 messages to a request, never ticket by ticket', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    for (let index = 0; index < 150; index += 1) world().addMessage(world().addTicket({ customerId: id }).id)

    await shop.sync()

    const { gorgias } = shop.takeRequests()
    expect(gorgias.get('/api/messages')).toBe(2)
    expect(gorgias.get('/api/tickets/:id')).toBeUndefined()
  })
})

/** Some pages of surveys from the days since then: a walk that stops at its watermark does not come to older ones. */
function fillSurveyPages(): void {
  const [lately, before] = [world().now() - 39 * DAY, world().now() - 100 * DAY]
  for (let index = 0; index < 350; index += 1) world().addSurvey(1, { created: lately + index * 60 * MINUTE })
  for (let index = 0; index < 250; index += 1) world().addSurvey(1, { created: before + index * 60 * MINUTE })
}

describe('surveys', () => {
  it('give the score of the one that was scored last, and how many were scored', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const tickets = [0, 1, 2].map(() => world().addTicket({ customerId: id }).id)
    world().addSurvey(tickets[0]!, { score: 5, created: AT, scored: AT + 3 * DAY })
    world().addSurvey(tickets[1]!, { score: 2, created: AT + DAY, scored: AT + 2 * DAY })
    world().addSurvey(tickets[2]!)

    await shop.sync()

    expect(value('a@example.com', 'CSAT_SCORE')).toBe(5)
    expect(value('a@example.com', 'CSAT_RESPONSES')).toBe(2)
  })

  it('belong to their customer, also when their ticket is gone', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const ticket = world().addTicket({ customerId: id })
    world().addSurvey(ticket.id, { score: 3, scored: AT })
    world().deleteTicket(ticket.id)

    await shop.sync()

    expect(value('a@example.com', 'CSAT_SCORE')).toBe(3)
    expect(value('a@example.com', 'TICKET_COUNT')).toBe(0)
  })

  it('follow their customer through a merge', async () => {
    const lost = world().addCustomer({ email: 'old@example.com' })
    const kept = world().addCustomer({ email: 'new@example.com' })
    world().addSurvey(world().addTicket({ customerId: lost.id }).id, { score: 4, scored: AT })
    await shop.sync()
    expect(value('old@example.com', 'CSAT_SCORE')).toBe(4)

    world().mergeCustomers(lost.id, kept.id)
    await shop.sync()

    expect(value('new@example.com', 'CSAT_SCORE')).toBe(4)
    expect(value('new@example.com', 'TICKET_COUNT')).toBe(1)
    expect([...contact('old@example.com').lists]).toEqual([])
    expect([...contact('new@example.com').lists]).toEqual([35, 36])
  })

  it('are seen when they are scored weeks after they were made', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const created = world().now() - 40 * DAY
    const survey = world().addSurvey(world().addTicket({ customerId: id, created }).id, { created })
    fillSurveyPages()
    await shop.sync()

    world().scoreSurvey(survey.id, 5)
    await shop.sync()

    expect(value('a@example.com', 'CSAT_SCORE')).toBe(5)
  })

  it('older than the window are seen when the event feed tells of them', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const created = world().now() - 200 * DAY
    const survey = world().addSurvey(world().addTicket({ customerId: id, created }).id, { created })
    fillSurveyPages()
    await shop.sync()

    world().scoreSurvey(survey.id, 1, { told: true })
    await shop.sync()

    expect(value('a@example.com', 'CSAT_SCORE')).toBe(1)
  })
})

describe('phone', () => {
  const withPhone = `${LISTS}\n    default_country: FR${MAPPING.replace('email: email', 'email: email\n      phone: SMS')}`

  it('is the preferred one as E.164, read once for each new or changed customer', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com', phone: '06 12 34 56 78' })
    await shop.sync({}, shop.yaml(withPhone))
    expect(value('a@example.com', 'SMS')).toBe('33612345678')
    expect(shop.takeRequests().gorgias.get('/api/customers/:id')).toBe(1)

    await shop.sync({}, shop.yaml(withPhone))
    expect(shop.takeRequests().gorgias.get('/api/customers/:id')).toBeUndefined()

    world().changeCustomer(id, { phone: '06 12 34 56 79' })
    await shop.sync({}, shop.yaml(withPhone))
    expect(value('a@example.com', 'SMS')).toBe('33612345679')
  })

  it('is left out and counted when it is no valid number, and nothing else is', async () => {
    world().addCustomer({ email: 'a@example.com', phone: '12', name: 'Jane' })

    await shop.sync({}, shop.yaml(withPhone))

    const { engine } = shop.open()
    expect(value('a@example.com', 'SMS')).toBeUndefined()
    expect(value('a@example.com', 'FIRSTNAME')).toBe('Jane')
    expect(engine.store.customers.count('gorgias').invalidPhones).toBe(1)
  })

  it('is not asked for when it is not mapped', async () => {
    world().addCustomer({ email: 'a@example.com', phone: '+33612345678' })

    await shop.sync()

    expect(shop.takeRequests().gorgias.get('/api/customers/:id')).toBeUndefined()
  })
})

describe('lists', () => {
  it('hold those with a counted ticket, by their last score, and by the tags of their tickets', async () => {
    const happy = world().addCustomer({ email: 'happy@example.com' })
    const sad = world().addCustomer({ email: 'sad@example.com' })
    const neutral = world().addCustomer({ email: 'neutral@example.com' })
    world().addCustomer({ email: 'silent@example.com' })
    world().addSurvey(world().addTicket({ customerId: happy.id, tags: ['vip', 'other'] }).id, {
      score: 4,
      scored: AT,
    })
    world().addSurvey(world().addTicket({ customerId: sad.id }).id, { score: 2, scored: AT })
    world().addSurvey(world().addTicket({ customerId: neutral.id }).id, { score: 3, scored: AT })

    await shop.sync()

    const lists = (name: string): number[] => [...contact(`${name}@example.com`).lists].sort((a, b) => a - b)
    expect(lists('happy')).toEqual([35, 36, 40])
    expect(lists('sad')).toEqual([35, 37])
    expect(lists('neutral')).toEqual([35])
    expect(lists('silent')).toEqual([])
  })

  it('are left when the reason ends, and only where tajo gave the membership', async () => {
    const { account } = shop.sandbox.brevo
    account.addToList(account.write('a@example.com', {}), 40)
    const { id } = world().addCustomer({ email: 'a@example.com' })
    const ticket = world().addTicket({ customerId: id, tags: ['vip', 'wholesale'] })
    await shop.sync()
    expect([...contact('a@example.com').lists].sort((a, b) => a - b)).toEqual([35, 40, 41])

    world().changeTicket(ticket.id, { tags: [] })
    await shop.sync()

    expect([...contact('a@example.com').lists].sort((a, b) => a - b)).toEqual([35, 40])
  })
})

describe('custom fields and data', () => {
  it('are named by their slug, label or id, and take the type of their attribute', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com', data: { loyalty: { tier: 'gold' } } })
    world().setCustomField(id, 319_830, 'retail')
    world().setCustomField(id, 319_831, false)
    shop.sandbox.brevo.account.addAttribute('TIER', 'text')
    const yaml = shop.yaml(`
    field_mapping:
      customer_type: CUSTOMER_TYPE
      custom_fields.VIP status: VIP_STATUS
      data.loyalty.tier: TIER`)

    await shop.sync({}, yaml)

    expect(contact('a@example.com').attributes).toEqual({
      CUSTOMER_TYPE: 'retail',
      VIP_STATUS: false,
      TIER: 'gold',
    })
  })

  it('are cleared when they are emptied, while profile fields are kept', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com', name: 'Jane' })
    world().setCustomField(id, 319_830, 'retail')
    await shop.sync()

    world().setCustomField(id, 319_830, null)
    world().changeCustomer(id, { name: null })
    await shop.sync()

    expect(value('a@example.com', 'CUSTOMER_TYPE')).toBeUndefined()
    expect(value('a@example.com', 'FIRSTNAME')).toBe('Jane')
  })
})

describe('every other field', () => {
  it('is what its definition says', async () => {
    const fields: Record<string, string> = {
      firstname: 'text',
      lastname: 'text',
      language: 'text',
      timezone: 'text',
      external_id: 'text',
      note: 'text',
      created_datetime: 'date',
      first_ticket_date: 'date',
      open_tickets: 'float',
      last_satisfaction_date: 'date',
      avg_satisfaction_score: 'float',
      last_assignee: 'text',
      tags: 'text',
    }
    for (const [field, type] of Object.entries(fields))
      shop.sandbox.brevo.account.addAttribute(field.toUpperCase(), type)
    const { id } = world().addCustomer({
      email: 'a@example.com',
      firstname: 'Jane',
      lastname: 'Doe',
      language: 'fr',
      timezone: 'Europe/Paris',
      externalId: 'shop-1',
      note: 'kind',
      created: AT,
    })
    const first = world().addTicket({ customerId: id, created: AT, tags: ['b', 'a'], assignee: 1 })
    const second = world().addTicket({
      customerId: id,
      created: AT + DAY,
      tags: ['a'],
      assignee: 2,
      status: 'closed',
    })
    world().addTicket({ customerId: id, created: AT - DAY, tags: ['spam'], spam: true })
    world().snoozeTicket(world().addTicket({ customerId: id, created: AT + MINUTE }).id, AT + 10_000 * DAY)
    world().addSurvey(first.id, { score: 5, scored: AT + DAY })
    world().addSurvey(second.id, { score: 2, scored: AT + 2 * DAY })

    await shop.sync(
      {},
      shop.yaml(`
    field_mapping:
${Object.keys(fields)
  .map((field) => `      ${field}: ${field.toUpperCase()}`)
  .join('\n')}`),
    )

    expect(contact('a@example.com').attributes).toEqual({
      FIRSTNAME: 'Jane',
      LASTNAME: 'Doe',
      LANGUAGE: 'fr',
      TIMEZONE: 'Europe/Paris',
      EXTERNAL_ID: 'shop-1',
      NOTE: 'kind',
      CREATED_DATETIME: '2026-05-10',
      FIRST_TICKET_DATE: '2026-05-10',
      OPEN_TICKETS: 1,
      LAST_SATISFACTION_DATE: '2026-05-12',
      AVG_SATISFACTION_SCORE: 3.5,
      LAST_ASSIGNEE: 'Noah Berg',
      TAGS: 'a, b',
    })
  })
})
