// connectors.yml: what is understood, and every complaint with its place.
import { readFileSync } from 'node:fs'

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { checkConfig, parseConfig } from '../../src/config/load.ts'
import { TajoError } from '../../src/lib/errors.ts'

const complaints = (yaml: string, env: Record<string, string> = {}): readonly string[] => {
  try {
    parseConfig('connectors.yml', yaml, env)
  } catch (thrown) {
    if (thrown instanceof TajoError) return thrown.details
    throw thrown
  }
  return []
}
const gorgias = (lines: string): string =>
  `connectors:\n  gorgias:\n    domain: yourstore.gorgias.com\n${lines}`

describe('connectors.yml', () => {
  it('of the documentation works as it stands', () => {
    const text = readFileSync('connectors.yml', 'utf8')

    const { brevo, connectors } = parseConfig('connectors.yml', text, {})

    expect(brevo.baseUrl).toBe('https://api.brevo.com/v3')
    expect(connectors[0]).toMatchObject({
      name: 'gorgias',
      enabled: true,
      account: 'yourstore.gorgias.com',
      schedule: '*/5 * * * *',
      defaultCountry: 'US',
      sync: { customers: true, tickets: true, satisfactionSurveys: true, tags: true },
      rules: {
        lists: [
          { name: 'all_support_contacts', list: 35, condition: { kind: 'tickets' } },
          { list: 36, condition: { kind: 'score_from', score: 4 } },
          { list: 37, condition: { kind: 'score_to', score: 2 } },
          { name: 'vip', list: 40, condition: { kind: 'tag', tag: 'vip' } },
          { list: 41, condition: { kind: 'tag', tag: 'wholesale' } },
        ],
        events: { 'ticket.closed': { event: 'SUPPORT_TICKET_RESOLVED', when: null } },
      },
    })
    expect(connectors[0]!.rules.fields).toHaveLength(12)
  })

  it('needs no more than a domain; the rest has its default', () => {
    const { connectors } = parseConfig('connectors.yml', gorgias(''), {})

    expect(connectors[0]).toMatchObject({
      schedule: '*/5 * * * *',
      surveyWindowMs: 45 * 86_400_000,
      backfillSince: null,
      pace: { requests: 40, perSeconds: 20 },
      rules: { fields: [], lists: [] },
    })
  })

  it('takes mappings at the top level as defaults, and a connector’s own lines first', () => {
    const yaml = `${gorgias('    field_mapping: { name: NICKNAME }\n    event_mapping: { ticket.closed: OWN }')}
field_mapping: { name: FIRSTNAME, nb_tickets: TICKET_COUNT, language: NICKNAME }
event_mapping: { ticket.closed: GENERAL, ticket.created: OPENED }`

    const { rules } = parseConfig('connectors.yml', yaml, {}).connectors[0]!

    expect(rules.fields.map(({ field, attribute }) => `${field}→${attribute}`)).toEqual([
      'name→NICKNAME',
      'nb_tickets→TICKET_COUNT',
    ])
    expect(rules.events).toMatchObject({
      'ticket.closed': { event: 'OWN', when: null },
      'ticket.created': { event: 'OPENED' },
    })
  })

  it('takes ${NAME} from the environment as a value, never as YAML', () => {
    const env = { DOMAIN: 'shop.gorgias.com', EVIL: 'x"\nenabled: false' }

    const { connectors } = parseConfig('c.yml', 'connectors:\n  gorgias:\n    domain: ${DOMAIN}\n', env)

    expect(connectors[0]!.account).toBe('shop.gorgias.com')
    expect(complaints('connectors:\n  gorgias:\n    domain: ${EVIL}\n', env)).toHaveLength(1)
    expect(complaints('connectors:\n  gorgias:\n    domain: ${GONE}\n')).toEqual([
      'connectors.yml:3:13: The environment has no variable GONE.',
    ])
  })
})

