// What is written to Brevo and what never is, over real HTTP against the sandbox.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import type { SandboxContact } from '../../src/sandbox/brevo/account.ts'
import { countWrites, MAPPING, openShop, type Shop, SMALL } from '../support/sandbox.ts'

let shop: Shop
beforeEach(async () => {
  shop = await openShop({}, { thresholds: SMALL })
})
afterEach(() => shop.close())

const account = (): Shop['sandbox']['brevo']['account'] => shop.sandbox.brevo.account
const contact = (email: string): SandboxContact => account().contacts.get(email)!
const world = (): Shop['sandbox']['world'] => shop.sandbox.world

describe('consent', () => {
  it('nobody who left a list is put back, neither singly nor in bulk', async () => {
    for (const email of ['a@example.com', 'b@example.com']) {
      account().addToList(account().write(email, {}), 35)
      account().leaveList(email, 35)
    }
    world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com' }).id })
    await shop.sync()
    for (let index = 0; index < 60; index += 1) {
      world().addTicket({ customerId: world().addCustomer({ email: `c${index}@example.com` }).id })
    }
    world().addTicket({ customerId: world().addCustomer({ email: 'b@example.com' }).id })
    await shop.sync()

    // One from which is learned what arrives, and one with all others.
    expect(shop.takeRequests().brevo.get('POST /v3/contacts/import')).toBe(2)
    expect([...contact('a@example.com').lists, ...contact('b@example.com').lists]).toEqual([])
    expect(contact('b@example.com').attributes['TICKET_COUNT']).toBe(1)
  })

  it('no request un-blocklists, merges, or uses the withdrawn batch', async () => {
    account().write('a@example.com', { emailBlacklisted: true })
    const bodies: string[] = []
    const paths = new Set<string>()
    shop.sandbox.brevo.intercept = ({ path, body }) => {
      bodies.push(JSON.stringify(body ?? null))
      paths.add(path)
      return null
    }
    world().addTicket({ customerId: world().addCustomer({ email: 'a@example.com', name: 'A' }).id })
    for (let index = 0; index < 60; index += 1) {
      world().addTicket({ customerId: world().addCustomer({ email: `c${index}@example.com` }).id })
    }

    await shop.sync()

    expect(contact('a@example.com').emailBlacklisted).toBe(true)
    expect(contact('a@example.com').attributes['FIRSTNAME']).toBe('A')
    expect(bodies.join()).not.toMatch(/emailBlacklist|smsBlacklist|forceMerge/)
    expect(paths).not.toContain('/v3/contacts/batch')
    expect(
      bodies
        .filter((body) => body.includes('jsonBody'))
        .every((body) => body.includes('"disableNotification":true')),
    ).toBe(true)
    expect(paths).toContain('/v3/contacts/import')
  })
})

describe('a refused identifier', () => {
  it('never costs the rest of the contact', async () => {
    account().write('owner@example.com', { attributes: { SMS: '+33612345678' } })
    world().addCustomer({ email: 'a@example.com', name: 'A', phone: '+33612345678' })
    const yaml = shop.yaml(MAPPING.replace('email: email', 'email: email\n      phone: SMS'))

    const report = await shop.sync({}, yaml)

    const { engine, close } = shop.open(yaml)
    expect(report.setAside).toBe(1)
    expect(engine.store.deadLetters.list()).toMatchObject([{ kind: 'identifier', key: 'a@example.com/SMS' }])
    expect(contact('a@example.com').attributes).toMatchObject({ FIRSTNAME: 'A', TICKET_COUNT: 0 })
    expect(contact('a@example.com').attributes['SMS']).toBeUndefined()
    close()

    shop.takeRequests()
    await shop.sync({}, yaml)
    expect(countWrites(shop.takeRequests().brevo)).toBe(0)
  })
})

