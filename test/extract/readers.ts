// What a destination holds, each read by its own means.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

import { DuckDBInstance } from '@duckdb/node-api'
import { parse } from 'csv-parse/sync'
import pg from 'pg'

import { open } from '../../src/state/db/sqlite.ts'
import { GORGIAS, type Held, type Subject, toExtra } from './oracle.ts'

type Row = Record<string, unknown>

const NAMES = Object.keys(GORGIAS.items)

/** Those that are there: neither deleted nor merged. `read`: all rows of a table. */
function collect(read: (table: string) => Row[], { tables, items }: Subject = GORGIAS): Held {
  return Object.fromEntries(
    Object.keys(items).map((name) => {
      const types = new Map(
        tables.find((one) => one.name === name)!.columns.map((one) => [one.name, one.type]),
      )
      const rows = read(name)
        .filter((row) => (row['_deleted_at'] ?? '') === '')
        .map(({ _deleted_at, _merged_into, _extra, ...row }) => {
          const values = Object.entries(row).map(([column, value]) => [
            column,
            toValue(types.get(column)!, value),
          ])
          return [row['id'], { ...Object.fromEntries(values), _extra: toExtra(toValue('json', _extra)) }]
        })
      const byId = Object.fromEntries(rows) as Held[string]
      if (Object.keys(byId).length !== rows.length) throw new Error(`${name}: an id is there twice`)
      return [name, byId]
    }),
  )
}

function toValue(type: string, value: unknown): unknown {
  if (value === null || value === undefined) return null
  if (type === 'boolean') return value === true || value === 1 || value === 'true'
  if (type === 'json') return typeof value === 'string' ? (JSON.parse(value) as unknown) : value
  return type === 'integer' ? Number(value) : value
}

export function readSqlite(file: string, subject: Subject = GORGIAS): Held {
  const database = open(file, { readonly: true })
  try {
    return collect((table) => database.prepare<[], Row>(`SELECT * FROM ${table}`).all(), subject)
  } finally {
    database.close()
  }
}

export function readCsv(folder: string): Held {
  return collect((table) => {
    const rows: Row[] = parse(readFileSync(`${folder}/${table}.csv`), {
      columns: true,
      // An empty text has quotes, nothing has none.
      cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
    })
    return rows
  })
}

export const readJsonl = (folder: string): Held =>
  collect((table) =>
    gunzipSync(readFileSync(`${folder}/${table}.jsonl.gz`))
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row),
  )

const ISO = "strftime(%c AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"

/** DuckDB's own reader, of its own file or of Parquet. */
export async function readDuckdb(from: { file: string } | { folder: string }): Promise<Held> {
  const instance = await DuckDBInstance.create('file' in from ? from.file : ':memory:')
  const connection = await instance.connect()
  const rows = new Map<string, Row[]>()
  for (const name of NAMES) {
    const columns = GORGIAS.tables
      .find((one) => one.name === name)!
      .columns.map((one) =>
        one.type === 'time' ? `${ISO.replace('%c', one.name)} AS ${one.name}` : one.name,
      )
    const source = 'file' in from ? name : `'${from.folder}/${name}.parquet'`
    const sql = `SELECT ${columns.join(', ')}, _extra, CAST(_deleted_at AS VARCHAR) AS _deleted_at FROM ${source}`
    const reader = await connection.runAndReadAll(sql)
    rows.set(name, reader.getRowObjectsJS())
  }
  connection.closeSync()
  instance.closeSync()
  return collect((table) => rows.get(table)!)
}

export async function readPostgres(address: string): Promise<Held> {
  const url = new URL(address)
  const schema = url.searchParams.get('schema')!
  url.searchParams.delete('schema')
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  const rows = new Map<string, Row[]>()
  for (const name of NAMES) {
    const columns = GORGIAS.tables
      .find((one) => one.name === name)!
      .columns.map((one) =>
        one.type === 'time'
          ? `to_char(${one.name} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS ${one.name}`
          : one.name,
      )
    const sql = `SELECT ${columns.join(', ')}, _extra, _deleted_at::text FROM ${schema}.${name}`
    rows.set(name, (await client.query(sql)).rows as Row[])
  }
  await client.end()
  return collect((table) => rows.get(table)!)
}
