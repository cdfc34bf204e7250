// `business_hours:` of a connector: what it may say, and what it means.
import type { BusinessHours } from '../lib/time/business-hours.ts'
import { isTimezone } from '../mapping/campaigns.ts'
import { forEachConnector, type RuleComplaint } from './rule.ts'
import type { RawConnector } from './schema/schema.ts'

/** Sunday first, as JavaScript counts them. */
export const WEEK = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const
const WEEKDAYS = WEEK.slice(1, 6)

type Raw = NonNullable<RawConnector['business_hours']>

const minutesOf = (time: string): number => {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}

const rangesOf = (value: string | readonly string[] | undefined): [from: number, to: number][] =>
  (typeof value === 'string' ? [value] : (value ?? [])).map((range) => {
    const [from = '', to = ''] = range.split('-')
    return [minutesOf(from), minutesOf(to)]
  })

/** Each range ends after it begins, and none lies in another; days and time zones are some. */
export const hasValidBusinessHours = forEachConnector((connector, path) => {
  const raw = connector.business_hours
  if (raw === undefined) return []
  const complain = (key: string, message: string): RuleComplaint => ({
    path: [...path, 'business_hours', key],
    message,
  })
  const days = ['weekdays', ...WEEK] as const
  const complaints = days.flatMap((day) => {
    const ranges = rangesOf(raw[day]).toSorted(([a], [b]) => a - b)
    if (ranges.some(([from, to]) => to <= from))
      return [complain(day, 'it ends before it begins. A night is two days: 22:00-24:00, and 00:00-06:00.')]
    return ranges.some(([from], index) => index > 0 && from < ranges[index - 1]![1])
      ? [complain(day, 'two of its times overlap.')]
      : []
  })
  if (raw.timezone !== undefined && !isTimezone(raw.timezone))
    complaints.push(complain('timezone', `"${raw.timezone}" is no time zone. Write it as Europe/Paris.`))
  if (days.every((day) => raw[day] === undefined))
    complaints.push({
      path: [...path, 'business_hours'],
      message: 'no day is named: write weekdays: 09:00-17:00, say.',
    })
  return complaints
})

/** `timezone`: of the whole file. */
export function toBusinessHours(raw: Raw | undefined, timezone: string | undefined): BusinessHours | null {
  if (raw === undefined) return null
  return {
    timezone: raw.timezone ?? timezone ?? 'UTC',
    week: WEEK.map((day) =>
      rangesOf(raw[day] ?? (WEEKDAYS.some((one) => one === day) ? raw.weekdays : undefined)).toSorted(
        ([a], [b]) => a - b,
      ),
    ),
    closedOn: new Set(raw.closed_on ?? []),
  }
}
