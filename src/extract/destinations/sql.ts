// A destination that speaks SQL. What SQLite, DuckDB and Postgres have in common is here; how each is reached, what it calls its types and
// how it takes many rows at once is its driver.
import { TajoError } from '../../lib/errors.ts'
import { toMicrosIso } from '../../model/time.ts'
import type { Column, ColumnType, Removal, Row, TableDefinition, Value } from '../../sources/tables.ts'
import { chainRows, completeRows, names, quote, stageOf } from './complete.ts'
import { Merges } from './merges.ts'
import {
  type Batch,
  DELETED_AT,
  type Destination,
  EXTRA,
  MERGED_INTO,
  NOTHING_READ,
  type TableCursor,
} from '../destination.ts'

export interface SqlDriver {
  /** In a sentence: `the DuckDB file support.duckdb`. */
  readonly label: string
  readonly types: Readonly<Record<ColumnType, string>>
  /** The n-th parameter of a statement, from 1 on. */
  parameter(index: number): string
  /** Gives how many rows it changed. */
  run(sql: string, params?: readonly Value[]): Promise<number>
  all(sql: string, params?: readonly Value[]): Promise<Record<string, unknown>[]>
  /** The statement that begins a transaction. */
  readonly begin: string
  /** Statements that give a `name` each: of the tables that are there, by whoever; of the columns of one. */
  readonly listTables: string
  readonly listColumns: string
  /** A temporary table of these columns, without rows and without what earlier ones left in memory. */
  makeStage(name: string, select: string): Promise<void>
  /** Many rows into such a table, the fastest way there is. */
  load(table: string, columns: readonly Column[], rows: readonly Value[][]): Promise<void>
  /** Whether looking for what refers to a row needs an index. */
  readonly needsIndexes: boolean
  /** An expression of the microseconds since 1970 of a time. */
  toInstant(expression: string): string
  /** Makes a SELECT keep others from its row until the transaction ends. */
  readonly forUpdate: string
  close(): Promise<void>
}

/** What tajo keeps of its tables: whose they are, and how far each was read. */
const META = '_tajo_tables'

export const idOf = ({ columns }: TableDefinition): string => columns[0]!.name

/** With those that every table has. */
export const allColumns = ({ columns }: TableDefinition): Column[] => [
  ...columns,
  { name: EXTRA, type: 'json', description: 'Whatever else the helpdesk told, by its own names.' },
]

const MARKS: readonly Column[] = [
  {
    name: DELETED_AT,
    type: 'time',
    description: 'When it was deleted, or merged into another one; null: it is there.',
  },
  { name: MERGED_INTO, type: 'text', description: 'The id of the one that it was merged into.' },
]

export class SqlDestination implements Destination {
  readonly #driver: SqlDriver
  /** Those that are read. */
  readonly #tables = new Map<string, TableDefinition>()
  /** With the others that the owner has there: what is told of their rows holds, whatever is read now. */
  readonly #known = new Map<string, TableDefinition>()
  /** By table: as this process left it. */
  readonly #cursors = new Map<string, string>()
  readonly #merges = new Merges()
  #connector = ''

  constructor(driver: SqlDriver) {
    this.#driver = driver
  }

