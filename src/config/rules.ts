// What the schema cannot say: one small named rule each. A rule yields complaints at paths of the file.
import { compileExpression, type Variables, type Wanted } from '../mapping/expressions.ts'
import { ALIASES, DURATIONS, FIELDS } from '../mapping/fields.ts'
import { nearestField } from '../mapping/nearest-field.ts'
import { systemClock } from '../lib/time/clock.ts'
import { EVENT_VARIABLES, PROFILE_VARIABLES } from '../mapping/variables.ts'
import { isCountry } from '../model/phone.ts'
import { fromMs } from '../model/time.ts'
import { isValidSchedule } from '../lib/time/schedule.ts'
import { attributeOf, forEachConnector, type Rule, type RuleComplaint } from './rule.ts'
import {
  fillsAttributesAlike,
  hasSoundOptions,
  hasUsableName,
  namesKnownConnectors,
  usesHttps,
} from './rules-connectors.ts'
import { alertsAreSafe } from './alerts.ts'
import { objectivesAreFilled } from './objectives.ts'
import { hasValidBusinessHours } from './business-hours.ts'
import { hasValidExtract } from './extract.ts'
import { mapsWhatIsKnown, mapsWhatIsTold } from './rules-supports.ts'
import type { ConnectorsFile, RawConnector as Connector } from './schema/schema.ts'
import { suggest } from './schema/validate.ts'
import { parseSince } from './since.ts'
import { mendDate } from './schema/values.ts'

const hasValidSchedules = forEachConnector((connector, path) =>
  (['schedule', 'survey_schedule', 'agent_states'] as const).flatMap((key) => {
    const value = connector[key]
    return value === undefined || isValidSchedule(value)
      ? []
      : [
          {
            path: [...path, key],
            message: `"${value}" is no cron schedule. Every five minutes is "*/5 * * * *".`,
          },
        ]
  }),
)

const hasValidReconcile: Rule = (file) => [
  ...refuseBadReconcile(file.reconcile, ['reconcile']),
  ...forEachConnector((connector, path) => refuseBadReconcile(connector.reconcile, [...path, 'reconcile']))(
    file,
  ),
]

function refuseBadReconcile(value: string | false | undefined, path: string[]): RuleComplaint[] {
  return value === undefined || value === false || isValidSchedule(value)
    ? []
    : [{ path, message: `"${value}" is no cron schedule. Every night at three is "0 3 * * *".` }]
}

const hasValidDate = forEachConnector((connector, path) => {
  const since = connector.backfill?.since
  if (since === undefined || since === 'everything') return []
  const at = parseSince(since)
  if (at !== null && at <= fromMs(systemClock.now())) return []
  const message =
    at === null
      ? `"${since}" is no date.${mendDate(since)}`
      : `"${since}" is in the future: nothing would be read. Write a day that is past, such as since: 2024-01-31`
  return [{ path: [...path, 'backfill', 'since'], message }]
})

const hasKnownCountry = forEachConnector((connector, path) =>
  connector.default_country === undefined || isCountry(connector.default_country)
    ? []
    : [
        {
          path: [...path, 'default_country'],
          message: `"${connector.default_country}" is no country. Use the two letters of ISO 3166, such as US or FR.`,
        },
      ],
)

/** Whoever is imported into it would seem to belong to it. */
const hasOwnImportList: Rule = (file) =>
  forEachConnector(({ lists, tag_lists: tags }, path) => {
    const id = file.brevo?.import_list ?? null
    const known = Object.entries({ ...lists, ...tags })
    const other = known.find(([, one]) => (typeof one === 'object' ? one.id : one) === id)?.[0]
    if (id === null || other === undefined) return []
    const message = `List ${id} is ${other} already, and whoever is imported would seem to belong to it. Imports take a list of their own: tajo connectors install ${path[1]} --yes makes one.`
    return [{ path: ['brevo', 'import_list'], message }]
  })(file)

const hasSensibleScores = forEachConnector((connector, path) => {
  const { satisfied_from: from = 4, dissatisfied_to: to = 2 } = connector.satisfaction ?? {}
  return to < from
    ? []
    : [
        {
          path: [...path, 'satisfaction'],
          message: `dissatisfied_to (${to}) must be below satisfied_from (${from}).`,
        },
      ]
})

