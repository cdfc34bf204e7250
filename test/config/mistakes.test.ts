// Mistakes as marketers make them, message for message: each named once, with its rule and the line mended.
import { describe, expect, it } from '@jest/globals'

import { checkConfig } from '../../src/config/load.ts'

const TOP = `connectors:
  gorgias:
    domain: yourstore.gorgias.com
`
const mapping = (line: string): string => `${TOP}    field_mapping:\n      ${line}\n`
const event = (line: string): string => `${TOP}    event_mapping:\n      ticket.closed: ${line}\n`
const campaign = (line: string): string =>
  `${TOP}    event_mapping: { ticket.closed: CLOSED }\ncampaigns:\n  thanks:\n    on: ticket.closed\n    ${line}\n`
const when = (condition: string): string => campaign(`when: ${condition}`)

/** `line:column message` of each complaint. */
function say(text: string): string[] {
  return checkConfig('connectors.yml', text, {}).complaints.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  )
}
const warn = (text: string): string[] =>
  checkConfig('connectors.yml', text, {}).warnings.map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  )

const RULES = {
  attribute: 'An attribute is written as in Brevo: a capital letter first, then capitals, digits, _ and -.',
  event: 'An event’s name has letters A to Z, digits, _ and - only.',
  duration: 'A duration is a number and one of s, m, h, d, w.',
  domain: 'A domain is the host alone, without https:// and without a path, and ends in .gorgias.com.',
  list: 'A list’s id is a whole number such as 35: Brevo shows it beside the list’s name.',
  key: 'Keys never stand in this file. Delete the line; set the key in the environment (GORGIAS_API_KEY, BREVO_API_KEY), or run: tajo connectors install gorgias. This one was in a file: make a new one.',
}
const SAME_COLUMN = 'lines of one block begin in the same column.'

describe('what is no YAML is said once, with its cause', () => {
  it.each([
    [
      'a tab',
      `${TOP}\tenabled: true\n    schedule: "0 * * * *"\n`,
      '4:1 Line 4 begins with a tab: YAML is indented with spaces, never tabs. Write: "    enabled: true"',
    ],
    [
      'an alias bomb',
      `a: &a [x]\nb: &b [${Array.from({ length: 9 }, () => '*a').join(',')}]\nc: [${Array.from({ length: 9 }, () => '*b').join(',')}]\n`,
      '2:8 Aliases (*name) are not read here: write the value itself. 17 more follow.',
    ],
    ['an open bracket', '{{{{ : ]', '1:1 "{" is opened here and never closed: each { needs its }.'],
    [
      'two documents',
      `${TOP}---\n${TOP}`,
      '4:1 "---" begins a second document; tajo reads one. Delete this line.',
    ],
    [
      'a schedule without quotes',
      `${TOP}    schedule: */5 * * * *\n`,
      '4:15 A schedule that begins with * needs quotes. Write: schedule: "*/5 * * * *"',
    ],
    [
      'no space after the colon',
      `${mapping('id: GORGIAS_ID')}      name:FIRSTNAME\n      language: LANG\n`,
      '6:11 A space is missing after the colon. Write: name: FIRSTNAME',
    ],
    [
      'a template as a value',
      mapping('name: {{contact.FIRSTNAME}}'),
      '5:14 {{ … }} belongs into Brevo’s e-mails, not here. Write: name: FIRSTNAME',
    ],
    [
      'one space too few',
      `${mapping('id: GORGIAS_ID')}     name: FIRSTNAME\n`,
      `6:6 Line 6 is indented by 5, its neighbours by 6: ${SAME_COLUMN} Write: "      name: FIRSTNAME"`,
    ],
    [
      'one space too many',
      `${mapping('id: GORGIAS_ID')}       name: FIRSTNAME\n`,
      `6:8 Line 6 is indented by 7, its neighbours by 6: ${SAME_COLUMN} Write: "      name: FIRSTNAME"`,
    ],
    [
      'a pasted no-break space',
      `${TOP}\u00a0   enabled: true\n    schedule: "0 * * * *"\n`,
      '4:1 Line 4 begins with a no-break space (U+00A0), pasted from a page or a chat: use ordinary spaces. Write: "    enabled: true"',
    ],
    [
      'a no-break space after the colon',
      mapping('name:\u00a0FIRSTNAME'),
      '5:12 There is a no-break space (U+00A0): use ordinary spaces. Write: name: FIRSTNAME',
    ],
    [
      'UTF-16',
      Buffer.from(`\ufeff${TOP}`, 'utf16le').toString('utf8'),
      '1:1 The file is saved as UTF-16. Save it as UTF-8 (in the editor: Save as, encoding).',
    ],
    [
      'an open quote',
      `${TOP}    schedule: "0 * * * *\n    enabled: true\n`,
      '4:15 This quote is never closed. Write: schedule: "0 * * * *"',
    ],
    [
      'curly quotes',
      event('“TICKET_CLOSED”'),
      '5:22 Curly quotes are no quotes here. Write: ticket.closed: "TICKET_CLOSED"',
    ],
    [
      'a key twice',
      `${TOP}    lists: { all_support_contacts: 35 }\n    lists: { satisfied_customers: 36 }\n`,
      '5:5 "lists" stands here for the second time (first: line 4): put both together.',
    ],
  ])('%s', (_, text, message) => {
    expect(say(text)).toEqual([message])
  })
})

