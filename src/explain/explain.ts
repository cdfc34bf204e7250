// Why a contact holds what it holds: from the state alone, by the functions that computed it. Its shape is documented
// (docs/json.md) and has a schema (schema/explain.schema.json).
import { formatTime, plural } from '../lib/human.ts'
import type { Config, ConnectorConfig } from '../config/config.ts'
import { enabled, toStreams } from '../engine/streams.ts'
import { type Compiled, compileMapping, type FieldRule } from '../mapping/compile.ts'
import { describeCondition, belongs, type ListRule } from '../mapping/lists.ts'
import { type Origin, originsOf, type RecordField } from '../mapping/origins.ts'
import { toProfileValues } from '../mapping/variables.ts'
import type { AttributeValue, ContactWrite, Membership, SentState } from '../model/operations.ts'
import type { ContactRecords, Profile } from '../model/profile.ts'
import { toIso } from '../model/time.ts'
import type { Store } from '../state/store.ts'
import { type ConnectorMapping, projectContact, prepareContact, toParts } from '../projection/project.ts'
import {
  findLastScored,
  isScore,
  isUnited,
  mergeRecords,
  type Part,
  pickSingle,
} from '../projection/unite.ts'
import { explainCampaigns, explainEvents, type ExplainedCampaign, type ExplainedEvent } from './events.ts'
import { rankOf } from '../engine/mappings.ts'

export const EXPLAIN_VERSION = 1

export interface Explanation {
  version: typeof EXPLAIN_VERSION
  email: string
  /** One sentence: whether it is in Brevo, and whether anything waits. */
  contact: string
  /**
   * A write was not answered, or is repeated in case one that was lost lands late: what `value` says may be behind what Brevo
   * holds, and `wanted` may have arrived.
   */
  confirming: boolean
  attributes: Record<string, ExplainedAttribute>
  /** By id. */
  lists: Record<string, ExplainedList>
  events: ExplainedEvent[]
  campaigns: ExplainedCampaign[]
}

export interface ExplainedAttribute {
  /** What Brevo was last told; null: nothing. */
  value: AttributeValue | null
  /** What the mapping gives by now, where that is something else and not sent yet. */
  wanted?: AttributeValue | null
  from: Origin[]
  mapping: { file: string; line: number; field: string; expression: string | null } | null
  /** ISO 8601. */
  sent_at: string | null
  /** What was sent before. */
  previous: AttributeValue | null
}

export interface ExplainedList {
  name: string
  member: boolean
  reason: string
  mapping: { file: string; line: number } | null
}

/** Null: nothing is known of the address. */
export function explainContact(store: Store, config: Config, email: string): Explanation | null {
  const lastSent = store.contacts.lastSent(email)
  const compiled = compileAll(store, config)
  const mappings = compiled.map((one) => one.mapping)
  const people = toParts(store, mappings, email).map((part, index): Person => ({
    connector: compiled[index]!.connector,
    records: part.records,
    part,
  }))
  const events = explainEvents(store, email)
  const campaigns = explainCampaigns(store, email)
  const isKnown =
    lastSent.sentAt !== null ||
    people.some(({ records }) => records.customers.length > 0) ||
    events.length + campaigns.length > 0
  if (!isKnown) return null
  const isWritten = !lastSent.gone && !store.customers.isOwnAddress(email)
  const mayBeMade = lastSent.exists || config.delivery.createContacts
  const projected = isWritten && mayBeMade ? projectContact(store, mappings, email) : null
  const write = isWritten && mayBeMade ? prepareContact(store, mappings, email, lastSent) : null
  return {
    version: EXPLAIN_VERSION,
    email,
    contact: describeContact(store, email, lastSent, people),
    confirming: isBeingConfirmed(store, email),
    attributes: explainAttributes(store, email, people, lastSent, projected?.attributes ?? {}),
    lists: explainLists(store, lastSent, people, write),
    events,
    campaigns,
  }
}

/** Each mapping against what Brevo had when it was last asked. */
export function compileAll(
  store: Store,
  config: Config,
): { mapping: ConnectorMapping; compiled: Compiled; connector: ConnectorConfig }[] {
  const attributes = store.brevo.setup()?.attributes ?? []
  return enabled(config).map((connector) => {
    const compiled = compileMapping(connector.rules, store.customers.customFields(connector.name), attributes)
    return {
      connector,
      compiled,
      mapping: {
        source: connector.name,
        mapping: compiled.mapping,
        partial: !store.cursors.isBackfilled(connector.name, toStreams(connector, undefined)),
        rank: rankOf(config, connector.name),
        defaultCountry: connector.defaultCountry,
        keepListsOfDeleted: connector.keepListsOfDeleted,
      },
    }
  })
}