const mapsEachAttributeOnce: Rule = (file) => [
  ...findDoubles(file.field_mapping, ['field_mapping']),
  ...forEachConnector((connector, path) => findDoubles(connector.field_mapping, [...path, 'field_mapping']))(
    file,
  ),
]

function findDoubles(mapping: Connector['field_mapping'], path: string[]): RuleComplaint[] {
  const seen = new Map<string, string>()
  return Object.entries(mapping ?? {}).flatMap(([field, target]) => {
    const attribute = attributeOf(field, target).toUpperCase()
    const other = seen.get(attribute)
    seen.set(attribute, field)
    return other === undefined
      ? []
      : [{ path: [...path, field], message: `${attribute} is filled twice: by ${other} and by ${field}.` }]
  })
}

const mapsEmailToIdentity: Rule = (file) => [
  ...findMisusedEmail(file.field_mapping, ['field_mapping']),
  ...forEachConnector((connector, path) =>
    findMisusedEmail(connector.field_mapping, [...path, 'field_mapping']),
  )(file),
]

/** `email: email` says which address identifies a contact; nothing else may change that address. */
function findMisusedEmail(mapping: Connector['field_mapping'], path: string[]): RuleComplaint[] {
  return Object.entries(mapping ?? {}).flatMap(([field, target]) => {
    const attribute = attributeOf(field, target)
    return attribute.toUpperCase() === 'EMAIL' && field !== 'email'
      ? [
          {
            path: [...path, field],
            message: `The e-mail address identifies the contact: only the field email can go there, not ${field}.`,
          },
        ]
      : []
  })
}

const namesKnownFields: Rule = (file) => [
  ...findUnlikelyFields(file.field_mapping, ['field_mapping']),
  ...forEachConnector((connector, path) =>
    findUnlikelyFields(connector.field_mapping, [...path, 'field_mapping']),
  )(file),
]

/** A bare unknown name means a custom field; one that differs from a field of ours by a slip is more likely that slip. */
function findUnlikelyFields(mapping: Connector['field_mapping'], path: string[]): RuleComplaint[] {
  return Object.entries(mapping ?? {}).flatMap(([field, target]) => {
    if (typeof target === 'object' && target.value !== undefined) return []
    if (Object.hasOwn(FIELDS, field) || Object.hasOwn(ALIASES, field)) return []
    if (/^(custom_fields|data)\../.test(field)) return []
    const guess = suggest(
      field,
      Object.keys(FIELDS).filter((known) => Math.abs(known.length - field.length) <= 2 && field.length > 4),
    )
    // A slip in a long name is one; a short one may be a custom field, which only the helpdesk can tell.
    return guess === '' ? [] : [{ path: [...path, field], atKey: true, message: toUnlikely(field, guess) }]
  })
}

const toUnlikely = (field: string, guess: string): string =>
  `There is no field "${field}".${guess} A custom field is written custom_fields.${field}.`

/** Fields that may be custom ones, and are more likely a name of ours: what is worth saying where nobody is asked. */
export function findDoubtfulFields(file: ConnectorsFile): RuleComplaint[] {
  return forEachMapping(file, (mapping, path) =>
    Object.entries(mapping ?? {}).flatMap(([field, target]): RuleComplaint[] => {
      if (typeof target === 'object' && target.value !== undefined) return []
      const guess = nearestField(field)
      return guess === null || guess === field
        ? []
        : [{ path: [...path, field], atKey: true, message: toUnlikely(field, ` Did you mean "${guess}"?`) }]
    }),
  )
}

