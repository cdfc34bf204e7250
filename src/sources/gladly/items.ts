// What stands in Gladly's answers: texts for ids, and times to the millisecond.
import { fromMs, type Instant } from '../../model/time.ts'

export type Json = Record<string, unknown>

/** Why an item is no record, as a sentence without a full stop. */
export class InvalidItem extends Error {}

export const toObject = (value: unknown): Json | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null

export const toText = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null

export const toList = (value: unknown): Json[] =>
  Array.isArray(value) ? (value as unknown[]).map((one) => toObject(one) ?? {}) : []

export const toId = (value: unknown): string | null =>
  typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : toText(value)

export function requireId(item: Json, key = 'id'): string {
  const id = toId(item[key])
  if (id === null) throw new InvalidItem(key === 'id' ? 'it has no id' : `\`${key}\` is no id`)
  return id
}

/** Earlier or later it is no time of a helpdesk. */
const [FIRST, LAST] = [Date.UTC(2000), Date.UTC(2200)]

/** `2019-02-21T07:15:18.07Z`; reports were seen with a space, and without a zone, which is UTC as it was asked for. */
export function toInstant(value: unknown): Instant | null {
  const match =
    typeof value === 'string'
      ? /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d:?\d\d|UTC)?$/.exec(value.trim())
      : null
  if (match === null) return null
  const [, day, time, zone = 'Z'] = match
  const ms = Date.parse(`${day}T${time}${zone === 'UTC' ? 'Z' : zone}`)
  return ms >= FIRST && ms < LAST ? fromMs(ms) : null
}

export function requireInstant(item: Json, key: string): Instant {
  const at = toInstant(item[key])
  if (at === null) throw new InvalidItem(`\`${key}\` is no time`)
  return at
}
