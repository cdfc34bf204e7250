// What a contact should hold, from the records of all connectors. Pure. The definitions: docs/definitions.md, § One person, several
// helpdesks.
import type { MappedField, Mapping } from '../mapping/compile.ts'
import { belongs, type ListRule } from '../mapping/lists.ts'
import { toProfileValues } from '../mapping/variables.ts'
import { toAttributeValue } from '../model/attributes.ts'
import type { AttributeValue, ProjectedContact } from '../model/operations.ts'
import { type ContactRecords, pickLatest, type Profile, toProfile } from '../model/profile.ts'
import { fromMs, type Instant } from '../model/time.ts'

/** What a connector does with what it knows. */
export interface Contributor {
  /** Its name. */
  source: string
  mapping: Mapping
  /** The first sync is still reading: metrics and lists would be wrong. */
  partial: boolean
  /** Its place in `contacts.precedence`; null where it has none. */
  rank: number | null
}

/** What a connector knows of one contact. */
export interface Part extends Contributor {
  records: ContactRecords
  /** Null: no live customer has the address there. */
  profile: Profile | null
  /** Everything that happened up to then is known; 0 before anything was read whole. */
  asOf: Instant
}

type Known = Part & { profile: Profile }

/** A line of field_mapping, and what its connector knows. */
interface Line {
  part: Part
  field: MappedField
}

const isKnown = (part: Part): part is Known => part.profile !== null

/** Null where nobody knows the contact. */
export function unite(email: string, parts: readonly Part[]): ProjectedContact | null {
  if (!parts.some(isKnown)) return null
  const attributes: Record<string, AttributeValue | null> = {}
  for (const [attribute, lines] of byAttribute(parts)) {
    const value = toValue(lines)
    if (value !== undefined) attributes[attribute] = value
  }
  const { lists, undecided } = toLists(parts)
  holdInSupport(parts, attributes, lists, undecided)
  return {
    email,
    attributes,
    lists: [...lists].filter((list) => !undecided.has(list)).sort((a, b) => a - b),
    undecided: [...undecided],
  }
}

function byAttribute(parts: readonly Part[]): Map<string, Line[]> {
  const lines = new Map<string, Line[]>()
  for (const part of parts)
    for (const field of part.mapping.fields) {
      const known = lines.get(field.attribute)
      if (known === undefined) lines.set(field.attribute, [{ part, field }])
      else known.push({ part, field })
    }
  return lines
}

/** Undefined: the attribute is left as it is. */
function toValue(lines: readonly Line[]): AttributeValue | null | undefined {
  // A connector that is still reading may hold more than it shows.
  if (lines.some(({ part, field }) => part.partial && field.metric)) return undefined
  const known = lines.filter(({ part }) => isKnown(part))
  if (known.length === 0) return undefined
  if (isUnited(lines)) {
    const records = mergeRecords(known.map(({ part }) => part.records))
    const value = read(known[0]!.field, toProfile(records)!)
    if (value !== undefined) return value
  } else {
    const value = pickSingle(known)?.value
    if (value !== undefined) return value
  }
  const clears = known.every(({ part, field }) => field.ifMissing === 'clear' && !part.partial)
  return clears && !lines.some(({ part }) => part.partial) ? null : undefined
}

/** A count, a mean, the last of something, computed over the records of all who fill it from the same field. */
export function isUnited(lines: readonly Pick<Line, 'field'>[]): boolean {
  const [first] = lines
  return (
    lines.length > 1 &&
    lines.every(
      ({ field }) =>
        field.metric && field.field === first!.field.field && field.expression === first!.field.expression,
    )
  )
}

/**
 * The value of one of them: of the first in `contacts.precedence` that has one, then of the customer whose record is the newest
 * among those that have one.
 */
export function pickSingle<T extends Line>(lines: readonly T[]): { line: T; value: AttributeValue } | null {
  for (const line of lines.length === 1 ? lines : lines.toSorted(compare)) {
    const { profile } = line.part
    const value = profile === null ? undefined : read(line.field, profile)
    if (value !== undefined) return { line, value }
  }
  return null
}

