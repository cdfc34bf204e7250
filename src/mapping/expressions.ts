// Conditions and computed values of connectors.yml: CEL, by @marcbachmann/cel-js, whose only import this is. No code is
// executed; what an expression may cost is bounded by its size; what it may name is known when the file is read.
import { type ASTNode, Environment, EvaluationError, ParseError, TypeError } from '@marcbachmann/cel-js'

import { TajoError } from '../lib/errors.ts'
import { countLoops, longestAllowed, longestIn, MOST_LOOPS, walk } from './expression-cost.ts'
import { findNever, type Mistake, toMistake } from './expression-mistakes.ts'

/** The kinds of values that a variable may have; each may be unknown. */
export type VariableType = 'text' | 'number' | 'boolean' | 'texts' | 'map'
/** `{ subject: 'text', ticket: { tags: 'texts' } }` */
export type Variables = { readonly [name: string]: VariableType | { readonly [field: string]: VariableType } }
export type Value = string | number | boolean | string[] | null
/** The values of all variables; null where one is unknown. */
export type Values = { readonly [name: string]: unknown }

export interface Expression {
  /** As it is written. */
  source: string
  /** Top-level variables that it names. */
  uses: ReadonlySet<string>
  /** What it gives; null where that depends on something unknown. */
  evaluate(values: Values): Value
}

export type { ASTNode, ParseError, TypeError } from '@marcbachmann/cel-js'
export type { Mistake } from './expression-mistakes.ts'

export type Wanted = 'boolean' | 'value'

const MAX_LENGTH = 1_000
const LIMITS = { maxAstNodes: 150, maxDepth: 16, maxListElements: 50, maxCallArguments: 8, maxMapEntries: 16 }
const CEL_TYPES: Record<VariableType, string> = {
  text: 'string',
  number: 'double',
  boolean: 'bool',
  texts: 'list<string>',
  map: 'map<string, dyn>',
}
/** A regular expression may take for ever. */
const FORBIDDEN = new Set(['matches'])

/** Checked against the variables, so that a slip is found when the file is read and not when something happens. */
export function compileExpression(
  source: string,
  variables: Variables,
  wanted: Wanted,
): { expression: Expression } | { mistake: Mistake } {
  if (source.length > MAX_LENGTH)
    return { mistake: { message: `It is longer than ${MAX_LENGTH} characters.`, offset: 0 } }
  try {
    const checked = environmentOf(variables, 'checking').parse(source)
    const forbidden = findCall(checked.ast, FORBIDDEN)
    if (forbidden !== null)
      return {
        mistake: { message: `${forbidden.name}() is not available here.`, offset: forbidden.offset },
      }
    if (countLoops(checked.ast) > MOST_LOOPS)
      return {
        mistake: {
          message: `all(), exists(), map() and filter() may stand in one another ${MOST_LOOPS} deep, not ${countLoops(checked.ast)}.`,
          offset: 0,
        },
      }
    const verdict = checked.check()
    if (verdict.error !== undefined) return { mistake: toMistake(verdict.error, source, variables) }
    if (wanted === 'boolean' && verdict.type !== 'bool' && verdict.type !== 'dyn')
      return { mistake: { message: 'A condition must be true or false.', offset: 0 } }
    const never = findNever(walk(checked.ast))
    if (never !== null) return { mistake: never }
    const run = environmentOf(variables, 'running').parse(source)
    const longest = longestAllowed(checked.ast)
    return {
      expression: {
        source,
        uses: new Set(findNames(checked.ast).filter((name) => Object.hasOwn(variables, name))),
        evaluate(values) {
          // What would take too long is not known either.
          if (longest < Number.POSITIVE_INFINITY && longestIn(values) > longest) return null
          try {
            return toValue(run(values))
          } catch (thrown) {
            // What depends on something unknown is unknown.
            if (thrown instanceof EvaluationError) return null
            throw thrown
          }
        },
      },
    }
  } catch (thrown) {
    if (thrown instanceof ParseError || thrown instanceof TypeError)
      return { mistake: toMistake(thrown, source, variables) }
    throw thrown
  }
}