/** What a connector knows of the contact. */
interface Person {
  connector: ConnectorConfig
  records: ContactRecords
  part: Part
}

function isBeingConfirmed(store: Store, email: string): boolean {
  const { lost, confirmAt } = store.outboxContacts.doubtsOf(email)
  return lost || confirmAt !== null
}

function describeContact(
  store: Store,
  email: string,
  lastSent: SentState,
  people: readonly Person[],
): string {
  if (store.customers.isOwnAddress(email)) return 'One of the shop’s own addresses: never written to Brevo.'
  if (lastSent.gone) return 'It was deleted in Brevo, and tajo does not put it back.'
  const { lost, confirmAt } = store.outboxContacts.doubtsOf(email)
  if (lost)
    return 'Its last write was not answered: it may have arrived, and everything is written once more.'
  const letter = store.deadLetters.find('contact', email)
  const refused = letter === null ? '' : ` Its last write was set aside: ${letter.reason}`
  if (!lastSent.exists) return `Not in Brevo as far as tajo knows.${refused}`
  if (people.every(({ records }) => records.customers.length === 0))
    return `In Brevo; no customer of the helpdesk has the address any more.${refused}`
  const again =
    confirmAt === null
      ? ''
      : ` An earlier write was not answered: all is written once more at ${formatTime(toIso(confirmAt))}.`
  return `In Brevo, last written ${lastSent.sentAt === null ? 'before tajo' : formatTime(toIso(lastSent.sentAt))}.${again}${refused}`
}

function explainAttributes(
  store: Store,
  email: string,
  people: readonly Person[],
  lastSent: SentState,
  projected: Record<string, AttributeValue | null>,
): Explanation['attributes'] {
  const sentOf = store.contacts.sentOf(email)
  const explained: Explanation['attributes'] = {}
  const lines = people.flatMap((person) =>
    person.connector.rules.fields.map((rule): ExplainedLine => ({ rule, ...person })),
  )
  const names = new Set([...lines.map(({ rule }) => rule.attribute), ...Object.keys(lastSent.attributes)])
  for (const name of names) {
    if (name.toLowerCase() === 'email') continue
    const source = findSource(lines.filter(({ rule }) => rule.attribute === name))
    const value = lastSent.attributes[name] ?? null
    const wanted = Object.hasOwn(projected, name) ? projected[name]! : undefined
    const { at, previous } = sentOf(name)
    const isTold = Object.hasOwn(lastSent.attributes, name)
    explained[name] = {
      value,
      ...(wanted === undefined || JSON.stringify(wanted) === JSON.stringify(value) ? {} : { wanted }),
      from: source?.from ?? [],
      mapping: source === null ? null : toPlace(source.rule),
      sent_at: !isTold || at === null ? null : toIso(at),
      previous,
    }
  }
  const inSupport = people[0]?.connector.rules.inSupport
  if (inSupport?.attribute != null && explained[inSupport.attribute] !== undefined)
    explained[inSupport.attribute]!.mapping = {
      ...parsePlace(inSupport.where),
      field: 'in_support',
      expression: null,
    }
  return explained
}

type ExplainedLine = Person & { rule: FieldRule }

/** The line that gives a value, and the records behind it, of whichever connectors they are; null where no line fills it. */
function findSource(lines: readonly ExplainedLine[]): { rule: FieldRule; from: Origin[] } | null {
  const [first] = lines
  if (first === undefined) return null
  const fields = lines.flatMap((line) => {
    const field = line.part.mapping.fields.find((one) => one.attribute === line.rule.attribute)
    return field === undefined ? [] : [{ ...line, field }]
  })
  const known = fields.filter(({ part }) => part.profile !== null)
  if (isUnited(fields)) {
    const all = fields.map(({ records, connector }) => withOwner(records, connector.name))
    const from = originsOf(first.rule, mergeRecords(all)).map((one) => toOrigin(one))
    return { rule: (known[0] ?? first).rule, from }
  }
  const { rule, records, connector } = pickSingle(known)?.line ?? known[0] ?? first
  return { rule, from: originsOf(rule, records).map((one) => ({ connector: connector.name, ...one })) }
}

