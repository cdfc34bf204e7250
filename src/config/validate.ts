// The only import of ajv: the shape of connectors.yml, with every complaint in words and a guess at the key that was meant.
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import leven from 'leven'

import { connectorsSchema } from './schema.ts'

export interface ShapeComplaint {
  path: (string | number)[]
  /** The complaint is about the key, not about its value. */
  atKey: boolean
  message: string
}

const compiled = new Map<object, ValidateFunction>()

export function findShapeComplaints(value: unknown, schema: object = connectorsSchema): ShapeComplaint[] {
  const validate = compiled.get(schema) ?? compile(schema)
  compiled.set(schema, validate)
  if (validate(value)) return []
  const errors = validate.errors ?? []
  // A union complains once for itself and once for each branch: the union's own words are enough.
  const unions = errors.filter((error) => error.keyword === 'anyOf').map((error) => error.schemaPath)
  return errors
    .filter(
      (error) =>
        !unions.some((union) => error.schemaPath !== union && error.schemaPath.startsWith(`${union}/`)),
    )
    .map((error) => toComplaint(error))
}

function compile(schema: object): ValidateFunction {
  return new Ajv({
    allErrors: true,
    strict: false,
    verbose: true,
    // It is run once in a process: making the code quicker takes longer than it saves.
    code: { optimize: false },
  }).compile(schema)
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