describe('a value that does not fit is shown mended', () => {
  it.each([
    [
      'a list id with a fraction',
      `${TOP}    lists: { all_support_contacts: 35.5 }\n`,
      `4:36 ${RULES.list} Write: all_support_contacts: 35`,
    ],
    [
      'a list id of 20 digits',
      `${TOP}    lists: { all_support_contacts: 12345678901234567890 }\n`,
      `4:36 ${RULES.list} This one is too long.`,
    ],
    [
      'a list id in hexadecimal',
      `${TOP}    lists: { all_support_contacts: 0x23 }\n`,
      '4:36 0x23 is read as 35: 0x and 0o begin other ways of counting. Write: all_support_contacts: 35',
    ],
    [
      'a score of 40',
      `${TOP}    satisfaction: { satisfied_from: 40 }\n`,
      '4:37 A score is 1 to 5. Write 4, for example.',
    ],
    [
      'a date to come',
      `${TOP}    backfill: { since: 2042-01-01 }\n`,
      '4:24 "2042-01-01" is in the future: nothing would be read. Write a day that is past, such as since: 2024-01-31',
    ],
    [
      'an event with a space',
      event('Ticket closed'),
      `5:22 "Ticket closed" does not fit. ${RULES.event} Write: ticket.closed: Ticket_closed`,
    ],
    [
      'an event with ß',
      event('TICKET_GESCHLIEßEN'),
      `5:22 "TICKET_GESCHLIEßEN" does not fit. ${RULES.event} Write: ticket.closed: TICKET_GESCHLIESSEN`,
    ],
    [
      'an attribute in lower case',
      mapping('name: firstname'),
      `5:13 "firstname" does not fit. ${RULES.attribute} Write: name: FIRSTNAME`,
    ],
    [
      'a template in quotes',
      mapping('name: "{{contact.FIRSTNAME}}"'),
      '5:13 {{ … }} belongs into Brevo’s e-mails, not here. Write: name: FIRSTNAME',
    ],
    [
      'the only line of a block without a space',
      mapping('name:FIRSTNAME'),
      '5:7 A key and its value are written with a colon and a space. Write: name: FIRSTNAME',
    ],
    [
      '45 days',
      campaign('delay: 45 days'),
      `8:12 "45 days" does not fit. ${RULES.duration} Write: delay: 45d`,
    ],
    [
      'hours and minutes',
      campaign('delay: 2h30m'),
      `8:12 "2h30m" does not fit. ${RULES.duration} Write: delay: 150m`,
    ],
    [
      '2 hours',
      campaign('delay: 2 hours'),
      `8:12 "2 hours" does not fit. ${RULES.duration} Write: delay: 2h`,
    ],
    [
      'two days',
      campaign('delay: two days'),
      `8:12 "two days" does not fit. ${RULES.duration} Write: delay: 2d`,
    ],
    [
      'an address as domain',
      TOP.replace('yourstore', 'https://yourstore').replace('.com', '.com/'),
      `3:13 "https://yourstore.gorgias.com/" does not fit. ${RULES.domain} Write: domain: yourstore.gorgias.com`,
    ],
    [
      'campaigns in a connector',
      `${TOP}    campaigns: { thanks: { on: ticket.closed } }\n`,
      '4:5 "campaigns" does not belong here: it stands at the top, without indentation.',
    ],
    [
      'lists at the top',
      `${TOP}lists: { all_support_contacts: 35 }\n`,
      '4:1 "lists" does not belong here: it stands under connectors.gorgias.',
    ],
    [
      'a comment in the place of a value',
      mapping('name: # FIRSTNAME'),
      '5:13 "name" has no value. What follows a # is a comment. Write: name: FIRSTNAME',
    ],
    [
      'a block that is not indented',
      `${TOP}    field_mapping:\n    id: GORGIAS_ID\n    name: FIRSTNAME\n`,
      '4:5 "field_mapping" is empty: the lines below it (id, name) must be indented further.',
    ],
    [
      'a campaign’s name with a space',
      `${TOP}campaigns:\n  thank you: { on: whatever }\n`,
      '5:3 A name here has letters A to Z, digits, _ and - only. Write: thank_you:',
    ],
    ['a key in the file', `${TOP}    api_key: sk-SECRET-1234\n`, `4:5 ${RULES.key}`],
  ])('%s', (_, text, message) => {
    expect(say(text)).toEqual([message])
  })
})

