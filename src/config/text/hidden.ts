// A connectors.yml that may be shown and written back: keys and passwords that stand in it are taken out, and put back in as they were. What
// is a secret is known by its place in the YAML; in comments, and in a text that is no YAML, by how it looks.
import { isMap, isScalar, isSeq, type Node, parseDocument, type Scalar, visit } from 'yaml'

import { SECRET_NAME } from './mask.ts'

const BREVO_KEY = /xkeysib-[\w-]+/gi
/** Up to the last `@` before a path: a password may hold one. */
const IN_ADDRESS = /(:\/\/[^\s/@:]*:)([^\s/]+)(?=@[^\s@/]+)/g
const LOOKS_NAMED = /([\w-]*(?:api[_-]?key|secret|password|passwd|token)[\w-]*["']?\s*[:=]\s*)([^\s#].*)/gi
/** What somebody wrote into the file who had seen this one. */
const PLACEHOLDER = /‹hidden-(\d+)›/g
/** `${SMTP_PASSWORD}` names a secret, and is none. */
const VARIABLE = /^["']?\$\{\w+\}["']?$/

export interface HiddenText {
  text: string
  secrets: string[]
}

type Range = readonly [from: number, to: number]

/** `secret: abc` as `secret: ‹hidden-1›`; `restoreSecrets` gives the very same text again. */
export function hideSecrets(text: string): HiddenText {
  const secrets: string[] = []
  let shown = ''
  let at = 0
  for (const [from, to] of merge(findSecrets(text))) {
    shown += `${text.slice(at, from)}‹hidden-${secrets.push(text.slice(from, to))}›`
    at = to
  }
  return { text: shown + text.slice(at), secrets }
}

/** What no secret belongs to is left as it is. */
export const restoreSecrets = (text: string, secrets: readonly string[]): string =>
  text.replaceAll(PLACEHOLDER, (whole, number: string) => secrets[Number(number) - 1] ?? whole)

/** Placeholders that stand for nothing. */
export const findUnknown = (text: string): string[] => text.match(PLACEHOLDER) ?? []

function findSecrets(text: string): Range[] {
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' })
  const isYaml = document.errors.length === 0
  const found = [...matches(text, PLACEHOLDER), ...matches(text, BREVO_KEY), ...matches(text, IN_ADDRESS)]
  // Without YAML to go by, what stands behind such a name may be anything up to the end of its line.
  const loose = isYaml ? text.matchAll(/#.*$/gm) : text.matchAll(/^.*$/gm)
  for (const line of loose)
    found.push(
      ...matches(line[0], LOOKS_NAMED).map(([from, to]): Range => [line.index + from, line.index + to]),
    )
  if (isYaml) found.push(...findScalars(document.contents))
  return found
    .map(([from, to]): Range => [from, from + text.slice(from, to).trimEnd().length])
    .filter(([from, to]) => to > from && !VARIABLE.test(text.slice(from, to)))
}

/** Of the last group of a pattern, or of all of it. */
function matches(text: string, pattern: RegExp): Range[] {
  return [...text.matchAll(pattern)].map((match) => {
    const before = pattern === PLACEHOLDER || pattern === BREVO_KEY ? '' : (match[1] ?? '')
    const end = match.index + match[0].replace(/\r$/, '').length
    return [match.index + before.length, end] as const
  })
}

function findScalars(root: Node | null): Range[] {
  const found: Range[] = []
  visit(root, {
    Pair(_, { key, value }) {
      if (
        isScalar(key) &&
        isScalar(value) &&
        SECRET_NAME.test(String(key.value)) &&
        typeof value.value === 'string'
      )
        found.push(rangeOf(value))
    },
  })
  // Whoever knows where alerts go can write there.
  for (const target of itemsOf(child(child(root, 'alerts'), 'to')))
    for (const name of ['webhook', 'slack']) {
      const value = child(target, name)
      if (isScalar(value)) found.push(afterHost(value))
    }
  return found
}

const child = (node: unknown, key: string): unknown => (isMap(node) ? node.get(key, true) : null)
const itemsOf = (node: unknown): unknown[] => (isSeq(node) ? node.items : [])

const rangeOf = ({ range }: Scalar): Range => (range == null ? [0, 0] : [range[0], range[1]])

function afterHost(scalar: Scalar): Range {
  const [from, to] = rangeOf(scalar)
  const quote = scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE' ? 1 : 0
  const host = /^https?:\/\/[^/?#]*\/?/.exec(String(scalar.value))?.[0].length ?? 0
  return [from + quote + host, to - quote]
}

function merge(ranges: readonly Range[]): Range[] {
  const merged: [number, number][] = []
  for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to)
    else merged.push([from, to])
  }
  return merged
}
