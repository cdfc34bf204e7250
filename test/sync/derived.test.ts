// What two readings of a ticket show, where the helpdesk has no event feed (docs/definitions.md): a table of pairs.
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import type { Ticket } from '../../src/model/records.ts'
import { FAR_FUTURE } from '../../src/model/time.ts'
import { deriveTicketTransitions } from '../../src/sync/ingest/derived.ts'

type Now = Ticket & { counted: boolean }
type Before = Parameters<typeof deriveTicketTransitions>[0]

const reading = (fields: Partial<Now>): Now => ({
  kind: 'ticket',
  id: 't',
  customerId: 'c',
  status: 'open',
  channel: null,
  subject: null,
  tags: [],
  assigneeName: null,
  spam: false,
  createdAt: 10,
  updatedAt: 100,
  version: String(fields.updatedAt ?? 100),
  closedAt: null,
  reopenedAt: null,
  snoozedUntil: null,
  trashedAt: null,
  customer: null,
  counted: true,
  ...fields,
})
const stored = (fields: Partial<NonNullable<Before>>): Before => ({
  status: 'open',
  closedAt: null,
  snoozedUntil: null,
  assigneeName: null,
  tags: [],
  updatedAt: 50,
  ...fields,
})
const CLOSED = { status: 'closed' as const }
const derive = (before: Before, now: Now, goLive = 0): string[] =>
  deriveTicketTransitions(before, now, { goLive })
    .filter(({ type }) => type !== 'ticket.updated')
    .map(
      ({ type, key, at, details }) =>
        `${type} ${key} at ${at}${details === undefined ? '' : ` ${JSON.stringify(details)}`}`,
    )

describe('status', () => {
  it.each<[string, Before, Partial<Now>, string[]]>([
    ['open, and open still', stored({}), {}, []],
    ['closed', stored({}), { ...CLOSED, closedAt: 90 }, ['ticket.closed t/90 at 90']],
    ['closed, and no date is told', stored({}), CLOSED, ['ticket.closed t/100 at 100']],
    ['closed before, and no date is told', stored({ ...CLOSED, closedAt: 50 }), CLOSED, []],
    ['closed, and seen for the first time', null, { ...CLOSED, closedAt: 90 }, ['ticket.closed t/90 at 90']],
    ['closed at the same time still', stored({ ...CLOSED, closedAt: 90 }), { ...CLOSED, closedAt: 90 }, []],
    ['reopened', stored({ ...CLOSED, closedAt: 90 }), { closedAt: 90 }, ['ticket.reopened t/90 at 100']],
    [
      'reopened, and the time is told',
      stored({ ...CLOSED, closedAt: 90 }),
      { closedAt: 90, reopenedAt: 95 },
      ['ticket.reopened t/90 at 95'],
    ],
    [
      'closed and reopened between the two',
      stored({}),
      { closedAt: 80, reopenedAt: 95 },
      ['ticket.closed t/80 at 80', 'ticket.reopened t/80 at 95'],
    ],
    [
      'closed once more between the two',
      stored({ ...CLOSED, closedAt: 50 }),
      { ...CLOSED, closedAt: 90 },
      ['ticket.closed t/90 at 90'],
    ],
    ['open, with an old closing that is known', stored({ closedAt: 50 }), { closedAt: 50 }, []],
    ['asleep', stored({}), { ...CLOSED, snoozedUntil: 500 }, ['ticket.snoozed t/500 at 100']],
    [
      'asleep without an end',
      stored({}),
      { ...CLOSED, snoozedUntil: FAR_FUTURE },
      [`ticket.snoozed t/${FAR_FUTURE} at 100`],
    ],
    ['asleep still', stored({ ...CLOSED, snoozedUntil: 500 }), { ...CLOSED, snoozedUntil: 500 }, []],
    [
      'awake again, which is no reopening',
      stored({ ...CLOSED, closedAt: 60, snoozedUntil: 500 }),
      {},
      ['ticket.unsnoozed t/500 at 100'],
    ],
    [
      'closed for good out of its sleep',
      stored({ ...CLOSED, closedAt: 60, snoozedUntil: 500 }),
      { ...CLOSED, closedAt: 90 },
      ['ticket.closed t/90 at 90'],
    ],
  ])('%s', (_, before, now, expected) => {
    expect(derive(before, reading(now))).toEqual(expected)
  })
})

describe('the rest', () => {
  it.each<[string, Before, Partial<Now>, string[]]>([
    ['a tag came', stored({}), { tags: ['vip'] }, ['ticket.tagged t/100/vip at 100 {"tags_added":["vip"]}']],
    ['a tag went', stored({ tags: ['vip'] }), {}, ['ticket.untagged t/100/ at 100 {"tags_removed":["vip"]}']],
    [
      'one came and one went',
      stored({ tags: ['a'] }),
      { tags: ['b'] },
      [
        'ticket.tagged t/100/b at 100 {"tags_added":["b"]}',
        'ticket.untagged t/100/b at 100 {"tags_removed":["a"]}',
      ],
    ],
    ['somebody has it', stored({}), { assigneeName: 'Ann' }, ['ticket.assigned t/100 at 100']],
    [
      'somebody else has it',
      stored({ assigneeName: 'Bo' }),
      { assigneeName: 'Ann' },
      ['ticket.assigned t/100 at 100'],
    ],
    ['nobody has it any more', stored({ assigneeName: 'Bo' }), {}, []],
    ['seen for the first time', null, { tags: ['vip'], assigneeName: 'Ann' }, []],
  ])('%s', (_, before, now, expected) => {
    expect(derive(before, reading(now))).toEqual(expected)
  })

  it('what happened before go-live fires nothing', () => {
    expect(derive(null, reading({ ...CLOSED, closedAt: 90 }), 95)).toEqual([])
  })
})

it('the same two readings give the same ids, and a second look at the later one gives none', () => {
  const status = fc.constantFrom<Partial<Now>>({}, CLOSED, { ...CLOSED, snoozedUntil: 900 })
  const time = fc.integer({ min: 20, max: 200 })
  fc.assert(
    fc.property(status, status, fc.option(time), fc.option(time), (first, second, closedAt, reopenedAt) => {
      const before = stored(first)
      const now = reading({ ...second, closedAt, reopenedAt })
      expect(derive(before, now)).toEqual(derive(before, now))
      const seen = stored({
        status: now.status,
        closedAt: now.closedAt ?? (now.status === 'closed' ? now.updatedAt : null),
        snoozedUntil: now.snoozedUntil,
      })
      expect(derive(seen, now)).toEqual([])
    }),
  )
})

it('a reading that knows more of a ticket that has not changed is no update', () => {
  const types = (before: Before): string[] =>
    deriveTicketTransitions(before, reading({}), { goLive: 0 }).map(({ type }) => type)

  expect(types(stored({ updatedAt: 99 }))).toEqual(['ticket.updated'])
  expect(types(stored({ updatedAt: 100 }))).toEqual([])
})
