// Whose contact is written, and how: addresses that change, contacts that were deleted, blocks, memberships, guards.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { parseConfig } from '../../src/config/load.ts'
import { explainContact } from '../../src/explain/explain.ts'
import type { HttpRequest } from '../../src/lib/net/http.ts'
import { LISTS } from '../simulation/account.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

const contact = (email: string) => shop.account.contacts.get(email)
const isWrite = ({ method, url }: HttpRequest): boolean => url.includes('brevo') && method !== 'GET'

function addCustomer(email: string, tickets = 1): number {
  const { id } = shop.world.addCustomer({ email, name: email })
  for (let index = 0; index < tickets; index += 1) shop.world.addTicket({ customerId: id })
  return id
}

describe('a customer whose address changes', () => {
  it.each([true, false])('keeps their contact, and its block (lifted by Brevo: %s)', async (lifts) => {
    shop.account.liftsBlockOnRename = lifts
    const id = addCustomer('old@example.com')
    await shop.sync()
    const { id: contactId } = contact('old@example.com')!
    contact('old@example.com')!.emailBlacklisted = true
    shop.world.changeCustomer(id, { email: 'new@example.com' })

    await shop.sync()

    expect(contact('old@example.com')).toBeUndefined()
    expect(contact('new@example.com')).toMatchObject({ id: contactId, emailBlacklisted: true })
    expect(contact('new@example.com')!.lists).toEqual(new Set([LISTS.support]))
  })

  it('keeps the block when the answer to the change was lost', async () => {
    const id = addCustomer('old@example.com')
    await shop.sync()
    contact('old@example.com')!.emailBlacklisted = true
    shop.world.changeCustomer(id, { email: 'new@example.com' })
    await shop.killAt((request) => request.method === 'PUT' && (request.body ?? '').includes('EMAIL'))
    expect(contact('new@example.com')).toMatchObject({ emailBlacklisted: false })

    await shop.sync()

    expect(contact('new@example.com')).toMatchObject({ emailBlacklisted: true })
  })

  it('is merged with nobody: where the new address is taken, both contacts stay', async () => {
    const id = addCustomer('old@example.com')
    await shop.sync()
    shop.account.write('new@example.com', {})
    shop.world.changeCustomer(id, { email: 'new@example.com' })

    await shop.sync()

    expect(contact('old@example.com')).toBeDefined()
    expect(contact('old@example.com')!.lists.size).toBe(0)
    expect(contact('new@example.com')!.attributes).toMatchObject({ TICKET_COUNT: 1 })
  })

  it('leaves the old contact to another customer who has its address', async () => {
    const id = addCustomer('shared@example.com')
    addCustomer('shared@example.com')
    await shop.sync()
    shop.world.changeCustomer(id, { email: 'new@example.com' })

    await shop.sync()

    expect(contact('shared@example.com')!.attributes).toMatchObject({ TICKET_COUNT: 1 })
    expect(contact('new@example.com')!.attributes).toMatchObject({ TICKET_COUNT: 1 })
  })

  it('is told their events at the new address', async () => {
    await shop.sync()
    const id = addCustomer('old@example.com', 0)
    await shop.sync()
    const ticket = shop.world.addTicket({ customerId: id })
    shop.meet((request) => (isWrite(request) ? 'refused' : null))
    await shop.sync({ patienceMs: 0 })
    shop.world.changeCustomer(id, { email: 'new@example.com' })
    shop.meet(null)

    await shop.sync()

    const { id: contactId } = contact('new@example.com')!
    expect(shop.account.events.map(({ name, contactId: to }) => [name, to])).toEqual([
      ['CUSTOMER_CREATED', contactId],
      ['TICKET_CREATED', contactId],
    ])
    expect(ticket.id).toBeGreaterThan(0)
  })
})

describe('a first sync that was killed before it stored a page', () => {
  it('leaves to the next sync what happened since, and that one tells it', async () => {
    addCustomer('before@example.com')
    await shop.killAt(({ url }) => url.includes('/api/customers'))
    addCustomer('since@example.com', 0)
    await shop.pass(1)

    const report = await shop.sync()

    expect(shop.account.events.map(({ name, contactId }) => [name, contactId])).toEqual([
      ['CUSTOMER_CREATED', contact('since@example.com')!.id],
    ])
    expect(report.undelivered).toEqual({ contacts: 0, events: 0 })
  })
})

