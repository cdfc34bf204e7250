// connectors.yml's rules + what the helpdesk and Brevo have → a mapping that can be applied without asking anyone.
// Everything that can be wrong with a mapping is found here, before the first write.
import {
  type Attribute,
  type FieldType,
  type FieldValue,
  findIssue,
  suitableType,
} from '../model/attributes.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import { IDENTIFIERS } from '../model/operations.ts'
import type { Profile } from '../model/profile.ts'
import { type CustomField, toSlug } from '../model/records.ts'
import type { Expression } from './expressions.ts'
import { FIELDS, type IfMissing, readPath, toFieldValue, type Unit, UNIT_MINUTES } from './fields.ts'
import type { ListRule } from './lists.ts'
import { toProfileValues } from './variables.ts'

/** One line of field_mapping. */
export interface FieldRule {
  /** `nb_tickets`, `custom_fields.vip`, `data.tier`, or the slug of a custom field. */
  field: string
  attribute: string
  /** Computed instead of read. */
  value?: Expression | undefined
  /** Of a computed value; default: as the expression says. */
  type?: ComputedType | undefined
  /** Decimals of a number. */
  round?: number | undefined
  /** Of a field that is a duration. */
  unit?: Unit | undefined
  ifMissing?: IfMissing | undefined
  /** Where it stands, for complaints: `connectors.yml:24:7`. */
  where: string
}

export const COMPUTED_TYPES = ['text', 'number', 'boolean', 'date'] as const
export type ComputedType = (typeof COMPUTED_TYPES)[number]

/** One line of event_mapping. */
export interface EventRule {
  event: string
  /** Null: always. */
  when: Expression | null
  properties: Record<string, Expression>
  /** Attributes of the contact that the event sets. */
  contactProperties: Record<string, Expression>
  /** What is first seen later than that is not told. */
  maxAgeMs: number | null
}

export type EventRules = Partial<Record<OccurrenceType, EventRule>>

export interface MappingRules {
  fields: FieldRule[]
  events: EventRules
  lists: ListRule[]
  inSupport: InSupportRule | null
  /** Campaigns may ask for what events tell. */
  hasCampaigns: boolean
}

/** Held while a contact has open tickets, and for a while after the last one closed. */
export interface InSupportRule {
  attribute: string | null
  list: number | null
  releaseAfterMs: number
  where: string
}

export interface MappedField {
  field: string
  /** Of a computed value. */
  expression: string | null
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
  events: EventRules
  lists: ListRule[]
  /** What expressions may name as custom_fields. */
  customFields: readonly CustomField[]
  inSupport: (InSupportRule & { brevo: Attribute | undefined }) | null
}

/** A rule that Brevo would not take as it stands, and the attribute that would put it right. */
export interface MappingIssue {
  /** `connectors.yml:12:7`. */
  where: string
  field: string
  attribute: string
  reason: string
  /** The type to create it with; null where it exists but is of the wrong kind. */
  create: 'text' | 'float' | 'date' | 'boolean' | null
}

export interface Compiled {
  mapping: Mapping
  issues: MappingIssue[]
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
    mapping: { fields: [], events: rules.events, lists: rules.lists, customFields, inSupport: null },
    issues: [],
    warnings: [],
  }

  for (const rule of rules.fields) {
    if (rule.field === 'email' && rule.attribute.toLowerCase() === 'email') continue
    const brevo = byName.get(rule.attribute)
    const resolved = resolveRule(rule, customFields)
    if (resolved === null) {
      compiled.warnings.push(
        `${rule.where}: the helpdesk has no customer field "${rule.field.replace(/^custom_fields\./, '')}", so ${rule.attribute} is left alone.`,
      )
      continue
    }
    const reason = findIssue(resolved.type, rule.attribute, brevo)
    if (reason !== null) {
      compiled.issues.push({
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
      expression: rule.value?.source ?? null,
      attribute: rule.attribute,
      ifMissing: rule.ifMissing ?? ifMissing,
      brevo,
    })
  }
  if (rules.inSupport !== null) compileInSupport(rules.inSupport, byName, compiled)
  return compiled
}

function compileInSupport(
  rule: InSupportRule,
  attributes: ReadonlyMap<string, Attribute>,
  compiled: Compiled,
): void {
  const brevo = rule.attribute === null ? undefined : attributes.get(rule.attribute)
  compiled.mapping.inSupport = { ...rule, brevo }
  if (rule.attribute === null) return
  const reason = findIssue('boolean', rule.attribute, brevo)
  if (reason === null) return
  const create = brevo === undefined ? 'boolean' : null
  compiled.issues.push({ where: rule.where, field: 'in_support', attribute: rule.attribute, reason, create })
}

function resolveRule(rule: FieldRule, customFields: readonly CustomField[]): ResolvedField | null {
  const { value, round, unit } = rule
  const resolved =
    value === undefined ? resolveField(rule.field, customFields) : compute(rule, value, customFields)
  if (resolved === null || (round === undefined && unit === undefined)) return resolved
  const { read } = resolved
  return {
    ...resolved,
    read(profile) {
      const given = read(profile)
      if (typeof given !== 'number') return given
      const converted = unit === undefined ? given : given / UNIT_MINUTES[unit]
      return Number(converted.toFixed(round ?? 2))
    },
  }
}

function compute(
  { type }: FieldRule,
  expression: Expression,
  customFields: readonly CustomField[],
): ResolvedField {
  const metric = [...expression.uses].some((name) => FIELDS[name]?.metric === true)
  return {
    type: type ?? 'any',
    ifMissing: 'clear',
    metric,
    read: (profile) => expression.evaluate(toProfileValues(profile, customFields)),
  }
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

/** True if any rule fills an identifier, which costs a write a contact. */
export function identifies({ fields }: MappingRules): boolean {
  return fields.some(({ attribute }) => IDENTIFIERS.has(attribute))
}

/** True if any rule needs the phone, which costs a request a customer. */
export function needsPhone(rules: MappingRules): boolean {
  return uses(rules, 'phone')
}

function uses({ fields, lists }: MappingRules, name: string): boolean {
  return (
    fields.some(({ field, value }) => (value === undefined ? field === name : value.uses.has(name))) ||
    lists.some(({ condition }) => condition.kind === 'when' && condition.expression.uses.has(name))
  )
}

/** True if any rule needs to know when a ticket was first answered. */
export function needsMessages(rules: MappingRules): boolean {
  return uses(rules, 'avg_response_time') || rules.hasCampaigns || Object.keys(rules.events).length > 0
}
