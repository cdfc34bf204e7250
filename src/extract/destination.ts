// Where tables go. The cursor of a table lives beside its rows and is written with them, so whichever moment a process dies at, the next
// one reads on from rows that are there.
import type { Instant } from '../model/time.ts'
import type { Removal, Row, TableDefinition } from '../sources/tables.ts'

/** How far a table has been read. */
export interface TableCursor {
  /** Everything that changed before has been read; null while the first reading is not complete. */
  watermark: Instant | null
  /** From when on everything has been read: null from the beginning; absent before the first reading is complete. */
  since?: Instant | null
  /** A reading from the newest row down that is under way; `high`: what the watermark is once it is complete. */
  walk: { high: Instant | null; low: Instant | null; token: string | null } | null
  /** Names of fields without a column that were ever seen. */
  fields?: readonly string[]
}

export const NOTHING_READ: TableCursor = { watermark: null, walk: null }

export interface Batch {
  /** No two of one id. */
  rows: readonly Row[]
  removals: readonly Removal[]
  cursor: TableCursor
}

/** Columns that every table has besides those that its definition declares. */
export const EXTRA = '_extra'
export const DELETED_AT = '_deleted_at'
export const MERGED_INTO = '_merged_into'

export interface Destination {
  /**
   * Makes the tables that are missing, and adds the columns that a later tajo knows. Gives how far each was read. Throws
   * `destination_refused` for a table that tajo did not make, or that another owner fills; that one is never altered.
   * `others`: of the same layout, and not read now: where they are there, deletions and merges are marked in them, too.
   */
  open(
    owner: string,
    tables: readonly TableDefinition[],
    others?: readonly TableDefinition[],
  ): Promise<Map<string, TableCursor>>
  /** Rows, removals and the cursor, all of them or none. Of two versions of a row the newer one stays. */
  store(table: TableDefinition, batch: Batch): Promise<void>
  /** Once all tables are read: what is written as a file appears. */
  finish(): Promise<void>
  close(): Promise<void>
}