describe('an import that was not read back before the process ended', () => {
  it('gave memberships all the same: they end with their reason', async () => {
    shop.close()
    const thresholds = { bulkFrom: 1, minImport: 1, trial: 50, batchFrom: 300, batchSize: 200 }
    shop = openVirtualShop(1, { thresholds })
    const id = addCustomer('imported@example.com')
    let imported = false
    await shop.killAt(({ url }) => {
      imported ||= url.endsWith('/contacts/import')
      return imported && url.includes('modifiedSince')
    })
    expect(contact('imported@example.com')!.lists).toEqual(new Set([LISTS.support]))
    await shop.pass(30)
    addCustomer('another@example.com')
    await shop.sync()
    shop.world.deleteCustomer(id)

    await shop.sync()

    expect(contact('imported@example.com')!.lists).toEqual(new Set())
  })
})

describe('a contact that was deleted in Brevo', () => {
  it('is not made again; a person may ask for that', async () => {
    const id = addCustomer('gone@example.com')
    await shop.sync()
    shop.account.delete('gone@example.com')
    shop.world.addTicket({ customerId: id })

    const report = await shop.sync()
    shop.world.addTicket({ customerId: id })
    const next = await shop.sync()

    expect(contact('gone@example.com')).toBeUndefined()
    expect(report.setAside).toBeGreaterThan(0)
    expect(next.undelivered).toEqual({ contacts: 0, events: 0 })
    await shop.open(async ({ store }) => {
      const letter = store.deadLetters.find('contact', 'gone@example.com')
      expect(letter?.reason).toMatch(/deleted in Brevo/)
    })
  })
})

describe('a deletion in Brevo and a change of address', () => {
  const changed = { email: 'new@example.com' }

  it('makes no contact when the address changed after the deletion was seen', async () => {
    const id = addCustomer('gone@example.com')
    await shop.sync()
    shop.account.delete('gone@example.com')
    shop.world.addTicket({ customerId: id })
    await shop.sync()
    shop.world.changeCustomer(id, changed)

    await shop.sync()

    expect([...shop.account.contacts.keys()]).toEqual([])
  })

  it('makes no contact when nothing had been written since the deletion', async () => {
    const id = addCustomer('gone@example.com')
    await shop.sync()
    shop.account.delete('gone@example.com')
    shop.world.changeCustomer(id, changed)

    const report = await shop.sync()

    expect([...shop.account.contacts.keys()]).toEqual([])
    expect(report.setAside).toBeGreaterThan(0)
  })

  it('writes to the contact that has the new address already', async () => {
    const id = addCustomer('gone@example.com')
    await shop.sync()
    shop.account.delete('gone@example.com')
    shop.account.write('new@example.com', {})
    shop.world.changeCustomer(id, changed)

    await shop.sync()

    expect(contact('new@example.com')!.attributes).toMatchObject({ TICKET_COUNT: 1 })
  })
})

describe('a change of address that Brevo refuses', () => {
  const isChange = ({ method, body }: HttpRequest): boolean =>
    method === 'PUT' && (body ?? '').includes('"EMAIL"')

  it.each([
    ['becomes a contact of its own after the last try', false, true],
    ['waits for a person where the old contact is blocked', true, false],
  ])('%s', async (_, blocked, made) => {
    const id = addCustomer('old@example.com')
    await shop.sync()
    contact('old@example.com')!.emailBlacklisted = blocked
    shop.world.changeCustomer(id, { email: 'new@example.com' })
    shop.meet((request) => (isChange(request) ? 'bad_request' : null))
    for (let day = 0; day < 9; day += 1) {
      await shop.sync()
      await shop.pass(25 * 60)
    }

    await shop.sync()

    expect(contact('new@example.com') !== undefined).toBe(made)
  })
})

describe('contacts.create: never', () => {
  it('keeps in step who is there already, and makes nobody', async () => {
    shop.account.write('known@example.com', {})
    addCustomer('known@example.com')
    addCustomer('unknown@example.com')
    const yaml = shop.yaml('verify', { create: 'never' })

    const first = await shop.sync({}, yaml)
    const later = addCustomer('later@example.com')
    const second = await shop.sync({}, yaml)

    expect([...shop.account.contacts.keys()]).toEqual(['known@example.com'])
    expect(contact('known@example.com')!.attributes).toMatchObject({ TICKET_COUNT: 1 })
    expect(first).toMatchObject({ setAside: 0, undelivered: { contacts: 0, events: 0 } })
    expect(second).toMatchObject({ setAside: 0, undelivered: { contacts: 0, events: 0 } })
    expect(shop.account.events).toEqual([])
    expect(later).toBeGreaterThan(0)
  })
})

