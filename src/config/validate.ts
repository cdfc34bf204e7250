// The shape of connectors.yml, with every complaint in words and a guess at the key that was meant.
import { readFileSync } from 'node:fs'

import type { ErrorObject } from 'ajv'
import leven from 'leven'

import { connectors as validateConnectors, tests as validateTests } from './validators.generated.js'

export interface ShapeComplaint {
  path: (string | number)[]
  /** The complaint is about the key, not about its value. */
  atKey: boolean
  message: string
}

/** By the file that they check; compiled by `npm run gen`, because compiling them takes longer than most commands. */
const VALIDATORS = {
  connectors: { validate: validateConnectors, schema: 'connectors.schema.json' },
  tests: { validate: validateTests, schema: 'connectors.test.schema.json' },
}

export function findShapeComplaints(
  value: unknown,
  which: keyof typeof VALIDATORS = 'connectors',
): ShapeComplaint[] {
  const { validate, schema } = VALIDATORS[which]
  if (validate(value)) return []
  const errors = withContext(validate.errors ?? [], value, schema)
  // A union complains once for itself and once for each branch: the union's own words are enough.
  const unions = errors.filter((error) => error.keyword === 'anyOf').map((error) => error.schemaPath)
  return errors
    .filter(
      (error) =>
        !unions.some((union) => error.schemaPath !== union && error.schemaPath.startsWith(`${union}/`)),
    )
    .map((error) => toComplaint(error))
}

/** Each complaint with the value that it is about, and with what the schema says there. */
function withContext(errors: readonly ErrorObject[], value: unknown, name: string): ErrorObject[] {
  const file = new URL(`../../schema/${name}`, import.meta.url)
  const schema = JSON.parse(readFileSync(file, 'utf8')) as object
  return errors.map((error) => ({
    ...error,
    data: follow(value, error.instancePath),
    schema: follow(schema, error.schemaPath.slice(1)),
    parentSchema: follow(schema, error.schemaPath.slice(1).replace(/\/[^/]*$/, '')) as object,
  }))
}

function follow(root: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], root)
}

function toComplaint(error: ErrorObject): ShapeComplaint {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
  const schema = error.parentSchema as
    | { description?: string; properties?: Record<string, unknown> }
    | undefined
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params['additionalProperty'])
      return {
        path: [...path, key],
        atKey: true,
        message: `Unknown key "${key}".${suggest(key, Object.keys(schema?.properties ?? {}))}`,
      }
    }
    case 'required':
      return { path, atKey: true, message: `"${String(error.params['missingProperty'])}" is missing.` }
    case 'type':
      if (path.at(-2) === 'lists' && typeof error.data === 'number')
        return {
          path,
          atKey: true,
          message: `There is no list "${path.at(-1)}".${suggest(String(path.at(-1)), KNOWN_LISTS)} One of your own is written { id: ${error.data}, when: nb_tickets >= 5 }.`,
        }
      return {
        path,
        atKey: false,
        message: `Expected ${words(String(error.params['type']))}, found ${show(error.data)}.`,
      }
    case 'pattern':
      return {
        path,
        atKey: false,
        message: `${show(error.data)} does not fit.${schema?.description === undefined ? '' : ` ${schema.description}`}`,
      }
    case 'anyOf': {
      const choices = choicesOf(error.schema)
      const hint =
        choices === null
          ? (schema?.description ?? '')
          : `Expected one of ${choices.join(', ')}.${suggest(String(error.data), choices)}`
      return { path, atKey: false, message: `${show(error.data)} does not fit. ${hint}`.trim() }
    }
    case 'enum': {
      const choices = (error.schema as unknown[]).map(String)
      const hint = suggest(String(error.data), choices)
      return {
        path,
        atKey: false,
        message: `${show(error.data)} does not fit.${hint} Expected one of ${choices.join(', ')}.`,
      }
    }
    default:
      return {
        path,
        atKey: false,
        message: `${show(error.data)} does not fit: it ${error.message ?? 'is not valid'}.`,
      }
  }
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
