// What happened in an Intercom conversation, by its parts: the table of statuses, who said what, when a person first answered, and what it
// costs to know.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import type { HttpAnswer } from '../../src/lib/net/http.ts'
import type { SourceEvent, SourceRecord } from '../../src/model/records.ts'
import { fromMs } from '../../src/model/time.ts'
import { type Bench, openBench, requireSubject } from '../conformance/helpdesk.ts'

const INTERCOM = requireSubject('intercom')
/** Whole seconds. */
const BEGAN = 1_772_352_000

let bench: Bench
beforeEach(() => {
  bench = openBench(INTERCOM)
})
afterEach(() => bench.close())

type Part = Record<string, unknown>
const ANN = { type: 'admin', id: '1', name: 'Ann Agent' }
const BEA = { type: 'admin', id: '2', name: 'Bea Agent' }
const FIN = { type: 'bot', id: '9', name: 'Fin', from_ai_agent: true, is_ai_answer: true }
const OPERATOR = { type: 'bot', id: '8', name: 'Operator' }
const JANE = { type: 'user', id: 'abc', name: 'Jane' }
const WORDS = '<p>words</p>'

/** Parts a minute apart, the first a minute after the conversation began. */
const toParts = (parts: readonly Part[]): Part[] =>
  parts.map((part, index) => ({
    type: 'conversation_part',
    id: String(100 + index),
    body: null,
    author: ANN,
    created_at: BEGAN + 60 * (index + 1),
    ...part,
  }))

/** The one conversation, read at its own address, where it has these parts and fields. */
async function open(parts: readonly Part[], more: Record<string, unknown> = {}): Promise<SourceRecord[]> {
  const [ticket] = await bench.fill(1)
  bench.meet(async (request, answer): Promise<HttpAnswer> => {
    const given = await answer()
    if (!/\/conversations\/\d+$/.test(request.url)) return given
    const json = JSON.parse(given.body) as Record<string, unknown>
    const list = toParts(parts)
    Object.assign(
      json,
      { created_at: BEGAN, source: { delivered_as: 'customer_initiated', author: JANE } },
      more,
    )
    json['conversation_parts'] = {
      type: 'conversation_part.list',
      conversation_parts: list,
      total_count: list.length,
    }
    if (more['total_count'] !== undefined)
      Object.assign(json['conversation_parts'] as object, { total_count: more['total_count'] })
    return { ...given, body: JSON.stringify(json) }
  })
  const found = await bench.drive(bench.source().refetch('ticket', String(ticket!.id)))
  return found.found === 'record' ? found.records : []
}

const entries = (records: readonly SourceRecord[]): string[] =>
  records
    .filter((one): one is SourceEvent => one.kind === 'event')
    .toSorted((a, b) => a.at - b.at)
    .map(({ type }) => type)