describe('a list membership', () => {
  it('whose answer was lost is known to be tajo’s: it ends with its reason', async () => {
    const id = addCustomer('a@example.com')
    await shop.killAt(({ method, url }) => method === 'POST' && url.endsWith('/contacts'))
    expect(contact('a@example.com')!.lists).toEqual(new Set([LISTS.support]))
    await shop.sync()
    for (const ticket of shop.world.tickets.values()) shop.world.changeTicket(ticket.id, { spam: true })

    await shop.sync()

    expect(contact('a@example.com')!.lists.size).toBe(0)
    expect(id).toBeGreaterThan(0)
  })

  it('is not given again by a repetition to whom left the list meanwhile', async () => {
    addCustomer('a@example.com')
    let isFirst = true
    shop.meet((request) => {
      if (!isFirst || request.method !== 'POST' || !request.url.endsWith('/contacts')) return null
      isFirst = false
      // Carried out, and answered after a minute: time enough to unsubscribe.
      shop.universe.at(shop.universe.now + 30_000, () =>
        shop.account.leaveList('a@example.com', LISTS.support),
      )
      return 'stalled_applied'
    })

    await shop.sync()

    expect(contact('a@example.com')).toMatchObject({ unsubscribed: new Set([LISTS.support]) })
    expect(contact('a@example.com')!.lists.size).toBe(0)
  })
})

it('a value that an unanswered write may have left is written again, even if it is the old one', async () => {
  const id = addCustomer('a@example.com')
  await shop.sync()
  const ticket = shop.world.addTicket({ customerId: id })
  await shop.killAt((request) => request.method === 'PUT' && (request.body ?? '').includes('TICKET_COUNT'))
  expect(contact('a@example.com')!.attributes).toMatchObject({ TICKET_COUNT: 2 })
  shop.world.deleteTicket(ticket.id)

  await shop.sync()

  expect(contact('a@example.com')!.attributes).toMatchObject({ TICKET_COUNT: 1 })
})

describe('a list that was left in Brevo', () => {
  it('is known as left as soon as the contact is looked at, and explained so', async () => {
    const id = addCustomer('a@example.com')
    await shop.sync()
    shop.account.leaveList('a@example.com', LISTS.support)
    shop.world.addTicket({ customerId: id, tags: ['vip'] })

    await shop.sync()

    expect(contact('a@example.com')!.lists).toEqual(new Set([LISTS.vip]))
    const lists = await shop.open(
      async ({ store }) =>
        explainContact(store, parseConfig('connectors.yml', shop.yaml(), {}), 'a@example.com')!.lists,
    )
    expect(lists[LISTS.support]).toMatchObject({
      member: false,
      reason: expect.stringContaining('left this list'),
    })
  })
})

describe('guards.max_removals', () => {
  it('writes nobody again while it holds back', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => addCustomer(`c${index}@example.com`))
    await shop.sync()
    for (const ticket of shop.world.tickets.values()) shop.world.changeTicket(ticket.id, { spam: true })
    await shop.sync()
    await shop.pass(70)
    let writes = 0
    shop.meet((request) => {
      if (isWrite(request)) writes += 1
      return null
    })

    const report = await shop.sync()

    expect(report.heldRemovals).not.toBeNull()
    expect([writes, ids.length]).toEqual([0, 60])
  })

  it('takes no membership away where too many would go, and all of them once that is accepted', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => addCustomer(`c${index}@example.com`))
    await shop.sync()
    for (const ticket of shop.world.tickets.values()) shop.world.changeTicket(ticket.id, { spam: true })
    const members = (): number =>
      [...shop.account.contacts.values()].filter((one) => one.lists.size > 0).length

    const held = await shop.sync()
    expect(held.heldRemovals).toMatchObject({ limit: 50 })
    expect(members()).toBe(ids.length)
    // What else changed was written.
    expect(contact('c0@example.com')!.attributes).toMatchObject({ TICKET_COUNT: 0 })

    const accepted = await shop.sync({ acceptRemovals: true })
    expect(accepted.heldRemovals).toBeNull()
    expect(members()).toBe(0)
  })

  it('lets a few go', async () => {
    for (let index = 0; index < 60; index += 1) addCustomer(`c${index}@example.com`)
    await shop.sync()
    for (const ticket of [...shop.world.tickets.values()].slice(0, 40))
      shop.world.changeTicket(ticket.id, { spam: true })

    const report = await shop.sync()

    expect(report.heldRemovals).toBeNull()
    expect([...shop.account.contacts.values()].filter((one) => one.lists.size > 0)).toHaveLength(20)
  })
})

describe('a customer who is deleted in the helpdesk', () => {
  it.each([
    ['unlist', 0],
    ['keep', 1],
  ] as const)('on_delete: %s', async (rule, memberships) => {
    const yaml = shop.yaml().replace('connectors:\n', `on_delete: ${rule}\nconnectors:\n`)
    const id = addCustomer('a@example.com')
    await shop.sync({}, yaml)
    shop.world.deleteCustomer(id)

    await shop.sync({}, yaml)

    expect(contact('a@example.com')!.lists.size).toBe(memberships)
  })
})
