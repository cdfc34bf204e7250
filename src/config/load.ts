// connectors.yml → Config, or all its complaints at once, each with file:line:column.
import { maskSecrets } from './text/mask.ts'
import { readConfig } from './text/read.ts'

import { TajoError } from '../lib/errors.ts'
import type { EventRule, EventRules, FieldRule, MappingRules } from '../mapping/compile.ts'
import { type Expression, requireExpression } from '../mapping/expressions.ts'
import type { ListCondition, ListRule } from '../mapping/lists.ts'
import { EVENT_VARIABLES, PROFILE_VARIABLES } from '../mapping/variables.ts'
import type { RemovalLimit } from '../model/operations.ts'
import { parseDurationMs } from '../model/time.ts'
import { ALIASES } from '../mapping/fields.ts'
import { requireSource } from '../sources/index.ts'
import { supportsOf } from '../sources/supports.ts'
import { toTables } from './extract.ts'
import { toObjectives } from './objectives.ts'
import { findServerComplaints, toServer } from './server.ts'
import { parseSince } from './since.ts'
import { toAlerts } from './alerts.ts'
import { findCampaignComplaints, toCampaigns, toInSupport } from './campaigns.ts'
import type { ChangeLimit, Config, ConnectorConfig } from './config.ts'
import { type Complaint, type ParsedFile, parseFile } from './text/document.ts'
import { attributeOf } from './rule.ts'
import { findLateness } from './rules-supports.ts'
import { findDoubtfulFields, findRuleComplaints, tryRule } from './rules.ts'
import type { ConnectorsFile, RawConnector } from './schema/schema.ts'
import { findShapeComplaints } from './schema/validate.ts'

export { readConfig } from './text/read.ts'

export type Env = Readonly<Record<string, string | undefined>>

export const DEFAULT_BREVO_URL = 'https://api.brevo.com/v3'

/** Reads and checks the file. Throws `config_missing` or `config_invalid` (with `details`, a line for each complaint). */
export function loadConfig(file: string, env: Env): Config {
  return parseConfig(file, readConfig(file), env)
}

/** Throws `config_invalid` (with `details`, a line for each complaint). */
export function parseConfig(file: string, text: string, env: Env): Config {
  const { config, complaints } = checkConfig(file, text, env)
  if (config === null) throw toError(file, complaints)
  return config
}

/** The configuration, or everything that is wrong with it, in the order of the file. */
export function checkConfig(
  file: string,
  text: string,
  env: Env,
):
  | { config: Config; complaints: []; warnings: Complaint[] }
  | { config: null; complaints: Complaint[]; warnings: [] } {
  const parsed = parseFile(text, env)
  const complaints = parsed.complaints.length > 0 ? parsed.complaints : findComplaints(parsed, text)
  if (complaints.length === 0)
    return { config: normalize(file, parsed), complaints: [], warnings: findWarnings(parsed) }
  return {
    config: null,
    complaints: complaints.sort((a, b) => a.line - b.line || a.column - b.column),
    warnings: [],
  }
}

function findComplaints(parsed: ParsedFile, text: string): Complaint[] {
  const rows = text.split('\n')
  if (parsed.value === null || parsed.value === undefined)
    return [
      {
        line: 1,
        column: 1,
        path: '',
        message: 'The file says nothing: it is empty, or holds comments only.',
      },
    ]
  const shape = findShapeComplaints(parsed.value)
  const file = parsed.value as ConnectorsFile
  // What stands where the shape is wrong already, above it or below it, is not looked at twice.
  const isBroken = (path: readonly (string | number)[]): boolean =>
    shape.some((one) => {
      const shared = Math.min(one.path.length, path.length)
      return one.path.slice(0, shared).every((step, index) => String(step) === String(path[index]))
    })
  const rules = [
    ...findRuleComplaints(file),
    ...tryRule(() => findCampaignComplaints(file)),
    ...tryRule(() => findServerComplaints(file)),
  ].filter(({ path }) => !isBroken(path))
  return [...shape, ...rules].map((one) => {
    const place =
      'character' in one && one.character !== undefined
        ? parsed.locateIn(one.path, one.character)
        : parsed.locate(one.path, one.atKey === true ? 'key' : undefined)
    const message =
      parsed.hideVariables(one.message) + findCommentedValue(one.message, rows[place.line - 1] ?? '')
    return { ...place, path: maskSecrets(one.path.join('.')), message: maskSecrets(message) }
  })
}

/** What may be meant as it stands, and is more likely a slip. */
function findWarnings(parsed: ParsedFile): Complaint[] {
  const file = parsed.value as ConnectorsFile
  return [...findDoubtfulFields(file), ...findLateness(file)].map((one) => ({
    ...parsed.locate(one.path, 'key'),
    path: one.path.join('.'),
    message: one.message,
  }))
}

