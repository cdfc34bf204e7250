// The shape of connectors.yml, with every complaint in words and a guess at the key that was meant.
import leven from 'leven'

import { FIELDS } from '../../mapping/fields.ts'
import { ALIASES, findSlippedBlocks, type Situated, unescape } from './causes.ts'
import { SECRET_NAME } from '../text/mask.ts'
import { ATTRIBUTE, DURATION, EVENT, type Kind, kindOf, LIST_ID, toMended } from './values.ts'
import { type Checked, findSchemaErrors } from './errors.ts'
import { SOURCE_NAMES, SOURCES, toVariable } from '../../sources/index.ts'

export interface ShapeComplaint {
  path: (string | number)[]
  /** The complaint is about the key, not about its value. */
  atKey: boolean
  message: string
}

export function findShapeComplaints(value: unknown, which: Checked = 'connectors'): ShapeComplaint[] {
  const found = findSchemaErrors(which, value)
  if (found === null) return []
  const { errors, isCut, root } = found
  const complaints = findSlippedBlocks(errors, value).map((error) => toComplaint(error, root))
  if (!isCut) return complaints
  return [...complaints, { path: [], atKey: false, message: 'There are more mistakes than these.' }]
}

function toComplaint(error: Situated, root: object): ShapeComplaint {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => unescape(step))
  const key = path.at(-1) ?? ''
  const { data, parentSchema: schema } = error
  const at = (message: string, atKey = false): ShapeComplaint => ({ path, atKey, message })
  switch (error.keyword) {
    case 'additionalProperties': {
      const unknown = String(error.params['additionalProperty'])
      return {
        path: [...path, unknown],
        atKey: true,
        message: toUnknownKey(unknown, path, schema, data, root),
      }
    }
    case 'slipped':
      return at(
        `"${key}" is empty: the lines below it (${(error.params['keys'] as string[]).join(', ')}) must be indented further.`,
        true,
      )
    case 'required':
      return at(`"${String(error.params['missingProperty'])}" is missing.`, true)
    case 'type':
      return at(...toWrongType(String(error.params['type']), path, data))
    case 'pattern':
      return at(
        mendByHelpdesk(path, data) ?? toUnfit(kindOf(schema?.pattern ?? ''), key, data, schema?.description),
      )
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
      return at(toOutOfRange(error, key))
    case 'minLength':
      return at(`"${key}" has no value.`)
    case 'anyOf': {
      const choices = choicesOf(error.schema)
      if (choices === null) return at(toUnfit(kindOfUnion(error.schema), key, data, schema?.description))
      return at(
        `${show(data)} does not fit. Expected one of ${choices.join(', ')}.${suggest(String(data), choices)}`,
      )
    }
    case 'enum': {
      const choices = (error.schema as unknown[]).map(String)
      return at(
        `${show(data)} does not fit.${suggest(String(data), choices)} Expected one of ${choices.join(', ')}.`,
      )
    }
    default:
      return at(`${show(data)} does not fit: it ${error.message ?? 'is not valid'}.`)
  }
}

/** A key that nothing reads: a secret, a name with forbidden letters, one that belongs elsewhere, or a slip. */
function toUnknownKey(
  unknown: string,
  path: readonly string[],
  schema: Situated['parentSchema'],
  parent: unknown,
  root: object,
): string {
  if (SECRET_NAME.test(unknown))
    return `Keys never stand in this file. Delete the line; set the key in the environment (${secretVariables(path)}), or run: tajo connectors install ${connectorOf(path)}. This one was in a file: make a new one.`
  const [pattern] = Object.keys(schema?.patternProperties ?? {})
  if (pattern !== undefined && schema?.properties === undefined) {
    const kind = kindOf(pattern) ?? EVENT
    const mended = kind.mend(unknown)
    return `${kind.rule.replace(/^An? (event’s name|attribute)/, 'A name here')}${mended === null ? '' : ` Write: ${mended}:`}`
  }
  const [, name, value] = /^([\w.]+):(\S+)$/.exec(unknown) ?? []
  if (name !== undefined) return `A space is missing after the colon. Write: ${name}: ${value}`
  const known = Object.keys(schema?.properties ?? {})
  const places = findPlaces(root, unknown).filter((place) => place !== path.join('.'))
  const nested = Object.keys(
    ((parent as Record<string, unknown> | null)?.[unknown] as object | null) ?? {},
  ).find((one) => known.includes(`${unknown}.${one}`))
  if (nested !== undefined) return `Write the two in one line: ${unknown}.${nested}: …`
  if (places[0] !== undefined && !known.some((one) => leven(one, unknown) <= 1))
    return `"${unknown}" does not belong here: it stands ${places[0] === '' ? 'at the top, without indentation' : `under ${places[0]}`}.`
  if (path.join('.') === 'connectors') return toUnknownConnector(unknown, parent)
  const alias = ALIASES[unknown]
  const guess =
    alias !== undefined && known.includes(alias) ? ` Did you mean "${alias}"?` : suggest(unknown, known)
  return `Unknown key "${unknown}".${guess === '' && known.length <= 24 ? ` There are: ${known.join(', ')}.` : guess}`
}

