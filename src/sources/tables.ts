// The helpdesk as tables: what `tajo extract` may read of it, in the vendor's own words. Each helpdesk declares its tables beside its
// streams; how they are walked and where they are written is the same for all (extract/).
import type { RecordId } from '../model/records.ts'
import { fromMs, type Instant, parseInstant } from '../model/time.ts'

export type Json = Record<string, unknown>

/** `time`: a UTC timestamp with microseconds. `json`: an object or a list as it came. Ids are text. */
export type ColumnType = 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'json'

export interface Column {
  name: string
  type: ColumnType
  description: string
  /** Where it stands in an item: `assignee_user.id`. Default: its name. */
  path?: string
  /** The id of a row of that table, which follows it into the one that it is merged into. */
  refersTo?: string
  /** Whether a row is gone with the one that it refers to. */
  goesWith?: boolean
  /** No item has it: it is worked out from the rows of a table that `completes` this one, or from the next row of a `chain`. */
  derived?: boolean
}

/** A row's values by their columns; times are instants. */
export type Known = Readonly<Record<string, Value>>

/** What the rows of one table tell of a row of another. */
export interface Completion {
  /** The table that is completed. */
  table: string
  /** The column that names a row of it. */
  by: string
  /** What has to be known of that row, and of the rows that name it. */
  needs: { row: readonly string[]; entries: readonly string[] }
  /** The derived columns of the row, in their order. */
  /** `reach`: from then on all entries are there, or are being read; positive infinity: none are. */
  complete: (row: Known, entries: readonly Known[], reach: Instant) => Value[]
}

/** What became of an object: gone, or taken into another one. */
export interface Removal {
  table: string
  id: RecordId
  into: RecordId | null
  at: Instant
}

export interface TableDefinition {
  name: string
  description: string
  /** The first is the id. What no column names is kept in `_extra`. */
  columns: readonly Column[]
  /**
   * `newest_first` by the date that pages are bounded by; `settlesAfter`: what is younger may change without moving that date, so it is
   * read again. `since`: oldest first from an instant on. `whole`: it is short, and read as a whole.
   */
  reading:
    | { mode: 'newest_first'; settlesAfter?: Instant }
    | { mode: 'since'; overlap: Instant }
    | { mode: 'whole' }
  /** Whether what people wrote is in it. */
  holdsWords?: boolean
  /** Its times are seconds since 1970, not texts. */
  isUnix?: boolean
  /** The column by which the newer of two versions is known; absent: the one that was read last. */
  version?: string
  /** Of an entry that tells what became of an object. */
  toRemoval?(item: Json): Removal | null
  /** It is made of the items of that table, which is the one that is asked for: none, one or some rows of each. */
  madeOf?: { table: TableDefinition; toItems(item: Json): Json[] }
  completes?: Completion
  /** Rows of one `by` follow each other: `until`, which is derived, is the `from` of the next. */
  chain?: { by: string; from: string; until: string }
}

/** A page as the API gave it. */
export interface TablePage {
  /** Each with the date that the list is ordered by. */
  items: { json: Json; at: Instant | null }[]
  /** Greatest and least date of the page, by the one that it is ordered by. */
  newest: Instant | null
  oldest: Instant | null
  next: string | null
  /** What was found gone or merged while it was read. */
  removals?: readonly Removal[]
}

export interface TableRequest {
  /** Where an earlier reading stopped; null starts anew. */
  token: string | null
  /** Lower bound, inclusive, by the date that the list is in the order of; null: none. */
  from: Instant | null
  /** What did not change since then is not wanted at all, whatever is read again; null: everything is. */
  since: Instant | null
  /** What is of then or later is not wanted; null: everything up to now is. */
  until: Instant | null
}

export type Value = string | number | boolean | null

/** The values of the declared columns, in their order, and then `_extra`. */
export interface Row {
  id: RecordId
  /** Null where the table has no version. */
  version: Instant | null
  values: Value[]
  /** The names of what is in `_extra`. */
  extra: readonly string[]
}

/** Null where the item has no id: it can't be kept. What does not fit its column is kept with the rest, in `_extra`. */
export function toRow({ columns, version, isUnix = false }: TableDefinition, item: Json): Row | null {
  const id = toText(item[pathOf(columns[0]!)])
  if (id === null || id === '') return null
  const rest = new Map(Object.entries(item))
  const values = columns.map((column): Value => {
    const path = pathOf(column)
    const raw = pick(item, path)
    const value = toValue(column.type, raw, isUnix)
    if (value !== null || raw === null || raw === undefined) rest.delete(path)
    return value
  })
  const extra = rest.size === 0 ? null : toJsonText(Object.fromEntries(rest))
  const versioned = columns.find(({ name }) => name === version)
  const at = versioned === undefined ? null : toTime(pick(item, pathOf(versioned)), isUnix)
  return { id, version: at, values: [...values, extra], extra: [...rest.keys()] }
}

const pathOf = ({ name, path }: Column): string => path ?? name

const pick = (item: Json, path: string): unknown =>
  path.split('.').reduce<unknown>((found, key) => (found as Json | null | undefined)?.[key], item)

function toValue(type: ColumnType, value: unknown, isUnix: boolean): Value {
  if (value === null || value === undefined) return null
  switch (type) {
    case 'text':
      return toText(value)
    case 'integer':
      return Number.isSafeInteger(value) ? (value as number) : null
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'time':
      return toTime(value, isUnix)
    case 'json':
      return toJsonText(value)
  }
}

/** Half of a character, as where a text was cut off in the middle of an emoji, is none: databases refuse it. */
function toJsonText(value: unknown): string {
  const text = JSON.stringify(value)
  if (!text.includes(String.raw`\ud`)) return text
  return text.replaceAll(/\\(\\|ud[89a-f][0-9a-f]{2})/g, (found) => (found === '\\\\' ? found : '\uFFFD'))
}

/** Ids are numbers at some helpdesks. */
export const toText = (value: unknown): string | null =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'bigint'
      ? String(value)
      : null

const toTime = (value: unknown, isUnix: boolean): Instant | null => {
  if (!isUnix) return parseInstant(value)
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1e11
    ? fromMs(value * 1000)
    : null
}

/** Of a list of columns. */
export const column = {
  id: { name: 'id', type: 'text', description: 'Its id.' } as Column,
  text: (name: string, description: string, path?: string): Column =>
    toColumn('text', name, description, path),
  time: (name: string, description: string, path?: string): Column =>
    toColumn('time', name, description, path),
  flag: (name: string, description: string, path?: string): Column =>
    toColumn('boolean', name, description, path),
  integer: (name: string, description: string, path?: string): Column =>
    toColumn('integer', name, description, path),
  json: (name: string, description: string, path?: string): Column =>
    toColumn('json', name, description, path),
}

const toColumn = (type: ColumnType, name: string, description: string, path?: string): Column => ({
  name,
  type,
  description,
  ...(path === undefined ? {} : { path }),
})
