// What may become an event, and under which condition: each kind of occurrence, the long form of event_mapping, computed values.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { parseConfig } from '../../src/config/load.ts'
import { type OccurrenceType, OCCURRENCE_TYPES } from '../../src/model/occurrence.ts'
import type { TajoError } from '../../src/lib/errors.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

let shop: VirtualShop
let customer: number
let ticket: number
let asleep: number
let yaml: string

const mapping = (lines: string): string =>
  shop.yaml().replace(/ {4}event_mapping:[^]*$/, `    event_mapping:\n${lines}`)
const everything = (): string =>
  mapping(OCCURRENCE_TYPES.map((type) => `      ${type}: ${type.replaceAll('.', '_')}`).join('\n') + '\n')
const names = (): string[] => shop.account.events.map((event) => event.name)

beforeEach(async () => {
  shop = openVirtualShop()
  yaml = everything()
  await shop.sync({}, yaml)
  customer = shop.world.addCustomer({ email: 'jane@example.com', name: 'Jane' }).id
  ticket = shop.world.addTicket({ customerId: customer, subject: 'Where is it?', tags: ['lost'] }).id
  const sleeper = shop.world.addCustomer({ email: 'sleeper@example.com' }).id
  asleep = shop.world.addTicket({ customerId: sleeper }).id
  shop.world.snoozeTicket(asleep, shop.world.now() + 86_400_000_000)
  await shop.sync({}, yaml)
  shop.account.events.length = 0
})
afterEach(() => shop.close())

describe('each kind of occurrence is told once', () => {
  const kinds: Record<OccurrenceType, () => void> = {
    'ticket.created': () => shop.world.addTicket({ customerId: customer }),
    'ticket.updated': () => shop.world.changeSubject(ticket, 'Still waiting'),
    'ticket.closed': () => shop.world.closeTicket(ticket),
    'ticket.reopened': () => {
      shop.world.closeTicket(ticket)
      shop.world.reopenTicket(ticket)
    },
    'ticket.assigned': () => shop.world.assignTicket(ticket, 7),
    'ticket.tagged': () => shop.world.addTag(ticket, 'vip'),
    'ticket.untagged': () => shop.world.removeTag(ticket, 'lost'),
    'ticket.snoozed': () => shop.world.snoozeTicket(ticket, shop.world.now() + 86_400_000_000),
    'ticket.unsnoozed': () => shop.world.reopenTicket(asleep),
    'ticket.merged': () => {
      const other = shop.world.addTicket({ customerId: customer }).id
      shop.world.mergeTickets(ticket, other)
    },
    'ticket.handed_over': () => shop.world.log('ticket-handed-over', 'Ticket', ticket),
    'ticket.message.received': () => shop.world.addMessage(ticket),
    'ticket.message.sent': () => shop.world.addMessage(ticket, { fromAgent: true }),
    'satisfaction_survey.created': () => shop.world.addSurvey(ticket, { sent: null }),
    'satisfaction_survey.sent': () => shop.world.addSurvey(ticket),
    'satisfaction_survey.responded': () =>
      shop.world.scoreSurvey(shop.world.addSurvey(ticket).id, 5, { told: true }),
    'satisfaction_survey.skipped': () => shop.world.skipSurvey(ticket),
    'customer.created': () => shop.world.addCustomer({ email: 'new@example.com' }),
    'customer.updated': () => shop.world.changeCustomer(customer, { name: 'Jane Doe' }),
    'customer.merged': () => {
      const other = shop.world.addCustomer({ email: 'other@example.com' }).id
      shop.world.mergeCustomers(other, customer)
    },
    'customer.deleted': () => shop.world.deleteCustomer(customer),
    'macro.applied': () => shop.world.addMessage(ticket, { fromAgent: true, macros: [31] }),
    'rule.executed': () => shop.world.addMessage(ticket, { fromAgent: true, rule: 9 }),
  }

  it.each(Object.entries(kinds))('%s', async (type, happen) => {
    happen()

    await shop.sync({}, yaml)
    await shop.pass(5)
    await shop.sync({}, yaml)
    await shop.sync({ reconcile: true }, yaml)

    expect(names().filter((name) => name === type.replaceAll('.', '_'))).toHaveLength(1)
  })
})

it('says which tags came and who was assigned', async () => {
  shop.world.addTag(ticket, 'vip')
  shop.world.assignTicket(ticket, 7)

  await shop.sync({}, yaml)

  expect(shop.account.events.map((event) => event.properties)).toMatchObject([
    { tags_added: ['vip'], tags: ['lost', 'vip'] },
    { assignee_id: '7' },
  ])
})