/** `name: # FIRSTNAME` has no value, and was meant to have one. */
function findCommentedValue(message: string, row: string): string {
  const [, key, value] = /([\w.]+):\s+#\s*([\w-]+)\s*$/.exec(row) ?? []
  return key !== undefined && message.includes('has no value') ? ` Write: ${key}: ${value}` : ''
}

/** More are for nobody to read; after the first are mended, the others are seen. */
export const MOST_SHOWN = 10

function toError(file: string, complaints: Complaint[]): TajoError {
  const details = complaints
    .slice(0, MOST_SHOWN)
    .map((one) => `${file}:${one.line}:${one.column}${one.path === '' ? '' : ` ${one.path}`}: ${one.message}`)
  if (complaints.length > MOST_SHOWN) details.push(`and ${complaints.length - MOST_SHOWN} more`)
  return new TajoError(
    'config_invalid',
    `${file} has ${complaints.length === 1 ? 'a mistake' : `${complaints.length} mistakes`}; nothing was done.`,
    { details },
  )
}

function normalize(file: string, parsed: ParsedFile): Config {
  const raw = parsed.value as ConnectorsFile
  const where = (path: string[]): string => {
    const { line, column } = parsed.locate(path, 'key')
    return `${file}:${line}:${column}`
  }
  const connectors = Object.keys(raw.connectors).map((name) => normalizeConnector(name, raw, where))
  const debug = Object.values(raw.connectors).some((one) => one?.debug === true)
  const level = Object.values(raw.connectors).find((one) => one?.log_level !== undefined)?.log_level
  return {
    file,
    brevo: {
      baseUrl: (raw.brevo?.base_url ?? DEFAULT_BREVO_URL).replace(/\/+$/, ''),
      importList: raw.brevo?.import_list,
    },
    server: toServer(raw.server),
    alerts: toAlerts(raw.alerts),
    campaigns: toCampaigns(raw),
    connectors,
    precedence: raw.contacts?.precedence ?? [],
    delivery: {
      createContacts: raw.contacts?.create !== 'never',
      uncertain: {
        policy: raw.events?.when_uncertain ?? 'verify',
        verifyAfterMs: parseDurationMs(raw.events?.verify_after ?? '5m')!,
      },
      maxRemovals: toRemovalLimit(raw.guards?.max_removals),
    },
    maxChange: toLimit(raw.guards?.max_change ?? '20%'),
    eventRetentionMs: parseDurationMs(raw.retention?.events ?? '400d')!,
    payloadRetentionMs: parseDurationMs(raw.retention?.payloads ?? '7d')!,
    log: {
      level: debug ? 'debug' : (level ?? 'info'),
      showPersonal: debug,
      apiCalls: Object.values(raw.connectors).some((one) => one?.log_api_calls === true),
    },
  }
}

function normalizeConnector(
  name: string,
  file: ConnectorsFile,
  where: (path: string[]) => string,
): ConnectorConfig {
  const raw = file.connectors[name]!
  const path = ['connectors', name]
  const source = requireSource(raw.source ?? name)
  const { defaults } = source
  const options: Record<string, unknown> = { log_api_calls: raw.log_api_calls ?? false }
  for (const key of Object.keys(source.options)) options[key] = (raw as Record<string, unknown>)[key]

  return {
    name,
    enabled: raw.enabled ?? true,
    source: source.name,
    label: source.label,
    account: source.account(options),
    supports: supportsOf(source, options),
    pace: source.pace(options),
    schedule: raw.schedule ?? defaults.schedule,
    surveySchedule: raw.survey_schedule ?? defaults.surveySchedule,
    agentStates: raw.agent_states ?? null,
    ...toTables(raw, source, file.timezone),
    objectives: toObjectives(raw.objectives),
    surveyWindowMs: parseDurationMs(raw.survey_window ?? defaults.surveyWindow)!,
    backfillSince: parseSince(raw.backfill?.since ?? defaults.backfill ?? 'everything'),
    reconcile: toSchedule(raw.reconcile ?? file.reconcile),
    keepListsOfDeleted: (raw.on_delete ?? file.on_delete) === 'keep',
    defaultCountry: raw.default_country,
    sync: {
      customers: raw.sync?.customers ?? true,
      tickets: raw.sync?.tickets ?? true,
      satisfactionSurveys: raw.sync?.satisfaction_surveys ?? true,
      tags: raw.sync?.tags ?? true,
    },
    webhooks: {
      autoRepair: raw.webhooks?.auto_repair ?? true,
      hmac:
        raw.webhooks?.hmac === undefined
          ? null
          : { algorithm: 'sha256', encoding: 'hex', ...raw.webhooks.hmac },
    },
    rules: toRules(raw, file, path, where),
    listPlaces: [
      ...toListRules(raw, path, where).map(({ list, where: place }) => ({ id: list, where: place })),
      ...(file.in_support?.list === undefined
        ? []
        : [{ id: file.in_support.list, where: where(['in_support', 'list']) }]),
    ],
    options,
  }
}