function compare({ part: a }: Line, { part: b }: Line): number {
  const [left, right] = [a.rank ?? Number.POSITIVE_INFINITY, b.rank ?? Number.POSITIVE_INFINITY]
  if (left !== right) return left - right
  return (b.profile?.customer.updatedAt ?? 0) - (a.profile?.customer.updatedAt ?? 0)
}

function read(field: MappedField, profile: Profile): AttributeValue | undefined {
  const raw = field.read(profile)
  return raw === null ? undefined : toAttributeValue(raw, field.brevo)
}

export function mergeRecords(all: readonly ContactRecords[]): ContactRecords {
  if (all.length === 1) return all[0]!
  return {
    email: all[0]!.email,
    customers: all.flatMap((one) => one.customers),
    tickets: all.flatMap((one) => one.tickets),
    surveys: all.flatMap((one) => one.surveys),
  }
}

export const isScore = ({ condition: { kind } }: ListRule): boolean =>
  kind === 'score_from' || kind === 'score_to'

/** Scores are judged over all connectors that name the list; for all else one reason at one of them is enough. */
function toLists(parts: readonly Part[]): { lists: Set<number>; undecided: Set<number> } {
  const lists = new Set<number>()
  const undecided = new Set<number>()
  const scored = new Set<number>()
  for (const part of parts) {
    const { profile, mapping } = part
    for (const rule of mapping.lists) {
      if (part.partial) undecided.add(rule.list)
      else if (isScore(rule)) scored.add(rule.list)
      else if (profile !== null && applies(rule, profile, mapping)) lists.add(rule.list)
    }
  }
  for (const list of scored) if (hasScoreFor(list, parts)) lists.add(list)
  return { lists, undecided }
}

function applies(rule: ListRule, profile: Profile, { customFields }: Mapping): boolean {
  return belongs(rule.condition, profile, () => toProfileValues(profile, customFields))
}

/** By the rule of the connector that has the last score of those that name the list. */
function hasScoreFor(list: number, parts: readonly Part[]): boolean {
  const naming = parts.filter(({ mapping }) =>
    mapping.lists.some((rule) => rule.list === list && isScore(rule)),
  )
  const last = findLastScored(naming)
  return (
    last !== null &&
    last.mapping.lists.some(
      (rule) => rule.list === list && isScore(rule) && applies(rule, last.profile, last.mapping),
    )
  )
}

/** The connector whose survey was scored last; null where none was. */
export function findLastScored(parts: readonly Part[]): Known | null {
  const known = parts.filter(isKnown).filter(({ profile }) => profile.lastScoredAt !== null)
  if (known.length < 2) return known[0] ?? null
  const { lastSurvey } = pickLatest(mergeRecords(known.map((one) => one.records)))
  return known.find(({ records }) => records.surveys.includes(lastSurvey!)) ?? null
}

/** In support at one of them is in support; nobody is released while what happened lately is not known. */
function holdInSupport(
  parts: readonly Part[],
  attributes: Record<string, AttributeValue | null>,
  lists: Set<number>,
  undecided: Set<number>,
): void {
  for (const { mapping } of parts) {
    const { inSupport } = mapping
    if (inSupport === null) continue
    const isHeld = parts.some(
      ({ profile, partial, asOf }) =>
        profile?.inSupportUntil != null &&
        !partial &&
        asOf > 0 &&
        profile.inSupportUntil + fromMs(inSupport.releaseAfterMs) > asOf,
    )
    // Before anything was read whole, nobody can say who is in support.
    const isOpen = !isHeld && parts.some(({ partial, asOf }) => partial || asOf === 0)
    if (inSupport.list !== null && isOpen) undecided.add(inSupport.list)
    if (inSupport.list !== null && isHeld) lists.add(inSupport.list)
    const value = isOpen ? undefined : toAttributeValue(isHeld, inSupport.brevo)
    if (inSupport.attribute !== null && value !== undefined) attributes[inSupport.attribute] = value
    // The rule stands at the top of connectors.yml: it is the same for all.
    return
  }
}
