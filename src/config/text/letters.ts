// Letters that a file should not have: another encoding, and spaces that nobody sees.
import { type Document, visit } from 'yaml'

import { BLANK, INVISIBLE, type Rows, say, show, type SyntaxMistake } from './rows.ts'

/** What a mistake is looked for in. */
export interface Source {
  text: string
  rows: Rows
  document: Document
  at: (offset: number) => { line: number; column: number }
}

const INDENTED_INVISIBLY = new RegExp(`^[ \\t]*([${INVISIBLE}])`)

/** Null where there are none. */
export const findStrangeLetter = (source: Source): SyntaxMistake | null =>
  findEncoding(source) ?? findInvisible(source)

function findEncoding({ text, at }: Source): SyntaxMistake | null {
  if (text.includes('\0') || text.startsWith('\ufffd\ufffd'))
    return say(1, 1, 'The file is saved as UTF-16. Save it as UTF-8 (in the editor: Save as, encoding).')
  const strange = text.indexOf('\ufffd')
  if (strange >= 0)
    return sayAt(at(strange), 'The file is not saved as UTF-8: this letter can’t be read. Save it as UTF-8.')
  const carriage = /\r(?!\n)/.exec(text)
  return carriage === null
    ? null
    : say(1, 1, 'The file has the line ends of an old Mac (CR). Save it with line ends LF.')
}

function findInvisible({ text, document, rows, at }: Source): SyntaxMistake | null {
  for (const [index, row] of rows.all.entries()) {
    const sign = INDENTED_INVISIBLY.exec(index === 0 ? row.replace(/^\ufeff/, '') : row)?.[1]
    if (sign === undefined || BLANK.test(row)) continue
    const mended = show(toSpaces(row))
    return say(
      index + 1,
      row.indexOf(sign) + 1,
      `Line ${index + 1} begins with ${nameOf(sign)}, pasted from a page or a chat: use ordinary spaces. Write: ${mended}`,
    )
  }
  let found: number | null = null
  visit(document, {
    Scalar: (_, node) => {
      const [start = 0, end = 0] = node.range ?? []
      const source = text.slice(start, end)
      const isHidden = new RegExp(`^[${INVISIBLE}]|[${INVISIBLE}]$|:[${INVISIBLE}]`).test(source)
      if (node.type === 'PLAIN' && isHidden) found ??= start + source.search(new RegExp(`[${INVISIBLE}]`))
    },
  })
  if (found === null) return null
  const { line } = at(found)
  return sayAt(
    at(found),
    `There is ${nameOf(text[found] ?? '')}: use ordinary spaces. Write: ${toSpaces(rows.row(line)).trim().replace(/\s+/g, ' ')}`,
  )
}

function toSpaces(row: string): string {
  return row.replaceAll(new RegExp(`[${INVISIBLE}]`, 'g'), (sign) =>
    /[\u00a0\u2000-\u200a\u202f\u3000]/.test(sign) ? ' ' : '',
  )
}

function nameOf(sign: string): string {
  const code = `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  return sign === '\u00a0' ? `a no-break space (${code})` : `an invisible character (${code})`
}

const sayAt = ({ line, column }: { line: number; column: number }, message: string): SyntaxMistake =>
  say(line, column, message)
