// Help while connectors.yml is written: what may stand here, and what a key means. By the schema that editors elsewhere use, and by what
// this shop has.
import { readFileSync } from 'node:fs'

import { findOwnFile } from '../../lib/own-file.ts'
import { ALIASES, FIELDS } from '../../mapping/fields.ts'
import { findKey, findPlace } from './place.ts'

interface Schema {
  $ref?: string
  type?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  examples?: unknown[]
  description?: string
  pattern?: string
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  additionalProperties?: Schema | boolean
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  definitions?: Record<string, Schema>
}

/** What this shop has, beyond the schema. */
export interface Known {
  /** Names of Brevo's contact attributes. */
  attributes: readonly string[]
  /** Id → name. */
  lists: Readonly<Record<string, string>>
}

export interface Option {
  label: string
  /** A few words beside it. */
  detail: string
  /** Sentences. */
  info: string
  /** What is written. */
  apply: string
}

export interface Completion {
  /** Offset of what the chosen one replaces, up to where it was asked. */
  from: number
  options: Option[]
}

let root: Schema | null = null
const readSchema = (): Schema =>
  (root ??= JSON.parse(readFileSync(findOwnFile('schema/connectors.schema.json'), 'utf8')) as Schema)

/** All that may stand at a place: of each choice. */
function widen(schema: Schema): Schema[] {
  const { $ref } = schema
  if ($ref !== undefined) {
    const target = readSchema().definitions?.[$ref.replace(/^.*\//, '')]
    return target === undefined ? [] : widen(target)
  }
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  return [schema, ...choices.flatMap((one) => widen(one))]
}

function step(schema: Schema, key: string): Schema[] {
  return widen(schema).flatMap((one) => {
    if (key === '*') return one.items === undefined ? [] : [one.items]
    const own = one.properties?.[key]
    if (own !== undefined) return [own]
    const fitting = Object.entries(one.patternProperties ?? {}).flatMap(([pattern, value]) =>
      new RegExp(pattern).test(key) ? [value] : [],
    )
    const other = one.additionalProperties
    return fitting.length > 0 ? fitting : typeof other === 'object' ? [other] : []
  })
}

const schemasAt = (path: readonly string[]): Schema[] =>
  path.reduce<Schema[]>((found, key) => found.flatMap((one) => step(one, key)), [readSchema()])

const isMapping = (path: readonly string[], name: string): boolean => path.at(-1) === name

/** What may be written at a place of the text; null: nothing is known. */
export function complete(text: string, offset: number, known: Known): Completion | null {
  const place = findPlace(text, offset)
  if (place === null) return null
  const all = place.kind === 'key' ? keysAt(place.path) : valuesAt(place.path, known)
  const options = all.filter(({ label }) => !place.siblings.includes(label))
  return options.length === 0 ? null : { from: place.from, options }
}

function keysAt(path: readonly string[]): Option[] {
  const found = new Map<string, Option>()
  for (const schema of schemasAt(path).flatMap((one) => widen(one)))
    for (const [name, value] of Object.entries(schema.properties ?? {})) found.set(name, toKey(name, value))
  if (isMapping(path, 'field_mapping'))
    for (const [name, { about }] of Object.entries(FIELDS))
      found.set(name, { label: name, detail: '', info: about, apply: `${name}: ` })
  return [...found.values()]
}

function toKey(name: string, schema: Schema): Option {
  const [first = schema] = widen(schema)
  const value = first.default ?? first.examples?.[0]
  const isBlock = widen(schema).some((one) => one.type === 'object')
  return {
    label: name,
    detail: value === undefined ? '' : `${first.default === undefined ? '' : '= '}${toText(value)}`,
    info: schema.description ?? first.description ?? '',
    apply: isBlock ? `${name}:` : `${name}: `,
  }
}

function valuesAt(path: readonly string[], { attributes, lists }: Known): Option[] {
  const found = new Map<string, Option>()
  const add = (value: unknown, detail: string, info = ''): void => {
    const label = toText(value)
    if (!found.has(label)) found.set(label, { label, detail, info, apply: label })
  }
  for (const schema of schemasAt(path).flatMap((one) => widen(one))) {
    if (schema.const !== undefined) add(schema.const, '', schema.description)
    for (const value of schema.enum ?? []) add(value, '')
    if (schema.type === 'boolean' && schema.const === undefined)
      for (const value of [true, false]) add(value, '')
    if (schema.default !== undefined) add(schema.default, 'default')
    for (const value of schema.examples ?? []) if (typeof value !== 'object') add(value, '')
  }
  const above = path.at(-2)
  if (above === 'field_mapping' || path.at(-1) === 'attribute')
    for (const name of attributes) add(name, 'Brevo')
  if (above === 'lists' || above === 'tag_lists' || path.at(-1) === 'list')
    for (const [id, name] of Object.entries(lists)) add(Number(id), name)
  return [...found.values()]
}

/** What a key means; null where nothing is known of it. */
export function describe(text: string, offset: number): { from: number; to: number; text: string } | null {
  const found = findKey(text, offset)
  if (found === null) return null
  const { path, from, to } = found
  const [key = ''] = path.slice(-1)
  if (isMapping(path.slice(0, -1), 'field_mapping')) {
    const field = FIELDS[ALIASES[key] ?? key]
    if (field !== undefined) return { from, to, text: field.about }
  }
  const schemas = schemasAt(path).flatMap((one) => widen(one))
  const about = schemas.find((one) => one.description !== undefined)?.description
  if (about === undefined) return null
  const value = schemas.find((one) => one.default !== undefined)?.default
  return { from, to, text: value === undefined ? about : `${about} Default: ${toText(value)}.` }
}

const toText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
