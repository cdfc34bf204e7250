// How far back a first sync reads: a date, or so many days, weeks or years before now.
import { systemClock } from '../lib/time/clock.ts'
import { fromMs, type Instant, parseInstant } from '../model/time.ts'

const DAYS = { d: 1, w: 7, y: 365 } as const

/** Null: everything there is; and for what is neither, which the rules refuse. */
export function parseSince(text: string): Instant | null {
  const match = /^(\d{1,5})\s*([dwy])$/.exec(text)
  if (match === null) return parseInstant(text)
  const days = Number(match[1]) * DAYS[match[2] as keyof typeof DAYS]
  return fromMs(systemClock.now() - days * 24 * 3_600_000)
}
