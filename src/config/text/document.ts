// The only import of yaml for reading: text → plain values, and where each of them stands. Hostile files are stopped here
// (reliability.md § 7): size, aliases, tags, keys that reach for prototypes.
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, visit } from 'yaml'

import { findSyntaxMistake } from './syntax.ts'

/** A complaint at a place of the file. */
export interface Complaint {
  line: number
  column: number
  /** `connectors.shop-eu.schedule`; empty for the whole file. */
  path: string
  message: string
}

export interface ParsedFile {
  value: unknown
  complaints: Complaint[]
  /** Position of the value at a path; of its key with `key`; of the nearest thing above where it is missing. */
  locate(path: readonly (string | number)[], key?: 'key'): { line: number; column: number }
  /** The text without what came from the environment: `${NAME}` in its place. */
  hideVariables(text: string): string
  /** Position of a character of the text at a path. */
  locateIn(path: readonly (string | number)[], character: number): { line: number; column: number }
}

/** The parser's check for unique keys is quadratic: 40,000 keys blocked for 9 s. No honest file is larger. */
const MAX_BYTES = 256 * 1024
/** Shorter ones are no keys, and would be cut out of ordinary words. */
const SHORTEST_HIDDEN = 6
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype'])
/** As it is written in connectors.yml. */
export const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g

export function parseFile(text: string, env: Readonly<Record<string, string | undefined>>): ParsedFile {
  const lines = new LineCounter()
  const complaints: Complaint[] = []
  const variables = new Map<string, string>()
  const hideVariables = (shown: string): string =>
    [...variables].reduce((hidden, [value, name]) => hidden.replaceAll(value, name), shown)
  const complain = (offset: number, message: string, path = ''): void => {
    const { line, col } = lines.linePos(offset)
    complaints.push({ line: Math.max(1, line), column: Math.max(1, col), path, message })
  }
  if (Buffer.byteLength(text) > MAX_BYTES) {
    complain(0, `The file is larger than ${MAX_BYTES / 1024} KiB.`)
    const locate = (): { line: number; column: number } => ({ line: 1, column: 1 })
    return { value: undefined, complaints, locate, hideVariables, locateIn: locate }
  }

  const document = parseDocument(text, { lineCounter: lines, version: '1.2', prettyErrors: false })
  const mistake = findSyntaxMistake(text, document, lines)
  // Whatever else is said of a text that is no YAML follows from its first mistake.
  if (mistake !== null) complaints.push({ ...mistake, path: '' })
  else
    visit(document, {
      Pair(_, pair) {
        if (isScalar(pair.key) && FORBIDDEN_KEYS.has(String(pair.key.value)))
          complain(pair.key.range?.[0] ?? 0, `The key ${String(pair.key.value)} is not allowed.`)
      },
      Scalar(position, node, above) {
        if (typeof node.value === 'number' && /^0[xo]/i.test(node.source ?? '')) {
          const pair = above.at(-1)
          const key =
            isPair(pair) && isScalar(pair.key) && position !== 'key' ? `${String(pair.key.value)}: ` : ''
          complain(
            node.range?.[0] ?? 0,
            `${node.source} is read as ${node.value}: 0x and 0o begin other ways of counting. Write: ${key}${node.value}`,
          )
        }
        if (position === 'key' || typeof node.value !== 'string') return
        node.value = node.value.replace(VARIABLE, (whole, name: string) => {
          const value = env[name]
          if (value !== undefined) {
            if (value.length >= SHORTEST_HIDDEN) variables.set(value, whole)
            return value
          }
          complain(node.range?.[0] ?? 0, `The environment has no variable ${name}.`)
          return whole
        })
      },
    })

  return {
    value: complaints.length > 0 ? undefined : document.toJS({ maxAliasCount: 0 }),
    complaints,
    hideVariables,
    locate: (path, key) => toPlace(lines.linePos(findOffset(document.contents, path, key))),
    locateIn(path, character) {
      const start = findOffset(document.contents, path)
      const isQuoted = text[start] === '"' || text[start] === "'"
      // A block of text begins on the line below its sign.
      const isBlock = text[start] === '|' || text[start] === '>'
      return toPlace(lines.linePos(isBlock ? start : start + character + (isQuoted ? 1 : 0)))
    },
  }
}

function toPlace({ line, col }: { line: number; col: number }): { line: number; column: number } {
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function findOffset(root: Node | null, path: readonly (string | number)[], key?: 'key'): number {
  let node: Node | null = root
  let offset = root?.range?.[0] ?? 0
  for (const [index, step] of path.entries()) {
    let next: Node | null = null
    if (isMap(node)) {
      const pair = node.items.find(
        (one: Pair) => isScalar(one.key) && String(one.key.value) === String(step),
      ) as Pair<Node, Node | null> | undefined
      if (pair === undefined) return offset
      const keyOffset = pair.key.range?.[0] ?? offset
      next = pair.value
      const last = index === path.length - 1
      offset = last && key === 'key' ? keyOffset : (next?.range?.[0] ?? keyOffset)
    } else if (isSeq(node)) {
      next = (node.items[Number(step)] as Node | undefined) ?? null
      if (next === null) return offset
      offset = next.range?.[0] ?? offset
    } else return offset
    node = next
  }
  return offset
}
