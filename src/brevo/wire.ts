// What Brevo's answers hold, looked at before it is believed: taken for an empty list, something else would have contacts
// written anew and events sent again.
import { TajoError } from '../lib/errors.ts'

export type Json = Record<string, unknown>

export function toObject(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null
}

/** The items of `{ [key]: [ … ] }`; Brevo leaves an empty list out, or writes null, where `count` is 0. */
export function toItems(body: unknown, key: string, what: string): Json[] {
  const envelope = toObject(body)
  const list = envelope?.[key]
  if (Array.isArray(list)) return list.map((item) => toObject(item)).filter((item) => item !== null)
  const isEmpty = envelope !== null && (list === undefined || list === null) && envelope['count'] === 0
  if (isEmpty) return []
  throw new TajoError('brevo_unavailable', `${what}: Brevo's answer has an unknown shape.`)
}

export function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

export function toNumbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((one): one is number => typeof one === 'number') : []
}