const namesItsAttribute: Rule = (file) =>
  forEachMapping(file, (mapping, path) =>
    Object.entries(mapping ?? {}).flatMap(([field, target]): RuleComplaint[] => {
      if (typeof target === 'string') return []
      const place = { path: [...path, field], atKey: true }
      if (target.attribute === undefined && target.value === undefined)
        return [{ ...place, message: 'Either `attribute` or `value` is needed.' }]
      if (target.attribute === undefined && !/^[A-Z][A-Z0-9_-]{0,254}$/.test(field))
        return [
          {
            ...place,
            message: `A computed value stands at the name of its attribute, in capitals: ${field.toUpperCase()}.`,
          },
        ]
      if (target.type !== undefined && target.value === undefined)
        return [{ ...place, message: '`type` is for computed values only.' }]
      if (target.unit !== undefined && (target.value !== undefined || !DURATIONS.has(field)))
        return [
          {
            ...place,
            message: `\`unit\` is for durations: ${[...DURATIONS].join(', ')}. What is computed, divide: \`avg_response_time / 60\`.`,
          },
        ]
      return []
    }),
  )

function forEachMapping(
  file: ConnectorsFile,
  check: (mapping: Connector['field_mapping'], path: string[]) => RuleComplaint[],
): RuleComplaint[] {
  return [
    ...check(file.field_mapping, ['field_mapping']),
    ...forEachConnector((connector, path) => check(connector.field_mapping, [...path, 'field_mapping']))(
      file,
    ),
  ]
}

const hasSoundExpressions: Rule = (file) => [
  ...forEachMapping(file, (mapping, path) =>
    Object.entries(mapping ?? {}).flatMap(([field, target]) =>
      typeof target === 'object' && target.value !== undefined
        ? findMistake(target.value, PROFILE_VARIABLES, 'value', [...path, field, 'value'])
        : [],
    ),
  ),
  ...findListMistakes(file),
  ...findEventMistakes(file.event_mapping, ['event_mapping']),
  ...forEachConnector((connector, path) =>
    findEventMistakes(connector.event_mapping, [...path, 'event_mapping']),
  )(file),
]

const findListMistakes = forEachConnector((connector, path) =>
  Object.entries(connector.lists ?? {}).flatMap(([name, target]) =>
    typeof target === 'object'
      ? findMistake(target.when, PROFILE_VARIABLES, 'boolean', [...path, 'lists', name, 'when'])
      : [],
  ),
)

function findEventMistakes(mapping: Connector['event_mapping'], path: string[]): RuleComplaint[] {
  return Object.entries(mapping ?? {}).flatMap(([type, target]) => {
    if (target === undefined || typeof target === 'string') return []
    const { when, properties, contact_properties: contactProperties } = target
    const findAll = (key: string, expressions: Record<string, string> = {}): RuleComplaint[] =>
      Object.entries(expressions).flatMap(([name, source]) =>
        findMistake(source, EVENT_VARIABLES, 'value', [...path, type, key, name]),
      )
    return [
      ...(when === undefined ? [] : findMistake(when, EVENT_VARIABLES, 'boolean', [...path, type, 'when'])),
      ...findAll('properties', properties),
      ...findAll('contact_properties', contactProperties),
    ]
  })
}

export function findMistake(
  source: string,
  variables: Variables,
  wanted: Wanted,
  path: string[],
): RuleComplaint[] {
  const compiled = compileExpression(source, variables, wanted)
  return 'mistake' in compiled
    ? [{ path, character: compiled.mistake.offset, message: compiled.mistake.message }]
    : []
}

const RULES: Rule[] = [
  hasUsableName,
  hasSoundOptions,
  usesHttps,
  alertsAreSafe,
  objectivesAreFilled,
  hasValidSchedules,
  hasValidExtract,
  hasValidBusinessHours,
  hasValidReconcile,
  hasValidDate,
  hasKnownCountry,
  hasSensibleScores,
  hasOwnImportList,
  mapsEachAttributeOnce,
  fillsAttributesAlike,
  namesKnownConnectors,
  mapsEmailToIdentity,
  namesKnownFields,
  namesItsAttribute,
  hasSoundExpressions,
  mapsWhatIsTold,
  mapsWhatIsKnown,
]

/** In a file whose shape is wrong a rule may not find what it looks at; the shape is complained of then. */
export function tryRule(rule: () => RuleComplaint[]): RuleComplaint[] {
  try {
    return rule()
  } catch (thrown) {
    if (thrown instanceof TypeError) return []
    throw thrown
  }
}

export function findRuleComplaints(file: ConnectorsFile): RuleComplaint[] {
  return RULES.flatMap((rule) => tryRule(() => rule(file)))
}
