// What Gladly's words mean, through a sync (docs/gladly.md, docs/definitions.md).
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { checkConfig, parseConfig } from '../../src/config/load.ts'
import { readStatus } from '../../src/engine/status.ts'
import type { HttpAnswer } from '../../src/lib/net/http.ts'
import type { TajoError } from '../../src/lib/errors.ts'
import { toId } from '../../src/sandbox/gladly/ids.ts'
import { createMaps } from '../../src/sources/gladly/maps.ts'
import { requireSource } from '../../src/sources/index.ts'
import { type Bench, openBench, requireSubject } from '../conformance/helpdesk.ts'

let bench: Bench
beforeEach(() => {
  bench = openBench(requireSubject('gladly'))
  for (const name of ['OPEN', 'RESPONSE']) bench.account.addAttribute(name, 'float')
  for (const name of ['CHANNEL', 'DIRECTION', 'ENDED', 'STATUS', 'FROM', 'TAGS', 'PHONE', 'TIER'])
    bench.account.addAttribute(name, 'text')
  bench.account.lists.set(40, 'Shipping')
})
afterEach(() => bench.close())

const yaml = (more = '', mapping = ''): string =>
  bench.yaml(`${more}    backfill: { since: 2026-02-01 }
    tag_lists: { Shipping: 40 }
    field_mapping:
      email: email
      open_tickets: OPEN
      avg_response_time: RESPONSE
      last_ticket_channel: CHANNEL
      last_session_direction: DIRECTION
      last_session_inbox_when_queued: FROM
      last_session_inbox_when_ended: ENDED
      last_session_status: STATUS
${mapping}`)

const held = (email = 'jane@example.com') => bench.account.contacts.get(email)?.attributes
const customer = (email = 'jane@example.com') => bench.world.addCustomer({ email })

/** Every cell of a column of the contact report is this. */
function bendContacts(column: string, value: string) {
  return async (_: unknown, answer: () => Promise<HttpAnswer>): Promise<HttpAnswer> => {
    const given = await answer()
    const lines = given.body.split('\r\n')
    const names = (lines[1] ?? '').split(',')
    const at = names.indexOf(column)
    if (!names.includes('Queued At') || at < 0) return given
    const bent = lines.map((line, index) => {
      if (index < 2 || line === '') return line
      const cells = line.match(/("(?:[^"]|"")*"|[^,]*)(,|$)/g)!.map((cell) => cell.replace(/,$/, ''))
      cells[at] = value
      return cells.slice(0, names.length).join(',')
    })
    return { ...given, body: bent.join('\r\n') }
  }
}

describe('a conversation is a ticket, a contact a session of it', () => {
  it('answered, it is solved though the conversation stays open; unanswered, abandoned and unknown it is open', async () => {
    for (const [word, open] of [
      ['Answered', 0],
      ['UNANSWERED', 1],
      ['abandoned', 1],
      ['UNKNOWN', 1],
    ] as const) {
      const one = openBench(requireSubject('gladly'))
      one.account.addAttribute('OPEN', 'float')
      const ticket = one.world.addTicket({ customerId: one.world.addCustomer({ email: 'a@example.com' }).id })
      one.world.addMessage(ticket.id)
      await one.pass(4 * 3_600)
      const ended = bendContacts('Ended At', '2026-03-01T09:00:00.000Z')
      one.meet(async (request, answer) => bendContacts('Status', word)(request, () => ended(request, answer)))

      await one.sync(
        one.yaml('    backfill: { since: 2026-02-01 }\n    field_mapping: { open_tickets: OPEN }\n'),
      )

      expect([word, one.account.contacts.get('a@example.com')?.attributes['OPEN']]).toEqual([word, open])
      await one.close()
    }
  })

  it('connectors.yml may say otherwise', async () => {
    const ticket = bench.world.addTicket({ customerId: customer().id })
    bench.world.addMessage(ticket.id)
    await bench.pass(4 * 3_600)
    const ended = bendContacts('Ended At', '2026-03-01T09:00:00.000Z')
    bench.meet(async (request, answer) =>
      bendContacts('Status', 'ABANDONED')(request, () => ended(request, answer)),
    )

    await bench.sync(yaml('    status: { abandoned: solved }\n'))

    expect(held()).toMatchObject({ OPEN: 0, STATUS: 'abandoned' })
  })

  it('how it went is told by its last session', async () => {
    const ticket = bench.world.addTicket({ customerId: customer().id, channel: 'chat' })
    bench.world.addMessage(ticket.id)
    bench.world.handOver(ticket.id)
    bench.world.addMessage(ticket.id, { fromAgent: true })
    bench.world.closeTicket(ticket.id)
    await bench.pass(4 * 3_600)

    await bench.sync(yaml())

    expect(held()).toMatchObject({
      CHANNEL: 'chat',
      DIRECTION: 'inbound',
      FROM: 'Support',
      ENDED: 'Escalations',
      STATUS: 'answered',
    })
  })

  it('an event may ask for it', async () => {
    const events = `    event_mapping:
      ticket.closed:
        event: UNANSWERED
        when: session.status == "unanswered" && session.inbox_when_queued == "Support"
`
    const [first, second] = [customer(), customer('other@example.com')].map(({ id }) =>
      bench.world.addTicket({ customerId: id }),
    )
    await bench.pass(4 * 3_600)
    await bench.sync(yaml('', events))
    await bench.pass(60)
    bench.world.addMessage(first!.id, { fromAgent: true })
    for (const one of [first!, second!]) bench.world.closeTicket(one.id)
    await bench.pass(60)

    await bench.sync(yaml('', events))

    expect(bench.account.events.map(({ email, name }) => [email, name])).toEqual([
      ['other@example.com', 'UNANSWERED'],
    ])
  })
})

