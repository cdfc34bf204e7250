// tajo extract: the tables of a helpdesk, from where each was left, into a destination.
import type { Clock } from '../lib/time/clock.ts'
import type { Source } from '../sources/source.ts'
import type { TableDefinition } from '../sources/tables.ts'
import { type Destination, NOTHING_READ, type TableCursor } from './destination.ts'
import { type Bounds, readTable } from './walk.ts'

export interface TableReport {
  table: string
  /** Rows that were read, those included that were there already. */
  rows: number
  /** Items without an id: they can't be kept. */
  invalid: number
  /** Fields without a column that were never seen before; they are kept in `_extra`. */
  new_fields: string[]
}

export interface ExtractOptions {
  /** Whose tables they are there. */
  owner: string
  tables: readonly TableDefinition[]
  /** Of the layout, those that are not read. */
  others?: readonly TableDefinition[]
  bounds: Bounds
  /** From the beginning, whatever was read before. */
  full: boolean
  signal?: AbortSignal | undefined
  /** `share`: so much of the table was read; null where nobody can tell. */
  onProgress: (table: string, rows: number, share: number | null) => void
}

/**
 * Reads the tables one after the other. What tells of deletions is read last, because a row that was read before it was deleted is there
 * by then. Throws what the helpdesk or the destination does not do; what was stored until then stays, and the next run goes on from it.
 */
export async function extract(
  source: Source,
  destination: Destination,
  { owner, tables, others = [], bounds, full, signal, onProgress }: ExtractOptions,
  { clock }: { clock: Clock },
): Promise<TableReport[]> {
  const cursors = await destination.open(owner, tables, others)
  const reports: TableReport[] = []
  for (const table of inOrder(tables)) {
    const report: TableReport = { table: table.name, rows: 0, invalid: 0, new_fields: [] }
    reports.push(report)
    const { newFields } = await readTable(
      {
        source,
        table,
        destination,
        bounds,
        signal,
        clock,
        onPage({ rows, invalid, share }) {
          report.rows += rows
          report.invalid += invalid
          onProgress(table.name, report.rows, share)
        },
      },
      full ? NOTHING_READ : (cursors.get(table.name) as TableCursor),
    )
    report.new_fields = newFields
  }
  await destination.finish()
  return reports
}

export const inOrder = (tables: readonly TableDefinition[]): TableDefinition[] =>
  tables.toSorted((a, b) => Number(a.toRemoval !== undefined) - Number(b.toRemoval !== undefined))