describe('complaints', () => {
  it('come all at once, in the order of the file, each with its place, its key and what was meant', () => {
    const yaml = gorgias(`    shedule: "*/5 * * * *"
    lists: { all_support_contacts: thirty }
    log_level: loud
    field_mapping: { name: first name }
    event_mapping: { ticket.close: X }
`)

    expect(complaints(yaml)).toEqual([
      'connectors.yml:4:5 connectors.gorgias.shedule: Unknown key "shedule". Did you mean "schedule"?',
      'connectors.yml:5:36 connectors.gorgias.lists.all_support_contacts: A list’s id is a whole number such as 35: Brevo shows it beside the list’s name.',
      'connectors.yml:6:16 connectors.gorgias.log_level: "loud" does not fit. Expected one of error, warn, info, verbose, debug.',
      'connectors.yml:7:28 connectors.gorgias.field_mapping.name: "first name" does not fit. An attribute is written as in Brevo: a capital letter first, then capitals, digits, _ and -. Write: name: FIRST_NAME',
      'connectors.yml:8:22 connectors.gorgias.event_mapping.ticket.close: Unknown key "ticket.close". Did you mean "ticket.closed"?',
    ])
  })

  it.each([
    [
      'a schedule that is none',
      '    schedule: every day',
      '"every day" is no cron schedule. Every five minutes is "*/5 * * * *".',
    ],
    [
      'a date that is none',
      '    backfill: { since: soon }',
      '"soon" is no date. A date is year, month, day. Write: since: 2024-01-31',
    ],
    [
      'a country that is none',
      '    default_country: XX',
      '"XX" is no country. Use the two letters of ISO 3166, such as US or FR.',
    ],
    [
      'plain http to elsewhere',
      '    base_url: http://shop.example/api',
      'Plain http would show your keys to the network. Use https (http is only for this machine).',
    ],
    [
      'scores that overlap',
      '    satisfaction: { satisfied_from: 2 }',
      'dissatisfied_to (2) must be below satisfied_from (2).',
    ],
    [
      'an attribute filled twice',
      '    field_mapping: { name: A, language: A }',
      'A is filled twice: by name and by language.',
    ],
    [
      'another address as identity',
      '    field_mapping: { note: EMAIL }',
      'The e-mail address identifies the contact: only the field email can go there, not note.',
    ],
    [
      'a slip in a field',
      '    field_mapping: { nb_ticket: N }',
      'There is no field "nb_ticket". Did you mean "nb_tickets"? A custom field is written custom_fields.nb_ticket.',
    ],
  ])('name %s', (_, line, message) => {
    const found = complaints(gorgias(line))

    expect(found).toHaveLength(1)
    expect(found[0]).toContain(message)
    expect(found[0]).toMatch(/^connectors\.yml:4:\d+ connectors\.gorgias\./)
  })

  it('allow plain http to this machine', () => {
    expect(complaints(gorgias('    base_url: http://127.0.0.1:8080/api'))).toEqual([])
  })

  it('name duplicate keys, aliases, tags, prototypes and files that are too large', () => {
    expect(complaints(`${gorgias('')}connectors: {}`)[0]).toMatch(
      /^connectors\.yml:4:1: "connectors" stands here for the second time \(first: line 1\)/,
    )
    expect(complaints('a: &x 1\nb: *x')).toEqual([
      'connectors.yml:2:4: Aliases (*name) are not read here: write the value itself.',
    ])
    expect(complaints('a: !thing 1')[0]).toMatch(
      /^connectors\.yml:1:4: A value that begins with ! needs quotes/,
    )
    expect(complaints('__proto__: { x: 1 }')[0]).toContain('The key __proto__ is not allowed.')
    expect(complaints('x'.repeat(300_000))).toEqual(['connectors.yml:1:1: The file is larger than 256 KiB.'])
    expect(complaints('')).toEqual([
      'connectors.yml:1:1: The file says nothing: it is empty, or holds comments only.',
    ])
  })

  it('are all that any text can cause', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        try {
          parseConfig('c.yml', text, {})
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(TajoError)
          expect((thrown as TajoError).kind).toBe('config')
        }
      }),
    )
  })
})

it('a file of thousands of mistakes is refused soon, and says that there are more', () => {
  const fields = Array.from({ length: 9_000 }, (_, index) => `x${index}: y${index}`).join(', ')
  const { complaints } = checkConfig(
    'connectors.yml',
    `connectors: { gorgias: { field_mapping: { ${fields} } } }`,
    {},
  )

  expect(complaints.length).toBeLessThan(600)
  expect(complaints.map((one) => one.message)).toContain('There are more mistakes than these.')
})
