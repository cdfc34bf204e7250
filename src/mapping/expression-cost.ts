// What an expression may cost. Its size is bounded by cel-js; loops in loops over long lists are bounded here.
import type { ASTNode } from './expressions.ts'

const LOOPS = new Set(['all', 'exists', 'exists_one', 'map', 'filter'])
export const MOST_LOOPS = 2
/** Elements looked at by one evaluation: some tens of milliseconds. */
const MOST_STEPS = 100_000

export function* walk(value: unknown): Generator<ASTNode, void, void> {
  if (Array.isArray(value)) {
    for (const one of value) yield* walk(one)
    return
  }
  if (!isNode(value)) return
  yield value
  yield* walk(value.args)
}

/** How deep loops stand in one another: 1 for `tags.exists(t, …)`, and for one after the other. */
export function countLoops(value: unknown): number {
  if (Array.isArray(value)) return Math.max(0, ...value.map((one) => countLoops(one)))
  if (!isNode(value)) return 0
  const [name, receiver, ...bodies] = Array.isArray(value.args) ? (value.args as unknown[]) : []
  if (value.op !== 'rcall' || !LOOPS.has(String(name))) return countLoops(value.args)
  return Math.max(countLoops(receiver), 1 + countLoops(bodies))
}

/** The longest list that the expression may be evaluated with. Lists that are joined are as long as all of them. */
export function longestAllowed(ast: ASTNode): number {
  const loops = countLoops(ast)
  if (loops < 2) return Number.POSITIVE_INFINITY
  const joined = 1 + [...walk(ast)].filter((node) => node.op === '+').length
  return Math.floor(Math.sqrt(MOST_STEPS) / joined)
}

export function longestIn(values: unknown): number {
  if (Array.isArray(values)) return values.length
  if (typeof values !== 'object' || values === null) return 0
  return Math.max(0, ...Object.values(values).map((one) => longestIn(one)))
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value
}