describe('what a contact holds', () => {
  it('takes the type of its attribute: a numeric id goes to a text attribute as text', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })

    await shop.sync()

    expect(contact('a@example.com').attributes['GORGIAS_ID']).toBe(String(id))
  })

  it('keeps 0 and false, which are values', async () => {
    const { id } = world().addCustomer({ email: 'a@example.com' })
    world().setCustomField(id, 319_831, false)

    await shop.sync()

    expect(contact('a@example.com').attributes).toMatchObject({ TICKET_COUNT: 0, VIP_STATUS: false })
  })

  it('is cleared or kept where nothing is known, as the mapping says', async () => {
    account().write('a@example.com', {
      attributes: { CSAT_SCORE: 3, FIRSTNAME: 'Known', LAST_SUPPORT_CHANNEL: 'fax' },
    })
    world().addCustomer({ email: 'a@example.com', name: null })

    await shop.sync(
      {},
      shop.yaml(`
    field_mapping:
      name: { attribute: FIRSTNAME, if_missing: clear }
      last_satisfaction_score: CSAT_SCORE
      last_ticket_channel: { attribute: LAST_SUPPORT_CHANNEL, if_missing: keep }`),
    )

    expect(contact('a@example.com').attributes['FIRSTNAME']).toBeUndefined()
    expect(contact('a@example.com').attributes['CSAT_SCORE']).toBeUndefined()
    expect(contact('a@example.com').attributes['LAST_SUPPORT_CHANNEL']).toBe('fax')
  })

  it('is written again for everyone when the mapping changes, and only then', async () => {
    world().addCustomer({ email: 'a@example.com', name: 'A' })
    await shop.sync({}, shop.yaml('\n    field_mapping: { name: FIRSTNAME }'))
    expect(contact('a@example.com').attributes).toEqual({ FIRSTNAME: 'A' })

    const report = await shop.sync(
      {},
      shop.yaml('\n    field_mapping: { name: FIRSTNAME, nb_tickets: TICKET_COUNT }'),
    )

    expect(report.contacts.written).toBe(1)
    expect(contact('a@example.com').attributes).toEqual({ FIRSTNAME: 'A', TICKET_COUNT: 0 })
  })
})

describe('before the first write', () => {
  it('an attribute that is missing, or would drop the value, is an error that says what to do', async () => {
    account().attributes.delete('TICKET_COUNT')
    account().addAttribute('CSAT_SCORE', 'text')
    account().addAttribute('LAST_SUPPORT_DATE', 'float')
    world().addCustomer({ email: 'a@example.com' })

    await expect(shop.sync()).rejects.toMatchObject({
      code: 'brevo_setup',
      kind: 'config',
      details: [
        expect.stringMatching(
          /^connectors\.yml:\d+:7: nb_tickets can not go to TICKET_COUNT: there is no attribute TICKET_COUNT in Brevo\. Create it .* as Number\.$/,
        ),
        expect.stringMatching(
          /last_ticket_date can not go to LAST_SUPPORT_DATE: LAST_SUPPORT_DATE is of type float, and Brevo would drop a date/,
        ),
      ],
    })
    expect(countWrites(shop.takeRequests().brevo)).toBe(0)
  })

  it('a list that is missing is an error that names its line and the lists there are', async () => {
    await expect(shop.sync({}, shop.yaml('\n    lists: { all_support_contacts: 99 }'))).rejects.toMatchObject(
      {
        code: 'brevo_setup',
        details: [expect.stringMatching(/^connectors\.yml:6:14: there is no list 99 in Brevo\.$/)],
        hint: expect.stringContaining('35 (Support contacts)'),
      },
    )
  })
})

