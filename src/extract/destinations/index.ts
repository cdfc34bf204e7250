// An address → where tables go.
import { TajoError } from '../../lib/errors.ts'
import type { Destination } from '../destination.ts'
import { openDuckdb } from './duckdb.ts'
import { type Format, openFiles } from './files.ts'
import { openPostgres } from './postgres.ts'
import { SqlDestination } from './sql.ts'
import { openSqlite } from './sqlite.ts'
import { openStdout } from './stdout.ts'

export const FORMATS: readonly Format[] = ['csv', 'jsonl', 'parquet']

/** `-`: standard output. */
export async function openDestination(
  to: string,
  { format, print }: { format: Format; print: (line: string) => void },
): Promise<Destination> {
  if (to === '-') return openStdout(print)
  const [, scheme, rest = ''] = /^([a-z]+):\/\/(.*)$/i.exec(to) ?? []
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