describe('a condition', () => {
  it.each([
    ['score = 5', 'Equal is written ==. Write: score == 5'],
    ['score > 3 and nb_tickets > 2', 'And is written &&. Write: score > 3 && nb_tickets > 2'],
    ['score > 3 or nb_tickets > 2', 'Or is written ||. Write: score > 3 || nb_tickets > 2'],
    ['subject > 4', 'text and a number can’t be compared. Write: subject == "4"'],
    ['channel == "e-mail"', 'There is no channel "e-mail". Write: channel == "email"'],
    ['channel == email', 'email without quotes is a field. Write: channel == "email"'],
    ['resolution_time > 2h', 'A condition counts times in minutes. Write: resolution_time > 120'],
    ['known("score")', 'A field stands without quotes. Write: known(score)'],
    ['subject.startswith("x")', 'There is no startswith() for this. Did you mean startsWith?'],
    ['status == "resolved"', 'A ticket is "open" or "closed", never "resolved".'],
    ['score >= 40', 'A score is 1 to 5, never 40.'],
    ['tags == "vip"', 'a list and text can’t be compared: one of them is a list. Write: "vip" in tags'],
    ['Score >= 4', 'There is no field "Score" here. Did you mean score?'],
    ['(score > 4', 'A ) is missing.'],
  ])('%s', (condition, message) => {
    const said = say(when(`'${condition}'`))
    expect(said.map((one) => one.replace(/^\d+:\d+ /, ''))).toEqual([message])
  })

  it('on a channel of one’s own is no mistake', () => {
    expect(say(when(`'channel == "our-app"'`))).toEqual([])
  })
})

it.each([
  ['nmae', 'name'],
  ['Name', 'name'],
  ['full_name', 'name'],
  ['mail', 'email'],
])('a field %s is sound, and more likely %s', (field, meant) => {
  const message = `There is no field "${field}". Did you mean "${meant}"? A custom field is written custom_fields.${field}.`
  expect(say(mapping(`${field}: FIRSTNAME`))).toEqual([])
  expect(warn(mapping(`${field}: FIRSTNAME`))).toEqual([`5:7 ${message}`])
})

it('what comes from the environment is not shown', () => {
  const { complaints } = checkConfig(
    'connectors.yml',
    TOP.replace('yourstore.gorgias.com', '${BREVO_API_KEY}'),
    {
      BREVO_API_KEY: 'xkeysib-very-secret',
    },
  )
  expect(complaints[0]?.message).toMatch(/^"\$\{BREVO_API_KEY\}" does not fit/)
  expect(JSON.stringify(complaints)).not.toMatch(/very-secret/)
})