/** For texts that were checked before. */
export function requireExpression(source: string, variables: Variables, wanted: Wanted): Expression {
  const compiled = compileExpression(source, variables, wanted)
  if ('expression' in compiled) return compiled.expression
  throw new TajoError('config_invalid', `"${source}": ${compiled.mistake.message}`)
}

/** True only if it is known to be true. */
export function isMet(condition: Expression | null, values: Values): boolean {
  return condition === null || condition.evaluate(values) === true
}

/** `score is 4, comment is not known`: what an expression saw. */
export function showUses({ uses }: Expression, values: Values): string {
  return [...uses].map((name) => `${name} is ${show(values[name])}`).join(', ')
}

function show(value: unknown): string {
  if (value === null || value === undefined) return 'not known'
  if (typeof value === 'object' && !Array.isArray(value))
    return `{ ${Object.entries(value)
      .map(([name, one]) => `${name}: ${show(one)}`)
      .join(', ')} }`
  return JSON.stringify(value)
}

type Mode = 'checking' | 'running'
const environments = new WeakMap<Variables, Partial<Record<Mode, Environment>>>()

/** While checking each variable has its type; while running any may be unknown. */
function environmentOf(variables: Variables, mode: Mode): Environment {
  const known = environments.get(variables) ?? {}
  environments.set(variables, known)
  return (known[mode] ??= createEnvironment(variables, mode))
}

function createEnvironment(variables: Variables, mode: Mode): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    limits: LIMITS,
  })
  registerNumbers(environment)
  if (mode === 'checking') allowComparisons(environment)
  environment.registerFunction('known(dyn): bool', (value: unknown) => value !== null)
  environment.registerFunction('lower(string): string', (text: string) => text.toLowerCase())
  for (const [name, type] of Object.entries(variables)) {
    if (mode === 'running') environment.registerVariable(name, 'dyn')
    else if (typeof type === 'string') environment.registerVariable(name, CEL_TYPES[type])
    else {
      const schema = Object.fromEntries(
        Object.entries(type).map(([field, one]) => [field, CEL_TYPES[one]] as const),
      )
      environment.registerVariable(name, { schema })
    }
  }
  return environment
}

/** `avg_response_time / 60` and `score == 4`: to whom writes YAML a number is a number. */
function registerNumbers(environment: Environment): void {
  const sums: Record<string, (a: number, b: number) => number> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
    '%': (a, b) => a % b,
  }
  for (const [operator, compute] of Object.entries(sums)) {
    const handler = (a: unknown, b: unknown): number => compute(Number(a), Number(b))
    environment.registerOperator(`double ${operator} int: double`, handler)
    environment.registerOperator(`int ${operator} double: double`, handler)
    if (operator === '%') environment.registerOperator('double % double: double', handler)
  }
}

/** Comparisons that come right when they are run, and that the check would refuse. */
function allowComparisons(environment: Environment): void {
  const isEqual = (a: unknown, b: unknown): boolean => a === b
  environment.registerOperator('double == int', isEqual)
  for (const type of ['string', 'double', 'bool']) environment.registerOperator(`${type} == null`, isEqual)
}

function findCall(node: ASTNode, names: ReadonlySet<string>): { name: string; offset: number } | null {
  for (const one of walk(node)) {
    const isCall = one.op === 'call' || one.op === 'rcall'
    const name = isCall ? String((one.args as unknown[])[0]) : ''
    if (names.has(name)) return { name, offset: one.start }
  }
  return null
}

function findNames(node: ASTNode): string[] {
  return [...walk(node)].flatMap((one) => (one.op === 'id' ? [one.args] : []))
}

function toValue(result: unknown): Value {
  if (typeof result === 'bigint') return Number(result)
  if (typeof result === 'number') return Number.isFinite(result) ? result : null
  if (typeof result === 'string' || typeof result === 'boolean') return result
  return Array.isArray(result) ? result.map(String) : null
}
