import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { minutesBetween, parseDurationMs, parseInstant, toDate, toIso } from '../../src/model/time.ts'

describe('an instant', () => {
  it('is read to the microsecond, with or without a fraction or an offset', () => {
    const whole = Date.UTC(2026, 7, 26, 18, 38, 8) * 1000

    expect(parseInstant('2026-08-26T18:38:08.300346+00:00')).toBe(whole + 300_346)
    expect(parseInstant('2026-08-26T18:38:08+00:00')).toBe(whole)
    expect(parseInstant('2026-08-26T18:38:08.3')).toBe(whole + 300_000)
    expect(parseInstant('2026-08-26T20:38:08+02:00')).toBe(whole)
    expect(parseInstant('2026-08-26T13:08:08-0530')).toBe(whole)
    expect(parseInstant('2026-08-26')).toBe(Date.UTC(2026, 7, 26) * 1000)
  })

  it.each([
    '',
    'soon',
    '2026-02-30',
    '2026-13-01',
    '2026-01-01T25:00',
    '2026-01-01T10:00:61',
    '0000-01-01T00:00:00Z',
    '0099-01-01',
    '2026-01-01T10:00:00+99:99',
    '2026-01-01T10:00:00-15:00',
    5,
    null,
    undefined,
    {},
  ])('is nothing in %j', (text) => {
    expect(parseInstant(text)).toBeNull()
  })

  it('comes back from its ISO form, to the millisecond', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1970-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }),
        (date) => {
          const instant = parseInstant(date.toISOString())!
          expect(toIso(instant)).toBe(date.toISOString())
          expect(toDate(instant)).toBe(date.toISOString().slice(0, 10))
        },
      ),
    )
  })

  it('keeps the order that the times have', () => {
    const micros = fc.integer({ min: 0, max: 999_999 }).map((one) => String(one).padStart(6, '0'))
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        const [left, right] = [a, b].map((fraction) => parseInstant(`2026-08-26T18:38:08.${fraction}`)!)
        expect(Math.sign(left! - right!)).toBe(Math.sign(Number(a) - Number(b)))
      }),
    )
  })
})

describe('a span', () => {
  it('is minutes to two decimals', () => {
    expect(minutesBetween(0, 90_000_000)).toBe(1.5)
    expect(minutesBetween(0, 1_000_000)).toBe(0.02)
  })

  it('is written with its unit', () => {
    expect(parseDurationMs('45d')).toBe(45 * 86_400_000)
    expect(parseDurationMs('1.5h')).toBe(5_400_000)
    expect(parseDurationMs('soon')).toBeNull()
  })
})
