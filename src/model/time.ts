// Points in time as whole microseconds since the epoch (UTC). Some helpdesks stamp microseconds, and JavaScript's Date cuts
// them to milliseconds; 2^53 microseconds reach beyond the year 2250, so a number holds them exactly.

/** Microseconds since 1970-01-01T00:00:00Z. */
export type Instant = number

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9})\d*)?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/

/**
 * Reads an ISO 8601 time; without an offset it is UTC, and the fraction may be missing
 * (one helpdesk drops it when it is zero). Null for anything else.
 */
export function parseInstant(text: unknown): Instant | null {
  if (typeof text !== 'string') return null
  const match = ISO.exec(text)
  if (match === null) return null
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction, offset] = match
  if (+month! < 1 || +month! > 12 || +day! < 1 || +day! > daysIn(+year!, +month!)) return null
  if (+hour > 23 || +minute > 59 || +second > 59) return null
  // Date.UTC takes the years up to 99 for those of the last century.
  if (+year! < 1000 || (offset !== undefined && Math.abs(offsetMs(offset)) > LARGEST_OFFSET_MS)) return null
  const ms =
    Date.UTC(+year!, +month! - 1, +day!, +hour, +minute, +second) -
    (offset === undefined ? 0 : offsetMs(offset))
  return ms * 1000 + (fraction === undefined ? 0 : Number(fraction.slice(0, 6).padEnd(6, '0')))
}

/** No place on earth is further from UTC. */
const LARGEST_OFFSET_MS = 14 * 3_600_000

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function offsetMs(offset: string): number {
  if (offset === 'Z' || offset === '+00:00') return 0
  const sign = offset.startsWith('-') ? -1 : 1
  const digits = offset.replace(/\D/g, '')
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4))) * 60_000
}

/** Later than any plan: not without a person, or not before something changes. */
export const FAR_FUTURE: Instant = 8_640_000_000_000_000

export function fromMs(ms: number): Instant {
  return ms * 1000
}

export function toMs(instant: Instant): number {
  return Math.floor(instant / 1000)
}

/** `2026-08-26T18:38:08.300Z` */
export function toIso(instant: Instant): string {
  return new Date(toMs(instant)).toISOString()
}

/** `2026-08-26T18:38:08.300346Z`: always six digits, so that texts are in the order of their times. */
export function toMicrosIso(instant: Instant): string {
  const seconds = Math.floor(instant / 1_000_000)
  const micros = String(Math.floor(instant - seconds * 1_000_000)).padStart(6, '0')
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${micros}Z`
}

/** `2026-08-26`, in UTC. */
export function toDate(instant: Instant): string {
  return toIso(instant).slice(0, 10)
}

/** Minutes from one instant to another, to two decimals. */
export function minutesBetween(from: Instant, to: Instant): number {
  return round2((to - from) / 60_000_000)
}

export function round2(value: number): number {
  return Math.round((value + Number.EPSILON) * 100) / 100
}

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** `45d`, `2h`, `30s` → milliseconds; null for anything else. */
export function parseDurationMs(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text)
  return match === null ? null : Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
}
