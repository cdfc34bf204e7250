// Changes to connectors.yml as text: only the lines in question move, comments, order and quotes of the rest stay.
import { type Document, isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml'

import { exampleEvents, exampleFields, hasSurveys } from '../example.ts'
import { supportsOf } from '../../sources/supports.ts'
import { requireSource } from '../../sources/index.ts'
import type { SourceDefinition } from '../../sources/source.ts'

export interface ConnectorAddress {
  /** The helpdesk, where the connector's name is another. */
  source?: string | undefined
  /** The helpdesk's own keys: `domain`, `base_url`. */
  options: Readonly<Record<string, string>>
  brevoBaseUrl?: string | undefined
}

/** What a first connectors.yml is made to fit. */
export interface Surroundings {
  /** Where editors find the schema. */
  schema?: string
  /** Id of tajo's own list, for imports. */
  importList?: number | null
  /** `satisfied_customers` → id of a list. */
  lists?: Record<string, number>
  /** Tags of the helpdesk. */
  tags?: readonly string[]
  customFields?: readonly { slug: string; attribute: string }[]
}

/** A first connectors.yml, with the mapping of the documentation. */
export function newFile(name: string, address: ConnectorAddress, around: Surroundings = {}): string {
  const modeline = around.schema === undefined ? '' : `# yaml-language-server: $schema=${around.schema}\n`
  const lines = [
    ...(address.brevoBaseUrl === undefined ? [] : [`  base_url: ${quote(address.brevoBaseUrl)}\n`]),
    ...(around.importList == null
      ? []
      : [`  import_list: ${around.importList}               ${IMPORT_COMMENT}\n`]),
  ]
  const brevo = lines.length === 0 ? '' : `brevo:\n${lines.join('')}\n`
  const head = `${modeline}# tajo keeps your helpdesk and Brevo in step by this file. Every key: docs/configuration.md\n`
  return `${head}${brevo}connectors:\n${fitIn(newBlock(name, address), around)}`
}

const IMPORT_COMMENT = '# tajo’s own list: contacts of no other list are imported into it'

/** The text with `brevo.import_list`. */
export const withImportList = (text: string, list: number): string =>
  setValue(text, ['brevo', 'import_list'], list)

const LISTS = / *# lists: .*\n(?: *# {3}\w+: \d+\n)+/
const TAGS = / *# tag_lists: .*\n/
const AFTER_FIELDS = / *event_mapping:\n/

function fitIn(block: string, { lists = {}, tags = [], customFields = [] }: Surroundings): string {
  const lines = Object.entries(lists).map(([key, id]) => `      ${key}: ${id}\n`)
  const tagged = tags.slice(0, MOST_TAGS).map((tag) => quote(tag))
  const fields = customFields.map(({ slug, attribute }) => `      # custom_fields.${slug}: ${attribute}\n`)
  return block
    .replace(LISTS, (whole) =>
      lines.length === 0 ? whole : `    lists:${' '.repeat(25)}# ids of lists in Brevo\n${lines.join('')}`,
    )
    .replace(TAGS, (whole) =>
      tagged.length === 0
        ? whole
        : `    # tag_lists: { ${tagged[0]}: 40 }         # helpdesk tag -> Brevo list\n    #   your tags: ${tagged.join(', ')}${tags.length > MOST_TAGS ? ', …' : ''}\n`,
    )
    .replace(AFTER_FIELDS, (whole) =>
      fields.length === 0 ? whole : `      # The custom fields of your helpdesk:\n${fields.join('')}${whole}`,
    )
}

const MOST_TAGS = 20

export const hasConnector = (text: string, name: string): boolean =>
  findPair(parse(text), ['connectors', name]) !== null

/** The text with the connector added, or with its addresses changed, and switched on, where it is there already. */
export function withConnector(text: string, name: string, address: ConnectorAddress): string {
  let edited = text
  if (address.brevoBaseUrl !== undefined)
    edited = setValue(edited, ['brevo', 'base_url'], address.brevoBaseUrl)
  if (findPair(parse(edited), ['connectors', name]) === null) return addConnector(edited, name, address)
  for (const [key, value] of Object.entries(address.options))
    edited = setValue(edited, ['connectors', name, key], value)
  const enabled = findPair(parse(edited), ['connectors', name, 'enabled'])?.value
  if (isScalar(enabled) && enabled.value === false)
    edited = setValue(edited, ['connectors', name, 'enabled'], true)
  return edited
}

/** The text without the connector's block. */
export function withoutConnector(text: string, name: string): string {
  const document = parse(text)
  const pair = findPair(document, ['connectors', name])
  if (pair === null) return text
  const parent = document.get('connectors') as YAMLMap
  const start = lineStart(text, rangeOf(pair.key)[0])
  const end = lineEnd(text, rangeOf(pair.value ?? pair.key)[1])
  const rest = text.slice(0, start) + text.slice(end)
  return parent.items.length === 1 ? rest.replace(/^connectors:[ \t]*$/m, 'connectors: {}') : rest
}

function addConnector(text: string, name: string, address: ConnectorAddress): string {
  const document = parse(text)
  const connectors = findPair(document, ['connectors'])
  const separator = text === '' || text.endsWith('\n') ? '' : '\n'
  if (connectors === null)
    return `${text}${separator}${text.trim() === '' ? '' : '\n'}connectors:\n${newBlock(name, address)}`
  const value = connectors.value
  if (isMap(value) && !value.flow && value.items.length > 0) {
    const indent = rangeOf(value.items[0]!.key)[0] - lineStart(text, rangeOf(value.items[0]!.key)[0])
    const end = lineEnd(text, rangeOf(value.items.at(-1)!.value ?? value.items.at(-1)!.key)[1])
    const head = text.slice(0, end)
    return `${head}${head.endsWith('\n') ? '' : '\n'}${newBlock(name, address, indent)}${text.slice(end)}`
  }
  // `connectors:` without anything under it, or `{}`.
  const [start, end] = [
    rangeOf(connectors.key)[1],
    isMap(value) ? rangeOf(value)[1] : rangeOf(connectors.key)[1],
  ]
  return `${text.slice(0, start)}:\n${newBlock(name, address).trimEnd()}${text.slice(Math.max(end, text.indexOf(':', start) + 1))}`
}

/** Sets a scalar, adding the keys on the way to it at the end of what is there. */
function setValue(text: string, path: string[], value: string | number | boolean): string {
  const document = parse(text)
  const pair = findPair(document, path)
  if (pair !== null && isScalar(pair.value)) {
    const [start, end] = rangeOf(pair.value)
    return `${text.slice(0, start)}${quote(value)}${text.slice(end)}`
  }
  const parent = findPair(document, path.slice(0, -1))
  const line = `${path.at(-1)}: ${quote(value)}\n`
  if (parent === null) {
    const separator = text === '' || text.endsWith('\n') ? '' : '\n'
    return `${text}${separator}${path
      .slice(0, -1)
      .map((key, depth) => `${'  '.repeat(depth)}${key}:\n`)
      .join('')}${'  '.repeat(path.length - 1)}${line}`
  }
  const first = isMap(parent.value) ? parent.value.items[0] : undefined
  if (isMap(parent.value) && parent.value.flow === true) {
    const brace = rangeOf(parent.value)[0] + 1
    const rest = text.slice(brace).trimStart()
    return `${text.slice(0, brace)} ${line.trimEnd()}${first === undefined ? ' ' : ', '}${rest}`
  }
  if (first === undefined) {
    const at = lineEnd(text, rangeOf(parent.key)[1])
    return `${text.slice(0, at)}${'  '.repeat(path.length - 1)}${line}${text.slice(at)}`
  }
  const key = rangeOf(first.key)[0]
  const at = lineStart(text, key)
  return `${text.slice(0, at)}${text.slice(at, key)}${line}${text.slice(at)}`
}

function parse(text: string): Document.Parsed {
  return parseDocument(text, { version: '1.2' })
}

function findPair(document: Document.Parsed, path: readonly string[]): Pair | null {
  let map: unknown = document.contents
  let found: Pair | null = null
  for (const key of path) {
    if (!isMap(map)) return null
    found = map.items.find((pair) => isScalar(pair.key) && pair.key.value === key) ?? null
    if (found === null) return null
    map = found.value
  }
  return found
}

function rangeOf(node: unknown): [number, number] {
  const range = (node as { range?: [number, number, number] | null } | null)?.range
  return range === null || range === undefined ? [0, 0] : [range[0], range[1]]
}

const lineStart = (text: string, offset: number): number => text.lastIndexOf('\n', offset - 1) + 1

/** Behind the line that `offset` is in; a block ends at the start of the next line already. */
function lineEnd(text: string, offset: number): number {
  if (offset > 0 && text[offset - 1] === '\n') return offset
  const end = text.indexOf('\n', offset)
  return end === -1 ? text.length : end + 1
}

const quote = (value: string | number | boolean): string => JSON.stringify(value)

function newBlock(name: string, address: ConnectorAddress, indent = 2): string {
  const lines = [`${name}:`, '  enabled: true']
  const source = requireSource(address.source ?? name)
  if (source.name !== name) lines.push(`  source: ${source.name}`)
  for (const [key, value] of Object.entries(address.options)) lines.push(`  ${key}: ${quote(value)}`)
  const told = { ...source, supports: supportsOf(source, address.options) }
  lines.push(...toTemplate(told).split('\n'))
  return lines.map((line) => (line === '' ? '\n' : `${' '.repeat(indent)}${line}\n`)).join('')
}

/** Phones cost requests where they are not listed, so they are for whoever asks for them. */
function toTemplate(source: SourceDefinition): string {
  const isPhoneFree = source.supports.phones === 'listed'
  const fields = exampleFields(source).map(([field, attribute]) =>
    field === 'phone' && !isPhoneFree
      ? '    # phone: SMS                   # costs one request a customer'
      : `    ${field}: ${attribute}`,
  )
  const scores = ['  #   satisfied_customers: 36', '  #   dissatisfied_customers: 37']
  return [
    `  schedule: "${source.defaults.schedule}"`,
    '  # default_country: US            # to read national phone numbers',
    '  sync:',
    '    customers: true',
    '    tickets: true',
    ...(hasSurveys(source) ? ['    satisfaction_surveys: true'] : []),
    '    tags: true',
    '  # lists:                         # ids of lists in Brevo',
    '  #   all_support_contacts: 35',
    ...(hasSurveys(source) ? scores : []),
    '  # tag_lists: { vip: 40 }         # helpdesk tag -> Brevo list',
    '  field_mapping:',
    ...fields,
    '  event_mapping:',
    ...exampleEvents(source).map(([type, event]) => `    ${type}: ${event}`),
  ].join('\n')
}
