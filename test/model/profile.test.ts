// A contact as its records show it (docs/definitions.md): a table of records, and what they make.
import { describe, expect, it } from '@jest/globals'

import {
  type ContactRecords,
  firstResponseAt,
  type ProfileTicket,
  toProfile,
} from '../../src/model/profile.ts'
import { compareIds } from '../../src/model/profile.ts'

const MINUTE = 60_000_000
const customer = (id: string, updatedAt: number, more = {}) => ({
  id,
  name: null,
  firstname: null,
  lastname: null,
  phone: null,
  language: null,
  timezone: null,
  externalId: null,
  note: null,
  createdAt: 0,
  updatedAt,
  customFields: {},
  data: null,
  ...more,
})
const ticket = (id: string, more: Partial<ProfileTicket> = {}): ProfileTicket => ({
  id,
  status: 'open',
  channel: 'email',
  tags: [],
  assigneeName: null,
  aiScore: null,
  sessions: [],
  createdAt: 0,
  closedAt: null,
  snoozedUntil: null,
  firstResponseAt: null,
  ...more,
})
const records = (more: Partial<ContactRecords>): ContactRecords => ({
  email: 'a@b.example',
  customers: [customer('1', 1)],
  tickets: [],
  surveys: [],
  ...more,
})
const CLOSED = { status: 'closed' as const }

it('nobody is nobody', () => {
  expect(toProfile(records({ customers: [], tickets: [ticket('1')] }))).toBeNull()
})

describe('counts, means and the last of all', () => {
  it.each<[string, Partial<ContactRecords>, object]>([
    [
      'no ticket',
      {},
      {
        ticketCount: 0,
        openTickets: 0,
        lastTicketAt: null,
        averageResponseMinutes: null,
        inSupportUntil: null,
        tags: [],
      },
    ],
    [
      'two, one of them open',
      { tickets: [ticket('1'), ticket('2', { ...CLOSED, closedAt: 9 })] },
      { ticketCount: 2, openTickets: 1, inSupportUntil: Infinity },
    ],
    [
      'both closed',
      { tickets: [ticket('1', { ...CLOSED, closedAt: 5 }), ticket('2', { ...CLOSED, closedAt: 9 })] },
      { openTickets: 0, inSupportUntil: 9 },
    ],
    ['closed without a time', { tickets: [ticket('1', { ...CLOSED, createdAt: 7 })] }, { inSupportUntil: 7 }],
    [
      'one that sleeps',
      { tickets: [ticket('1', { ...CLOSED, closedAt: 5, snoozedUntil: 50 })] },
      { openTickets: 0, inSupportUntil: Infinity },
    ],
    [
      'the newest ticket tells channel and agent',
      {
        tickets: [
          ticket('1', { createdAt: 9, channel: 'chat', assigneeName: 'Ann' }),
          ticket('2', { createdAt: 3 }),
        ],
      },
      { lastTicketAt: 9, firstTicketAt: 3, lastTicketChannel: 'chat', lastAssignee: 'Ann' },
    ],
    [
      'of two of one moment, the one with the greater id',
      { tickets: [ticket('9', { channel: 'sms' }), ticket('10', { channel: 'chat' })] },
      { lastTicketChannel: 'chat' },
    ],
    [
      'answers after 10 and 20 minutes',
      {
        tickets: [
          ticket('1', { firstResponseAt: 10 * MINUTE }),
          ticket('2', { firstResponseAt: 20 * MINUTE }),
          ticket('3'),
        ],
      },
      { averageResponseMinutes: 15 },
    ],
    [
      'tags of all, once, sorted',
      { tickets: [ticket('1', { tags: ['vip', 'b'] }), ticket('2', { tags: ['b'] })] },
      { tags: ['b', 'vip'] },
    ],
    [
      'scores 5 and 2',
      {
        surveys: [
          { id: '1', ticketId: null, score: 5, scoredAt: 3 },
          { id: '2', ticketId: null, score: 2, scoredAt: 8 },
        ],
      },
      { surveyCount: 2, lastScore: 2, lastScoredAt: 8, averageScore: 3.5 },
    ],
    [
      'the customer that changed last',
      { customers: [customer('1', 5, { name: 'Old' }), customer('2', 9, { name: 'New' })] },
      { customer: expect.objectContaining({ name: 'New' }) },
    ],
  ])('%s', (_, given, expected) => {
    expect(toProfile(records(given))).toMatchObject(expected)
  })
})

describe('the first response', () => {
  it.each([
    ['', null],
    ['c1', null],
    ['a1', null],
    ['c1 a2', 2],
    ['a1 c2 a3', 3],
    ['c1 o2 a3', 3],
    ['c1 c2 a3 a4', 3],
  ])('of "%s" is at %s', (messages, expected) => {
    const authors: Record<string, string> = { c: 'customer', a: 'agent', o: 'other' }
    const spoken = messages
      .split(' ')
      .filter((one) => one !== '')
      .map((one) => ({ author: authors[one.charAt(0)]!, createdAt: Number(one.slice(1)) }))
    expect(firstResponseAt(spoken)).toBe(expected)
  })
})

it.each([
  ['2', '10', -1],
  ['10', '9', 1],
  ['a', 'b', -1],
  ['7', '7', 0],
  ['07', '7', -1],
])('of the ids %s and %s the order is %i', (a, b, expected) => {
  expect(Math.sign(compareIds(a, b))).toBe(expected)
})