describe('the status, by the type of a part', () => {
  it.each<[string, string[], string, string[]]>([
    ['close', ['close'], 'closed', ['ticket_closed']],
    ['snoozed', ['snoozed'], 'snoozed', ['ticket_snoozed']],
    ['open', ['close', 'open'], 'open', ['ticket_closed', 'ticket_reopened']],
    ['note_and_reopen', ['close', 'note_and_reopen'], 'open', ['ticket_closed', 'ticket_reopened']],
    ['unsnoozed', ['snoozed', 'unsnoozed'], 'open', ['ticket_snoozed', 'ticket_unsnoozed']],
    ['timer_unsnooze', ['snoozed', 'timer_unsnooze'], 'open', ['ticket_snoozed', 'ticket_unsnoozed']],
    ['a closing of what was asleep', ['snoozed', 'close'], 'closed', ['ticket_snoozed', 'ticket_closed']],
    ['a type that nobody knows', ['close', 'dance', 'quick_reply'], 'closed', ['ticket_closed']],
    ['an opening of what is open', ['open'], 'open', []],
    [
      'two closings',
      ['close', 'open', 'close'],
      'closed',
      ['ticket_closed', 'ticket_reopened', 'ticket_closed'],
    ],
  ])('%s', async (_, types, state, expected) => {
    const records = await open(
      types.map((part_type) => ({ part_type })),
      { state },
    )

    expect(entries(records)).toEqual(expected)
  })

  it('assign_and_reopen is a reopening and an assignment', async () => {
    const records = await open(
      [{ part_type: 'close' }, { part_type: 'assign_and_reopen', assigned_to: { type: 'admin', id: '2' } }],
      { state: 'open' },
    )

    expect(entries(records).toSorted()).toEqual(['ticket_assigned', 'ticket_closed', 'ticket_reopened'])
  })

  it('a reply that no part calls an opening is one where the conversation is open', async () => {
    const parts = [{ part_type: 'close' }, { part_type: 'comment', author: JANE, body: WORDS }]

    expect(entries(await open(parts, { state: 'open' }))).toEqual(['ticket_closed', 'ticket_reopened'])
    expect(entries(await open(parts, { state: 'closed' }))).toEqual(['ticket_closed'])
  })

  it('has an id of its own for each change, the same whenever it is read', async () => {
    const parts = [{ part_type: 'close' }, { part_type: 'open' }, { part_type: 'close' }]
    const ids = async (): Promise<string[]> =>
      (await open(parts, { state: 'closed' })).filter((one) => one.kind === 'event').map(({ id }) => id)

    const [first, second] = [await ids(), await ids()]

    expect(new Set(first.map((id) => id.replace(/^\d+/, ''))).size).toBe(3)
    expect(second.map((id) => id.replace(/^\d+/, ''))).toEqual(first.map((id) => id.replace(/^\d+/, '')))
  })
})

describe('the first response', () => {
  const respondedAfter = async (
    parts: readonly Part[],
    more: Record<string, unknown> = {},
  ): Promise<unknown> => {
    const [ticket] = await open(parts, more)
    if (ticket?.kind !== 'ticket' || typeof ticket.firstResponse !== 'object') return ticket
    const { at } = ticket.firstResponse
    return at === null ? null : (at - fromMs(BEGAN * 1000)) / 60_000_000
  }

  it.each<[string, Part[], number | null]>([
    ['a comment of an admin', [{ part_type: 'comment', body: WORDS }], 1],
    [
      'neither a note nor an assignment without words',
      [
        { part_type: 'note', body: WORDS },
        { part_type: 'assignment', assigned_to: ANN },
        { part_type: 'note_and_reopen', body: WORDS },
        { part_type: 'comment', body: WORDS },
      ],
      4,
    ],
    [
      'neither Fin nor a bot',
      [
        { part_type: 'comment', author: FIN, body: WORDS },
        { part_type: 'comment', author: OPERATOR, body: WORDS },
        { part_type: 'comment', author: { ...ANN, from_ai_agent: true }, body: WORDS },
        { part_type: 'comment', body: WORDS },
      ],
      4,
    ],
    ['words that close the conversation', [{ part_type: 'close', body: WORDS }], 1],
    ['nothing', [{ part_type: 'comment', author: JANE, body: WORDS }, { part_type: 'close' }], null],
  ])('is %s', async (_, parts, minutes) => {
    expect(await respondedAfter(parts)).toBe(minutes)
  })

  it('comes after the customer’s first words, where the shop began', async () => {
    const minutes = await respondedAfter(
      [
        { part_type: 'comment', body: WORDS },
        { part_type: 'comment', author: JANE, body: WORDS },
        { part_type: 'comment', body: WORDS },
      ],
      { source: { delivered_as: 'admin_initiated', author: ANN } },
    )

    expect(minutes).toBe(3)
  })

  it('is by the statistics where there are more parts than it gives', async () => {
    const [ticket] = await open([{ part_type: 'comment', body: WORDS }], {
      total_count: 501,
      statistics: { first_contact_reply_at: BEGAN, first_admin_reply_at: BEGAN + 7 },
    })

    expect(ticket).toMatchObject({ firstResponse: { at: fromMs((BEGAN + 7) * 1000), isFinal: false } })
  })
})

