// Brevo's contact attributes and what fits into them. Brevo takes a value of the wrong type without a word and drops it
// (brevo-api.md § 3), so a value takes the type of its attribute before it is sent, and what can't is a complaint at start.
import type { AttributeValue } from './operations.ts'

export interface Attribute {
  name: string
  /** normal | category | transactional | calculated | global */
  category: string
  /** text | date | float | boolean | id | multiple-choice | user; absent for category attributes. */
  type: string
  /** Labels of a category attribute with the id to send; labels of a multiple-choice attribute. */
  options: { label: string; value: string | number }[]
}

/** What kind of value a field of a profile gives. `any`: only known when it is seen. */
export type FieldType = 'text' | 'id' | 'number' | 'date' | 'boolean' | 'texts' | 'phone' | 'any'

/** A value as a profile gives it. Dates are `yyyy-mm-dd`. */
export type FieldValue = string | number | boolean | string[]

/** Always there, listed by Brevo or not. */
const BUILT_IN = new Set(['EMAIL', 'SMS', 'WHATSAPP', 'LANDLINE_NUMBER', 'EXT_ID'])
const PHONES = new Set(['SMS', 'WHATSAPP', 'LANDLINE_NUMBER'])

/** The type to create an attribute with, so that it can hold a field. */
export function suitableType(field: FieldType): 'text' | 'float' | 'date' | 'boolean' {
  if (field === 'number') return 'float'
  return field === 'date' || field === 'boolean' ? field : 'text'
}

/** Why values of this kind would not arrive in this attribute, or null where they would. */
export function findIssue(field: FieldType, name: string, attribute: Attribute | undefined): string | null {
  if (PHONES.has(name)) return field === 'phone' ? null : `${name} takes phone numbers only`
  if (name === 'EXT_ID') return field === 'id' || field === 'text' ? null : 'EXT_ID takes ids only'
  if (attribute === undefined) return BUILT_IN.has(name) ? null : `there is no attribute ${name} in Brevo`
  if (attribute.category !== 'normal' && attribute.category !== 'category') {
    return `${name} is a ${attribute.category} attribute, which Brevo fills itself`
  }
  const accepted = ACCEPTED[attribute.category === 'category' ? 'category' : attribute.type]
  if (accepted === undefined) return `${name} is of type ${attribute.type}, which can't be written`
  if (field === 'any' || accepted.has(field)) return null
  return `${name} is of type ${attribute.type}, and Brevo would drop a ${FIELD_WORDS[field]} without a word`
}

const ACCEPTED: Record<string, ReadonlySet<FieldType>> = {
  text: new Set(['text', 'id', 'number', 'date', 'boolean', 'texts', 'phone']),
  float: new Set(['number', 'id']),
  date: new Set(['date']),
  boolean: new Set(['boolean']),
  category: new Set(['text', 'id', 'number', 'boolean']),
  'multiple-choice': new Set(['texts', 'text']),
}

const FIELD_WORDS: Record<FieldType, string> = {
  text: 'text',
  id: 'text',
  number: 'number',
  date: 'date',
  boolean: 'true/false value',
  texts: 'list of words',
  phone: 'phone number',
  any: 'value',
}

/** The value in the attribute's own type; undefined if this very value can't take it. */
export function toAttributeValue(
  value: FieldValue,
  attribute: Attribute | undefined,
): AttributeValue | undefined {
  if (attribute === undefined) return Array.isArray(value) ? value.join(', ') : String(value)
  if (attribute.category === 'category') return findOption(attribute, String(value))?.value
  switch (attribute.type) {
    case 'float':
      return toNumber(value)
    case 'boolean':
      return toBoolean(value)
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value) ? value.slice(0, 10) : undefined
    case 'multiple-choice': {
      const known = (Array.isArray(value) ? value : [String(value)]).flatMap(
        (one) => findOption(attribute, one)?.label ?? [],
      )
      return known.length === 0 ? undefined : known
    }
    default:
      return Array.isArray(value) ? value.join(', ') : String(value)
  }
}

function findOption(
  attribute: Attribute,
  label: string,
): { label: string; value: string | number } | undefined {
  const wanted = label.trim().toLowerCase()
  return attribute.options.find((option) => option.label.trim().toLowerCase() === wanted)
}

function toNumber(value: FieldValue): number | undefined {
  const number =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && value.trim() !== ''
        ? Number(value)
        : Number.NaN
  return Number.isFinite(number) ? number : undefined
}

function toBoolean(value: FieldValue): boolean | undefined {
  if (typeof value === 'boolean') return value
  const word = String(value).trim().toLowerCase()
  if (word === 'true' || word === 'yes') return true
  return word === 'false' || word === 'no' ? false : undefined
}
