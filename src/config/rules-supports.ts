// What a connector's helpdesk can never tell is refused where it is asked for: a line that could never do anything is a mistake that
// nobody would notice.
import { OCCURRENCE_TYPES, type OccurrenceType } from '../model/occurrence.ts'
import { findSource } from '../sources/index.ts'
import type { Lacking, SourceDefinition, Supports } from '../sources/source.ts'
import { latenessOf, supportsOf } from '../sources/supports.ts'
import { findEmptyReason, hasSurveys } from './example.ts'
import { forEachConnector, type Rule, type RuleComplaint } from './rule.ts'
import type { ConnectorsFile, RawConnector } from './schema/schema.ts'

/** A connector's helpdesk, and what its account can tell. */
interface Told {
  definition: SourceDefinition
  supports: Supports
  /** Of what its options leave out. */
  lacking: Lacking | null
}

function toTold(name: string, connector: RawConnector | undefined): Told | null {
  const definition = findSource(connector?.source ?? name)
  if (definition === null) return null
  const options = (connector ?? {}) as Record<string, unknown>
  return {
    definition,
    supports: supportsOf(definition, options),
    lacking: definition.lacks?.(options) ?? null,
  }
}

const tells = ({ supports }: Told, type: string): boolean =>
  supports.occurrences[type as OccurrenceType] !== undefined

const isKnown = (type: string): boolean => OCCURRENCE_TYPES.includes(type as OccurrenceType)

/** Of all connectors that are enabled. */
function tellersOf(file: ConnectorsFile): Told[] {
  return Object.entries(file.connectors).flatMap(([name, one]) =>
    one?.enabled === false ? [] : (toTold(name, one) ?? []),
  )
}

/** What comes late by nature, so that nobody waits for it. */
export const findLateness: Rule = (file) =>
  Object.entries(file.connectors).flatMap(([name, one]) => {
    const told = one?.enabled === false ? null : toTold(name, one)
    if (told === null) return []
    return latenessOf(told.supports).map((message) => ({ path: ['connectors', name], atKey: true, message }))
  })

function toNever(tellers: readonly Told[], type: string): string {
  const reason = tellers.find(({ lacking }) => lacking?.occurrences.includes(type as OccurrenceType))?.lacking
  if (reason != null) return `${reason.reason} So nothing would ever happen here.`
  const told = OCCURRENCE_TYPES.filter((one) => tellers.some((teller) => tells(teller, one)))
  const labels = tellers.map((one) => one.definition.label).join(' and ')
  return `${labels} never ${tellers.length > 1 ? 'tell' : 'tells'} of ${type}, so nothing would ever happen here. It can be: ${told.join(', ')}.`
}

/** Lines of a connector are its own; lines that all inherit are fine where one of them tells of it. */
export const mapsWhatIsTold: Rule = (file) => {
  const all = tellersOf(file)
  const inherited = Object.keys(file.event_mapping ?? {}).map((type) => ({
    type,
    tellers: all,
    path: ['event_mapping', type],
  }))
  const campaigns = Object.entries(file.campaigns ?? {}).flatMap(([name, campaign]) =>
    campaign?.on === undefined ? [] : [{ type: campaign.on, tellers: all, path: ['campaigns', name, 'on'] }],
  )
  const own = Object.entries(file.connectors).flatMap(([name, connector]) => {
    const teller = toTold(name, connector)
    return Object.keys(connector?.event_mapping ?? {}).map((type) => ({
      type,
      tellers: teller === null ? [] : [teller],
      path: ['connectors', name, 'event_mapping', type],
    }))
  })
  return [...inherited, ...campaigns, ...own].flatMap(({ type, tellers, path }): RuleComplaint[] => {
    if (tellers.length === 0 || !isKnown(type) || tellers.some((one) => tells(one, type))) return []
    return [{ path, atKey: path[0] !== 'campaigns', message: toNever(tellers, type) }]
  })
}

export const mapsWhatIsKnown = forEachConnector((connector, path) => {
  const teller = toTold(path[1]!, connector)
  if (teller === null) return []
  return [
    ...Object.keys(connector.field_mapping ?? {}).flatMap((field): RuleComplaint[] => {
      const reason = findEmptyReason({ label: teller.definition.label, supports: teller.supports }, field)
      if (reason === null) return []
      return [
        {
          path: [...path, 'field_mapping', field],
          atKey: true,
          message: `${reason}, so ${field} would always be empty.`,
        },
      ]
    }),
    ...findEmptyLists(teller, connector, path),
  ]
})

function findEmptyLists(
  { definition, supports, lacking }: Told,
  { lists }: RawConnector,
  path: string[],
): RuleComplaint[] {
  if (hasSurveys({ supports })) return []
  const reason = lacking?.reason ?? `${definition.label} has no satisfaction surveys.`
  return ['satisfied_customers', 'dissatisfied_customers'].flatMap((name): RuleComplaint[] =>
    Object.hasOwn(lists ?? {}, name)
      ? [
          {
            path: [...path, 'lists', name],
            atKey: true,
            message: `${reason} So nobody would ever be in this list.`,
          },
        ]
      : [],
  )
}