/** Named in the advice about keys: those of the connector, where its name says whose it is. */
function secretVariables(path: readonly string[]): string {
  const own = SOURCES.filter((one) => one.name === connectorOf(path))
  const variables = (own.length > 0 ? own : SOURCES).flatMap((source) =>
    Object.values(source.secrets)
      .filter((one) => one.sensitive)
      .map((one) => `${toVariable(source.name)}_${one.variable}`),
  )
  return [...variables, 'BREVO_API_KEY'].join(', ')
}

/** The connector that a path leads into, else an example of one. */
const connectorOf = (path: readonly string[]): string =>
  (path[0] === 'connectors' ? path[1] : undefined) ?? SOURCE_NAMES[0]!

/** A connector has the name of its helpdesk, or says which it is of. */
function toUnknownConnector(name: string, blocks: unknown): string {
  const said = ((blocks as Record<string, unknown> | null)?.[name] as { source?: unknown } | null)?.source
  const choices = SOURCE_NAMES.join(', ')
  if (said !== undefined) return `There is no helpdesk ${show(said)}. There are: ${choices}.`
  return `tajo does not connect ${name}. There are: ${choices}. A connector with a name of your own says which it is of: source: ${SOURCE_NAMES[0]}`
}

/** Where the schema has a key of this name: paths, `''` for the top. */
function findPlaces(schema: unknown, name: string, path: readonly string[] = [], depth = 0): string[] {
  if (typeof schema !== 'object' || schema === null || depth > 12) return []
  const { properties, patternProperties, anyOf } = schema as {
    properties?: Record<string, unknown>
    patternProperties?: Record<string, unknown>
    anyOf?: unknown[]
  }
  const here = properties !== undefined && Object.hasOwn(properties, name) ? [path.join('.')] : []
  const below = Object.entries(properties ?? {}).flatMap(([key, one]) =>
    findPlaces(one, name, [...path, key], depth + 1),
  )
  const named = Object.values(patternProperties ?? {}).flatMap((one) =>
    findPlaces(one, name, [...path, 'NAME'], depth + 1),
  )
  const branches = (anyOf ?? []).flatMap((one) => findPlaces(one, name, path, depth + 1))
  return [...new Set([...here, ...below, ...named, ...branches])]
}

function toWrongType(
  type: string,
  path: readonly string[],
  data: unknown,
): [message: string, atKey?: boolean] {
  const key = path.at(-1) ?? ''
  const isList = path.at(-2) === 'lists' || path.at(-2) === 'tag_lists' || key === 'import_list'
  if (path.at(-2) === 'lists' && typeof data === 'number' && !KNOWN_LISTS.includes(key)) {
    const guess = suggest(key, KNOWN_LISTS)
    return [
      `There is no list "${key}".${guess} One of your own is written { id: ${data}, when: nb_tickets >= 5 }.`,
      true,
    ]
  }
  if (KNOWN_LISTS.includes(key) && typeof data === 'object' && data !== null)
    return [
      `"${key}" takes the id alone.${'id' in data ? ` Write: ${key}: ${String(data.id)}` : ''} A list with a condition has a name of its own.`,
    ]
  if (isList && (typeof data === 'number' || typeof data === 'string'))
    return [`${LIST_ID.rule}${toMended(LIST_ID, key, data)}`]
  if (data === null || data === undefined) {
    const [, name, value] = /^([\w.]+):(\S+)$/.exec(key) ?? []
    return name === undefined
      ? [`"${key}" has no value: fill it, or delete the line. What follows a # is a comment.`]
      : [`A space is missing after the colon. Write: ${name}: ${value}`, true]
  }
  const [, left, right] =
    (typeof data === 'string' && /^([\w.]+)(?::|\s*(?:=|->|：))\s*(\S+)/.exec(data)) || []
  if (type === 'object' && left !== undefined)
    return [`A key and its value are written with a colon and a space. Write: ${left}: ${right}`]
  if (type === 'object' && Array.isArray(data))
    return ['These are keys with values: write them without the dashes.']
  if (type === 'boolean' && typeof data === 'string') {
    const word = /^(yes|on|true|ja|oui)\W*$/i.test(data)
      ? 'true'
      : /^(no|off|false|nein|non)\W*$/i.test(data)
        ? 'false'
        : null
    return [`It is true or false.${word === null ? '' : ` Write: ${key}: ${word}`}`]
  }
  if (type === 'string' && typeof data === 'number' && DURATION_KEYS.test(key))
    return [`${DURATION.rule} Write: ${key}: ${data}m, ${data}h or ${data}d`]
  if (type === 'string' && (typeof data === 'number' || typeof data === 'boolean'))
    return [`Expected text, found ${show(data)}. Write: ${key}: "${String(data)}"`]
  return [`Expected ${words(type)}, found ${show(data)}.`]
}

