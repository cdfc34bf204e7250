// How much of a time lies within business hours, in a time zone with its summer time.

export interface BusinessHours {
  /** IANA. */
  timezone: string
  /** By day of the week, Sunday first: from and to in minutes since midnight, in order, apart from each other. */
  week: readonly (readonly (readonly [from: number, to: number])[])[]
  /** Days on which nobody works: `2026-12-25`. */
  closedOn: ReadonlySet<string>
}

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

type Span = readonly [fromMs: number, toMs: number]

export class BusinessClock {
  readonly #hours: BusinessHours
  readonly #format: Intl.DateTimeFormat
  /** By day since 1970 there. */
  readonly #days = new Map<number, readonly Span[]>()

  constructor(hours: BusinessHours) {
    this.#hours = hours
    this.#format = new Intl.DateTimeFormat('sv-SE', {
      timeZone: hours.timezone,
      dateStyle: 'short',
      timeStyle: 'medium',
    })
  }

  /** Milliseconds of business between two times; 0 where the second is not after the first. */
  between(fromMs: number, toMs: number): number {
    let total = 0
    const last = this.#dayOf(toMs)
    for (let day = this.#dayOf(fromMs); day <= last; day += 1)
      for (const [from, to] of this.#spansOf(day))
        total += Math.max(0, Math.min(to, toMs) - Math.max(from, fromMs))
    return total
  }

  /** What a clock there shows, as if it were UTC. */
  #localMs(ms: number): number {
    return Date.parse(`${this.#format.format(ms).replace(' ', 'T')}Z`) + (((ms % 1000) + 1000) % 1000)
  }

  #dayOf(ms: number): number {
    return Math.floor(this.#localMs(ms) / DAY_MS)
  }

  #spansOf(day: number): readonly Span[] {
    const known = this.#days.get(day)
    if (known !== undefined) return known
    const date = new Date(day * DAY_MS)
    const isClosed = this.#hours.closedOn.has(date.toISOString().slice(0, 10))
    const hours = isClosed ? [] : (this.#hours.week[date.getUTCDay()] ?? [])
    const spans = hours.map(([from, to]): Span => [this.#toUtc(day, from), this.#toUtc(day, to)])
    this.#days.set(day, spans)
    return spans
  }

  /** What the clock there has not shown, because it was set forward, is the time at which it was set. */
  #toUtc(day: number, minutes: number): number {
    const wanted = day * DAY_MS + minutes * MINUTE_MS
    const guess = wanted - (this.#localMs(wanted) - wanted)
    const found = wanted - (this.#localMs(guess) - guess)
    return this.#localMs(found) === wanted ? found : this.#firstAt(wanted, found)
  }

  /** The first moment at which the clock there shows that time or a later one. */
  #firstAt(wanted: number, about: number): number {
    let [low, high] = [about - 4 * HOUR_MS, about + 4 * HOUR_MS]
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (this.#localMs(middle) >= wanted) high = middle
      else low = middle
    }
    return high
  }
}
