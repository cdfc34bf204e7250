// What each kind of value in connectors.yml must look like, in words, and the value that was meant.
export interface Kind {
  rule: string
  /** The value as it was meant; null where nobody can tell. */
  mend(value: string): string | null
}

const NUMBERS = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
]
const UNITS: [RegExp, (count: number) => string][] = [
  [/^(s|secs?|seconds?)$/, (count) => `${count}s`],
  [/^(m|mins?|minutes?|minuten?)$/, (count) => `${count}m`],
  [/^(h|hrs?|hours?|stunden?)$/, (count) => `${count}h`],
  [/^(d|days?|tage?)$/, (count) => `${count}d`],
  [/^(w|weeks?|wochen?)$/, (count) => `${count}w`],
  [/^(months?|monate?)$/, (count) => `${count * 30}d`],
  [/^(y|years?|jahre?)$/, (count) => `${count * 365}d`],
]

export const DURATION: Kind = {
  rule: 'A duration is a number and one of s, m, h, d, w.',
  mend(value) {
    const [, hours, minutes] = /^\s*(\d+)\s*h\s*(\d+)\s*m?(?:in)?\s*$/i.exec(value) ?? []
    if (hours !== undefined) return `${Number(hours) * 60 + Number(minutes)}m`
    const [, given = '', unit = ''] = /^\s*(\d+(?:[.,]\d+)?|[a-z]+?)[\s-]*([a-z]+)\s*$/i.exec(value) ?? []
    const word = NUMBERS.indexOf(given.toLowerCase())
    const count = word >= 0 ? word : Number(given.replace(',', '.'))
    const write = UNITS.find(([pattern]) => pattern.test(unit.toLowerCase()))?.[1]
    return given === '' || !Number.isFinite(count) || write === undefined ? null : write(count)
  },
}

export const ATTRIBUTE: Kind = {
  rule: 'An attribute is written as in Brevo: a capital letter first, then capitals, digits, _ and -.',
  mend(value) {
    if (/^e-?mail$/i.test(value)) return 'email'
    const [, template] = /^\{\{\s*(?:contact\.)?([\w.]+)\s*\}\}$/.exec(value) ?? []
    const name = toLatin(template ?? value)
      .toUpperCase()
      .replaceAll(/[^A-Z0-9_-]+/g, '_')
      .replaceAll(/^_+|_+$/g, '')
    return /^[A-Z]/.test(name) ? name : null
  },
}

export const EVENT: Kind = {
  rule: 'An event’s name has letters A to Z, digits, _ and - only.',
  mend(value) {
    const name = toLatin(value)
      .replaceAll(/[“”„‘’«»"']/g, '')
      .replaceAll(/[^A-Za-z0-9_-]+/g, '_')
      .replaceAll(/^_+|_+$/g, '')
    return name === '' ? null : name
  },
}

export const ADDRESS: Kind = {
  rule: 'An address begins with https://.',
  mend: (value) => (/^[\w.-]+\.[a-z]{2,}(\/.*)?$/i.test(value) ? `https://${value}` : null),
}

export const COUNTRY: Kind = {
  rule: 'A country is written in the two capitals of ISO 3166, such as US or FR.',
  mend: (value) =>
    /^[a-z]{2}$/i.test(value) ? (value.toUpperCase() === 'UK' ? 'GB' : value.toUpperCase()) : null,
}

export const TIME: Kind = {
  rule: 'A time is written as 21:00, from 00:00 to 23:59.',
  mend(value) {
    const [, hour = '', minute = '00', half = ''] =
      /^(\d{1,2})(?::(\d\d))?\s*(am|pm)?\s*h?$/i.exec(value) ?? []
    const hours = (Number(hour) % (half === '' ? 25 : 12)) + (/pm/i.test(half) ? 12 : 0)
    return hour === '' || hours > 23 ? null : `"${String(hours).padStart(2, '0')}:${minute}"`
  },
}

export const HOURS: Kind = {
  rule: 'Hours are written as 09:00-17:30, from 00:00 to 24:00.',
  mend(value) {
    const ends = value.split(/\s*(?:-|–|to|until)\s*/i).map((end) => TIME.mend(end)?.replaceAll('"', ''))
    return ends.length === 2 && ends.every((end) => end) ? ends.join('-') : null
  },
}

export const SHARE: Kind = {
  rule: 'It takes a number, or a share such as 20%.',
  mend: (value) => (/^(\d+)\s*percent$/i.test(value) ? value.replace(/\s*percent$/i, '%') : null),
}

export const LIST_ID: Kind = {
  rule: 'A list’s id is a whole number such as 35: Brevo shows it beside the list’s name.',
  mend: (value) =>
    /^#?(\d{1,9})(?:\.\d+)?$/.exec(value.replaceAll(/(?<=\d)[,.](?=\d{3}$)/g, ''))?.[1] ?? null,
}

/** The rule, and the date that was meant: `31.01.2024` and `01/31/2024` as `2024-01-31`. */
export function mendDate(text: string): string {
  const [, first = '', second = '', year = ''] = /^(\d{1,2})[./](\d{1,2})[./](\d{4})$/.exec(text) ?? []
  const isMonthFirst = text.includes('/')
  const [month, day] = isMonthFirst ? [first, second] : [second, first]
  const mended = year === '' ? '2024-01-31' : `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  return ` A date is year, month, day. Write: since: ${mended}`
}

/** By the pattern of the schema. */
const BY_PATTERN: [RegExp, Kind][] = [
  [/smhdw/, DURATION],
  [/https\?/, ADDRESS],
  [/A-Z\]\[A-Z0-9_-/, ATTRIBUTE],
  [/A-Za-z0-9/, EVENT],
  [/A-Z\]\{2\}/, COUNTRY],
  [/24:00/, HOURS],
  [/2\[0-3\]/, TIME],
  [/%/, SHARE],
]

export const kindOf = (pattern: string): Kind | null =>
  BY_PATTERN.find(([about]) => about.test(pattern))?.[1] ?? null

/** ` Write: delay: 45d`, where it can be told. */
export function toMended(kind: Kind, key: string, value: unknown): string {
  const mended = typeof value === 'string' || typeof value === 'number' ? kind.mend(String(value)) : null
  return mended === null ? '' : ` Write: ${key}: ${mended}`
}

const LETTERS: Record<string, string> = { ß: 'SS', ø: 'o', Ø: 'O', æ: 'ae', Æ: 'AE', ł: 'l', Ł: 'L', ẞ: 'SS' }
/** Without accents: `TICKET_GESCHLOSSEN`, not `TICKET_GESCHLOẞEN`. */
const toLatin = (text: string): string =>
  text
    .replaceAll(/[ßẞøØæÆłŁ]/g, (letter) => LETTERS[letter] ?? letter)
    .normalize('NFKD')
    .replaceAll(/\p{Mn}/gu, '')