describe('what Brevo answers badly', () => {
  it.each([
    [
      '429',
      {
        status: 429,
        body: '{}',
        headers: { 'x-sib-ratelimit-reset': '1', 'x-sib-ratelimit-remaining': '0' },
      },
    ],
    ['502', { status: 502, body: '<html>bad gateway</html>' }],
    ['425', { status: 425, body: '{"code":"account_in_process","message":"later"}' }],
    ['a cut connection', { cut: true as const }],
    ['a cut answer', { cut: true as const, applied: true }],
  ])('to a contact is waited out: %s', async (_, fault) => {
    world().addCustomer({ email: 'a@example.com', name: 'A' })
    let faults = 0
    shop.sandbox.brevo.intercept = ({ method, path }) => {
      if (method !== 'POST' || path !== '/v3/contacts' || faults > 0) return null
      faults += 1
      return fault
    }

    const report = await shop.sync()

    expect(report).toMatchObject({
      contacts: { written: 1 },
      undelivered: { contacts: 0, events: 0 },
      setAside: 0,
    })
    expect(contact('a@example.com').attributes['FIRSTNAME']).toBe('A')
  })

  it('to one contact sets it aside, and its events wait for it; the others go on', async () => {
    await shop.sync()
    world().addCustomer({ email: 'bad@example.com' })
    world().addCustomer({ email: 'good@example.com' })
    shop.sandbox.brevo.intercept = ({ method, body }) =>
      method === 'POST' && JSON.stringify(body ?? null).includes('bad@example.com')
        ? { status: 400, body: '{"code":"invalid_parameter","message":"No thank you"}' }
        : null

    const report = await shop.sync()

    const { engine } = shop.open()
    expect(report).toMatchObject({ setAside: 1, undelivered: { contacts: 0, events: 0 } })
    expect(engine.store.deadLetters.list()).toMatchObject([
      { kind: 'contact', key: 'bad@example.com', reason: 'Brevo answered 400: No thank you' },
    ])
    expect(account().events.map((event) => event.email)).toEqual(['good@example.com'])
  })

  it('with 401 stops with a sentence, and everything stays in the outbox', async () => {
    world().addCustomer({ email: 'a@example.com' })
    shop.sandbox.brevo.intercept = ({ method, path }) =>
      method === 'POST' || path === '/v3/account'
        ? { status: 401, body: '{"code":"unauthorized","message":"Key not found"}' }
        : null

    await expect(shop.sync()).rejects.toMatchObject({
      code: 'brevo_unauthorized',
      hint: expect.stringContaining('BREVO_API_KEY'),
    })

    shop.sandbox.brevo.intercept = null
    await shop.sync()
    expect(account().contacts.has('a@example.com')).toBe(true)
  })
})

describe('events', () => {
  it('are never more than two under way', async () => {
    await shop.sync()
    shop.sandbox.brevo.intercept = () => ({ delayMs: 5 })
    let underWay = 0
    let most = 0
    shop.sandbox.brevo.server.server.on(
      'request',
      (request: { url: string; method: string }, response: { on(name: string, done: () => void): void }) => {
        if (request.method !== 'POST' || request.url !== '/v3/events') return
        underWay += 1
        most = Math.max(most, underWay)
        response.on('close', () => (underWay -= 1))
      },
    )
    for (let index = 0; index < 20; index += 1) world().addCustomer({ email: `c${index}@example.com` })

    await shop.sync()

    expect(account().events).toHaveLength(20)
    expect(most).toBe(2)
  })

  it('that a batch refuses are set aside, and the others of the batch are sent once', async () => {
    await shop.sync()
    for (let index = 0; index < 400; index += 1) world().addCustomer({ email: `c${index}@example.com` })
    let batches = 0
    shop.sandbox.brevo.intercept = ({ path, body }) => {
      if (path !== '/v3/events/batch') return null
      batches += 1
      const events = (body as { events: { event_name: string }[] }).events
      events[3]!.event_name = 'not a name'
      return null
    }

    const report = await shop.sync()

    const ids = account().events.map((event) => event.properties['event_id'])
    expect(batches).toBe(1)
    expect(report).toMatchObject({ events: { sent: 399 }, setAside: 1 })
    expect(new Set(ids).size).toBe(399)
  })

  it('are sent one by one when they are few', async () => {
    await shop.sync()
    world().addCustomer({ email: 'a@example.com' })
    await shop.sync()

    const { brevo } = shop.takeRequests()
    expect(brevo.get('POST /v3/events')).toBe(1)
    expect(brevo.get('POST /v3/events/batch')).toBeUndefined()
  })
})

describe('the limit that Brevo tells', () => {
  it('is kept: no request is refused', async () => {
    await shop.close()
    shop = await openShop({ brevoLimit: 10 })
    for (let index = 0; index < 15; index += 1) world().addCustomer({ email: `c${index}@example.com` })
    let refused = 0
    shop.sandbox.brevo.server.server.on(
      'request',
      (_: unknown, response: { statusCode: number; on(name: string, done: () => void): void }) => {
        response.on('finish', () => (refused += Number(response.statusCode === 429)))
      },
    )

    await shop.sync()

    expect(account().contacts.size).toBe(15)
    expect(refused).toBe(0)
  })
})
