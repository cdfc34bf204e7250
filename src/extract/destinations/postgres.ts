// A Postgres schema. Rows come in by COPY, and go from there into their table.
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { Client } from 'pg'

import { TajoError } from '../../lib/errors.ts'
import { toMicrosIso } from '../../model/time.ts'
import type { Column, Value } from '../../sources/tables.ts'
import { loadPackage } from '../../lib/packages.ts'
import { quote } from './complete.ts'
import type { SqlDriver } from './sql.ts'
import { cannotWrite } from './unusable.ts'

type Pg = { default: { Client: new (options: object) => Client } }
type Copy = { from(sql: string): Writable & { submit: unknown } }

const CONNECT_MS = 15_000

/** `schema` in the address names the schema, which is made where it is missing; `public` without one. */
export async function openPostgres(
  address: string,
  { makesSchema = true }: { makesSchema?: boolean } = {},
): Promise<SqlDriver> {
  if (!URL.canParse(address))
    throw new TajoError('usage', 'The address of Postgres is none.', {
      hint: 'Such as postgres://user@host:5432/db?schema=support; what is special in a password is written as %40, %3A, …',
    })
  const url = new URL(address)
  const schema = url.searchParams.get('schema') ?? 'public'
  url.searchParams.delete('schema')
  const label = `Postgres at ${url.host}${url.pathname}`
  const { default: pg } = await loadPackage<Pg>('pg', 'Postgres', () => import('pg'))
  const copy = await loadPackage<Copy>('pg-copy-streams', 'Postgres', () => import('pg-copy-streams'))
  const client = new pg.Client({ connectionString: url.href, connectionTimeoutMillis: CONNECT_MS })
  // A connection that ends by itself is told by the statement that needs it.
  client.on('error', () => undefined)
  const driver = new PostgresDriver(label, client, copy)
  await driver.connect(schema, makesSchema)
  return driver
}

class PostgresDriver implements SqlDriver {
  readonly label: string
  readonly begin = 'BEGIN'
  readonly listTables =
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema()'
  readonly listColumns =
    'SELECT column_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1'
  readonly needsIndexes = true
  readonly forUpdate = ' FOR UPDATE'
  readonly types = {
    text: 'text',
    integer: 'bigint',
    number: 'double precision',
    boolean: 'boolean',
    time: 'timestamptz',
    json: 'jsonb',
  }
  readonly #client: Client
  readonly #copy: Copy

  constructor(label: string, client: Client, copy: Copy) {
    this.label = label
    this.#client = client
    this.#copy = copy
  }

  async connect(schema: string, makesSchema: boolean): Promise<void> {
    await this.#guarded(async () => {
      await this.#client.connect()
      if (makesSchema) await this.#client.query(`CREATE SCHEMA IF NOT EXISTS ${quote(schema)}`)
      await this.#client.query(`SET search_path TO ${quote(schema)}`)
      await this.#client.query("SET timezone TO 'UTC'")
    })
  }

  parameter = (index: number): string => `$${index}`

  toInstant = (expression: string): string => `(extract(epoch FROM ${expression}) * 1000000)::bigint`

  async run(sql: string, params: readonly Value[] = []): Promise<number> {
    const { rowCount } = await this.#guarded(() => this.#client.query(sql, [...params]))
    return rowCount ?? 0
  }

  async all(sql: string, params: readonly Value[] = []): Promise<Record<string, unknown>[]> {
    const { rows } = await this.#guarded(() => this.#client.query(sql, [...params]))
    return rows as Record<string, unknown>[]
  }

  async makeStage(name: string, select: string): Promise<void> {
    await this.run(`CREATE TEMP TABLE IF NOT EXISTS ${quote(name)} AS ${select}`)
    await this.run(`TRUNCATE ${quote(name)}`)
  }

  async load(table: string, columns: readonly Column[], rows: readonly Value[][]): Promise<void> {
    await this.#guarded(async () => {
      const stream = this.#copy.from(`COPY ${quote(table)} FROM STDIN`)
      this.#client.query(stream as never)
      const finished = once(stream, 'finish')
      for (const row of rows) {
        const line = row.map((value, index) => toCell(columns[index]!, value)).join('\t')
        if (!stream.write(`${line}\n`)) await Promise.race([once(stream, 'drain'), finished])
      }
      stream.end()
      await finished
    })
  }

  async close(): Promise<void> {
    await this.#client.end()
  }

  async #guarded<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (thrown) {
      const reason = thrown instanceof Error && thrown.message !== '' ? thrown.message : 'no connection'
      const hint =
        'Is the address right, is the server up, and may this user make tables there? Run it again: it goes on from where it is.'
      throw cannotWrite(this.label, reason, hint, thrown)
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

/** The text format of COPY; Postgres knows no text with a NUL in it. */
function toCell({ type }: Column, value: Value): string {
  if (value === null) return '\\N'
  const text = type === 'time' ? toMicrosIso(value as number) : String(value)
  const known =
    type === 'json'
      ? text.replaceAll(/\\(\\|u0000)/g, (found) => (found === '\\\\' ? found : ''))
      : text.replaceAll('\0', '')
  return known.replaceAll(/[\\\t\n\r]/g, (found) => ESCAPES[found]!)
}