describe('who has it', () => {
  it('Fin left it to people when it was assigned, or when a person first answered', async () => {
    const answered = { part_type: 'comment', author: FIN, body: WORDS }
    const assigned = { part_type: 'assignment', author: OPERATOR, assigned_to: { type: 'team', id: '5' } }

    expect(entries(await open([answered, assigned, { part_type: 'comment', body: WORDS }]))).toEqual([
      'ticket_handed_over',
    ])
    expect(entries(await open([answered, { part_type: 'comment', author: BEA, body: WORDS }]))).toEqual([
      'ticket_handed_over',
    ])
    expect(entries(await open([answered, { part_type: 'close', author: FIN }]))).toEqual(['ticket_closed'])
  })
})

describe('what was said', () => {
  it('is known by who said it and when, and not by its words', async () => {
    const records = await open([
      { part_type: 'comment', body: WORDS },
      { part_type: 'note', body: WORDS },
      { part_type: 'comment', author: FIN, body: WORDS },
      {
        part_type: 'comment',
        author: JANE,
        body: null,
        attachments: [{ type: 'upload', name: 'photo.png' }],
      },
    ])

    expect(records.filter((one) => one.kind === 'message').map(({ author }) => author)).toEqual([
      'customer',
      'agent',
      'customer',
    ])
    expect(JSON.stringify(records)).not.toMatch(/words/)
  })

  it('a part without an id is set aside, and the others are read', async () => {
    const failing = open([{ part_type: 'comment', id: null, body: WORDS }, { part_type: 'close' }], {
      state: 'closed',
    })

    expect(entries(await failing)).toEqual(['ticket_closed'])
  })
})