  async open(
    connector: string,
    tables: readonly TableDefinition[],
    others: readonly TableDefinition[] = [],
  ): Promise<Map<string, TableCursor>> {
    this.#connector = connector
    const there = await this.#list(this.#driver.listTables)
    const ours = there.has(META)
      ? await this.#readMeta()
      : new Map<string, { connector: string; cursor: TableCursor }>()
    for (const { name } of tables) this.#refuseForeign(name, there.has(name), ours.get(name)?.connector)
    await this.#inTransaction(async () => {
      if (!there.has(META))
        await this.#driver.run(
          `CREATE TABLE ${META} (name VARCHAR(200) PRIMARY KEY, connector VARCHAR(200) NOT NULL, cursor TEXT NOT NULL, revision BIGINT NOT NULL, published BIGINT)`,
        )
      for (const table of tables)
        if (await this.#make(table, there.has(table.name))) {
          ours.delete(table.name)
          await this.#writeCursor(table.name, NOTHING_READ)
        }
    })
    const cursors = new Map(tables.map(({ name }) => [name, ours.get(name)?.cursor ?? NOTHING_READ]))
    for (const [name, cursor] of cursors) this.#cursors.set(name, JSON.stringify(cursor))
    const own = others.filter(({ name }) => ours.get(name)?.connector === connector)
    for (const one of [...tables, ...own]) this.#known.set(one.name, one)
    for (const one of this.#known.values()) await this.#readMerges(one)
    return cursors
  }

  /** How far each was read, without making anything. */
  async look(owner: string): Promise<Map<string, TableCursor>> {
    const there = await this.#list(this.#driver.listTables)
    if (!there.has(META)) return new Map()
    const ours = [...(await this.#readMeta())].filter(([, one]) => one.connector === owner)
    return new Map(ours.map(([name, { cursor }]) => [name, cursor]))
  }

  /** What is there of the owner's besides what is read: it may have changed, too. */
  get others(): TableDefinition[] {
    return [...this.#known.values()].filter(({ name }) => !this.#tables.has(name))
  }

  async #readMerges(table: TableDefinition): Promise<void> {
    const [id, merged] = [quote(idOf(table)), quote(MERGED_INTO)]
    const sql = `SELECT ${id} AS id, ${merged} AS merged FROM ${quote(table.name)} WHERE ${merged} IS NOT NULL`
    for (const row of await this.#driver.all(sql))
      this.#merges.add(table.name, String(row['id']), String(row['merged']))
  }

  async #list(sql: string, params: readonly Value[] = []): Promise<Set<string>> {
    return new Set((await this.#driver.all(sql, params)).map(({ name }) => String(name)))
  }

  /** All of it or nothing. */
  async #inTransaction(action: () => Promise<void>): Promise<void> {
    await this.#driver.run(this.#driver.begin)
    try {
      await action()
      await this.#driver.run('COMMIT')
    } catch (thrown) {
      // What failed may have ended it by itself, or there is no connection any more: what it threw says so.
      await this.#driver.run('ROLLBACK').catch(() => undefined)
      throw thrown
    }
  }

  async #readMeta(): Promise<Map<string, { connector: string; cursor: TableCursor }>> {
    const rows = await this.#driver.all(`SELECT name, connector, cursor FROM ${META}`)
    return new Map(
      rows.map((row) => [
        String(row['name']),
        { connector: String(row['connector']), cursor: JSON.parse(String(row['cursor'])) as TableCursor },
      ]),
    )
  }

  #refuseForeign(table: string, isThere: boolean, owner: string | undefined): void {
    const { label } = this.#driver
    if (isThere && owner === undefined)
      throw new TajoError(
        'destination_refused',
        `There is a table ${table} in ${label} that tajo did not make.`,
        {
          hint: 'It was left as it is. Name another file, database or schema, or rename that table.',
        },
      )
    if (owner !== undefined && owner !== this.#connector)
      throw new TajoError(
        'destination_refused',
        `The table ${table} in ${label} is filled by the connector ${owner}.`,
        {
          hint: 'Give each connector, and each layout, a file, a folder or a schema of its own.',
        },
      )
  }

  /** A table of an earlier tajo gets the columns that it lacks. True: it has to be read anew, because its rows have nothing in them. */
  async #make(table: TableDefinition, isThere: boolean): Promise<boolean> {
    this.#tables.set(table.name, table)
    const columns = [...allColumns(table), ...MARKS]
    if (isThere) {
      const known = await this.#list(this.#driver.listColumns, [table.name])
      const missing = columns.filter(({ name }) => !known.has(name))
      for (const { name, type } of missing)
        await this.#driver.run(
          `ALTER TABLE ${quote(table.name)} ADD COLUMN ${quote(name)} ${this.#driver.types[type]}`,
        )
      return missing.length > 0
    }
    const list = columns.map(
      ({ name, type }, index) =>
        `${quote(name)} ${this.#driver.types[type]}${index === 0 ? ' NOT NULL PRIMARY KEY' : ''}`,
    )
    await this.#driver.run(`CREATE TABLE ${quote(table.name)} (${list.join(', ')})`)
    for (const { name, refersTo } of table.columns)
      if (refersTo !== undefined && this.#driver.needsIndexes)
        await this.#driver.run(
          `CREATE INDEX ${quote(`_tajo_${table.name}_${name}`)} ON ${quote(table.name)} (${quote(name)})`,
        )
    await this.#driver.run(
      `INSERT INTO ${META} (name, connector, cursor, revision) VALUES (${this.#driver.parameter(1)}, ${this.#driver.parameter(2)}, ${this.#driver.parameter(3)}, 0)`,
      [table.name, this.#connector, JSON.stringify(NOTHING_READ)],
    )
    return false
  }

  async #writeCursor(table: string, cursor: TableCursor): Promise<void> {
    const sql = `UPDATE ${META} SET cursor = ${this.#driver.parameter(1)} WHERE name = ${this.#driver.parameter(2)}`
    await this.#driver.run(sql, [JSON.stringify(cursor), table])
  }

  async store(table: TableDefinition, { rows, removals, cursor }: Batch): Promise<void> {
    await this.#inTransaction(async () => {
      await this.#refuseOthers(table.name)
      const changed = rows.length > 0 ? await this.#upsert(table, rows) : 0
      if (rows.length > 0) await this.#complete(table, cursor)
      for (const removal of removals) await this.#remove(removal)
      await this.#driver.run(
        `UPDATE ${META} SET cursor = ${this.#driver.parameter(1)}, revision = revision + ${changed} WHERE name = ${this.#driver.parameter(2)}`,
        [JSON.stringify(cursor), table.name],
      )
    })
    this.#cursors.set(table.name, JSON.stringify(cursor))
  }

  /** Two that go on from one cursor would take turns in moving it back. */
  async #refuseOthers(table: string): Promise<void> {
    const { forUpdate, label } = this.#driver
    const sql = `SELECT cursor FROM ${META} WHERE name = ${this.#driver.parameter(1)}${forUpdate}`
    const [row] = await this.#driver.all(sql, [table])
    if (row?.['cursor'] === this.#cursors.get(table)) return
    throw new TajoError('destination_unusable', `Something else writes to the table ${table} in ${label}.`, {
      hint: 'Is another tajo extract running? Nothing was lost: one of them goes on.',
    })
  }

  /** Grows with every row that is new or other than it was. */
  async revisionOf(table: string): Promise<number> {
    return Number((await this.#metaOf(table))['revision'] ?? 0)
  }

  /** Of which revision a file was made; null: of none. */
  async publishedOf(table: string): Promise<number | null> {
    const published = (await this.#metaOf(table))['published'] ?? null
    return published === null ? null : Number(published)
  }

  async notePublished(table: string, revision: number): Promise<void> {
    await this.#driver.run(
      `UPDATE ${META} SET published = ${this.#driver.parameter(1)} WHERE name = ${this.#driver.parameter(2)}`,
      [revision, table],
    )
  }

  async #metaOf(table: string): Promise<Record<string, unknown>> {
    const sql = `SELECT revision, published FROM ${META} WHERE name = ${this.#driver.parameter(1)}`
    return (await this.#driver.all(sql, [table]))[0] ?? {}
  }

  /** What is as it was is not written again. Gives how many rows are new or other than they were. */
  async #upsert(table: TableDefinition, rows: readonly Row[]): Promise<number> {
    const columns = allColumns(table).filter(({ derived }) => derived !== true)
    const stage = stageOf(table)
    await this.#driver.makeStage(stage, `SELECT ${names(columns)} FROM ${quote(table.name)} WHERE 1 = 0`)
    await this.#driver.load(
      stage,
      columns,
      rows.map(({ values }) => withoutDerived(table, this.#merges.follow(table, values))),
    )
    const [id, ...others] = columns.map(({ name }) => quote(name))
    const known = quote(table.name)
    const isOther = others.map((name) => `${known}.${name} IS DISTINCT FROM excluded.${name}`).join(' OR ')
    return await this.#driver.run(
      `INSERT INTO ${known} (${names(columns)}) SELECT ${names(columns)} FROM ${quote(stage)} WHERE true` +
        ` ON CONFLICT (${id}) DO UPDATE SET ${others.map((name) => `${name} = excluded.${name}`).join(', ')}` +
        ` WHERE (${isOther})${toNewer(table)}`,
    )
  }

  /** What the rows that were loaded last tell of others, or others of them. */
  async #complete(table: TableDefinition, cursor: TableCursor): Promise<void> {
    for (const entries of this.#tables.values()) {
      const target = this.#tables.get(entries.completes?.table ?? '')
      if (target === undefined || (entries !== table && target !== table)) continue
      const reached =
        entries === table ? cursor : (JSON.parse(this.#cursors.get(entries.name)!) as TableCursor)
      const changed = await completeRows(this.#driver, { target, entries, stage: table, cursor: reached })
      await this.#grow(target.name, changed)
    }
  }

  async #remove({ table, id, into, at }: Removal): Promise<void> {
    const own = this.#known.get(table)
    if (own !== undefined) {
      if (into !== null) await this.#noteMerge(own, id, into)
      await this.#mark(table, idOf(own), { id, into, at })
    }
    for (const { name, columns } of this.#known.values())
      for (const column of columns) {
        if (column.refersTo !== table) continue
        if (into !== null) await this.#handOver(name, column.name, id, into)
        else if (column.goesWith === true) await this.#mark(name, column.name, { id, into, at })
      }
  }

  /** Also of one that was never read: what still names it belongs to the other. */
  async #noteMerge(table: TableDefinition, id: string, into: string): Promise<void> {
    this.#merges.add(table.name, id, into)
    const sql = `INSERT INTO ${quote(table.name)} (${quote(idOf(table))}) VALUES (${this.#driver.parameter(1)}) ON CONFLICT DO NOTHING`
    await this.#driver.run(sql, [id])
  }

  async #mark(table: string, column: string, { id, into, at }: Omit<Removal, 'table'>): Promise<void> {
    const [deleted, merged] = [quote(DELETED_AT), quote(MERGED_INTO)]
    const [first, second, third] = [1, 2, 3].map((index) => this.#driver.parameter(index))
    const changed = await this.#driver.run(
      `UPDATE ${quote(table)} SET ${deleted} = coalesce(${deleted}, ${first}), ${merged} = coalesce(${second}, ${merged})` +
        ` WHERE ${quote(column)} = ${third} AND ${into === null ? `${deleted} IS NULL` : `${merged} IS NULL`}`,
      [toMicrosIso(at), into, id],
    )
    await this.#grow(table, changed)
  }

  /** What belonged to one belongs to the other. */
  async #handOver(table: string, column: string, id: string, into: string): Promise<void> {
    const [first, second] = [this.#driver.parameter(1), this.#driver.parameter(2)]
    const changed = await this.#driver.run(
      `UPDATE ${quote(table)} SET ${quote(column)} = ${first} WHERE ${quote(column)} = ${second}`,
      [into, id],
    )
    await this.#grow(table, changed)
  }

  async #grow(table: string, changed: number): Promise<void> {
    if (changed === 0) return
    const sql = `UPDATE ${META} SET revision = revision + ${changed} WHERE name = ${this.#driver.parameter(1)}`
    await this.#driver.run(sql, [table])
  }

  /** What was stored is seen at once, but for what only all rows together tell. */
  async finish(): Promise<void> {
    for (const table of this.#tables.values())
      if (table.chain !== undefined)
        await this.#inTransaction(async () =>
          this.#grow(table.name, await chainRows(this.#driver, table.name, idOf(table), table.chain!)),
        )
  }

  close(): Promise<void> {
    return this.#driver.close()
  }
}

function withoutDerived({ columns }: TableDefinition, values: Value[]): Value[] {
  return columns.some(({ derived }) => derived)
    ? values.filter((_, at) => columns[at]?.derived !== true)
    : values
}

/** Of two versions the newer one stays. */
function toNewer({ name, version }: TableDefinition): string {
  if (version === undefined) return ''
  const [known, given] = [`${quote(name)}.${quote(version)}`, `excluded.${quote(version)}`]
  return ` AND (${given} IS NULL OR ${known} IS NULL OR ${given} >= ${known})`
}
