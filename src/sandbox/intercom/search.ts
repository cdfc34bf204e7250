// Searching as Intercom documents it: a query of filters, a sort, and a cursor (gladly-intercom-api.md § B.3, B.4).
type Json = Record<string, unknown>

export class Refused extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface Searching<Item> {
  /** Fields that may be asked for, as Intercom shows them. */
  fields: Readonly<Record<string, (item: Item) => unknown>>
  /** Dates match whole days (contacts, up to 2.16), or seconds. */
  dates: 'days' | 'seconds'
  sorts: readonly string[]
  /** Where it gives less than it is asked for. */
  mostPerPage?: number
}

const MOST_PER_PAGE = 150

const DATE = /_at$|_until$/
const DAY = 24 * 3_600

interface Filter {
  field: string
  operator: string
  value: unknown
}

export interface Found<Item> {
  items: Item[]
  total: number
  perPage: number
  /** Null at the end. */
  next: string | null
}

export function search<Item>(all: readonly Item[], body: unknown, how: Searching<Item>): Found<Item> {
  const { query, sort, pagination } = requireObject(body, ['query', 'sort', 'pagination'])
  const matches = compile(query, how, 0)
  const { field, order } = readSort(sort, how)
  const { per_page: asked = 20, starting_after: after } = requireObject(pagination ?? {}, [
    'per_page',
    'starting_after',
  ])
  const perPage = Number(asked)
  if (!Number.isInteger(perPage) || perPage < 1 || perPage > MOST_PER_PAGE)
    throw new Refused('parameter_invalid', `per_page must be between 1 and ${MOST_PER_PAGE}`)
  const direction = order === 'ascending' ? 1 : -1
  const keyOf = (item: Item): number => Number(how.fields[field]!(item))
  const compare = (a: [number, string], b: [number, string]): number =>
    (a[0] - b[0]) * direction || (a[1] < b[1] ? -direction : a[1] > b[1] ? direction : 0)
  const found = all
    .filter(matches)
    .map((item): [[number, string], Item] => [[keyOf(item), String(how.fields['id']!(item))], item])
    .toSorted(([a], [b]) => compare(a, b))
  const from = after === undefined ? null : readCursor(after)
  const rest = from === null ? found : found.filter(([key]) => compare(key, from) > 0)
  // It may give less than it was asked for.
  const page = rest.slice(0, Math.min(perPage, how.mostPerPage ?? perPage))
  return {
    items: page.map(([, item]) => item),
    total: found.length,
    perPage,
    next: rest.length > page.length ? writeCursor(page.at(-1)![0]) : null,
  }
}

function requireObject(value: unknown, keys: readonly string[]): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refused('parameter_invalid', 'an object was expected')
  const unknown = Object.keys(value).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw new Refused('parameter_invalid', `${unknown} is not a parameter`)
  return value as Json
}

/** At most two levels of groups, with fifteen filters each. */
function compile<Item>(query: unknown, how: Searching<Item>, depth: number): (item: Item) => boolean {
  const { field, operator, value } = requireObject(query, ['field', 'operator', 'value']) as unknown as Filter
  if (operator !== 'AND' && operator !== 'OR') return compileFilter({ field, operator, value }, how)
  if (depth > 1 || !Array.isArray(value) || value.length > 15 || value.length === 0)
    throw new Refused('parameter_invalid', 'a group has too many levels or filters')
  const parts = value.map((one) => compile(one, how, depth + 1))
  return operator === 'AND'
    ? (item) => parts.every((part) => part(item))
    : (item) => parts.some((part) => part(item))
}

function compileFilter<Item>(
  { field, operator, value }: Filter,
  { fields, dates }: Searching<Item>,
): (item: Item) => boolean {
  const read = fields[field]
  if (read === undefined) throw new Refused('parameter_invalid', `${field} can not be searched`)
  if (operator === '=')
    return (item) => {
      const held = read(item)
      return Array.isArray(held) ? held.includes(value) : held === value
    }
  if ((operator !== '>' && operator !== '<') || !DATE.test(field) || typeof value !== 'number')
    throw new Refused('parameter_invalid', `${operator} can not be used on ${field}`)
  // By the day: later than the whole day that is named. By the second the documentation leaves open whether the bound is in it: it is not.
  const isAfter = (at: number): boolean =>
    dates === 'days' ? at >= (Math.floor(value / DAY) + 1) * DAY : at > value
  const isBefore = (at: number): boolean =>
    dates === 'days' ? at < Math.floor(value / DAY) * DAY : at < value
  return (item) => {
    const at = read(item)
    return typeof at === 'number' && (operator === '>' ? isAfter(at) : isBefore(at))
  }
}

function readSort(
  sort: unknown,
  { sorts }: Pick<Searching<unknown>, 'sorts'>,
): { field: string; order: string } {
  const { field = 'updated_at', order = 'descending' } = requireObject(sort ?? {}, [
    'field',
    'order',
  ]) as Record<string, string>
  if (!sorts.includes(field)) throw new Refused('invalid_sort_field', `${field} can not be sorted by`)
  if (order !== 'ascending' && order !== 'descending')
    throw new Refused('invalid_sort_order', `${order} is no order`)
  return { field, order }
}

const writeCursor = (key: [number, string]): string => Buffer.from(JSON.stringify(key)).toString('base64')

function readCursor(text: unknown): [number, string] {
  try {
    const key = JSON.parse(Buffer.from(String(text), 'base64').toString()) as unknown
    if (Array.isArray(key) && typeof key[0] === 'number' && typeof key[1] === 'string')
      return [key[0], key[1]]
  } catch {
    // Refused below.
  }
  throw new Refused('parameter_invalid', 'starting_after is no cursor of this search')
}
