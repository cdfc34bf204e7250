// What every item of Intercom has: an id, and dates in whole Unix seconds.
import { fromMs, type Instant } from '../../model/time.ts'
import { type Json, toId } from './client.ts'

/** Why an item is no record, as a sentence without a full stop. */
export class InvalidItem extends Error {}

export function requireId(item: Json): string {
  const id = toId(item['id'])
  if (id === null) throw new InvalidItem('it has no id')
  return id
}

/** Whole Unix seconds; 0 is none. */
export function toInstant(value: unknown): Instant | null {
  const isTime = typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1e11
  return isTime ? fromMs(value * 1000) : null
}

export function requireInstant(item: Json, key: string): Instant {
  const at = toInstant(item[key])
  if (at === null) throw new InvalidItem(`\`${key}\` is no time`)
  return at
}