/** Two accounts may have records of the same id: told apart while their records are looked at as one. */
function withOwner(records: ContactRecords, connector: string): ContactRecords {
  const own = <T extends { id: string }>(all: readonly T[]): T[] =>
    all.map((one) => ({ ...one, id: `${one.id}${SEPARATOR}${connector}` }))
  return {
    ...records,
    customers: own(records.customers),
    tickets: own(records.tickets),
    surveys: own(records.surveys),
  }
}

function toOrigin({ id, ...rest }: RecordField): Origin {
  const at = id.lastIndexOf(SEPARATOR)
  return { connector: id.slice(at + 1), ...rest, id: id.slice(0, at) }
}

/** No name of a connector has it. */
const SEPARATOR = '\0'

function toPlace(rule: FieldRule): ExplainedAttribute['mapping'] {
  return { ...parsePlace(rule.where), field: rule.field, expression: rule.value?.source ?? null }
}

/** `connectors.yml:24:7` → its file and line. */
export function parsePlace(where: string): { file: string; line: number } {
  const [, file = where, line = '0'] = /^(.*):(\d+):\d+$/.exec(where) ?? []
  return { file, line: Number(line) }
}

function explainLists(
  store: Store,
  lastSent: SentState,
  people: readonly Person[],
  write: ContactWrite | null,
): Explanation['lists'] {
  const names = store.brevo.listNames()
  const lists: Explanation['lists'] = {}
  const put = (id: number, seen: string, where: string | null): void => {
    const membership = toMembership(id, lastSent.lists[id], write, seen)
    lists[id] = { name: names[id] ?? '', ...membership, mapping: where === null ? null : parsePlace(where) }
  }
  for (const { connector, part } of people) {
    for (const rule of connector.rules.lists) {
      const judge = isScore(rule) ? judgeOf(rule.list, people) : part
      const { profile, mapping } = judge
      const values = () => toProfileValues(profile, mapping.customFields)
      const ruled = judge.source === connector.name ? rule : scoreRuleOf(judge, rule)
      const wants = profile !== null && belongs(ruled.condition, profile, values)
      // Two lines may fill one list: the one that applies explains it.
      if (lists[rule.list] !== undefined && !wants) continue
      const at = people.length > 1 ? ` (${judge.source})` : ''
      put(
        rule.list,
        `${rule.name}: ${profile === null ? NOBODY : `${describeFor(ruled, profile, values)}${at}`}`,
        ruled.where,
      )
    }
    const { profile } = part
    const { inSupport } = connector.rules
    if (inSupport?.list != null)
      put(inSupport.list, `in_support: ${plural(profile?.openTickets ?? 0, 'open ticket')}`, inSupport.where)
  }
  for (const id of Object.keys(lastSent.lists))
    if (lists[id] === undefined) put(Number(id), 'No line of the mapping names it any more', null)
  return lists
}

/** Whose survey was scored last decides about a list that several name. */
function judgeOf(list: number, people: readonly Person[]): Part {
  const naming = people.filter(({ connector }) =>
    connector.rules.lists.some((rule) => rule.list === list && isScore(rule)),
  )
  return findLastScored(naming.map(({ part }) => part)) ?? naming[0]!.part
}

const scoreRuleOf = ({ mapping }: Part, { list, condition, ...rule }: ListRule): ListRule =>
  mapping.lists.find((one) => one.list === list && one.condition.kind === condition.kind) ?? {
    list,
    condition,
    ...rule,
  }

const NOBODY = 'no customer has the address'

const describeFor = (
  rule: ListRule,
  profile: Profile,
  values: Parameters<typeof describeCondition>[2],
): string => describeCondition(rule.condition, profile, values)

/** `write`: what the next one does; null: none is made. */
function toMembership(
  list: number,
  membership: Membership | undefined,
  write: ContactWrite | null,
  seen: string,
): Pick<ExplainedList, 'member' | 'reason'> {
  const isTaken = write?.removeLists.includes(list) === true
  switch (membership) {
    case 'given':
      return { member: true, reason: `${seen}. Given by tajo${isTaken ? ', and to be taken away' : ''}.` }
    case 'giving':
      return { member: true, reason: `${seen}. A write that gives it was not answered yet.` }
    case 'found':
      return { member: true, reason: `${seen}. It was there before: tajo does not take it away.` }
    case 'left':
      return { member: false, reason: `The contact left this list and is not put back (${seen}).` }
    case undefined: {
      const isGiven = write?.addLists.includes(list) === true
      return { member: false, reason: `${seen}.${isGiven ? ' To be given with the next write.' : ''}` }
    }
  }
}
