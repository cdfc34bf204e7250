// The field that was meant by a name that is none: other tools' names for it, or a slip.
import { FIELDS } from './fields.ts'

const ALIASES: Record<string, string> = {
  full_name: 'name',
  fullname: 'name',
  customer_name: 'name',
  first_name: 'firstname',
  given_name: 'firstname',
  vorname: 'firstname',
  last_name: 'lastname',
  surname: 'lastname',
  family_name: 'lastname',
  nachname: 'lastname',
  mail: 'email',
  e_mail: 'email',
  email_address: 'email',
  telephone: 'phone',
  tel: 'phone',
  mobile: 'phone',
  phone_number: 'phone',
  tickets: 'nb_tickets',
  ticket_count: 'nb_tickets',
  csat: 'last_satisfaction_score',
  csat_score: 'last_satisfaction_score',
  score: 'last_satisfaction_score',
  created_at: 'created_datetime',
  customer_id: 'id',
}

/** Null where the name is a field, a path, or like none. */
export function nearestField(name: string): string | null {
  if (Object.hasOwn(FIELDS, name) || /^(custom_fields|data)\./.test(name)) return null
  const bare = toBare(name)
  const known = Object.keys(FIELDS)
  const alias = ALIASES[name.toLowerCase()]
  if (alias !== undefined && known.includes(alias)) return alias
  return (
    known.find((one) => toBare(one) === bare) ??
    known.find((one) => toLetters(one) === toLetters(name)) ??
    (bare.length >= 3 ? known.find((one) => isOneOff(toBare(one), bare)) : undefined) ??
    (bare.length >= 4 ? known.find((one) => toBare(one).startsWith(bare)) : undefined) ??
    null
  )
}

const toBare = (name: string): string => name.toLowerCase().replaceAll(/[_ -]/g, '')
/** `nmae` and `name` have the same. */
const toLetters = (name: string): string => toBare(name).split('').toSorted().join('')

/** One letter more, less, or other. */
function isOneOff(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start += 1
  let end = 0
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end += 1
  return Math.max(a.length, b.length) - start - end <= 1
}
