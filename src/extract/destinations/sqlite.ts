// A SQLite file. Times are text, always as long, so that they sort.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'

import { toMicrosIso } from '../../model/time.ts'
import type { Column, Value } from '../../sources/tables.ts'
import { type Database, isDatabaseError, isDiskFull, open, type Statement } from '../../state/db/sqlite.ts'
import { quote } from './complete.ts'
import type { SqlDriver } from './sql.ts'
import { cannotWrite, noRoom } from './unusable.ts'

/** Who else writes to the file may take so long. */
const BUSY_MS = 10_000

export function openSqlite(file: string, label = `the SQLite file ${file}`): SqliteDriver {
  if (!existsSync(dirname(file)))
    throw cannotWrite(label, `there is no folder ${dirname(file)}`, 'Make the folder, or name another one.')
  const database = guarded(label, () => {
    const opened = open(file, { timeout: BUSY_MS })
    // Nothing that would be written into a file that turns out to be somebody else's.
    opened.exec('PRAGMA synchronous = FULL')
    return opened
  })
  return new SqliteDriver(label, database)
}

export class SqliteDriver implements SqlDriver {
  readonly label: string
  readonly begin = 'BEGIN IMMEDIATE'
  readonly listTables = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
  readonly listColumns = 'SELECT name FROM pragma_table_info(?)'
  readonly needsIndexes = true
  readonly forUpdate = ''
  readonly types = {
    text: 'TEXT',
    integer: 'INTEGER',
    number: 'REAL',
    boolean: 'INTEGER',
    time: 'TEXT',
    json: 'TEXT',
  }
  readonly #database: Database

  constructor(label: string, database: Database) {
    this.label = label
    this.#database = database
  }

  parameter = (): string => '?'

  toInstant = (expression: string): string =>
    `(unixepoch(${expression}) * 1000000 + CAST(substr(${expression}, 21, 6) AS INTEGER))`

  readonly #statements = new Map<string, Statement<Value[], Record<string, unknown>>>()

  #prepare(sql: string): Statement<Value[], Record<string, unknown>> {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const made = this.#database.prepare<Value[], Record<string, unknown>>(sql)
    this.#statements.set(sql, made)
    return made
  }

  /** One after the other, however many there are. */
  iterate(sql: string): IterableIterator<Record<string, string | number | null>> {
    return this.#prepare(sql).iterate() as IterableIterator<Record<string, string | number | null>>
  }

  async run(sql: string, params: readonly Value[] = []): Promise<number> {
    return guarded(this.label, () => this.#prepare(sql).run(...params).changes)
  }

  async all(sql: string, params: readonly Value[] = []): Promise<Record<string, unknown>[]> {
    return guarded(this.label, () => this.#prepare(sql).all(...params))
  }

  async makeStage(name: string, select: string): Promise<void> {
    await this.run(`CREATE TEMP TABLE IF NOT EXISTS ${quote(name)} AS ${select}`)
    await this.run(`DELETE FROM ${quote(name)}`)
  }

  async load(table: string, columns: readonly Column[], rows: readonly Value[][]): Promise<void> {
    const sql = `INSERT INTO ${quote(table)} VALUES (${columns.map(() => '?').join(', ')})`
    const insert = this.#prepare(sql)
    guarded(this.label, () => {
      for (const row of rows) insert.run(...row.map((value, index) => toSqlite(columns[index]!, value)))
    })
  }

  async close(): Promise<void> {
    this.#database.close()
  }
}

/** It knows no booleans and no times. */
function toSqlite({ type }: Column, value: Value): Value {
  if (value === null) return null
  if (type === 'time') return toMicrosIso(value as number)
  return typeof value === 'boolean' ? Number(value) : value
}

function guarded<T>(label: string, action: () => T): T {
  try {
    return action()
  } catch (thrown) {
    if (isDiskFull(thrown)) throw noRoom(label, thrown)
    if (!isDatabaseError(thrown)) throw thrown
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    const hint = 'Is it a SQLite file, is its folder there and writable, and does nobody else hold it?'
    throw cannotWrite(label, reason, hint, thrown)
  }
}
