// Where in connectors.yml somebody writes: by the lines and how far they stand in, because what is being written is no YAML yet.

export interface Place {
  /** Keys from the top; `*` for an entry of a list. With the key of the line, where a value is written. */
  path: string[]
  kind: 'key' | 'value'
  /** What stands there already, and where it begins. */
  word: string
  from: number
  /** Keys that stand beside it. */
  siblings: string[]
}

interface Line {
  start: number
  text: string
  indent: number
  /** Null: no key. */
  key: string | null
  isItem: boolean
}

/** `key:`, quoted or not, behind a dash or not. */
const KEY = /^(\s*)((?:- +)*)(?:"([^"]*)"|'([^']*)'|(\w[\w./@-]*))\s*:(?=\s|$)/

function readLines(text: string): Line[] {
  let start = 0
  return text.split('\n').map((line) => {
    const [, space = '', dashes = '', ...keys] = KEY.exec(line) ?? []
    const key = keys.find((one) => one !== undefined) ?? null
    const own = /^\s*/.exec(line)![0].length
    const at = start
    start += line.length + 1
    return {
      start: at,
      text: line,
      indent: key === null ? own : space.length + dashes.length,
      key,
      isItem: /^\s*- /.test(line) || /^\s*-$/.test(line),
    }
  })
}

const isBlank = ({ text }: Line): boolean => /^\s*(#|$)/.test(text)

/** The keys above a line that stands `indent` in. */
function pathAbove(lines: readonly Line[], index: number, indent: number, isItem: boolean): string[] {
  const path: string[] = isItem ? ['*'] : []
  let reach = indent
  for (const line of lines.slice(0, index).toReversed()) {
    if (isBlank(line)) continue
    const dash = line.isItem ? line.text.indexOf('-') : null
    if (line.key !== null && line.indent < reach) {
      path.unshift(line.key)
      reach = line.indent
      if (dash !== null) {
        path.unshift('*')
        reach = dash
      }
    } else if (dash !== null && dash < reach && line.indent >= reach) {
      // The entry of a list whose first key stands beside the dash.
      path.unshift('*')
      reach = dash
    }
    if (reach === 0) break
  }
  return path
}

/** Null: within a comment, or between brackets, where lines say nothing. */
export function findPlace(text: string, offset: number): Place | null {
  const lines = readLines(text)
  const index = lines.findLastIndex((one) => one.start <= offset)
  const line = lines[index]!
  const before = line.text.slice(0, offset - line.start)
  if (/(^|\s)#/.test(before) || /[[{]/.test(before)) return null
  const value = /^(\s*(?:- +)*(?:"[^"]*"|'[^']*'|[^\s#'":]+))\s*:\s+["']?([^"']*)$/.exec(before)
  if (value !== null && line.key !== null) {
    const word = value[2]!
    const above = pathAbove(lines, index, line.isItem ? line.text.indexOf('-') : line.indent, line.isItem)
    return { path: [...above, line.key], kind: 'value', word, from: offset - word.length, siblings: [] }
  }
  const key = /^(\s*)((?:- +)*)["']?([\w./@-]*)$/.exec(before)
  if (key === null) return null
  const [, space = '', dashes = '', word = ''] = key
  const isItem = dashes !== ''
  const indent = space.length + dashes.length
  return {
    path: pathAbove(lines, index, isItem ? space.length : indent, isItem),
    kind: 'key',
    word,
    from: offset - word.length,
    siblings: findSiblings(lines, index, indent),
  }
}

function findSiblings(lines: readonly Line[], index: number, indent: number): string[] {
  const beside = (others: readonly Line[]): string[] => {
    const found: string[] = []
    for (const line of others) {
      if (isBlank(line)) continue
      if (line.indent < indent) break
      if (line.indent === indent && line.key !== null) found.push(line.key)
    }
    return found
  }
  return [...beside(lines.slice(0, index).toReversed()), ...beside(lines.slice(index + 1))]
}

/** The key of a line, for what is said of it. */
export function findKey(text: string, offset: number): { path: string[]; from: number; to: number } | null {
  const lines = readLines(text)
  const index = lines.findLastIndex((one) => one.start <= offset)
  const line = lines[index]!
  if (line.key === null) return null
  const from = line.start + line.indent
  const to = from + line.text.slice(line.indent).indexOf(':')
  if (offset < from || offset > to) return null
  const above = pathAbove(lines, index, line.isItem ? line.text.indexOf('-') : line.indent, line.isItem)
  return { path: [...above, line.key], from, to }
}
