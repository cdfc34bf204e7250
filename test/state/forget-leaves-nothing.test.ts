// No row of any table names a person who was forgotten: neither the address, nor an id of theirs.
import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { Sqlite } from '../support/sqlite.ts'
import { join } from 'node:path'

import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

/** Table and row of whatever holds one of the words. */
function find(words: readonly string[]): string[] {
  const database = new Sqlite(join(shop.stateDir, 'tajo.db'), { readonly: true })
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
      .pluck()
      .all() as string[]
    return tables.flatMap((table) =>
      (database.prepare(`SELECT * FROM "${table}"`).all() as object[])
        .map((row) => JSON.stringify(row).toLowerCase())
        .filter((row) => words.some((word) => row.includes(word)))
        .map((row) => `${table}: ${row}`),
    )
  } finally {
    database.close()
  }
}

it('with messages, surveys, campaigns, addresses that changed, and writes under way', async () => {
  const yaml = shop.yaml('verify', { campaigns: true })
  const { id } = shop.world.addCustomer({ email: 'jane@example.com', name: 'Jane' })
  const bob = shop.world.addCustomer({ email: 'bob@example.com', name: 'Bob' })
  await shop.sync({}, yaml)
  const ticket = shop.world.addTicket({ customerId: id, subject: 'Secret' })
  shop.world.addTicket({ customerId: bob.id })
  shop.world.addMessage(ticket.id, {})
  shop.world.addMessage(ticket.id, { fromAgent: true })
  shop.world.addSurvey(ticket.id, { score: 5, scored: shop.world.now() })
  shop.world.closeTicket(ticket.id)
  await shop.pass(1)
  // One that is refused is set aside; of those after it some wait, and so does the campaign.
  shop.meet(({ url, method }) => (method === 'POST' && url.endsWith('/events') ? 'bad_request' : null))
  await shop.sync({ patienceMs: 0 }, yaml)
  shop.world.changeCustomer(id, { email: 'new.jane@example.com' })
  shop.meet((request) => (request.method === 'PUT' ? 'bad_request' : null))
  await shop.sync({ patienceMs: 0 }, yaml)
  shop.meet(null)
  const theirs = ['jane@example.com', String(id), String(ticket.id)]
  expect(new Set(find(theirs).map((row) => row.split(':')[0]))).toEqual(
    expect.objectContaining(
      new Set([
        'customers',
        'tickets',
        'messages',
        'surveys',
        'campaign_entries',
        'outbox_events',
        'moves',
        'dead_letters',
      ]),
    ),
  )

  await shop.open((engine) => engine.forget('new.jane@example.com', false), yaml)

  expect(find(theirs)).toEqual([])
  expect(find(['bob@example.com'])).not.toEqual([])
})
