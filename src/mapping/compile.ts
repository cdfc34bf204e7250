// connectors.yml's rules + what the helpdesk and Brevo have → a mapping that can be applied without asking anyone.
// Everything that can be wrong with a mapping is found here, before the first write.
import {
  type Attribute,
  type FieldType,
  type FieldValue,
  findMisfit,
  suitableType,
} from '../model/attributes.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import type { Profile } from '../model/profile.ts'
import { type CustomField, toSlug } from '../model/records.ts'
import { FIELDS, type IfMissing, readPath, toFieldValue } from './fields.ts'

/** One line of field_mapping. */
export interface FieldRule {
  /** `nb_tickets`, `custom_fields.vip`, `data.tier`, or the slug of a custom field. */
  field: string
  attribute: string
  ifMissing?: IfMissing | undefined
  /** Where it stands, for complaints: `connectors.yml:24:7`. */
  where: string
}

export interface ListRules {
  allSupportContacts?: number | undefined
  satisfiedCustomers?: number | undefined
  dissatisfiedCustomers?: number | undefined
  /** Tag → list id. */
  byTag: Record<string, number>
  satisfiedFrom: number
  dissatisfiedTo: number
}

export interface MappingRules {
  fields: FieldRule[]
  events: Partial<Record<OccurrenceType, string>>
  lists: ListRules
}

export interface MappedField {
  field: string
  attribute: string
  type: FieldType
  ifMissing: IfMissing
  /** Computed from tickets or surveys, not read off the customer. */
  metric: boolean
  /** As Brevo has it; absent for its built-in identifiers. */
  brevo: Attribute | undefined
  read(profile: Profile): FieldValue | null
}

export interface Mapping {
  fields: MappedField[]
  events: Partial<Record<OccurrenceType, string>>
  lists: ListRules
}

/** A rule that Brevo would not take as it stands, and the attribute that would put it right. */
export interface Misfit {
  where: string
  field: string
  attribute: string
  reason: string
  /** The type to create it with; null where it exists but is of the wrong kind. */
  create: 'text' | 'float' | 'date' | 'boolean' | null
}

export interface Compiled {
  mapping: Mapping
  misfits: Misfit[]
  /** Worth saying, no reason to stop. */
  warnings: string[]
}

export function compileMapping(
  rules: MappingRules,
  customFields: readonly CustomField[],
  attributes: readonly Attribute[],
): Compiled {
  const byName = new Map(attributes.map((attribute) => [attribute.name.toUpperCase(), attribute]))
  const compiled: Compiled = {
    mapping: { fields: [], events: rules.events, lists: rules.lists },
    misfits: [],
    warnings: [],
  }

  for (const rule of rules.fields) {
    if (rule.field === 'email' && rule.attribute.toLowerCase() === 'email') continue
    const brevo = byName.get(rule.attribute)
    const resolved = resolveField(rule.field, customFields)
    if (resolved === null) {
      compiled.warnings.push(
        `${rule.where}: the helpdesk has no customer field "${rule.field.replace(/^custom_fields\./, '')}", so ${rule.attribute} is left alone.`,
      )
      continue
    }
    const reason = findMisfit(resolved.type, rule.attribute, brevo)
    if (reason !== null) {
      compiled.misfits.push({
        where: rule.where,
        field: rule.field,
        attribute: rule.attribute,
        reason,
        create: brevo === undefined ? suitableType(resolved.type) : null,
      })
    }
    const { ifMissing, ...field } = resolved
    compiled.mapping.fields.push({
      ...field,
      field: rule.field,
      attribute: rule.attribute,
      ifMissing: rule.ifMissing ?? ifMissing,
      brevo,
    })
  }
  return compiled
}

type ResolvedField = Pick<MappedField, 'type' | 'ifMissing' | 'metric' | 'read'>

/** Null: a custom field that the helpdesk does not have. */
function resolveField(name: string, customFields: readonly CustomField[]): ResolvedField | null {
  const known = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
  if (known !== undefined) return known
  if (name.startsWith('data.')) {
    const path = name.split('.').slice(1)
    return {
      type: 'any',
      ifMissing: 'keep',
      metric: false,
      read: (profile) => readPath(profile.customer.data, path),
    }
  }
  const wanted = name.replace(/^custom_fields\./, '')
  const field = customFields.find(
    (one) => one.id === wanted || one.label === wanted || toSlug(one.label) === toSlug(wanted),
  )
  if (field === undefined) return null
  return {
    type: CUSTOM_TYPES[field.dataType] ?? 'any',
    ifMissing: 'clear',
    metric: false,
    read: (profile) => toFieldValue(profile.customer.customFields[field.id]),
  }
}

const CUSTOM_TYPES: Record<string, FieldType> = { text: 'text', number: 'number', boolean: 'boolean' }

/** True if any rule needs the phone, which costs a request a customer. */
export function needsPhone(rules: MappingRules): boolean {
  return rules.fields.some((rule) => rule.field === 'phone')
}

/** True if any rule needs to know when a ticket was first answered. */
export function needsMessages(rules: MappingRules): boolean {
  return (
    rules.fields.some((rule) => rule.field === 'avg_response_time') || Object.keys(rules.events).length > 0
  )
}