const DURATION_KEYS = /delay|max_age|cooldown|release_after|verify_after|survey_window|retention|^for$/

/** A helpdesk knows what its own keys look like. */
function mendByHelpdesk(path: readonly string[], data: unknown): string | null {
  if (path[0] !== 'connectors' || path.length !== 3 || typeof data !== 'string') return null
  // The helpdesk that the connector is named after knows best.
  for (const source of SOURCES.toSorted((a, b) => Number(b.name === path[1]) - Number(a.name === path[1]))) {
    const known = Object.hasOwn(source.options, path[2]!) ? source.mend(path[2]!, data) : null
    if (known === null) continue
    const { rule, meant } = known
    return toUnfit({ rule, mend: () => meant }, path[2]!, data)
  }
  return null
}

/** What was written, the rule, and the value mended. */
function toUnfit(kind: Kind | null, key: string, data: unknown, description = ''): string {
  if (data === null || data === undefined) return `"${key}" has no value. What follows a # is a comment.`
  const text = typeof data === 'string' ? data : ''
  const [, template] = /^\{\{\s*(?:contact\.)?([\w.]+)\s*\}\}$/.exec(text) ?? []
  if (template !== undefined)
    return `{{ … }} belongs into Brevo’s e-mails, not here. Write: ${key}: ${template}`
  const curly = /[“”„‘’«»]/.test(text) ? ' Curly quotes are no quotes here.' : ''
  if (text.endsWith(',')) return `No comma at the end of a line. Write: ${key}: ${text.replace(/,+$/, '')}`
  if (kind === ATTRIBUTE && Object.hasOwn(FIELDS, text) && /^[A-Z]/.test(key))
    return `The helpdesk’s field stands on the left. Write: ${text}: ${key}`
  if (kind === null) return `${show(data)} does not fit. ${description}`.trim()
  return `${show(data)} does not fit.${curly} ${kind.rule}${toMended(kind, key, data)}`
}

function toOutOfRange(error: Situated, key: string): string {
  const limit = Number(error.params['limit'])
  if (limit > 1_000_000) return `${LIST_ID.rule} This one is too long.`
  if (limit === 5 || /satisf|score/.test(key)) return 'A score is 1 to 5. Write 4, for example.'
  return `${show(error.data)} does not fit: it ${error.message ?? 'is out of range'}.`
}

/** A union of a name and an object is meant as the name, where a text stands. */
function kindOfUnion(branches: unknown): Kind | null {
  const patterns = (Array.isArray(branches) ? branches : []).map(
    (one) => (one as { pattern?: string }).pattern,
  )
  const pattern = patterns.find((one) => one !== undefined)
  return pattern === undefined ? null : kindOf(pattern)
}

const KNOWN_LISTS = ['all_support_contacts', 'satisfied_customers', 'dissatisfied_customers']

function choicesOf(branches: unknown): string[] | null {
  if (!Array.isArray(branches)) return null
  const constants = branches.map((branch) => (branch as { const?: unknown }).const)
  return constants.every((one) => typeof one === 'string') ? constants : null
}

/** ` Did you mean "schedule"?`, where something near is known. */
export function suggest(given: string, known: readonly string[]): string {
  const ranked = known
    .map((name) => ({ name, distance: leven(given.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best !== undefined && best.distance <= Math.max(2, Math.floor(given.length / 3))
    ? ` Did you mean "${best.name}"?`
    : ''
}

function words(type: string): string {
  return (
    {
      object: 'keys with values',
      integer: 'a whole number',
      number: 'a number',
      string: 'text',
      boolean: 'true or false',
      array: 'a list',
    }[type] ?? type
  )
}

function show(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'keys with values' : JSON.stringify(value).slice(0, 80)
}
