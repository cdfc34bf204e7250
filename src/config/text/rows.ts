// The lines of a text, as its indentation makes blocks of them.
import { maskSecrets } from './mask.ts'

export interface SyntaxMistake {
  line: number
  column: number
  message: string
}

/** Spaces that nobody sees, and that YAML takes for letters. */
export const INVISIBLE = '\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff'
export const BLANK = new RegExp(`^[\\s${INVISIBLE}]*(#|$)`)
const OPENS = /:\s*(#.*)?$/

export const indentOf = (row: string): number => /^ */.exec(row)?.[0].length ?? 0
/** With its indentation. */
export const show = (row: string): string => `"${row}"`

export function say(line: number, column: number, message: string): SyntaxMistake {
  return { line, column, message: maskSecrets(message) }
}

export class Rows {
  readonly all: readonly string[]

  constructor(text: string) {
    this.all = text.split('\n')
  }

  row(line: number): string {
    return this.all[line - 1]?.replace(/\r$/, '') ?? ''
  }

  /** The first row from this one on that says something. */
  content(line: number): number {
    let at = line
    while (at < this.all.length && BLANK.test(this.row(at))) at += 1
    return at
  }

  contentAbove(line: number): number {
    let at = line - 1
    while (at > 0 && BLANK.test(this.row(at))) at -= 1
    return at
  }

  /** A row that does not begin where its neighbours do. `want`: where they do, if that is known. */
  slipped(line: number, want?: number): SyntaxMistake {
    if (this.isTabbed(line)) return this.tab(line)
    const row = this.row(line)
    const have = indentOf(row)
    const levels = this.#openLevels(line)
    const nearest = [...levels].sort((a, b) => Math.abs(a - have) - Math.abs(b - have) || b - a)[0] ?? 0
    const below = OPENS.test(row) ? indentOf(this.row(this.content(line + 1))) - 2 : -1
    const target = want ?? (levels.has(below) ? below : nearest)
    const above = this.contentAbove(line)
    // The one above begins its block and stands alone: it is the one that slipped.
    const isAbove = indentOf(this.row(above)) === target && this.#isOdd(above, line, have)
    const [culprit, wrong, right] = isAbove ? [above, target, have] : [line, have, target]
    const mended = ' '.repeat(right) + this.row(culprit).trim()
    return say(
      culprit,
      wrong + 1,
      `Line ${culprit} is indented by ${wrong}, its neighbours by ${right}: lines of one block begin in the same column. Write: ${show(mended)}`,
    )
  }

  #isOdd(above: number, line: number, have: number): boolean {
    const opener = this.contentAbove(above)
    if (opener < 1 || !OPENS.test(this.row(opener))) return false
    const other = indentOf(this.row(above))
    if (indentOf(this.row(opener)) >= Math.min(have, other)) return false
    let balance = 0
    for (let at = line; at <= this.all.length; at += 1) {
      if (BLANK.test(this.row(at))) continue
      const indent = indentOf(this.row(at))
      if (indent < Math.min(have, other)) break
      if (indent === have) balance += 1
      if (indent === other) balance -= 2
    }
    return balance >= 2
  }

  /** Columns in which blocks above this row begin. */
  #openLevels(line: number): Set<number> {
    const levels = new Set<number>()
    let least = Number.POSITIVE_INFINITY
    for (let at = line - 1; at > 0 && least > 0; at -= 1) {
      const indent = indentOf(this.row(at))
      if (BLANK.test(this.row(at)) || indent >= least) continue
      least = indent
      levels.add(indent)
    }
    return levels
  }

  tab(line: number): SyntaxMistake {
    const above = this.contentAbove(line)
    const indent = indentOf(this.row(above).replace(/^\t+/, (tabs) => '  '.repeat(tabs.length)))
    const mended =
      ' '.repeat(above < 1 ? 0 : indent + (OPENS.test(this.row(above)) ? 2 : 0)) + this.row(line).trim()
    const many = this.all.filter((_, index) => this.isTabbed(index + 1)).length
    return say(
      line,
      this.row(line).indexOf('\t') + 1,
      `Line ${line} ${many > 1 ? `and ${many - 1} more begin` : 'begins'} with a tab: YAML is indented with spaces, never tabs. Write: ${show(mended)}`,
    )
  }

  isTabbed(line: number): boolean {
    return /^ *\t/.test(this.row(line))
  }
}
