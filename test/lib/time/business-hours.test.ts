// Time within business hours: what a clock on the wall of the shop would count, minute by minute.
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'

import { BusinessClock, type BusinessHours } from '../../../src/lib/time/business-hours.ts'

const MINUTE = 60_000
const NINE_TO_FIVE = [[540, 1020]] as const

const hours = (timezone: string, closedOn: string[] = []): BusinessHours => ({
  timezone,
  week: [
    [],
    NINE_TO_FIVE,
    NINE_TO_FIVE,
    NINE_TO_FIVE,
    NINE_TO_FIVE,
    NINE_TO_FIVE,
    [
      [0, 60],
      [1380, 1440],
    ],
  ],
  closedOn: new Set(closedOn),
})

const between = (timezone: string, from: string, to: string, closedOn: string[] = []): number =>
  new BusinessClock(hours(timezone, closedOn)).between(Date.parse(from), Date.parse(to)) / MINUTE

describe('business hours', () => {
  it.each([
    ['a night', 'UTC', '2026-11-24T16:30:00Z', '2026-11-25T09:30:00Z', 60],
    ['a weekend', 'UTC', '2026-11-27T16:59:00Z', '2026-11-30T09:01:00Z', 1 + 60 + 60 + 1],
    ['nothing', 'UTC', '2026-11-24T18:00:00Z', '2026-11-24T23:00:00Z', 0],
    ['backwards', 'UTC', '2026-11-24T12:00:00Z', '2026-11-24T10:00:00Z', 0],
    ['New York', 'America/New_York', '2026-11-24T13:00:00Z', '2026-11-24T14:30:00Z', 30],
    [
      'Chatham, a quarter of an hour off',
      'Pacific/Chatham',
      '2026-11-23T19:00:00Z',
      '2026-11-23T20:00:00Z',
      45,
    ],
    // On the 29th of March it goes from 2 to 3 o'clock; the Monday after is whole.
    ['summer time', 'Europe/Paris', '2026-03-27T16:00:00Z', '2026-03-30T07:01:00Z', 60 + 60 + 1],
    // In Beirut it is set at midnight: on Sunday the 29th there is no first hour.
    ['summer time at midnight', 'Asia/Beirut', '2026-03-28T20:00:00Z', '2026-03-29T00:00:00Z', 60],
  ])('%s', (_, timezone, from, to, minutes) => {
    expect(between(timezone, from, to)).toBe(minutes)
  })

  it('an hour that is not there begins when the clock is set', () => {
    const early = {
      timezone: 'America/New_York',
      week: Array.from({ length: 7 }, () => [[150, 600]] as const),
      closedOn: new Set<string>(),
    }
    const [from, to] = ['2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z'].map((at) => Date.parse(at))
    expect(new BusinessClock(early).between(from!, to!) / MINUTE).toBe(7 * 60)
  })

  it('a day on which nobody works', () => {
    expect(between('UTC', '2026-12-24T09:00:00Z', '2026-12-28T10:00:00Z', ['2026-12-25'])).toBe(
      480 + 120 + 60,
    )
  })

  it('is what a clock on the wall counts', () => {
    const zones = ['UTC', 'Europe/Paris', 'America/New_York', 'Pacific/Chatham', 'Australia/Lord_Howe']
    // Around both of the changes of the year.
    const start = fc.integer({ min: 0, max: 400 * 1440 }).map((at) => Date.UTC(2026, 0, 1) + at * MINUTE)
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        start,
        fc.integer({ min: 0, max: 5 * 1440 }),
        (zone, from, length) => {
          const clock = new BusinessClock(hours(zone))
          const wall = new Intl.DateTimeFormat('en-GB', {
            timeZone: zone,
            weekday: 'short',
            hour: '2-digit',
            minute: '2-digit',
            hourCycle: 'h23',
          })
          let counted = 0
          for (let at = from; at < from + length * MINUTE; at += MINUTE) {
            const [day, time = ''] =
              wall.format(at).split(', ').length === 2
                ? wall.format(at).split(', ')
                : wall.format(at).split(' ')
            const [hour = 0, minute = 0] = time.split(':').map(Number)
            const now = hour * 60 + minute
            const isWork = day === 'Sat' ? now < 60 || now >= 1380 : day !== 'Sun' && now >= 540 && now < 1020
            if (isWork) counted += 1
          }
          expect(clock.between(from, from + length * MINUTE) / MINUTE).toBe(counted)
        },
      ),
      { numRuns: 60 },
    )
  })
})
