// Long forms of the mapping, and what a change of connectors.yml does to contacts that did not change themselves.
import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
  shop.account.lists.set(44, 'Big spenders')
  shop.account.attributes.set('HOURS', { name: 'HOURS', category: 'normal', type: 'float' })
})
afterEach(() => shop.close())

const withFields = (lines: string): string =>
  shop.yaml().replace('field_mapping:\n', `field_mapping:\n${lines}`)
const withLists = (lists: string): string =>
  shop.yaml().replace('lists: { all_support', `lists: { ${lists}, all_support`)
const contact = () => shop.account.contacts.get('a@example.com')!

function addCustomerWithTickets(count: number): number {
  const { id } = shop.world.addCustomer({ email: 'a@example.com', created: 1, updated: shop.world.now() })
  for (let index = 0; index < count; index += 1) shop.world.addTicket({ customerId: id })
  return id
}

it('a list has a condition of its own, and a membership ends with it', async () => {
  const id = addCustomerWithTickets(2)
  await shop.sync({}, withLists('big_spenders: { id: 44, when: nb_tickets >= 3 }'))
  expect([...contact().lists]).not.toContain(44)

  shop.world.addTicket({ customerId: id })
  await shop.sync({}, withLists('big_spenders: { id: 44, when: nb_tickets >= 3 }'))
  expect([...contact().lists]).toContain(44)

  await shop.sync({}, withLists('big_spenders: { id: 44, when: nb_tickets >= 4 }'))
  expect([...contact().lists]).not.toContain(44)
})

it('a condition on something unknown is not met', async () => {
  addCustomerWithTickets(1)
  await shop.sync({}, withLists('unhappy: { id: 44, when: last_satisfaction_score < 3 }'))
  expect([...contact().lists]).not.toContain(44)
})

it('a duration is written in the unit that is asked for', async () => {
  const { id } = shop.world.addCustomer({ email: 'a@example.com', created: 1, updated: shop.world.now() })
  const ticket = shop.world.addTicket({ customerId: id })
  const start = shop.world.now()
  shop.world.addMessage(ticket.id, { created: start })
  await shop.pass(90)
  shop.world.addMessage(ticket.id, { created: shop.world.now(), fromAgent: true })
  await shop.sync(
    {},
    withFields('      avg_response_time: { attribute: HOURS, unit: hours }\n').replace(
      /.*AVG_RESPONSE_TIME.*\n/,
      '',
    ),
  )

  expect(contact().attributes['HOURS']).toBe(1.5)
})

it('another expression writes contacts anew that did not change themselves', async () => {
  addCustomerWithTickets(2)
  await shop.sync({}, withFields('      HOURS: { value: nb_tickets * 10, type: number }\n'))
  expect(contact().attributes['HOURS']).toBe(20)

  await shop.sync({}, withFields('      HOURS: { value: nb_tickets * 100, type: number }\n'))
  expect(contact().attributes['HOURS']).toBe(200)
})
