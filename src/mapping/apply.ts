// (profile, mapping) → what the contact should hold; (occurrence, mapping) → the event to send. Pure: the same code
// serves sync, plan, explain and the tests of a mapping.
import { toAttributeValue } from '../model/attributes.ts'
import { type Occurrence, toEventId } from '../model/occurrence.ts'
import type {
  AttributeValue,
  ContactWrite,
  DesiredContact,
  EventWrite,
  Membership,
  ToldContact,
} from '../model/operations.ts'
import type { Profile } from '../model/profile.ts'
import { fromMs, type Instant, toIso } from '../model/time.ts'
import type { EventRule, Mapping } from './compile.ts'
import type { Expression, Values } from './expressions.ts'
import { belongs } from './lists.ts'
import { firstResponseMinutes, resolutionMinutes, toProfileValues } from './variables.ts'

/** What can be said of a contact while its tickets and surveys are still being read for the first time. */
export function toPartlyDesired(profile: Profile, mapping: Mapping): DesiredContact {
  const fields = mapping.fields.flatMap((field) =>
    field.metric ? [] : [{ ...field, ifMissing: 'keep' as const }],
  )
  return { ...toDesired(profile, { ...mapping, fields, inSupport: null }, 0), lists: [], partial: true }
}

/** `asOf`: everything that happened up to then is known. */
export function toDesired(profile: Profile, mapping: Mapping, asOf: Instant): DesiredContact {
  const attributes: Record<string, AttributeValue | null> = {}
  for (const field of mapping.fields) {
    const raw = field.read(profile)
    const value = raw === null ? undefined : toAttributeValue(raw, field.brevo)
    if (value !== undefined) attributes[field.attribute] = value
    else if (field.ifMissing === 'clear') attributes[field.attribute] = null
  }
  const lists = toLists(profile, mapping)
  const { inSupport } = mapping
  if (inSupport !== null) {
    const held = isInSupport(profile, inSupport.releaseAfterMs, asOf)
    const value = toAttributeValue(held, inSupport.brevo)
    if (inSupport.attribute !== null && value !== undefined) attributes[inSupport.attribute] = value
    if (inSupport.list !== null && held) lists.push(inSupport.list)
  }
  return { email: profile.email, attributes, lists, partial: false }
}

/** While what happened lately is not known, nobody is released. */
function isInSupport({ inSupportUntil }: Profile, releaseAfterMs: number, asOf: Instant): boolean {
  return inSupportUntil !== null && inSupportUntil + fromMs(releaseAfterMs) > asOf
}

function toLists(profile: Profile, { lists: rules, customFields }: Mapping): number[] {
  const values = lazily(() => toProfileValues(profile, customFields))
  const lists = new Set(
    rules.filter((rule) => belongs(rule.condition, profile, values)).map((rule) => rule.list),
  )
  return [...lists].sort((a, b) => a - b)
}

function lazily<T extends object>(compute: () => T): () => T {
  let known: T | null = null
  return () => (known ??= compute())
}

/**
 * What has to be written so that Brevo holds what is desired. Only memberships that tajo gave are taken away, and a
 * contact who left a list is not put back. Without a profile (`desired` null) attributes are left as they are.
 */
export function toWrite(
  email: string,
  desired: DesiredContact | null,
  told: ToldContact,
  keepLists: boolean,
): ContactWrite {
  const attributes: Record<string, AttributeValue | null> = {}
  for (const [name, value] of Object.entries(desired?.attributes ?? {})) {
    if (!isSame(value, told.attributes[name])) attributes[name] = value
  }
  const wanted = new Set(desired?.lists)
  return {
    email,
    exists: told.exists || desired === null,
    attributes,
    addLists: [...wanted].filter((list) => told.lists[list] === undefined || told.lists[list] === 'giving'),
    giving: [...wanted].filter((list) => told.lists[list] === 'giving'),
    removeLists: keepLists
      ? []
      : Object.entries(told.lists).flatMap(([list, membership]) =>
          isGiven(membership) && !wanted.has(Number(list)) ? [Number(list)] : [],
        ),
    lookUp: true,
    repair: told.repair,
  }
}

