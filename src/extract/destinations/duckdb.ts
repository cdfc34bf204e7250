// A DuckDB file; the library is loaded when one is named, and need not be there otherwise.
import type * as duckdb from '@duckdb/node-api'

import type { TajoError } from '../../lib/errors.ts'
import type { Column, Value } from '../../sources/tables.ts'
import { loadPackage } from '../../lib/packages.ts'
import { quote } from './complete.ts'
import type { SqlDriver } from './sql.ts'
import { cannotWrite, noRoom } from './unusable.ts'

type Api = typeof duckdb

/** What it may take of the memory: the rest goes to a file beside its own. */
const MEMORY = '96MB'
/** Rows that are written as a whole, again while more of them come: those of long messages are 100 MB by DuckDB's default of 122,880. */
const ROW_GROUP = 8_192
/** Its allocator keeps what was freed: twice as much as is in use, unless it is told to give small parts back (measured). */
const GIVE_BACK = {
  allocator_background_threads: 'true',
  allocator_flush_threshold: '100KB',
  allocator_bulk_deallocation_flush_threshold: '100KB',
}

export async function openDuckdb(file: string, label = `the DuckDB file ${file}`): Promise<DuckdbDriver> {
  const api = await loadPackage<Api>(
    '@duckdb/node-api',
    'DuckDB and Parquet',
    () => import('@duckdb/node-api'),
  )
  try {
    const instance = await api.DuckDBInstance.create(':memory:', {
      memory_limit: MEMORY,
      threads: '1',
      preserve_insertion_order: 'false',
      temp_directory: `${file}.tmp`,
      ...GIVE_BACK,
    })
    const connection = await instance.connect()
    await connection.run(
      `ATTACH '${file.replaceAll("'", "''")}' AS destination (ROW_GROUP_SIZE ${ROW_GROUP})`,
    )
    await connection.run('USE destination')
    return new DuckdbDriver(label, api, instance, connection)
  } catch (thrown) {
    throw unusable(label, thrown)
  }
}

export class DuckdbDriver implements SqlDriver {
  readonly label: string
  readonly begin = 'BEGIN TRANSACTION'
  readonly listTables =
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'main' AND table_catalog = current_database()"
  readonly listColumns =
    "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'main' AND table_catalog = current_database() AND table_name = $1"
  readonly needsIndexes = false
  readonly forUpdate = ''
  readonly types = {
    text: 'VARCHAR',
    integer: 'BIGINT',
    number: 'DOUBLE',
    boolean: 'BOOLEAN',
    time: 'TIMESTAMPTZ',
    json: 'JSON',
  }
  readonly #api: Api
  readonly #instance: duckdb.DuckDBInstance
  readonly #connection: duckdb.DuckDBConnection

  constructor(label: string, api: Api, instance: duckdb.DuckDBInstance, connection: duckdb.DuckDBConnection) {
    this.label = label
    this.#api = api
    this.#instance = instance
    this.#connection = connection
  }

  parameter = (index: number): string => `$${index}`

  toInstant = (expression: string): string => `epoch_us(${expression})`

  async run(sql: string, params: readonly Value[] = []): Promise<number> {
    const result = await this.#guarded(() => this.#connection.run(sql, [...params]))
    return result.rowsChanged
  }

  async all(sql: string, params: readonly Value[] = []): Promise<Record<string, unknown>[]> {
    const reader = await this.#guarded(() => this.#connection.runAndReadAll(sql, [...params]))
    return reader.getRowObjectsJS()
  }

  /** Rows that were deleted from one would stay in memory. */
  async makeStage(name: string, select: string): Promise<void> {
    await this.run(`CREATE OR REPLACE TEMP TABLE ${quote(name)} AS ${select}`)
  }

  async load(table: string, columns: readonly Column[], rows: readonly Value[][]): Promise<void> {
    await this.#guarded(async () => {
      const appender = await this.#connection.createAppender(table, 'main', 'temp')
      for (const row of rows) {
        for (const [index, value] of row.entries()) this.#append(appender, columns[index]!, value)
        appender.endRow()
      }
      appender.closeSync()
    })
  }

  #append(appender: duckdb.DuckDBAppender, { type }: Column, value: Value): void {
    if (value === null) appender.appendNull()
    else if (type === 'time')
      appender.appendTimestampTZ(new this.#api.DuckDBTimestampTZValue(BigInt(Math.floor(value as number))))
    else if (type === 'integer') appender.appendBigInt(BigInt(value))
    else if (type === 'number') appender.appendDouble(value as number)
    else if (type === 'boolean') appender.appendBoolean(value as boolean)
    else appender.appendVarchar(value as string)
  }

  async close(): Promise<void> {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }

  async #guarded<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (thrown) {
      throw unusable(this.label, thrown)
    }
  }
}

function unusable(label: string, thrown: unknown): TajoError {
  const reason = thrown instanceof Error ? thrown.message.split('\n')[0]! : String(thrown)
  if (reason.includes('No space left on device')) return noRoom(label, thrown)
  const hint =
    'Is it a DuckDB file, is its folder there and writable, is there room, and does nobody else hold it?'
  return cannotWrite(label, reason, hint, thrown)
}
