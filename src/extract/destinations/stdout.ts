// Standard output, for one table: a line of JSON a row. Nothing is kept, so it is read anew each time.
import type { Row, TableDefinition } from '../../sources/tables.ts'
import { toMicrosIso } from '../../model/time.ts'
import { type Batch, type Destination, NOTHING_READ, type TableCursor } from '../destination.ts'
import { allColumns } from './sql.ts'

export function openStdout(print: (line: string) => void): Destination {
  return {
    open: async (_, tables) => new Map(tables.map(({ name }): [string, TableCursor] => [name, NOTHING_READ])),
    async store(table: TableDefinition, { rows }: Batch): Promise<void> {
      for (const row of rows) print(toLine(table, row))
    },
    finish: async () => undefined,
    close: async () => undefined,
  }
}

function toLine(table: TableDefinition, { values }: Row): string {
  const cells = allColumns(table).map(({ name, type }, index) => {
    const value = values[index]!
    const told =
      value === null
        ? 'null'
        : type === 'json'
          ? String(value)
          : JSON.stringify(type === 'time' ? toMicrosIso(value as number) : value)
    return `${JSON.stringify(name)}:${told}`
  })
  return `{${cells.join(',')}}`
}
