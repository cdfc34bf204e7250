// A folder of files, one a table. Rows are kept in a database in the folder, which knows what is new; a file is written from it as a whole,
// beside the old one, and takes its place.
import { closeSync, createWriteStream, existsSync, fsyncSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

import { TajoError } from '../../lib/errors.ts'
import type { TableDefinition } from '../../sources/tables.ts'
import { type Batch, DELETED_AT, type Destination, MERGED_INTO, type TableCursor } from '../destination.ts'
import { type DuckdbDriver, openDuckdb } from './duckdb.ts'
import { quote } from './complete.ts'
import { allColumns, SqlDestination } from './sql.ts'
import { openSqlite, type SqliteDriver } from './sqlite.ts'

export type Format = 'csv' | 'jsonl' | 'parquet'

const SUFFIX: Readonly<Record<Format, string>> = { csv: '.csv', jsonl: '.jsonl.gz', parquet: '.parquet' }

const UNDER_WAY = -1

/** The address of the database in a folder. */
export const stageOf = (folder: string, format: Format): string =>
  format === 'parquet' ? `duckdb://${join(folder, '.tajo.duckdb')}` : `sqlite://${join(folder, '.tajo.db')}`

export async function openFiles(folder: string, format: Format): Promise<Destination> {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (thrown) {
    throw new TajoError('destination_unusable', `The folder ${folder} can't be made.`, {
      hint: 'Name one that this user may write to.',
      cause: thrown,
    })
  }
  const label = `the folder ${folder}`
  if (format === 'parquet') {
    const driver = await openDuckdb(join(folder, '.tajo.duckdb'), label)
    return new Files(folder, format, new SqlDestination(driver), (table, file) =>
      toParquet(driver, table, file),
    )
  }
  const driver = openSqlite(join(folder, '.tajo.db'), label)
  return new Files(folder, format, new SqlDestination(driver), (table, file) =>
    toText(driver, table, file, format),
  )
}

class Files implements Destination {
  readonly #folder: string
  readonly #format: Format
  readonly #kept: SqlDestination
  readonly #write: (table: TableDefinition, file: string) => Promise<void>
  #tables: readonly TableDefinition[] = []

  constructor(
    folder: string,
    format: Format,
    kept: SqlDestination,
    write: (table: TableDefinition, file: string) => Promise<void>,
  ) {
    this.#folder = folder
    this.#format = format
    this.#kept = kept
    this.#write = write
  }

  async open(
    connector: string,
    tables: readonly TableDefinition[],
    others: readonly TableDefinition[] = [],
  ): Promise<Map<string, TableCursor>> {
    const cursors = await this.#kept.open(connector, tables, others)
    this.#tables = [...tables, ...this.#kept.others]
    for (const { name } of tables)
      if (existsSync(this.#fileOf(name)) && (await this.#kept.publishedOf(name)) === null)
        throw new TajoError(
          'destination_refused',
          `There is a file ${this.#fileOf(name)} that tajo did not make.`,
          {
            hint: 'It was left as it is. Name another folder, or move that file away.',
          },
        )
    return cursors
  }

  store(table: TableDefinition, batch: Batch): Promise<void> {
    return this.#kept.store(table, batch)
  }

  async finish(): Promise<void> {
    await this.#kept.finish()
    for (const table of this.#tables) await this.#publish(table)
  }

  async #publish(table: TableDefinition): Promise<void> {
    const file = this.#fileOf(table.name)
    const revision = await this.#kept.revisionOf(table.name)
    if (existsSync(file) && (await this.#kept.publishedOf(table.name)) === revision) return
    // From here on a file of this name is tajo's, wherever the process ends.
    await this.#kept.notePublished(table.name, UNDER_WAY)
    const beside = `${file}.part`
    await this.#write(table, beside)
    sync(beside)
    renameSync(beside, file)
    sync(this.#folder)
    await this.#kept.notePublished(table.name, revision)
  }

  #fileOf(table: string): string {
    return join(this.#folder, `${table}${SUFFIX[this.#format]}`)
  }

  close(): Promise<void> {
    return this.#kept.close()
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r')
  fsyncSync(handle)
  closeSync(handle)
}

const columnsOf = (table: TableDefinition): string[] => [
  ...allColumns(table).map(({ name }) => name),
  DELETED_AT,
  MERGED_INTO,
]

/** Rows that are held in memory until they are written; long messages are many kilobytes each. */
const ROW_GROUP = 8_192

async function toParquet(driver: DuckdbDriver, table: TableDefinition, file: string): Promise<void> {
  const list = columnsOf(table)
    .map((name) => quote(name))
    .join(', ')
  const target = file.replaceAll("'", "''")
  await driver.run(
    `COPY (SELECT ${list} FROM ${quote(table.name)}) TO '${target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP})`,
  )
}

const FLUSH = 1 << 20

type Cell = string | number | null

async function toText(
  driver: SqliteDriver,
  table: TableDefinition,
  file: string,
  format: Format,
): Promise<void> {
  const columns = columnsOf(table)
  const types = new Map(allColumns(table).map(({ name, type }) => [name, type]))
  const rows = driver.iterate(
    `SELECT ${columns.map((name) => quote(name)).join(', ')} FROM ${quote(table.name)}`,
  )
  const toLine =
    format === 'csv'
      ? (row: Record<string, Cell>) => columns.map((name) => toCell(types.get(name), row[name]!)).join(',')
      : (row: Record<string, Cell>) =>
          `{${columns.map((name) => `${JSON.stringify(name)}:${toJson(types.get(name), row[name]!)}`).join(',')}}`
  function* chunks(): Generator<string> {
    let text = format === 'csv' ? `${columns.map((name) => toCell('text', name)).join(',')}\n` : ''
    for (const row of rows) {
      text += `${toLine(row)}\n`
      if (text.length < FLUSH) continue
      yield text
      text = ''
    }
    yield text
  }
  const packing = format === 'jsonl' ? [createGzip()] : []
  await pipeline([Readable.from(chunks()), ...packing, createWriteStream(file)]).catch((thrown: unknown) => {
    throw new TajoError('destination_unusable', `${file} can't be written (${(thrown as Error).message}).`, {
      hint: 'Is there room, and may this user write there? What was read is kept; run it again.',
      cause: thrown,
    })
  })
}

function toCell(type: string | undefined, value: Cell): string {
  if (value === null) return ''
  if (type === 'boolean') return value === 1 ? 'true' : 'false'
  const text = String(value)
  // An empty text is told from nothing by its quotes.
  return text === '' || /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function toJson(type: string | undefined, value: Cell): string {
  if (value === null) return 'null'
  if (type === 'boolean') return value === 1 ? 'true' : 'false'
  return type === 'json' ? (value as string) : JSON.stringify(value)
}