describe('the response time is the mean of what was waited in each session that was answered', () => {
  /** Two sessions: answered after two minutes, and after six. */
  async function talk(channel: string): Promise<void> {
    const ticket = bench.world.addTicket({ customerId: customer().id, channel })
    bench.world.addMessage(ticket.id)
    await bench.pass(120)
    bench.world.addMessage(ticket.id, { fromAgent: true })
    bench.world.closeTicket(ticket.id)
    await bench.pass(600)
    bench.world.reopenTicket(ticket.id)
    bench.world.addMessage(ticket.id)
    await bench.pass(360)
    bench.world.addMessage(ticket.id, { fromAgent: true })
    bench.world.closeTicket(ticket.id)
    await bench.pass(4 * 3_600)
  }

  it.each(['email', 'phone'])('(%s), by what reports say', async (channel) => {
    await talk(channel)
    await bench.sync(yaml())
    expect(held()!['RESPONSE']).toBeCloseTo(4, 1)
  })

  it('and by events, as they come', async () => {
    await bench.sync(yaml())
    await talk('phone')
    await bench.sync(yaml())
    expect(held()!['RESPONSE']).toBeCloseTo(4, 1)
  })

  it('what was canceled is none, unless it is to count', async () => {
    await talk('email')
    bench.meet(bendContacts('Fulfilled Type', 'CANCELED'))
    await bench.sync(yaml())
    expect(held()!['RESPONSE'] ?? null).toBeNull()

    await bench.sync(yaml('    count_canceled: true\n'), { reconcile: true })
    expect(held()!['RESPONSE']).toBeCloseTo(4, 1)
  })
})

describe('channels', () => {
  it.each([
    ['PHONE_CALL', 'phone'],
    ['VOICEMAIL', 'phone'],
    ['EMAIL', 'email'],
    ['CHAT', 'chat'],
    ['SMS', 'sms'],
    ['FB_MESSENGER', 'social'],
    ['WHATSAPP', 'social'],
    ['CARRIER_PIGEON', 'unknown'],
  ])('%s is %s', (word, meant) => {
    expect(createMaps({}).channelOf(word)).toBe(meant)
  })

  it('may have names of their own; one without a name is unknown, and counted', async () => {
    const { id } = customer()
    for (const channel of ['chat', 'sms']) bench.world.addTicket({ customerId: id, channel })
    await bench.pass(4 * 3_600)
    bench.meet(async (_, answer) => {
      const given = await answer()
      return { ...given, body: given.body.replaceAll(',SMS', ',CARRIER_PIGEON') }
    })

    await bench.sync(yaml('    channels: { CHAT: live_chat }\n'))

    const status = await bench.open(
      async ({ store }) =>
        readStatus(store, { name: 'shop', supports: requireSource('gladly').supports }, false),
      yaml(),
    )
    expect(status.unknownChannels).toEqual({ CARRIER_PIGEON: 1 })
    expect(status.late).toEqual([expect.stringContaining('hours or a day late')])
    expect(held()!['CHANNEL']).toBe('unknown')
  })
})

