// Whether a campaign fires (docs/campaigns.md): a table of what is known, and the answer with its reason.
import { describe, expect, it } from '@jest/globals'

import {
  type CampaignFacts,
  type CampaignGuards,
  type CampaignRule,
  decide,
  endOfQuiet,
} from '../../src/mapping/campaigns.ts'
import { fromMs } from '../../src/model/time.ts'

const NOON = fromMs(Date.parse('2026-03-10T12:00:00Z'))
const HOUR = fromMs(3_600_000)
const NONE: CampaignGuards = {
  notWhileOpenTickets: false,
  cooldownMs: null,
  quietHours: null,
  notAfterScoreBelow: null,
  maxPerDay: null,
}
const NIGHT = { from: 21 * 60, to: 8 * 60, timezone: 'contact', fallback: 'UTC' }

const rule = (guards: Partial<CampaignGuards>): CampaignRule => ({
  name: 'thanks',
  on: 'ticket.closed',
  when: null,
  event: 'THANKS',
  params: {},
  delayMs: 0,
  maxAgeMs: 24 * 3_600_000,
  guards: { ...NONE, ...guards },
})
const facts = (more: Partial<CampaignFacts>): CampaignFacts => ({
  now: NOON,
  paused: false,
  dueAt: NOON,
  occurrence: { type: 'ticket.closed' },
  ticket: { status: 'closed' },
  ticketIsGone: false,
  values: () => ({}),
  openTickets: 0,
  lastScores: [],
  lastFiredAt: null,
  firedToday: 0,
  timezone: 'UTC',
  ...more,
})

describe('a campaign', () => {
  it.each<[string, Partial<CampaignGuards>, Partial<CampaignFacts>, object]>([
    ['with nothing against it', {}, {}, { result: 'fire' }],
    [
      'that is a day late',
      {},
      { dueAt: NOON - 25 * HOUR },
      { result: 'drop', reason: expect.stringContaining('max_age') },
    ],
    ['that is late, and paused', {}, { dueAt: NOON - 25 * HOUR, paused: true }, { result: 'drop' }],
    ['that was asked for by hand is never late', {}, { dueAt: null }, { result: 'fire' }],
    ['that is paused', {}, { paused: true }, { result: 'hold', until: null }],
    [
      'whose ticket is gone',
      {},
      { ticketIsGone: true },
      { result: 'drop', reason: expect.stringContaining('deleted') },
    ],
    [
      'whose ticket was reopened',
      {},
      { ticket: { status: 'open' } },
      { result: 'drop', reason: expect.stringContaining('reopened') },
    ],
    ['with an open ticket that does not matter', {}, { openTickets: 1 }, { result: 'fire' }],
    [
      'with an open ticket',
      { notWhileOpenTickets: true },
      { openTickets: 1 },
      { result: 'drop', reason: 'not_while_open_tickets: 1 open.' },
    ],
    [
      'within its cooldown',
      { cooldownMs: 3_600_000 },
      { lastFiredAt: NOON - HOUR / 2 },
      { result: 'drop', reason: expect.stringContaining('cooldown') },
    ],
    ['after its cooldown', { cooldownMs: 3_600_000 }, { lastFiredAt: NOON - HOUR }, { result: 'fire' }],
    [
      'soon after a low score',
      { notAfterScoreBelow: { score: 3, forMs: 3_600_000 } },
      { lastScores: [{ score: 2, at: NOON - HOUR / 2 }] },
      { result: 'drop' },
    ],
    [
      'soon after a fair score',
      { notAfterScoreBelow: { score: 3, forMs: 3_600_000 } },
      { lastScores: [{ score: 3, at: NOON }] },
      { result: 'fire' },
    ],
    ['at its daily number', { maxPerDay: 5 }, { firedToday: 5 }, { result: 'hold', until: NOON + HOUR / 2 }],
    ['by day', { quietHours: NIGHT }, {}, { result: 'fire' }],
    [
      'by night, somewhere else',
      { quietHours: NIGHT },
      { timezone: 'Asia/Tokyo' },
      { result: 'hold', until: NOON + 11 * HOUR },
    ],
  ])('%s', (_, guards, more, expected) => {
    expect(decide(rule(guards), facts(more))).toMatchObject(expected)
  })
})

it.each([
  ['2026-03-10T20:59:00Z', 'UTC', null],
  ['2026-03-10T21:00:00Z', 'UTC', '2026-03-11T08:00:00Z'],
  ['2026-03-11T07:59:00Z', 'UTC', '2026-03-11T08:00:00Z'],
  ['2026-03-11T08:00:00Z', 'UTC', null],
  // The clocks are set in this night.
  ['2026-03-29T00:00:00Z', 'Europe/Berlin', '2026-03-29T06:00:00Z'],
])('quiet hours: at %s in %s until %s', (at, zone, until) => {
  expect(endOfQuiet(NIGHT, zone, fromMs(Date.parse(at)))).toBe(
    until === null ? null : fromMs(Date.parse(until)),
  )
})
