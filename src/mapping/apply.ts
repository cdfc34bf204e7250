// What a contact should hold, against what Brevo was told → the write; (occurrence, mapping) → the event to send. Pure: the same
// code serves sync, plan, explain and the tests of a mapping.
import { type Occurrence, toEventId } from '../model/occurrence.ts'
import type {
  AttributeValue,
  ContactWrite,
  ProjectedContact,
  EventWrite,
  Membership,
  SentState,
} from '../model/operations.ts'
import { toIso } from '../model/time.ts'
import type { EventRule } from './compile.ts'
import type { Expression, Values } from './expressions.ts'
import { firstResponseMinutes, resolutionMinutes } from './variables.ts'

/**
 * What has to be written so that Brevo holds what is projected. Only memberships that tajo gave are taken away, and a
 * contact who left a list is not put back; a list that `isKept` is left as it is. Without a profile (`projected` null) attributes are
 * left as they are.
 */
export function toWrite(
  email: string,
  projected: ProjectedContact | null,
  lastSent: SentState,
  isKept: (list: number) => boolean,
): ContactWrite {
  const attributes: Record<string, AttributeValue | null> = {}
  for (const [name, value] of Object.entries(projected?.attributes ?? {})) {
    if (!isSame(value, lastSent.attributes[name])) attributes[name] = value
  }
  const wanted = new Set(projected?.lists)
  return {
    email,
    exists: lastSent.exists || projected === null,
    attributes,
    addLists: [...wanted].filter(
      (list) => lastSent.lists[list] === undefined || lastSent.lists[list] === 'giving',
    ),
    giving: [...wanted].filter((list) => lastSent.lists[list] === 'giving'),
    removeLists: Object.entries(lastSent.lists).flatMap(([list, membership]) =>
      isGiven(membership) && !wanted.has(Number(list)) && !isKept(Number(list)) ? [Number(list)] : [],
    ),
    lookUp: true,
    repair: lastSent.repair,
  }
}

function isGiven(membership: Membership): boolean {
  return membership === 'given' || membership === 'giving'
}

function isSame(value: AttributeValue | null, lastSent: AttributeValue | null | undefined): boolean {
  if (Array.isArray(value) && Array.isArray(lastSent)) {
    return value.length === lastSent.length && value.every((one, index) => one === lastSent[index])
  }
  return value === lastSent
}

/** Where something happened: told with every event. */
export interface EventOrigin {
  connector: string
  helpdesk: string
}

/** The event of an occurrence. `values` are asked for only if the rule computes anything. */
export function toEvent(
  occurrence: Occurrence,
  rule: EventRule,
  { account, ...from }: EventOrigin & { account: string },
  values: () => Values,
): EventWrite {
  const eventId = toEventId(account, occurrence.type, occurrence.key)
  return {
    eventId,
    email: occurrence.email,
    name: rule.event,
    date: toIso(occurrence.at),
    properties: {
      event_id: eventId,
      ...from,
      ...toProperties(occurrence),
      ...evaluateAll(rule.properties, values),
    },
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
    channel_source: ticket?.channelSource ?? null,
    status: ticket?.status ?? null,
    tags: ticket?.tags ?? null,
    assignee_name: ticket?.assigneeName ?? null,
    group_name: ticket?.groupName ?? null,
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
