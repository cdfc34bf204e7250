// What a connector's helpdesk can never tell is refused where it is asked for: a line that could never do anything is a mistake that
// nobody would notice.
import { OCCURRENCE_TYPES, type OccurrenceType } from '../model/occurrence.ts'
import { findSource } from '../sources/index.ts'
import type { SourceDefinition } from '../sources/source.ts'
import { findEmptyReason, hasSurveys } from './example.ts'
import { forEachConnector, type Rule, type RuleComplaint } from './rule.ts'
import type { ConnectorsFile, RawConnector } from './schema/schema.ts'

const tells = ({ supports }: SourceDefinition, type: string): boolean =>
  supports.occurrences[type as OccurrenceType] !== undefined

const isKnown = (type: string): boolean => OCCURRENCE_TYPES.includes(type as OccurrenceType)

/** Of all connectors that are enabled. */
function sourcesOf(file: ConnectorsFile): SourceDefinition[] {
  return Object.entries(file.connectors).flatMap(([name, one]) =>
    one?.enabled === false ? [] : (findSource(one?.source ?? name) ?? []),
  )
}

function toNever(definitions: readonly SourceDefinition[], type: string): string {
  const told = OCCURRENCE_TYPES.filter((one) => definitions.some((definition) => tells(definition, one)))
  const labels = definitions.map((one) => one.label).join(' and ')
  return `${labels} never ${definitions.length > 1 ? 'tell' : 'tells'} of ${type}, so nothing would ever happen here. It can be: ${told.join(', ')}.`
}

/** Lines of a connector are its own; lines that all inherit are fine where one of them tells of it. */
export const mapsWhatIsTold: Rule = (file) => {
  const all = sourcesOf(file)
  const inherited = Object.keys(file.event_mapping ?? {}).map((type) => ({
    type,
    definitions: all,
    path: ['event_mapping', type],
  }))
  const campaigns = Object.entries(file.campaigns ?? {}).flatMap(([name, campaign]) =>
    campaign?.on === undefined
      ? []
      : [{ type: campaign.on, definitions: all, path: ['campaigns', name, 'on'] }],
  )
  const own = Object.entries(file.connectors).flatMap(([name, connector]) => {
    const definition = findSource(connector?.source ?? name)
    return Object.keys(connector?.event_mapping ?? {}).map((type) => ({
      type,
      definitions: definition === null ? [] : [definition],
      path: ['connectors', name, 'event_mapping', type],
    }))
  })
  return [...inherited, ...campaigns, ...own].flatMap(({ type, definitions, path }): RuleComplaint[] => {
    if (definitions.length === 0 || !isKnown(type) || definitions.some((one) => tells(one, type))) return []
    return [{ path, atKey: path[0] !== 'campaigns', message: toNever(definitions, type) }]
  })
}

export const mapsWhatIsKnown = forEachConnector((connector, path) => {
  const definition = findSource(connector.source ?? path[1]!)
  if (definition === null) return []
  return [
    ...Object.keys(connector.field_mapping ?? {}).flatMap((field): RuleComplaint[] => {
      const reason = findEmptyReason(definition, field)
      if (reason === null) return []
      return [
        {
          path: [...path, 'field_mapping', field],
          atKey: true,
          message: `${reason}, so ${field} would always be empty.`,
        },
      ]
    }),
    ...findEmptyLists(definition, connector, path),
  ]
})

function findEmptyLists(
  definition: SourceDefinition,
  { lists }: RawConnector,
  path: string[],
): RuleComplaint[] {
  if (hasSurveys(definition)) return []
  return ['satisfied_customers', 'dissatisfied_customers'].flatMap((name): RuleComplaint[] =>
    Object.hasOwn(lists ?? {}, name)
      ? [
          {
            path: [...path, 'lists', name],
            atKey: true,
            message: `${definition.label} has no satisfaction surveys, so nobody would ever be in this list.`,
          },
        ]
      : [],
  )
}
