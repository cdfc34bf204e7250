// What the schema complains of, brought down to its causes: it complains of every branch of a union, and of all that follows.
import { findOwnFile } from '../../lib/own-file.ts'
import { readFileSync } from 'node:fs'

import type { ErrorObject } from 'ajv'
import leven from 'leven'

export const unescape = (step: string): string => step.replaceAll('~1', '/').replaceAll('~0', '~')

/** One cause for each mistake: of a union the branch that was meant, and of a value of the wrong kind nothing else. */
export function findCauses(all: readonly ErrorObject[]): ErrorObject[] {
  let errors = [...all]
  const unions = errors
    .filter((error) => error.keyword === 'anyOf')
    .sort((a, b) => b.schemaPath.length - a.schemaPath.length)
  for (const union of unions) {
    const parts = errors.filter(
      (error) =>
        error !== union &&
        error.schemaPath.startsWith(`${union.schemaPath}/`) &&
        (error.instancePath === union.instancePath ||
          error.instancePath.startsWith(`${union.instancePath}/`)),
    )
    const branches = new Map<string, ErrorObject[]>()
    for (const part of parts) {
      const branch = part.schemaPath.slice(union.schemaPath.length + 1).split('/')[0] ?? ''
      branches.set(branch, [...(branches.get(branch) ?? []), part])
    }
    const isOther = (error: ErrorObject): boolean =>
      error.instancePath === union.instancePath && (error.keyword === 'type' || error.keyword === 'const')
    const meant = [...branches.values()].filter((one) => !one.some((error) => isOther(error)))
    const kept = meant.length === 1 ? meant[0]! : [union]
    errors = errors.filter((error) => kept.includes(error) || (error !== union && !parts.includes(error)))
  }
  const wrong = new Set(errors.filter((error) => error.keyword === 'type').map((error) => error.instancePath))
  return errors.filter(
    (error) => (error.keyword === 'type' || !wrong.has(error.instancePath)) && !isMisnamed(error, errors),
  )
}

/** What is missing stands there, under a name that is near or under its alias. */
function isMisnamed(error: ErrorObject, errors: readonly ErrorObject[]): boolean {
  if (error.keyword !== 'required') return false
  const missing = String(error.params['missingProperty'])
  return errors
    .filter((one) => one.keyword === 'additionalProperties' && one.instancePath === error.instancePath)
    .map((one) => String(one.params['additionalProperty']))
    .some(
      (name) =>
        leven(name.toLowerCase(), missing) <= 2 || ALIASES[name] === missing || missing === 'connectors',
    )
}

/** Names that other tools have for ours. */
export const ALIASES: Record<string, string> = {
  trigger: 'on',
  guards: 'on',
  params: 'on',
  'ticket.resolved': 'ticket.closed',
  'ticket.opened': 'ticket.created',
  'csat.submitted': 'satisfaction_survey.responded',
}

/** An empty section whose lines stand beside it: one mistake, that of their indentation. */
export function findSlippedBlocks(errors: readonly Situated[], value: unknown): Situated[] {
  const slipped = new Map<string, string[]>()
  for (const error of errors) {
    if ((error.keyword !== 'type' && error.keyword !== 'anyOf') || error.data !== null) continue
    const parent = error.instancePath.replace(/\/[^/]*$/, '')
    const keys = Object.keys((follow(value, parent) as object | null) ?? {})
    const own = unescape(error.instancePath.slice(parent.length + 1))
    const unknown = errors
      .filter((one) => one.keyword === 'additionalProperties' && one.instancePath === parent)
      .map((one) => String(one.params['additionalProperty']))
    const below: string[] = []
    for (const key of keys.slice(keys.indexOf(own) + 1)) {
      if (!unknown.includes(key)) break
      below.push(key)
    }
    if (below.length > 0) slipped.set(error.instancePath, below)
  }
  const isBelow = (error: Situated): boolean =>
    error.keyword === 'additionalProperties' &&
    [...slipped].some(
      ([path, keys]) =>
        path.replace(/\/[^/]*$/, '') === error.instancePath &&
        keys.includes(String(error.params['additionalProperty'])),
    )
  return errors
    .filter((error) => !isBelow(error))
    .map((error) => {
      const keys = slipped.get(error.instancePath)
      return keys === undefined ? error : { ...error, keyword: 'slipped', params: { keys } }
    })
}

/** A complaint of the schema with the value that it is about, and with what the schema says there. */
export type Situated = Omit<ErrorObject, 'parentSchema'> & {
  parentSchema:
    | {
        description?: string
        properties?: Record<string, unknown>
        pattern?: string
        patternProperties?: Record<string, unknown>
      }
    | undefined
}

const schemas = new Map<string, object>()
export function readSchema(name: string): object {
  const known = schemas.get(name)
  if (known !== undefined) return known
  const schema = JSON.parse(readFileSync(findOwnFile(`schema/${name}`), 'utf8')) as object
  schemas.set(name, schema)
  return schema
}

/** Each complaint with the value that it is about, and with what the schema says there. */
export function withContext(errors: readonly ErrorObject[], value: unknown, schema: object): Situated[] {
  const at = (path: string): unknown =>
    // Of what is referred to by name the path begins anew.
    follow(schema, path) ?? follow((schema as { definitions?: { event?: unknown } }).definitions?.event, path)
  return errors.map((error) => ({
    ...error,
    data: follow(value, error.instancePath),
    schema: at(error.schemaPath.slice(1)),
    parentSchema: at(error.schemaPath.slice(1).replace(/\/[^/]*$/, '')) as Situated['parentSchema'],
  }))
}

function follow(root: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], root)
}
