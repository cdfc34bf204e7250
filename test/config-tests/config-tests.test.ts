// Tests of a mapping, as a marketer writes them; and the law that a test recorded from a contact passes.
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { parseConfig } from '../../src/config/load.ts'
import type { MappingTest } from '../../src/config/schema/schema-tests.ts'
import { recordTest } from '../../src/config-tests/record.ts'
import { runMappingTest } from '../../src/config-tests/run.ts'
import { silentLog } from '../support/sandbox.ts'
import { openVirtualShop } from '../support/virtual.ts'

const YAML = `connectors:
  gorgias:
    domain: shop.gorgias.com
    lists: { all_support_contacts: 35, satisfied_customers: 36 }
    tag_lists: { vip: 40 }
    field_mapping:
      name: FIRSTNAME
      nb_tickets: TICKET_COUNT
      avg_response_time: { attribute: HOURS, unit: hours }
      last_satisfaction_score: CSAT_SCORE
      custom_fields.tier: TIER
    event_mapping:
      ticket.created: OPENED
      ticket.closed: { event: CLOSED, when: channel != "sms" }
      ticket.reopened: REOPENED
      ticket.tagged: TAGGED
      satisfaction_survey.responded: ANSWERED
campaigns:
  thanks: { on: satisfaction_survey.responded, when: score >= 4, event: THANKS, delay: 1h }
`
const customer = { email: 'Ann@Shop.example', name: 'Ann', custom_fields: { tier: 'gold' } }

const run = (test: Omit<MappingTest, 'name'>): Promise<string[]> =>
  runMappingTest({ name: 'a test', ...test }, parseConfig('connectors.yml', YAML, {}), [], silentLog)

describe('a test of a mapping', () => {
  it('comes to its end where identifiers are mapped, which go out while a first sync is reading', async () => {
    const config = parseConfig('connectors.yml', YAML.replace('name: FIRSTNAME', 'external_id: EXT_ID'), {})
    const test: MappingTest = {
      name: 'an identifier',
      given: { customer: { ...customer, external_id: 'shop-7' }, tickets: [{ id: 1 }] },
      expect: { attributes: { EXT_ID: 'shop-7', TICKET_COUNT: 1 } },
    }
    expect(await runMappingTest(test, config, [], silentLog)).toEqual([])
  })

  it('looks at attributes, lists, events with their properties, and campaigns', async () => {
    expect(
      await run({
        given: {
          customer,
          tickets: [
            {
              id: 1,
              tags: ['vip'],
              created: '2026-01-10T09:00:00Z',
              first_response: '2026-01-10T10:30:00Z',
              closed: '2026-01-11T09:00:00Z',
            },
          ],
        },
        happens: [
          { 'ticket.created': { id: 2, channel: 'chat' } },
          { 'ticket.tagged': { ticket: 2, tag: 'urgent' } },
          { 'ticket.closed': 2 },
          { 'satisfaction_survey.responded': { ticket: 2, score: 5, comment: 'Thanks!' } },
        ],
        wait: '2h',
        expect: {
          attributes: { TICKET_COUNT: 2, HOURS: 1.5, CSAT_SCORE: 5, TIER: 'gold', FIRSTNAME: 'Ann' },
          lists: [35, 36, 40],
          events: [
            'OPENED',
            'TAGGED',
            { name: 'CLOSED', properties: { channel: 'chat' } },
            { name: 'ANSWERED', properties: { score: 5, comment: 'Thanks!' } },
            'THANKS',
          ],
          campaigns: { thanks: 'fired' },
        },
      }),
    ).toEqual([])
  })

  it('says each difference in words', async () => {
    const differences = await run({
      given: { customer, tickets: [{ id: 1 }] },
      happens: [
        { 'ticket.closed': 1 },
        { at: '+10m', 'satisfaction_survey.responded': { ticket: 1, score: 2 } },
      ],
      expect: {
        attributes: { TICKET_COUNT: 3, TIER: null },
        lists: [36],
        events: ['CLOSED'],
        campaigns: { thanks: 'fired' },
      },
    })

    expect(differences).toEqual([
      'TICKET_COUNT: expected 3, got 1',
      'TIER: expected nothing, got "gold"',
      'lists: not in 36',
      'lists: in 35, which was not expected',
      'events: expected CLOSED, got CLOSED, ANSWERED',
      'campaign thanks: expected fired, got waiting',
    ])
  })

  it('what is given is history and fires nothing; a condition that is not met sends nothing', async () => {
    expect(
      await run({
        given: { customer, tickets: [{ id: 1, channel: 'sms' }] },
        happens: [{ 'ticket.closed': 1 }],
        expect: { events: [], campaigns: { thanks: 'none' } },
      }),
    ).toEqual([])
  })

  it('of a campaign whose delay is not over waits', async () => {
    expect(
      await run({
        given: { customer, tickets: [{ id: 1 }] },
        happens: [{ 'satisfaction_survey.responded': { ticket: 1, score: 5 } }],
        wait: '30m',
        expect: { campaigns: { thanks: 'waiting' } },
      }),
    ).toEqual([])
  })
})

it('a test that was recorded from a contact passes, anonymised or not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ seed: fc.integer({ min: 1, max: 1_000_000 }), acts: fc.nat(15), anonymise: fc.boolean() }),
      async ({ seed, acts, anonymise }) => {
        const shop = openVirtualShop(seed)
        try {
          shop.shop.seedPast(3)
          await shop.sync()
          for (let count = 0; count < acts; count += 1) {
            shop.shop.act()
            await shop.pass(1)
          }
          await shop.sync({ reconcile: true })
          const config = parseConfig('connectors.yml', shop.yaml(), {})
          const tests = await shop.open(async ({ store }) =>
            store.customers.liveEmails().flatMap((email) => {
              if (store.customers.isOwnAddress(email)) return []
              return recordTest(store, config, email, anonymise) ?? []
            }),
          )
          fc.pre(tests.length > 0)
          for (const test of tests.slice(0, 3)) {
            expect(await runMappingTest(test, config, [], silentLog)).toEqual([])
            if (anonymise) expect(JSON.stringify(test)).not.toMatch(/person|shop\.example/i)
          }
        } finally {
          shop.close()
        }
      },
    ),
    { numRuns: 8 },
  )
})

it('nothing of a person is in an anonymised test, whatever the mapping computes from them', async () => {
  const shop = openVirtualShop()
  const secret = shop.shop.world.addCustomer({
    email: 'ann.secret@example.com',
    name: 'Ann Secret',
    note: 'Secret note',
    data: { card: 'Secret card' },
    created: 1,
    updated: shop.world.now(),
  })
  const field = shop.world.fields.find((one) => one.label.toLowerCase() === 'tier')!
  shop.world.setCustomField(secret.id, field.id, 'Secret tier')
  const yaml = shop
    .yaml()
    .replace('name: FIRSTNAME', "FIRSTNAME: { value: name + '!', type: text }")
    .replace('custom_fields.tier: TIER', 'tier: TIER')
  await shop.sync({}, yaml)

  const test = await shop.open(
    async ({ store }) =>
      recordTest(store, parseConfig('connectors.yml', yaml, {}), 'ann.secret@example.com', true),
    yaml,
  )
  expect(JSON.stringify(test)).toContain('TICKET_COUNT')
  expect(JSON.stringify(test)).not.toMatch(/secret/i)
  shop.close()
})