function isGiven(membership: Membership): boolean {
  return membership === 'given' || membership === 'giving'
}

function isSame(value: AttributeValue | null, told: AttributeValue | null | undefined): boolean {
  if (Array.isArray(value) && Array.isArray(told)) {
    return value.length === told.length && value.every((one, index) => one === told[index])
  }
  return value === told
}

/** The event of an occurrence. `values` are asked for only if the rule computes anything. */
export function toEvent(
  occurrence: Occurrence,
  rule: EventRule,
  account: string,
  values: () => Values,
): EventWrite {
  const eventId = toEventId(account, occurrence.type, occurrence.key)
  return {
    eventId,
    email: occurrence.email,
    name: rule.event,
    date: toIso(occurrence.at),
    properties: { event_id: eventId, ...toProperties(occurrence), ...evaluateAll(rule.properties, values) },
    ...toContactProperties(evaluateAll(rule.contactProperties, values)),
    ...namesOfSaid({ ...rule.contactProperties, ...rule.properties }),
  }
}

/** Properties that are computed from what a customer wrote. */
export function namesOfSaid(expressions: Record<string, Expression>): Pick<EventWrite, 'said'> {
  const said = Object.entries(expressions).flatMap(([name, { source, uses }]) =>
    uses.has('comment') || (uses.has('survey') && source.includes('comment')) ? [name] : [],
  )
  return said.length === 0 ? {} : { said }
}

/** What is unknown is left out. */
export function evaluateAll(
  expressions: Record<string, Expression>,
  values: () => Values,
): Record<string, AttributeValue> {
  const results: Record<string, AttributeValue> = {}
  for (const [name, expression] of Object.entries(expressions)) {
    const value = expression.evaluate(values())
    if (value !== null) results[name] = shorten(value)
  }
  return results
}

/** Long texts are cut, and long lists; by characters, never in the middle of one. */
function shorten(value: AttributeValue): AttributeValue {
  if (Array.isArray(value)) return value.slice(0, MAX_TAGS).map((one) => cut(one, MAX_TAG))
  return typeof value === 'string' ? cut(value, MAX_TEXT) : value
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : Array.from(text).slice(0, most).join('')
}

/** Brevo takes no lists there (brevo-api.md § 2.10). */
function toContactProperties(values: Record<string, AttributeValue>): Pick<EventWrite, 'contactProperties'> {
  const entries = Object.entries(values).map(([name, value]): [string, string | number | boolean] => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ])
  return entries.length === 0 ? {} : { contactProperties: Object.fromEntries(entries) }
}

/** What every event tells of its occurrence. */
export function toProperties(occurrence: Occurrence): Record<string, AttributeValue> {
  const { ticket, survey } = occurrence
  const properties: Record<string, AttributeValue | null> = {
    customer_id: occurrence.customerId,
    ticket_id: ticket?.id ?? null,
    survey_id: survey?.id ?? null,
    subject: ticket?.subject ?? null,
    channel: ticket?.channel ?? null,
    status: ticket?.status ?? null,
    tags: ticket?.tags ?? null,
    assignee_name: ticket?.assigneeName ?? null,
    score: survey?.score ?? null,
    comment: survey?.comment ?? null,
    first_response_time: firstResponseMinutes(occurrence),
    resolution_time: resolutionMinutes(occurrence),
    ...occurrence.details,
  }
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, value]) => (value === null ? [] : [[name, shorten(value)]])),
  )
}

/** Keeps event_properties below Brevo's 50 KB (brevo-api.md § 2.10), however long a subject is. */
const MAX_TAGS = 50
const MAX_TAG = 256
const MAX_TEXT = 2_000
