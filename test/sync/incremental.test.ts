// What a sync costs, and what it does when it was cut short: real HTTP, real SQLite.
import { afterEach, describe, expect, it } from '@jest/globals'

import { countWrites, openShop, type Shop, SMALL, sum } from '../support/sandbox.ts'

const SIZE = { customers: 210, tickets: 610, messages: 1_250, surveys: 120 }
const DAY = 86_400_000_000

let shop: Shop

/** A ticket for each customer. */
async function openShopOf(customers: number): Promise<Shop> {
  const opened = await openShop(
    { size: { customers, tickets: 0, messages: 0, surveys: 0 } },
    { thresholds: SMALL },
  )
  const { world } = opened.sandbox
  for (const customerId of world.customers.keys()) world.addTicket({ customerId })
  return opened
}

afterEach(() => shop.close())

describe('a first sync', () => {
  it('costs one request for each 100 records and at most twelve more', async () => {
    shop = await openShop({ size: SIZE })

    await shop.sync()

    const pages = Object.values(SIZE).reduce((total, count) => total + Math.ceil(count / 100), 0)
    expect(sum(shop.takeRequests().gorgias)).toBeLessThanOrEqual(pages + 12)
  })

  it('reads back what its import did and repairs what the import dropped', async () => {
    shop = await openShopOf(90)
    const { world } = shop.sandbox
    for (const id of world.customers.keys()) world.setCustomField(id, 319_831, false)

    const report = await shop.sync()

    const contacts = [...shop.sandbox.brevo.account.contacts.values()]
    const { brevo } = shop.takeRequests()
    expect(brevo.get('POST /v3/contacts/import')).toBeGreaterThanOrEqual(1)
    // Those from whom it is learned that JSON drops false; the others travel as a file.
    expect(report.contacts.repaired).toBe(2)
    expect(contacts.length).toBeGreaterThan(80)
    expect(contacts.every((contact) => contact.attributes['VIP_STATUS'] === false)).toBe(true)
  })

  it('never sends identifiers by import, where they could merge contacts', async () => {
    shop = await openShopOf(90)
    const { account } = shop.sandbox.brevo
    account.write('owner@example.com', { attributes: { SMS: '+12125550004' } })
    for (const customer of shop.sandbox.world.customers.values()) customer.phone = '+1 212 555 0004'
    const yaml = shop.yaml(`
    default_country: US
    lists: { all_support_contacts: 35 }
    field_mapping: { phone: SMS, name: FIRSTNAME, nb_tickets: TICKET_COUNT }`)

    const report = await shop.sync({}, yaml)

    expect(account.merged).toEqual([])
    expect(account.contacts.has('owner@example.com')).toBe(true)
    // The number belongs to someone else: it is set aside, and the rest of each contact is there.
    expect(report.setAside).toBeGreaterThan(0)
    expect(
      [...account.contacts.values()].filter((one) => one.attributes['FIRSTNAME'] !== undefined).length,
    ).toBe(report.contacts.written)
  })

  it('writes what is known while phones are read, one request for each', async () => {
    shop = await openShop({ size: { customers: 150, tickets: 200, messages: 0, surveys: 0 } })
    const { account } = shop.sandbox.brevo
    const customers = [...shop.sandbox.world.customers.values()]
    for (const [index, customer] of customers.entries()) customer.phone = `+1 212 555 ${1000 + index}`
    let asked = 0
    shop.sandbox.helpdesk.intercept = ({ path }) => {
      if (/customers.\d+$/.test(path)) asked += 1
      return asked > 50 && account.contacts.size === 0
        ? { status: 429, headers: { 'retry-after': '1' }, body: '{}' }
        : null
    }

    const report = await shop.sync(
      {},
      shop.yaml(`
    lists: { all_support_contacts: 35 }
    field_mapping: { phone: SMS, name: FIRSTNAME }`),
    )

    const contacts = [...account.contacts.values()]
    expect(contacts.length).toBeGreaterThan(100)
    expect(contacts.every((one) => one.attributes['SMS'] !== undefined)).toBe(true)
    expect(report).toMatchObject({ contacts: { written: contacts.length }, setAside: 0 })
  })

  it('reads only what changed since `backfill.since`', async () => {
    shop = await openShop({ size: SIZE })
    const since = new Date(Date.now() - 100 * 86_400_000).toISOString().slice(0, 10)

    const report = await shop.sync(
      {},
      shop.yaml(`
    backfill: { since: ${since} }`),
    )

    expect(report.read['tickets']).toBeLessThan(SIZE.tickets / 2)
  })
})