describe('the long form of event_mapping', () => {
  it('tells only what meets its condition, with computed properties', async () => {
    const long = mapping(`      ticket.closed:
        event: RESOLVED
        when: '!("lost" in ticket.tags) && nb_tickets < 3'
        properties: { agent: assignee.name, hours: resolution_time / 60 }
        contact_properties: { LAST_CHANNEL: channel }
`)
    const kept = shop.world.addTicket({ customerId: customer, channel: 'chat' }).id
    await shop.sync({}, long)
    await shop.pass(90)
    shop.world.closeTicket(ticket)
    shop.world.closeTicket(kept)

    await shop.sync({}, long)
    await shop.sync({}, long)

    expect(shop.account.events).toHaveLength(1)
    const [event] = shop.account.events
    expect(event).toMatchObject({ name: 'RESOLVED', properties: { ticket_id: String(kept) } })
    expect(event!.properties['hours']).toBeCloseTo(1.5, 1)
    // Nobody is assigned: what is unknown is left out.
    expect(event!.properties).not.toHaveProperty('agent')
    expect(event!.contactProperties).toEqual({ LAST_CHANNEL: 'chat' })
  })

  it('decides once: a condition that is loosened later tells nothing of what was before', async () => {
    const strict = mapping('      ticket.closed: { event: RESOLVED, when: nb_tickets > 100 }\n')
    const loose = mapping('      ticket.closed: RESOLVED\n')
    shop.world.closeTicket(ticket)
    await shop.sync({}, strict)

    await shop.sync({}, loose)
    await shop.sync({ reconcile: true }, loose)

    expect(names()).toEqual([])
    await shop.open(async ({ store }) => {
      expect(store.outboxEvents.counts()).toMatchObject({ skipped: 1 })
    }, loose)
  })

  it('tells nothing that is first seen later than max_age', async () => {
    const aged = mapping('      ticket.closed: { event: RESOLVED, max_age: 2h }\n')
    shop.world.closeTicket(ticket)
    await shop.pass(3 * 60)

    await shop.sync({}, aged)

    expect(names()).toEqual([])
  })
})

it('a computed value fills its attribute, and an unknown one clears it', async () => {
  shop.account.addAttribute('AVG_HOURS', 'float')
  shop.account.addAttribute('KIND', 'text')
  const computed = shop.yaml().replace(
    '      custom_fields.tier: TIER',
    `      AVG_HOURS: { value: avg_response_time / 60, type: number, round: 1 }
      KIND: { value: 'nb_tickets > 1 ? "regular" : "new"', type: text }`,
  )
  const held = () => shop.account.contacts.get('jane@example.com')!.attributes
  shop.world.addMessage(ticket, { created: shop.world.now() })
  await shop.sync({}, computed)
  expect(held()).toMatchObject({ KIND: 'new' })
  expect(held()['AVG_HOURS'] ?? '').toBe('')
  await shop.pass(126)
  shop.world.addMessage(ticket, { fromAgent: true })
  shop.world.addTicket({ customerId: customer })

  await shop.sync({}, computed)

  expect(held()).toMatchObject({ KIND: 'regular', AVG_HOURS: 2.1 })
})

describe('mistakes in expressions', () => {
  const complaints = (text: string): readonly string[] => {
    try {
      parseConfig('connectors.yml', text, {})
      return []
    } catch (thrown) {
      return (thrown as TajoError).details
    }
  }
  const file = (line: string): string => `connectors:
  gorgias:
    domain: a.gorgias.com
    event_mapping:
      ticket.closed: { event: A, when: ${line} }
`

  it.each([
    ['satisfaction_scor >= 4', 'connectors.yml:5:40', 'Did you mean satisfaction_score?'],
    ['nb_tickets > "three"', 'connectors.yml:5:40', 'a number and text can’t be compared'],
    ['"nb_tickets + 1"', 'connectors.yml:5:41', 'true or false'],
    [`'"vip" in ticket.tag'`, 'connectors.yml:5:57', 'There is no "tag"'],
    ['subject.matches("(a+)+")', 'connectors.yml:5:40', 'not available'],
  ])('%s', (expression, place, words) => {
    const [complaint, ...more] = complaints(file(expression))

    expect(complaint).toContain(`${place} connectors.gorgias.event_mapping.ticket.closed.when`)
    expect(complaint).toContain(words)
    expect(more).toEqual([])
  })
})