describe('a person', () => {
  it('has the primary address and phone, and is found by any other', async () => {
    const jane = customer()
    bench.world.addTicket({ customerId: jane.id })
    await bench.pass(4 * 3_600)
    const profile = {
      id: toId('customer', jane.id),
      name: 'Jane',
      emails: [
        { normalized: 'old@example.com', original: 'Old@example.com' },
        { normalized: 'jane@example.com', original: 'Jane@example.com', primary: true },
      ],
      phones: [
        { normalized: '+16502530001', primary: false },
        { normalized: '+16502530000', primary: true },
      ],
      customAttributes: { tier: 'gold' },
      createdAt: '2026-02-21T07:15:18.07Z',
      updatedAt: '2026-02-21T07:15:18.07Z',
    }
    bench.meet(({ url }, answer) => {
      if (!url.includes('/customer-profiles')) return answer()
      const body = url.includes('?') ? [profile] : profile
      return Promise.resolve({ outcome: 'answer', status: 200, headers: {}, body: JSON.stringify(body) })
    })
    const mapping = '      phone: PHONE\n      custom_fields.tier: TIER\n'

    await bench.sync(yaml('', mapping))
    await bench.sync(yaml('', mapping))

    expect([...bench.account.contacts.keys()]).toEqual(['jane@example.com'])
    expect(held()).toMatchObject({ PHONE: '+16502530000', TIER: 'gold' })
    const found = await bench.drive(bench.source().readOf('customers', 'old@example.com'))
    expect(found.records).toContainEqual(expect.objectContaining({ email: 'jane@example.com' }))
  })

  it('keeps their contact when another address becomes the primary one', async () => {
    const jane = customer()
    bench.world.addTicket({ customerId: jane.id })
    await bench.pass(4 * 3_600)
    await bench.sync(yaml())
    const { id } = bench.account.contacts.get('jane@example.com')!
    bench.world.changeCustomer(jane.id, { email: 'jane.doe@example.com' })
    await bench.pass(60)

    await bench.sync(yaml())

    expect(bench.account.contacts.get('jane.doe@example.com')?.id).toBe(id)
  })
})

it('topics are tags: each of them, and the ones above it', async () => {
  const ticket = bench.world.addTicket({ customerId: customer().id })
  bench.world.addTag(ticket.id, 'Lost')
  await bench.pass(4 * 3_600)
  const [lost] = bench.world.tags
  bench.meet(async ({ url }, answer) => {
    const given = await answer()
    if (!url.endsWith('/topics')) return given
    const shipping = { id: 'shipping', name: 'Shipping', disabled: false, parentId: null }
    const child = { id: toId('topic', lost!.id), name: 'Lost', disabled: false, parentId: 'shipping' }
    return { ...given, body: JSON.stringify([shipping, child]) }
  })

  await bench.sync(yaml('', '      tags: TAGS\n'))

  expect(held()!['TAGS']).toBe('Shipping, Shipping > Lost')
  expect(bench.account.contacts.get('jane@example.com')!.lists.has(40)).toBe(true)
})

describe('answers to surveys', () => {
  it('come from export files, by hours late', async () => {
    bench.account.addAttribute('SCORE', 'float')
    const ticket = bench.world.addTicket({ customerId: customer().id })
    const { id } = bench.world.addSurvey(ticket.id)
    const mapping =
      '      last_satisfaction_score: SCORE\n    event_mapping: { satisfaction_survey.responded: SCORED }\n'
    await bench.pass(4 * 3_600)
    await bench.sync(yaml('', mapping))
    bench.world.scoreSurvey(id, 4)
    await bench.pass(600)
    await bench.sync(yaml('', mapping))
    expect(bench.account.events).toEqual([])

    await bench.pass(4 * 3_600)
    await bench.sync(yaml('', mapping))

    expect(bench.account.events).toMatchObject([{ name: 'SCORED', properties: { score: 4 } }])
    expect(held()!['SCORE']).toBe(4)
  })

  it('are late by nature, which validate and status say', () => {
    const text = 'connectors:\n  gladly:\n    domain: shop.gladly.com\n'
    const warningsOf = (more: string) => checkConfig('connectors.yml', text + more, {}).warnings

    expect(warningsOf('')).toEqual([])
    expect(warningsOf('    surveys: { source: export, score: "/Score: (\\\\d)/" }\n')).toMatchObject([
      { line: 2, column: 3, message: expect.stringContaining('hours or a day late') },
    ])
  })

  const parse = (surveys: string, events = ''): readonly string[] => {
    try {
      parseConfig(
        'connectors.yml',
        `connectors:\n  gladly:\n    domain: shop.gladly.com\n    surveys: ${surveys}\n${events}`,
        {},
      )
      return []
    } catch (thrown) {
      return (thrown as TajoError).details
    }
  }
  const EVENTS = '    event_mapping: { satisfaction_survey.responded: X }\n'

  it.each([
    ['{ source: export, score: "/Score: (\\\\d)/" }', EVENTS, null],
    ['{ source: export, score: "body.contains(\\"great\\") ? 5 : 1" }', EVENTS, null],
    ['{ source: export }', '', '`score` is needed'],
    ['{ source: export, score: "/Score/" }', '', 'its first group'],
    ['{ source: export, score: "/(a(?=b))/" }', '', 'this is no pattern'],
    ['{ source: export, score: "nothing > 1" }', '', '`score`'],
    ['{ source: none }', EVENTS, 'Gladly has no surveys of its own'],
    ['{ source: none }', '    lists: { satisfied_customers: 36 }\n', 'Gladly has no surveys of its own'],
    ['{ source: none }', '    field_mapping: { last_satisfaction_score: A }\n', 'no satisfaction surveys'],
  ])('surveys: %s with %j', (surveys, more, complaint) => {
    const said = parse(surveys, more)
    if (complaint === null) expect(said).toEqual([])
    else expect(said.join(' ')).toContain(complaint)
  })
})
