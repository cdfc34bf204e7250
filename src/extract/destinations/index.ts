// An address → where tables go.
import { existsSync } from 'node:fs'

import { TajoError } from '../../lib/errors.ts'
import type { Destination, TableCursor } from '../destination.ts'
import { openDuckdb } from './duckdb.ts'
import { type Format, openFiles, stageOf } from './files.ts'
import { openPostgres } from './postgres.ts'
import { SqlDestination } from './sql.ts'
import { openSqlite } from './sqlite.ts'
import { openStdout } from './stdout.ts'

export const FORMATS: readonly Format[] = ['csv', 'jsonl', 'parquet']

/** How far each table of an owner was read, without making anything; empty where nothing is there. */
export async function lookInto(to: string, format: Format, owner: string): Promise<Map<string, TableCursor>> {
  const [, scheme, rest = ''] = ADDRESS.exec(to) ?? []
  if (scheme === undefined && to !== '-') return await lookInto(stageOf(to, format), format, owner)
  const isFile = scheme === 'duckdb' || scheme === 'sqlite'
  if (to === '-' || (isFile && !existsSync(rest))) return new Map()
  const driver =
    scheme === 'duckdb'
      ? await openDuckdb(rest)
      : scheme === 'sqlite'
        ? openSqlite(rest)
        : await openPostgres(to, { makesSchema: false })
  try {
    return await new SqlDestination(driver).look(owner)
  } finally {
    await driver.close()
  }
}

const ADDRESS = /^([a-z]+):\/\/(.*)$/i

/** `-`: standard output. */
export async function openDestination(
  to: string,
  { format, print }: { format: Format; print: (line: string) => void },
): Promise<Destination> {
  if (to === '-') return openStdout(print)
  const [, scheme, rest = ''] = ADDRESS.exec(to) ?? []
  if (scheme === undefined) {
    if (/\.(csv|parquet|jsonl|gz)$/i.test(to))
      throw new TajoError('usage', `${to} is a file, and each table has one of its own.`, {
        hint: `Name a folder: --to ${to.replace(/[^/]*$/, '') || './'}out --format ${format}`,
      })
    return await openFiles(to, format)
  }
  switch (scheme.toLowerCase()) {
    case 'duckdb':
      return new SqlDestination(await openDuckdb(rest))
    case 'sqlite':
      return new SqlDestination(openSqlite(rest))
    case 'postgres':
    case 'postgresql':
      return new SqlDestination(await openPostgres(to))
    default:
      throw new TajoError('usage', `There is no destination of the kind ${scheme}.`, {
        hint: 'duckdb://FILE, sqlite://FILE, postgres://USER@HOST/DB?schema=NAME, a folder, or - for one table',
      })
  }
}