function toSchedule(value: string | false | undefined): string | null {
  return value === false ? null : (value ?? '0 3 * * *')
}

/** Below this many a share says nothing. */
const FEWEST_REMOVALS = 50

function toLimit(value: number | string): ChangeLimit {
  return typeof value === 'number' ? { count: value } : { share: Number.parseFloat(value) / 100 }
}

function toRemovalLimit(value: number | string = '5%'): RemovalLimit {
  return typeof value === 'number'
    ? { count: value }
    : { share: Number.parseFloat(value) / 100, atLeast: FEWEST_REMOVALS }
}

/** A connector's own mapping goes before the defaults at the top level, field by field and attribute by attribute. */
function toRules(
  raw: RawConnector,
  file: ConnectorsFile,
  path: string[],
  where: (path: string[]) => string,
): MappingRules {
  const aliases = { ...ALIASES, ...requireSource(raw.source ?? path[1]!).aliases }
  const own = toFieldRules(raw.field_mapping, aliases, [...path, 'field_mapping'], where)
  const inherited = toFieldRules(file.field_mapping, aliases, ['field_mapping'], where).filter(
    (rule) => !own.some((one) => one.field === rule.field || one.attribute === rule.attribute),
  )
  return {
    fields: [...own, ...inherited],
    events: toEventRules({ ...file.event_mapping, ...raw.event_mapping }),
    inSupport: toInSupport(file, where),
    hasCampaigns: Object.keys(file.campaigns ?? {}).length > 0,
    lists: toListRules(raw, path, where),
  }
}

function toListRules(raw: RawConnector, path: string[], where: (path: string[]) => string): ListRule[] {
  const { satisfied_from: from = 4, dissatisfied_to: to = 2 } = raw.satisfaction ?? {}
  const known: Record<string, ListCondition> = {
    all_support_contacts: { kind: 'tickets' },
    satisfied_customers: { kind: 'score_from', score: from },
    dissatisfied_customers: { kind: 'score_to', score: to },
  }
  const named = Object.entries(raw.lists ?? {}).flatMap(([name, target]): ListRule[] => {
    if (target === undefined) return []
    const place = where([...path, 'lists', name])
    if (typeof target === 'number') return [{ name, list: target, condition: known[name]!, where: place }]
    const expression = requireExpression(target.when, PROFILE_VARIABLES, 'boolean')
    return [{ name, list: target.id, condition: { kind: 'when', expression }, where: place }]
  })
  const byTag = raw.sync?.tags === false ? [] : Object.entries(raw.tag_lists ?? {})
  return [
    ...named,
    ...byTag.map(([tag, list]): ListRule => ({
      name: tag,
      list,
      condition: { kind: 'tag', tag },
      where: where([...path, 'tag_lists', tag]),
    })),
  ]
}

function toFieldRules(
  mapping: RawConnector['field_mapping'],
  aliases: Readonly<Record<string, string>>,
  path: string[],
  where: (path: string[]) => string,
): FieldRule[] {
  return Object.entries(mapping ?? {}).map(([name, target]) => {
    const field = aliases[name] ?? name
    const rule = { field, attribute: attributeOf(name, target), where: where([...path, name]) }
    if (typeof target === 'string') return rule
    const { value, type, round, unit, if_missing: ifMissing } = target
    if (value === undefined) return { ...rule, round, unit, ifMissing }
    return { ...rule, value: requireExpression(value, PROFILE_VARIABLES, 'value'), type, round, ifMissing }
  })
}

function toEventRules(mapping: NonNullable<RawConnector['event_mapping']>): EventRules {
  return Object.fromEntries(
    Object.entries(mapping).flatMap(([type, target]): [string, EventRule][] => {
      if (target === undefined) return []
      const raw = typeof target === 'string' ? { event: target } : target
      return [
        [
          type,
          {
            event: raw.event,
            when: raw.when === undefined ? null : requireExpression(raw.when, EVENT_VARIABLES, 'boolean'),
            properties: toExpressions(raw.properties),
            contactProperties: toExpressions(raw.contact_properties),
            maxAgeMs: raw.max_age === undefined ? null : parseDurationMs(raw.max_age),
          },
        ],
      ]
    }),
  )
}

export function toExpressions(texts: Record<string, string> = {}): Record<string, Expression> {
  return Object.fromEntries(
    Object.entries(texts).map(([name, source]) => [
      name,
      requireExpression(source, EVENT_VARIABLES, 'value'),
    ]),
  )
}
