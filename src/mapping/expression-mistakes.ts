// What is wrong with an expression, in the words of who writes YAML: the library names tokens and overloads.
import { misspeltChannel } from './channels.ts'
import type { ASTNode, ParseError, TypeError, Variables } from './expressions.ts'

/** What is wrong with an expression, and where in its text. */
export interface Mistake {
  message: string
  offset: number
}

const MINUTES = { m: 1, h: 60, d: 1_440 }

/** Slips of the pen: a pattern of the token, the rule, and the whole mended. */
const SLIPS: { about: RegExp; rule: string; mend: (source: string) => string }[] = [
  {
    about: /[“”„‘’«»]/,
    rule: 'Curly quotes are no quotes.',
    mend: (source) => source.replaceAll(/[“”„«»‘’]/g, '"'),
  },
  {
    about: /\u00a0/,
    rule: 'There is a no-break space (U+00A0): use ordinary spaces.',
    mend: (source) => source.replaceAll('\u00a0', ' '),
  },
  { about: /===/, rule: 'Equal is written ==.', mend: (source) => source.replace('===', '==') },
  { about: /=>/, rule: 'At least is written >=.', mend: (source) => outsideQuotes(source, /=>/g, '>=') },
  { about: /=</, rule: 'At most is written <=.', mend: (source) => outsideQuotes(source, /=</g, '<=') },
  { about: /<>/, rule: 'Not equal is written !=.', mend: (source) => outsideQuotes(source, /<>/g, '!=') },
  {
    about: /(^|[^=!<>])=([^=]|$)/,
    rule: 'Equal is written ==.',
    mend: (source) => outsideQuotes(source, /(^|[^=!<>])=(?!=)/g, '$1=='),
  },
  {
    about: /\b(and|AND)\b/,
    rule: 'And is written &&.',
    mend: (source) => outsideQuotes(source, /\s+and\s+/gi, ' && '),
  },
  {
    about: /\b(or|OR)\b/,
    rule: 'Or is written ||.',
    mend: (source) => outsideQuotes(source, /\s+or\s+/gi, ' || '),
  },
  {
    about: /\b(not|NOT)\b/,
    rule: 'Not is written !.',
    mend: (source) => outsideQuotes(source, /\bnot\s+/gi, '!'),
  },
  {
    about: /(^|[^&])&([^&]|$)/,
    rule: 'And is written &&.',
    mend: (source) => outsideQuotes(source, /(^|[^&])&(?!&)/g, '$1&&'),
  },
  {
    about: /(^|[^|])\|([^|]|$)/,
    rule: 'Or is written ||.',
    mend: (source) => outsideQuotes(source, /(^|[^|])\|(?!\|)/g, '$1||'),
  },
  {
    about: /\bis\b/,
    rule: 'Whether something is there is asked with known().',
    mend: (source) =>
      source.replace(
        /(\S+)\s+is\s+(not\s+)?null/i,
        (_, name: string, no?: string) => `${no === undefined ? '!' : ''}known(${name})`,
      ),
  },
  {
    about: /\b(contains|like|startswith|endswith)\b/i,
    rule: 'A function stands behind a dot.',
    mend: (source) => source.replace(/(\S+)\s+(?:contains|like)\s+("[^"]*"|'[^']*')/i, '$1.contains($2)'),
  },
  {
    about: /\b\d+(?:\.\d+)?\s*(?:m|min|minutes?|h|hours?|d|days?)\b/i,
    rule: 'A condition counts times in minutes.',
    mend: (source) =>
      source.replaceAll(/\b(\d+(?:\.\d+)?)\s*(m|h|d)[a-z]*\b/gi, (_, count: string, unit: string) =>
        String(Number(count) * MINUTES[unit.toLowerCase() as keyof typeof MINUTES]),
      ),
  },
  { about: /\d,\d/, rule: 'Numbers have a point.', mend: (source) => source.replace(/(\d),(\d)/g, '$1.$2') },
  {
    about: /\d+\s*%\s*$/,
    rule: 'A share is written as a number.',
    mend: (source) => source.replace(/(\d+)\s*%\s*$/, (_, count: string) => String(Number(count) / 100)),
  },
]

/** Null where nothing of the kind was found. */
export function findSlip(source: string): Mistake | null {
  if (/\{\{.*\}\}/.test(source)) {
    const mended = source.replaceAll(/\{\{\s*(?:contact\.)?([\w.]+)\s*\}\}/g, (_, name: string) =>
      name.toLowerCase(),
    )
    return {
      message: `{{ … }} belongs into Brevo’s e-mails: a field is written by its name. Write: ${mended}`,
      offset: source.indexOf('{{'),
    }
  }
  const bare = withoutTexts(source)
  if (/["']/.test(bare.replaceAll(/" *"/g, '')))
    return {
      message:
        'A quote is never closed. Where a # stands in a text, quote the whole: the # begins a comment otherwise.',
      offset: bare.search(/["'](?! *")/),
    }
  for (const { about, rule, mend } of SLIPS) {
    const offset = bare.search(about)
    if (offset < 0) continue
    const mended = mend(source)
    return { message: `${rule}${mended === source ? '' : ` Write: ${mended}`}`, offset }
  }
  const open = bare.split('(').length - bare.split(')').length
  if (open > 0) return { message: 'A ) is missing.', offset: source.length }
  return open < 0 ? { message: 'One ) too many.', offset: bare.lastIndexOf(')') } : null
}

export function toMistake(error: ParseError | TypeError, source: string, variables: Variables): Mistake {
  const offset = error.range?.start ?? 0
  const [, unknown] = /^Unknown variable: (\S+)/.exec(error.summary) ?? []
  if (unknown !== undefined) return { message: toUnknown(unknown, source, variables), offset }
  const [, key] = /^No such key: (\S+)/.exec(error.summary) ?? []
  if (key !== undefined) return { message: `There is no "${key}" in it.`, offset }
  if (error.summary.includes('double in list<int>'))
    return { message: 'In a list, write numbers with a point: [4.0, 5.0].', offset }
  const [, left, operator, right] = /^no such overload: (.+?) (\S+) (.+?)$/i.exec(error.summary) ?? []
  if (operator !== undefined) return { message: toMismatch(left!, operator, right!, source), offset }
  const [, call] = /no matching overload for '?(?:[\w<>]+\.)?(\w+)/i.exec(error.summary) ?? []
  if (call !== undefined) {
    const meant = MEANT[call.toLowerCase()]
    const instead = meant === undefined ? FUNCTIONS : `Did you mean ${meant}?`
    return { message: `There is no ${call}() for this. ${instead}`, offset }
  }
  return findSlip(source) ?? { message: `${upperFirst(error.summary)}. ${FUNCTIONS}`, offset }
}

/** Functions as other languages call them. */
const MEANT: Record<string, string> = {
  includes: 'contains',
  contain: 'contains',
  has: 'contains',
  startswith: 'startsWith',
  endswith: 'endsWith',
  len: 'size',
  length: 'size',
  count: 'size',
  lowercase: 'lower',
  tolower: 'lower',
  tolowercase: 'lower',
  upper: 'lower',
  exists: 'known',
  isset: 'known',
  isknown: 'known',
}

const FUNCTIONS =
  'There are: known(x), lower(text), size(list), text.contains("x"), text.startsWith("x"), text.endsWith("x"), "x" in list.'

/** Two sides that can't be compared, and what was meant. */
function toMismatch(left: string, operator: string, right: string, source: string): string {
  const what = `${name(left)} and ${name(right)} can’t be ${operator === '+' ? 'added' : 'compared'}`
  const [, text] = /("[^"]*"|'[^']*')/.exec(source) ?? []
  if (left.startsWith('list') || right.startsWith('list')) {
    const [, field] = /\b(tags|ticket\.tags)\b/.exec(source) ?? []
    return `${what}: one of them is a list.${field === undefined || text === undefined ? '' : ` Write: ${text} in ${field}`}`
  }
  if (operator === 'in') return `\`in\` looks into a list. Write: ${source.replace(/\s+in\s+/, ' == ')}`
  if (left === 'bool' && /[<>]/.test(operator))
    return `${what}. Two conditions are joined by &&: 1 < score && score < 5`
  const date = /(?<!["'\d])\d{4}-\d\d-\d\d(?!["'\d])/.exec(source)
  if (date !== null) return `Dates are texts. Write: ${source.replace(date[0], `"${date[0]}"`)}`
  const isTextLeft = left === 'string'
  const number = /(["'])(-?\d+(?:\.\d+)?)\1/.exec(source)
  if (number !== null)
    return `${what}: a number stands without quotes. Write: ${source.replace(number[0], number[2]!)}`
  if (operator === '+') return `${what}: make a text of the number with string(…).`
  const mended = isTextLeft ? source.replace(/(==|!=|[<>]=?)\s*(-?[\d.]+)/, '$1 "$2"') : source
  return `${what}.${mended === source ? '' : ` Write: ${mended.replace(/[<>]=?/, '==')}`}`
}

const NAMES: Record<string, string> = {
  string: 'text',
  double: 'a number',
  int: 'a number',
  bool: 'true or false',
}
const name = (type: string): string => NAMES[type] ?? (type.startsWith('list') ? 'a list' : type)

function toUnknown(unknown: string, source: string, variables: Variables): string {
  const known = Object.keys(variables)
  const dashed = known.find((one) => source.includes(one.replaceAll('_', '-')) && one.includes('_'))
  const near =
    known.find((one) => one.toLowerCase() === unknown.toLowerCase()) ??
    dashed ??
    (unknown === 'satisfaction' && known.includes('satisfaction_score') ? 'satisfaction_score' : undefined) ??
    nearest(unknown, known)
  if (near !== undefined) return `There is no field "${unknown}" here. Did you mean ${near}?`
  return `There is no field "${unknown}" here. Text stands in quotes of its own: '"${unknown}"'.`
}

/** The one that begins alike. */
function nearest(wanted: string, known: readonly string[]): string | undefined {
  for (let length = wanted.length; length >= 3; length -= 1) {
    const alike = known.find((one) => one.startsWith(wanted.slice(0, length)))
    if (alike !== undefined) return alike
  }
  return undefined
}

const CHANNEL_FIELDS = new Set(['channel', 'last_ticket_channel', 'ticket.channel'])
const SCORE_FIELDS = new Set(['score', 'satisfaction_score', 'last_satisfaction_score', 'survey.score'])
const STATUS_FIELDS = new Set(['status', 'ticket.status'])

/** Comparisons that are sound and can never come true. */
export function findNever(nodes: Iterable<ASTNode>): Mistake | null {
  for (const node of nodes) {
    const asked = toAskedText(node)
    if (asked !== null)
      return { message: `A field stands without quotes. Write: known(${asked})`, offset: node.start }
    if (!['==', '!=', 'in', '>=', '>', '<', '<='].includes(node.op)) continue
    const [left, right] = node.args as unknown as [ASTNode, ASTNode]
    const field = toField(left) ?? toField(right)
    if (field === null) continue
    const other = toField(left) === null ? left : right
    if (CHANNEL_FIELDS.has(field)) {
      if (other.op === 'id')
        return {
          message: `${other.args} without quotes is a field. Write: ${field} == "${other.args}"`,
          offset: other.start,
        }
      for (const value of toTexts(other)) {
        const meant = misspeltChannel(value)
        if (meant !== null)
          return {
            message: `There is no channel "${value}". Write: ${field} ${node.op === 'in' ? 'in [' : `${node.op} `}"${meant}"${node.op === 'in' ? ']' : ''}`,
            offset: other.start,
          }
      }
    }
    if (STATUS_FIELDS.has(field)) {
      const strange = toTexts(other).find((value) => value !== 'open' && value !== 'closed')
      if (strange !== undefined)
        return { message: `A ticket is "open" or "closed", never "${strange}".`, offset: other.start }
    }
    const number = Number(other.op === 'value' ? other.args : Number.NaN)
    if (SCORE_FIELDS.has(field) && (number > 5 || number < 1))
      return { message: `A score is 1 to 5, never ${number}.`, offset: other.start }
  }
  return null
}

/** `known("score")` is always true: a text is known. Null for any other call. */
function toAskedText(node: ASTNode): string | null {
  if (node.op !== 'call') return null
  const [called, [argument]] = node.args
  return called === 'known' && argument?.op === 'value' && typeof argument.args === 'string'
    ? argument.args
    : null
}

/** `channel`, `ticket.channel`. */
function toField(node: ASTNode): string | null {
  if (node.op === 'id') return node.args
  if (node.op !== '.') return null
  const [object, key] = node.args
  return object.op === 'id' ? `${object.args}.${key}` : null
}

function toTexts(node: ASTNode): string[] {
  if (node.op === 'value') return typeof node.args === 'string' ? [node.args] : []
  return node.op === 'list' ? node.args.flatMap((one) => toTexts(one)) : []
}

/** What stands in quotes is nobody's slip; it keeps its length. */
const withoutTexts = (source: string): string =>
  source.replaceAll(/"[^"]*"|'[^']*'/g, (text) => `"${' '.repeat(Math.max(0, text.length - 2))}"`)

function outsideQuotes(source: string, pattern: RegExp, mended: string): string {
  return source
    .split(/("[^"]*"|'[^']*')/)
    .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(pattern, mended)))
    .join('')
}

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