describe('a sync without a change', () => {
  it('costs at most eight Gorgias requests beside the survey window, and no write to Brevo', async () => {
    shop = await openShop({ size: SIZE })
    await shop.sync()
    shop.takeRequests()

    await shop.sync({ settling: false })

    const { gorgias, brevo } = shop.takeRequests()
    gorgias.delete('/api/satisfaction-surveys')
    expect(sum(gorgias)).toBeLessThanOrEqual(8)
    expect(countWrites(brevo)).toBe(0)
  })

  it('writes one contact when one thing changed', async () => {
    shop = await openShop({ size: SIZE })
    await shop.sync()
    shop.takeRequests()
    const customer = [...shop.sandbox.world.customers.values()].find(
      (one) => one.email?.endsWith('@example.com') === true,
    )!

    shop.sandbox.world.changeCustomer(customer.id, { name: 'Someone Else' })
    await shop.sync()

    expect(countWrites(shop.takeRequests().brevo)).toBe(1)
    expect(shop.sandbox.brevo.account.contacts.get(customer.email!)!.attributes['FIRSTNAME']).toBe(
      'Someone Else',
    )
  })
})

describe('a walk', () => {
  it('sees rows that move while it pages', async () => {
    shop = await openShop({ size: SIZE })
    const { world } = shop.sandbox
    const moved = [...world.ticketsByUpdate.page('asc', null, 1)][0]!
    let pages = 0
    shop.sandbox.helpdesk.intercept = ({ path }) => {
      pages += Number(path === '/api/tickets')
      if (pages === 3) world.changeTicket(moved.id, { subject: 'moved', trashed: world.now() })
      return null
    }

    await shop.sync()
    await shop.sync()

    const { engine } = shop.open()
    expect(engine.store.tickets.find('gorgias', moved.id.toString())!.counted).toBe(false)
  })

  it('goes on where it was interrupted, and reads no page of the first sync twice', async () => {
    shop = await openShop({ size: SIZE })
    let pages = 0
    shop.sandbox.helpdesk.intercept = ({ path }) => {
      pages += Number(path === '/api/messages')
      return pages === 8 && path === '/api/messages' ? { status: 403, body: '{"error":{"msg":"no"}}' } : null
    }
    await expect(shop.sync()).rejects.toMatchObject({ code: 'source_unauthorized' })
    shop.sandbox.helpdesk.intercept = null
    shop.takeRequests()

    await shop.sync()

    const { gorgias } = shop.takeRequests()
    // 13 pages in all: 7 were kept, 6 are left, and the look at the newest ones costs at most two.
    expect(gorgias.get('/api/messages')).toBeLessThanOrEqual(6 + 2)
    const { engine } = shop.open()
    expect(engine.store.tickets.count('gorgias')).toBe(SIZE.tickets)
  })

  it('starts anew when its cursor is no longer taken', async () => {
    shop = await openShop({ size: SIZE })
    let refused = 0
    shop.sandbox.helpdesk.intercept = ({ path, query }) => {
      if (path !== '/api/tickets' || query['cursor'] === undefined || refused >= 2) return null
      refused += 1
      return { status: 400, body: '{"error":{"msg":"Invalid cursor."}}' }
    }

    await shop.sync()

    const { engine } = shop.open()
    expect(refused).toBe(2)
    expect(engine.store.tickets.count('gorgias')).toBe(SIZE.tickets)
  })

  it.each([
    ['its cursors come again', (times: number) => `cursor-${times % 2}`],
    ['the same page comes under ever new cursors', (times: number) => `cursor-${times}`],
  ])('that goes in circles stops with a word: %s', async (_, next) => {
    shop = await openShop({ size: { customers: 3, tickets: 3, messages: 0, surveys: 0 } })
    const ticket = { id: 1, status: 'open', created_datetime: '2026-01-01T00:00:00Z' }
    const data = [{ ...ticket, updated_datetime: '2026-01-01T00:00:00Z', customer: { id: 1 } }]
    let pages = 0
    shop.sandbox.helpdesk.intercept = ({ path }) => {
      if (path !== '/api/tickets') return null
      pages += 1
      return { status: 200, body: JSON.stringify({ data, meta: { next_cursor: next(pages) } }) }
    }

    await expect(shop.sync()).rejects.toMatchObject({ code: 'source_cursor_loops' })

    expect(pages).toBeLessThan(10)
  })

  it('does not stop at the first old row: a whole page must lie below the bound', async () => {
    shop = await openShop({ size: { customers: 3, tickets: 3, messages: 0, surveys: 0 } })
    await shop.sync()
    const now = shop.sandbox.world.now()
    const ticket = (id: number, micros: number) => ({
      id,
      status: 'open',
      created_datetime: new Date(micros / 1000).toISOString(),
      updated_datetime: new Date(micros / 1000).toISOString(),
    })
    shop.sandbox.helpdesk.intercept = ({ path, query }) => {
      if (path !== '/api/tickets') return null
      const data =
        query['cursor'] === undefined
          ? [ticket(1, now), ticket(2, now - 900 * DAY)]
          : [ticket(3, now - 1_000_000)]
      const next_cursor = query['cursor'] === undefined ? 'more' : null
      return { status: 200, body: JSON.stringify({ data, meta: { next_cursor } }) }
    }

    await shop.sync()

    const { engine } = shop.open()
    expect(engine.store.tickets.find('gorgias', '3')).not.toBeNull()
  })

  it('stops with a word when pages come in the wrong order', async () => {
    shop = await openShop({ size: SIZE })
    const { world } = shop.sandbox
    shop.sandbox.helpdesk.intercept = ({ path, query }) => {
      if (path !== '/api/messages') return null
      const messages = world.messages
        .page('asc', null, 1_000)
        .slice(query['cursor'] === undefined ? 0 : 500)
        .slice(0, 100)
      const data = messages.map((one) => ({
        id: one.id,
        ticket_id: one.ticketId,
        created_datetime: new Date(one.created / 1000).toISOString(),
      }))
      return { status: 200, body: JSON.stringify({ data, meta: { next_cursor: 'more' } }) }
    }

    await expect(shop.sync()).rejects.toMatchObject({ code: 'source_out_of_order' })
  })

  it('moves its watermark only when it is complete', async () => {
    shop = await openShop({ size: SIZE })
    await shop.sync()
    const { world } = shop.sandbox
    const changedContacts = world.ticketsByUpdate.page('asc', null, 250)
    for (const ticket of changedContacts) world.changeTicket(ticket.id, { subject: 'changedContacts' })
    let pages = 0
    shop.sandbox.helpdesk.intercept = ({ path }) => {
      pages += Number(path === '/api/tickets')
      return path === '/api/tickets' && pages === 2
        ? { status: 401, body: '{"error":{"msg":"Unauthorized."}}' }
        : null
    }
    await expect(shop.sync()).rejects.toMatchObject({ code: 'source_unauthorized' })
    shop.sandbox.helpdesk.intercept = null

    await shop.sync()

    const { engine } = shop.open()
    const subjects = changedContacts.map(
      (ticket) => engine.store.tickets.find('gorgias', String(ticket.id))!.subject,
    )
    expect(new Set(subjects)).toEqual(new Set(['changedContacts']))
  })
})