describe('in a shop', () => {
  const toYaml = (lines: string): string => bench.yaml(`    field_mapping: { nb_tickets: TICKETS }\n${lines}`)
  const events = (): string[] => bench.account.events.map((one) => one.name)
  const opened = (): string[] =>
    bench.requests
      .map((one) => new URL(one.url).pathname)
      .filter((path) => /^\/conversations\/\d+$/.test(path))

  beforeEach(() => {
    bench.account.addAttribute('TICKETS', 'float')
    bench.account.addAttribute('RESPONSE', 'float')
  })

  it('two closings between two polls are two events, and ask one request', async () => {
    const yaml = toYaml('    event_mapping: { ticket.closed: CLOSED, ticket.reopened: REOPENED }\n')
    const [ticket] = await bench.fill(3)
    await bench.sync(yaml)
    await bench.pass(600)
    for (const act of ['closeTicket', 'reopenTicket', 'closeTicket'] as const) {
      bench.world[act](ticket!.id)
      await bench.pass(5)
    }
    bench.requests.length = 0

    await bench.sync(yaml)
    await bench.sync(yaml)

    expect(events()).toEqual(['CLOSED', 'REOPENED', 'CLOSED'])
    expect(opened()).toEqual([`/conversations/${ticket!.id}`])
  })

  it('what happened before it was mapped is not told when the conversation changes once more', async () => {
    const [ticket] = await bench.fill(1)
    const without = toYaml('    event_mapping: { ticket.created: OPENED }\n')
    await bench.sync(without)
    await bench.pass(600)
    bench.world.addMessage(ticket!.id, { fromAgent: true })
    bench.world.closeTicket(ticket!.id)
    await bench.pass(600)
    await bench.sync(without)
    await bench.pass(7 * 24 * 3_600)
    const yaml = toYaml(
      '    event_mapping: { ticket.closed: C, ticket.reopened: R, ticket.message.sent: S }\n',
    )
    await bench.sync(yaml)
    bench.world.reopenTicket(ticket!.id)
    await bench.pass(600)

    await bench.sync(yaml)

    expect(events()).toEqual(['R'])
  })

  it.each(['closeTicket', 'addMessage'] as const)(
    'what happens in the second of an earlier reading is told by the next one: %s',
    async (act) => {
      const yaml = toYaml(
        '    event_mapping: { ticket.closed: CLOSED, ticket.message.received: RECEIVED, ticket.message.sent: SENT }\n',
      )
      const [ticket] = await bench.fill(1)
      await bench.sync(yaml)
      await bench.pass(600)
      bench.universe.now = Math.ceil(bench.universe.now / 1_000) * 1_000
      bench.world.addMessage(ticket!.id, { fromAgent: true })
      await bench.sync(yaml)
      expect(events()).toEqual(['SENT'])

      const second = (): number => Math.floor(bench.world.tickets.get(ticket!.id)!.updated / 1_000_000)
      const before = second()
      bench.universe.now = before * 1_000 + 900
      bench.world[act](ticket!.id)
      expect(second()).toBe(before)
      await bench.sync(yaml)

      expect(events()).toEqual(['SENT', act === 'closeTicket' ? 'CLOSED' : 'RECEIVED'])
    },
  )

  it('nothing is opened where nothing of it is wanted, nor for what was before', async () => {
    const before = toYaml('    event_mapping: { ticket.created: OPENED }\n')
    const [ticket] = await bench.fill(3)
    await bench.sync(before)
    bench.world.closeTicket(ticket!.id)
    await bench.sync(before)
    expect(opened()).toEqual([])
  })

  it('a conversation that only the shop wrote in does not count before the customer answers', async () => {
    const yaml = toYaml('    event_mapping: { ticket.created: OPENED }\n')
    const [first] = await bench.fill(1)
    const { world } = bench
    await bench.sync(yaml)
    const sent = world.addTicket({ customerId: first!.customerId })
    world.addMessage(sent.id, { fromAgent: true })
    await bench.pass(600)
    await bench.sync(yaml)
    const count = (): unknown => bench.account.contacts.get('person0@example.com')?.attributes['TICKETS']
    expect([count(), events()]).toEqual([1, []])

    world.addMessage(sent.id)
    await bench.pass(600)
    await bench.sync(yaml)

    expect([count(), events()]).toEqual([2, ['OPENED']])
  })

  it('and counts at once where connectors.yml says so', async () => {
    const yaml = toYaml('    ignore_without_first_reply: false\n')
    const [first] = await bench.fill(1)
    const sent = bench.world.addTicket({ customerId: first!.customerId })
    bench.world.addMessage(sent.id, { fromAgent: true })
    await bench.pass(600)

    await bench.sync(yaml)

    expect(bench.account.contacts.get('person0@example.com')?.attributes).toMatchObject({ TICKETS: 2 })
  })

  it('without statistics the first response is asked for, once, and stays', async () => {
    const yaml = bench.yaml('    field_mapping: { avg_response_time: RESPONSE }\n')
    const [ticket] = await bench.fill(1)
    bench.meet(async (request, answer): Promise<HttpAnswer> => {
      const given = await answer()
      if (!request.url.endsWith('/conversations/search')) return given
      const json = JSON.parse(given.body) as { conversations: Record<string, unknown>[] }
      for (const one of json.conversations) one['statistics'] = null
      return { ...given, body: JSON.stringify(json) }
    })

    await bench.sync(yaml)
    await bench.sync(yaml)
    await bench.sync(yaml, { reconcile: true })

    expect(opened()).toEqual([`/conversations/${ticket!.id}`])
    expect(bench.account.contacts.get('person0@example.com')?.attributes).toMatchObject({ RESPONSE: 0.03 })
  })

  it('a rating that comes after weeks, and moves no date, is found by its own by the next poll', async () => {
    const yaml = toYaml('    event_mapping: { satisfaction_survey.responded: CSAT }\n')
    await bench.fill(1)
    await bench.sync(yaml)
    await bench.pass(60 * 24 * 3_600)
    await bench.sync(yaml)
    bench.world.scoreSurvey([...bench.world.surveys.values()][0]!.id, 2)
    await bench.pass(300)

    await bench.sync(yaml, { settling: false })

    expect(events()).toEqual(['CSAT'])
  })

  it('Fin’s own rating is `ai_score`, and no survey', async () => {
    bench.account.addAttribute('AI_SCORE', 'float')
    bench.account.addAttribute('CSAT', 'float')
    const [ticket] = await bench.fill(1)
    bench.world.changeTicket(ticket!.id, { aiScore: 2 })
    await bench.pass(600)

    await bench.sync(bench.yaml('    field_mapping: { ai_score: AI_SCORE, last_satisfaction_score: CSAT }\n'))

    expect(bench.account.contacts.get('person0@example.com')?.attributes['AI_SCORE']).toBe(2)
    expect(bench.account.contacts.get('person0@example.com')?.attributes['CSAT']).toBeUndefined()
  })
})
