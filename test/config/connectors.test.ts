// Names of connectors, their helpdesks, and several that fill the same attribute: message for message.
import { describe, expect, it } from '@jest/globals'

import { checkConfig, parseConfig } from '../../src/config/load.ts'

const block = (name: string, lines = ''): string => `  ${name}:
    domain: ${name}.gorgias.com
${lines}`
const complaints = (yaml: string): string[] =>
  checkConfig('connectors.yml', yaml, {}).complaints.map((one) => `${one.line}:${one.column} ${one.message}`)

describe('a connector', () => {
  it('has the name of its helpdesk, or one of its own and `source`', () => {
    const yaml = `connectors:\n${block('gorgias')}${block('outlet', '    source: gorgias\n')}`

    const { connectors } = parseConfig('connectors.yml', yaml, {})

    expect(connectors.map(({ name, source, label, account }) => [name, source, label, account])).toEqual([
      ['gorgias', 'gorgias', 'Gorgias', 'gorgias.gorgias.com'],
      ['outlet', 'gorgias', 'Gorgias', 'outlet.gorgias.com'],
    ])
  })

  it.each([
    [
      block('outlet'),
      '2:3 tajo does not connect outlet. There are: gorgias, intercom, gladly. A connector with a name of your own says which it is of: source: gorgias',
    ],
    [
      block('outlet', '    source: zendesk\n'),
      '2:3 There is no helpdesk "zendesk". There are: gorgias, intercom, gladly.',
    ],
    [
      '  outlet:\n    source: gorgias\n    domane: outlet.gorgias.com\n',
      '4:5 Unknown key "domane". Did you mean "domain"?',
    ],
    ['  outlet:\n    source: gorgias\n', '2:3 Either `domain` or `base_url` is needed.'],
    [
      '  outlet:\n    source: gorgias\n    domain: outlet\n',
      '4:13 "outlet" does not fit. A domain is the host alone, without https:// and without a path, and ends in .gorgias.com. Write: domain: outlet.gorgias.com',
    ],
    [
      block('brevo', '    source: gorgias\n'),
      '2:3 Brevo is where everything goes: give the connector another name.',
    ],
    [
      '  Shop EU:\n    source: gorgias\n    domain: eu.gorgias.com\n',
      '2:3 A connector’s name has small letters, digits, - and _, and begins with a letter.',
    ],
    [
      '  outlet:\n    source: gorgias\n    base_url: http://outlet.example/api\n',
      '4:15 Plain http would show your keys to the network. Use https (http is only for this machine).',
    ],
  ])('%j is complained of', (lines, message) => {
    expect(complaints(`connectors:\n${lines}`)).toContain(message)
  })
})

describe('an attribute that two connectors fill', () => {
  const two = (first: string, second: string, top = ''): string =>
    `${top}connectors:\n${block('gorgias', `    field_mapping: { ${first} }\n`)}${block('outlet', `    source: gorgias\n    field_mapping: { ${second} }\n`)}`

  it('from the same field is no mistake', () => {
    expect(complaints(two('nb_tickets: COUNT', 'nb_tickets: COUNT'))).toEqual([])
    expect(complaints(two('name: A', 'language: B', 'field_mapping: { nb_tickets: COUNT }\n'))).toEqual([])
  })

  it('from different fields is one, at both places', () => {
    expect(complaints(two('nb_tickets: COUNT', 'open_tickets: COUNT'))).toEqual([
      '4:22 COUNT is filled from nb_tickets for gorgias, and from open_tickets for outlet (connectors.outlet.field_mapping.open_tickets). Fill it from the same field, or say whose goes first: contacts: { precedence: [gorgias, outlet] }',
      '8:22 COUNT is filled from open_tickets for outlet, and from nb_tickets for gorgias (connectors.gorgias.field_mapping.nb_tickets). Fill it from the same field, or say whose goes first: contacts: { precedence: [outlet, gorgias] }',
    ])
  })

  it('is none where contacts.precedence decides, by connectors that there are', () => {
    const top = 'contacts: { precedence: [outlet, gorgias] }\n'
    expect(complaints(two('nb_tickets: COUNT', 'open_tickets: COUNT', top))).toEqual([])
    expect(
      complaints(two('name: A', 'name: A', 'contacts: { precedence: [outlet, gorgas, outlet] }\n')),
    ).toEqual([
      '1:34 There is no connector gorgas. Did you mean "gorgias"?',
      '1:42 outlet stands here twice.',
    ])
  })
})