describe('what Gorgias answers badly', () => {
  it.each([
    ['500', { status: 500, body: '<html>oops</html>' }],
    ['a web page', { status: 200, body: '<html>hello</html>' }],
    ['cut JSON', { status: 200, body: '{"data":[{"id":1' }],
    ['a cut connection', { cut: true as const }],
    ['429', { status: 429, body: '', headers: { 'retry-after': '1' } }],
  ])('is waited out: %s', async (_, fault) => {
    shop = await openShop({ size: { customers: 3, tickets: 3, messages: 0, surveys: 0 } })
    let faults = 0
    shop.sandbox.helpdesk.intercept = ({ path }) => {
      if (path !== '/api/tickets' || faults >= 1) return null
      faults += 1
      return fault
    }

    const report = await shop.sync()

    expect(faults).toBe(1)
    expect(report.read['tickets']).toBe(3)
  })

  it('in one record is set aside with its reason, and stops nothing', async () => {
    shop = await openShop({ size: { customers: 3, tickets: 0, messages: 0, surveys: 0 } })
    const bad = shop.sandbox.world.addCustomer({ email: 'bad@example.com' })
    Object.assign(bad, { created: Number.NaN })
    shop.sandbox.helpdesk.intercept = ({ path }) =>
      path !== '/api/customers'
        ? null
        : {
            status: 200,
            body: JSON.stringify({
              data: [
                {
                  id: 1,
                  email: 'bad@example.com',
                  created_datetime: 'yesterday',
                  updated_datetime: '2026-01-01T00:00:00',
                },
                {
                  id: 2,
                  email: 'good@example.com',
                  created_datetime: '2026-01-01',
                  updated_datetime: '2026-01-01T00:00:00',
                },
              ],
              meta: { next_cursor: null },
            }),
          }

    const report = await shop.sync()

    const { engine } = shop.open()
    expect(report.setAside).toBe(1)
    expect(engine.store.deadLetters.list()).toMatchObject([
      { kind: 'record', key: 'gorgias/customers/1', reason: '`created_datetime` is no date.' },
    ])
    expect([...shop.sandbox.brevo.account.contacts.keys()]).toEqual(['good@example.com'])
  })

  it('with 401 stops with a sentence that says what to do', async () => {
    shop = await openShop()
    shop.sandbox.helpdesk.intercept = () => ({ status: 401, body: '{"error":{"msg":"Unauthorized."}}' })

    await expect(shop.sync()).rejects.toMatchObject({
      code: 'source_unauthorized',
      hint: expect.stringContaining('tajo connectors install gorgias'),
    })
  })
})

describe('--since', () => {
  it('reads again what changed since then, and repeats no event', async () => {
    shop = await openShop({ size: SIZE })
    await shop.sync()
    shop.sandbox.world.addCustomer({ email: 'new@example.com' })
    await shop.sync()
    const sent = shop.sandbox.brevo.account.events.length

    const report = await shop.sync({ since: shop.sandbox.world.now() - 300 * DAY })

    expect(report.read['tickets']).toBeGreaterThan(SIZE.tickets / 2)
    expect(shop.sandbox.brevo.account.events.length).toBe(sent)
    expect(report.contacts.written).toBe(0)
  })
})
