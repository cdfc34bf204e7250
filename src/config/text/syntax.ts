// A text that is no YAML: one cause, in words, with the line mended. The parser reports a slip as a cascade, and often behind its
// cause; what the cause is follows from the first of its errors and the lines around it.
import { type Document, isAlias, isMap, isScalar, type LineCounter, visit, type YAMLParseError } from 'yaml'

import { findStrangeLetter } from './letters.ts'
import { indentOf, Rows, say, show, type SyntaxMistake } from './rows.ts'

/** Five or six fields, of which the first is a star. */
const CRON = /^\*[\d*,/-]*(\s+[\d*,/\-A-Za-z]+){4,5}$/
const STARRED = /^(\s*(?:- )?)([^\s:#'"{[]+:\s+)?(\*.*?)(\s+#.*)?$/

/** Null where the text is YAML that tajo reads. */
export function findSyntaxMistake(
  text: string,
  document: Document,
  lines: LineCounter,
): SyntaxMistake | null {
  return new Diagnosis(text, document, lines).find()
}

class Diagnosis {
  readonly #text: string
  readonly #rows: Rows
  readonly #document: Document
  readonly #lines: LineCounter
  readonly #errors: YAMLParseError[]

  constructor(text: string, document: Document, lines: LineCounter) {
    this.#text = text
    this.#rows = new Rows(text)
    this.#document = document
    this.#lines = lines
    // The parser's order is that of its own composition.
    this.#errors = [...document.errors, ...(document.warnings as unknown as YAMLParseError[])].sort(
      (a, b) => a.pos[0] - b.pos[0],
    )
  }

  find(): SyntaxMistake | null {
    const source = {
      text: this.#text,
      rows: this.#rows,
      document: this.#document,
      at: (offset: number) => this.#at(offset),
    }
    const letter = findStrangeLetter(source)
    if (letter !== null) return letter
    const [error] = this.#errors
    if (error === undefined) return this.#findUnread()
    const { line, column } = this.#at(error.pos[0])
    return (
      this.#judgeRow(line) ??
      this.#judgeIndentation(error, line) ??
      this.#judgeBrackets(error, line) ??
      this.#judgeValue(error, line, column) ??
      this.#judgeKey(error, line) ??
      say(line, column, tidy(error.message))
    )
  }

  /** YAML, of a kind that is not read here. */
  #findUnread(): SyntaxMistake | null {
    const aliases: number[] = []
    let template: number | null = null
    let curly: number | null = null
    visit(this.#document, {
      Node: (_, node) => void (isAlias(node) && aliases.push(node.range?.[0] ?? 0)),
      Pair: (_, { key }) => {
        if (!isScalar(key)) template ??= (key as { range?: number[] } | null)?.range?.[0] ?? 0
      },
      Scalar: (_, { type, value, range }) => {
        if (type === 'PLAIN' && /^[“”„‘’«]/.test(String(value))) curly ??= range?.[0] ?? 0
      },
    })
    if (aliases[0] !== undefined) {
      const more = aliases.length === 1 ? '' : ` ${aliases.length - 1} more follow.`
      return this.#say(aliases[0], `Aliases (*name) are not read here: write the value itself.${more}`)
    }
    if (template !== null) {
      const row = this.#rows.row(this.#at(template).line).trim()
      const [, name] = /\{\{\s*(?:contact\.)?([\w.]+)\s*\}\}/.exec(row) ?? []
      const [, other] = /^\{\{.*\}\}:\s*(\S+)/.exec(row) ?? []
      const key = /^([\w.]+):\s*\{\{/.exec(row)?.[1] ?? other
      const mended = name === undefined || key === undefined ? '' : ` Write: ${key}: ${name}`
      return this.#say(template, `{{ … }} belongs into Brevo’s e-mails, not here.${mended}`)
    }
    if (curly === null) return null
    const row = this.#rows.row(this.#at(curly).line).trim()
    return this.#say(
      curly,
      `Curly quotes are no quotes here. Write: ${row.replaceAll(/[“”„«»]/g, '"').replaceAll(/[‘’]/g, "'")}`,
    )
  }

  /** What a row says by how it looks, whatever the parser makes of it. */
  #judgeRow(line: number): SyntaxMistake | null {
    const row = this.#rows.row(line)
    const trimmed = row.trim()
    if (this.#rows.isTabbed(line)) return this.#rows.tab(line)
    if (trimmed.startsWith('```')) return say(line, 1, 'This line is Markdown, not YAML: delete it.')
    if (/^(<{7}|={7}|>{7})( |$)/.test(trimmed))
      return say(
        line,
        1,
        'Here two versions of the file were merged and not settled: keep one of them, and delete the markers.',
      )
    if (trimmed === '---' || trimmed === '...')
      return say(line, 1, `"${trimmed}" begins a second document; tajo reads one. Delete this line.`)
    const starred = STARRED.exec(row)
    if (starred === null) return null
    const [, indent = '', key = '', value = ''] = starred
    const named = key === '' ? /^(\*[^:]*):(\s.*|)$/.exec(value) : null
    if (named !== null)
      return say(
        line,
        indent.length + 1,
        `A name that begins with * needs quotes. Write: "${named[1]}":${named[2]}`,
      )
    const what = CRON.test(value) ? 'A schedule' : 'A value'
    const column = indent.length + key.length + 1
    return say(line, column, `${what} that begins with * needs quotes. Write: ${key}"${value}"`)
  }

  #judgeIndentation(error: YAMLParseError, line: number): SyntaxMistake | null {
    if (error.code === 'MULTIPLE_DOCS') {
      let above = line
      while (
        above > 1 &&
        !this.#rows.row(above).startsWith('...') &&
        !this.#rows.row(above).startsWith('---')
      )
        above -= 1
      return say(
        above,
        1,
        `"${this.#rows.row(above).slice(0, 3)}" begins a second document; tajo reads one. Delete this line.`,
      )
    }
    const isSlip =
      (error.code === 'BAD_INDENT' && /^All (mapping|sequence) items/.test(error.message)) ||
      error.message.startsWith('Sequence item without')
    if (isSlip) return this.#rows.slipped(this.#rows.content(line))
    // One column too far to the right, the row is taken for a continuation of the value above.
    const twin = this.#errors.find(
      (one) => one.code === 'MULTILINE_IMPLICIT_KEY' && one.pos[0] === error.pos[0],
    )
    if (error.code === 'BLOCK_AS_IMPLICIT_KEY' && twin !== undefined && this.#at(twin.pos[1]).line > line)
      return this.#rows.slipped(this.#rows.content(line + 1), indentOf(this.#rows.row(line)))
    if (error.code === 'UNEXPECTED_TOKEN' && this.#at(error.pos[0]).column === 1) {
      const first = this.#rows.content(1)
      const indent = indentOf(this.#rows.row(first))
      if (first < line && indent > 0)
        return say(
          first,
          1,
          `Line ${first} is indented by ${indent}; keys at the top begin in the first column. Write: ${show(this.#rows.row(first).trim())}`,
        )
    }
    return null
  }

  #judgeBrackets(error: YAMLParseError, line: number): SyntaxMistake | null {
    if (error.message.startsWith('Missing closing')) {
      let open: number | null = null
      visit(this.#document, {
        Scalar: (_, { type, range }) => {
          const [start = 0, end = 0] = range ?? []
          const isOpen = end <= start + 1 || this.#text[end - 1] !== this.#text[start] || end === error.pos[0]
          if (type?.startsWith('QUOTE') === true && isOpen) open ??= start
        },
      })
      const place = this.#at(open ?? error.pos[0])
      const quote = this.#text[open ?? error.pos[0]] ?? '"'
      return say(
        place.line,
        place.column,
        `This quote is never closed. Write: ${this.#rows.row(place.line).trim()}${quote}`,
      )
    }
    if (/must end with a|sufficiently indented/.test(error.message)) {
      let open: number | null = null
      visit(this.#document, {
        Collection: (_, node) => {
          const isOpen = this.#text[(node.range?.[1] ?? 0) - 1] !== (isMap(node) ? '}' : ']')
          if (node.flow === true && isOpen) open ??= node.range?.[0] ?? 0
        },
      })
      const place = this.#at(open ?? error.pos[0])
      for (let row = place.line; row <= line; row += 1)
        if (this.#rows.isTabbed(row)) return this.#rows.tab(row)
      const bracket = this.#text[open ?? error.pos[0]] === '[' ? '[' : '{'
      const closer = bracket === '{' ? '}' : ']'
      return say(
        place.line,
        place.column,
        `"${bracket}" is opened here and never closed: each ${bracket} needs its ${closer}.`,
      )
    }
    if (/flow-(map|seq)-end token in YAML stream/.test(error.message))
      return this.#say(error.pos[0], `One ${this.#text[error.pos[0]] ?? '}'} too many.`)
    return null
  }

  #judgeValue(error: YAMLParseError, line: number, column: number): SyntaxMistake | null {
    const row = this.#rows.row(line)
    const value = row.slice(column - 1).replace(/\s+#.*$/, '')
    const key = row.slice(0, column - 1).trim()
    const quoted = value.includes("'") ? JSON.stringify(value) : `'${value}'`
    const first = this.#text[error.pos[0]] ?? ''
    if (this.#text[error.pos[0] - 1] === '$' || (first === '$' && value.startsWith('${')))
      return say(line, column, 'A variable within { } needs quotes. Write: "${NAME}"')
    switch (error.code as string) {
      case 'DUPLICATE_KEY': {
        const name = /^[^:]*/.exec(value)?.[0].trim() ?? ''
        const before = this.#rows.all.findIndex(
          (one) => one.trim().startsWith(`${name}:`) && indentOf(one) === indentOf(row),
        )
        return say(
          line,
          column,
          `"${name}" stands here for the second time (first: line ${before + 1}): put both together.`,
        )
      }
      case 'BAD_SCALAR_START':
      case 'BAD_ALIAS':
      case 'TAG_RESOLVE_FAILED': {
        const [, percent] = /^%(\w+)%$/.exec(value) ?? []
        if (percent !== undefined)
          return say(line, column, `%…% belongs into e-mail templates, not here. Write: ${key} ${percent}`)
        const cron = AT[value]
        if (cron !== undefined)
          return say(line, column, `Write the five fields of the schedule: ${key} "${cron}"`)
        return say(line, column, `A value that begins with ${first} needs quotes. Write: ${key} ${quoted}`)
      }
      case 'BAD_DQ_ESCAPE':
        return say(line, column, 'A backslash means something within double quotes: use single quotes.')
      case 'BLOCK_IN_FLOW': {
        const [, left] = /^(\S+)\s+[\w.-]+:\s/.exec(this.#text.slice(...error.pos)) ?? []
        return left === undefined
          ? say(line, column, `A value that holds ": " needs quotes. Write: ${key} ${quoted}`)
          : say(
              line,
              column + left.length,
              `A comma is missing. Write: ${row.trim().replace(`${left} `, `${left}, `)}`,
            )
      }
      case 'BLOCK_AS_IMPLICIT_KEY':
        if (/sequence/.test(error.message) || ARROW.test(row.trim())) return null
        return say(line, column, `A value that holds ": " needs quotes. Write: ${key} ${quoted}`)
      case 'UNEXPECTED_TOKEN': {
        const [, before = '', quoteAll] = /^(\s*(?:[^\s:]+:\s+)?)(["'].*?)(\s+#.*)?$/.exec(row) ?? []
        if (quoteAll === undefined)
          return say(line, column, 'Within { } a value with [ ], { } or a comma needs quotes.')
        const whole = quoteAll.includes("'") ? JSON.stringify(quoteAll) : `'${quoteAll}'`
        return say(
          line,
          before.length + 1,
          `The value goes on after its quote: quote all of it. Write: ${before.trim()} ${whole}`,
        )
      }
      default:
        return /Missing ,/.test(error.message)
          ? say(line, column, 'A comma or a colon is missing here.')
          : null
    }
  }

  /** A row without a key that the parser could read. */
  #judgeKey(error: YAMLParseError, line: number): SyntaxMistake | null {
    const isKey =
      error.code === 'MULTILINE_IMPLICIT_KEY' ||
      error.code === 'BLOCK_AS_IMPLICIT_KEY' ||
      /Implicit map keys|block sequence may not/.test(error.message)
    if (!isKey) return null
    const row = this.#rows.row(line)
    const trimmed = row.trim()
    const indent = indentOf(row)
    const above = this.#rows.row(this.#rows.contentAbove(line)).replace(/\s+#.*$/, '')
    if (/^-\s/.test(trimmed))
      return say(
        line,
        indent + 1,
        `A dash makes this an item of a list, and its neighbours are keys. Write: ${trimmed.slice(2)}`,
      )
    if (/[|>][+-]?\d?$/.test(above) || /^(&&|\|\||[?:+*/] )/.test(trimmed))
      return say(
        line,
        1,
        `This line goes on with the one above: indent it further. Write: ${show(' '.repeat(indentOf(above) + 2) + trimmed)}`,
      )
    if (/^["']/.test(trimmed) && above.endsWith(':'))
      return say(line, 1, `The value stands on a line of its own. Write: ${above.trim()} ${trimmed}`)
    const [, name, rest] = /^([\w.@-]+):(\S.*)$/.exec(trimmed) ?? []
    if (name !== undefined)
      return say(
        line,
        indent + name.length + 1,
        `A space is missing after the colon. Write: ${name}: ${rest}`,
      )
    const [, left, right] = ARROW.exec(trimmed) ?? []
    if (left !== undefined)
      return say(line, indent + 1, `Between a key and its value stands a colon. Write: ${left}: ${right}`)
    if (/^[\w.@-]+$/.test(trimmed) && indentOf(this.#rows.row(line + 1)) > indent)
      return say(line, row.length + 1, `The colon is missing. Write: ${trimmed}:`)
    return say(line, indent + 1, 'There is no "key: value" on this line.')
  }

  #at(offset: number): { line: number; column: number } {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  #say(offset: number, message: string): SyntaxMistake {
    const { line, column } = this.#at(offset)
    return say(line, column, message)
  }
}

const AT: Record<string, string> = { '@hourly': '0 * * * *', '@daily': '0 3 * * *', '@weekly': '0 3 * * 1' }
const ARROW = /^([\w.@-]+)\s*(?:=>|->|=|→|：)\s*(\S.*)$/

/** Without the source, which some of the parser's messages repeat. */
function tidy(message: string): string {
  const first = (message.split('\n')[0] ?? message).replace(/: ".*$/, '')
  return first.endsWith('.') ? first : `${first}.`
}
