// Columns that no item has: what the rows of one table tell of a row of another, and rows that follow each other. Worked out where the rows are,
// in the transaction that brought them.
import type { Column, Known, TableDefinition, Value } from '../../sources/tables.ts'
import type { Instant } from '../../model/time.ts'
import type { TableCursor } from '../destination.ts'
import type { SqlDriver } from './sql.ts'

export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const names = (columns: readonly Pick<Column, 'name'>[]): string =>
  columns.map(({ name }) => quote(name)).join(', ')

/** The temporary table with the rows that were loaded last. */
export const stageOf = ({ name }: TableDefinition): string => `_tajo_stage_${name}`

interface Involved {
  target: TableDefinition
  /** Its `completes` names the target. */
  entries: TableDefinition
  /** Of the two, the one whose rows were loaded last. */
  stage: TableDefinition
  /** How far the entries were read, with what is loaded now. */
  cursor: TableCursor
}

/** From when on entries are there, or will be at the end of the reading that is under way. */
function reachOf({ since, walk }: TableCursor): Instant {
  const read = since === undefined ? Number.POSITIVE_INFINITY : (since ?? Number.NEGATIVE_INFINITY)
  const going = walk === null ? Number.POSITIVE_INFINITY : (walk.low ?? Number.NEGATIVE_INFINITY)
  return Math.min(read, going)
}

/** Gives how many rows of the target are other than they were. */
export async function completeRows(
  driver: SqlDriver,
  { target, entries, stage, cursor }: Involved,
): Promise<number> {
  const { by, needs, complete } = entries.completes!
  const id = target.columns[0]!
  const touched = `(SELECT ${quote(stage === target ? id.name : by)} FROM ${quote(stageOf(stage))})`
  const rows = await select(driver, target, [id.name, ...needs.row], `${quote(id.name)} IN ${touched}`)
  const told = await select(
    driver,
    entries,
    [by, ...needs.entries],
    `${quote(by)} IN ${touched} AND "_deleted_at" IS NULL`,
  )
  const byRow = new Map<Value, Known[]>()
  for (const entry of told) byRow.set(entry[by]!, [...(byRow.get(entry[by]!) ?? []), entry])

  const derived = target.columns.filter((column) => column.derived === true)
  const columns = [id, ...derived]
  const done = `_tajo_done_${target.name}`
  await driver.makeStage(done, `SELECT ${names(columns)} FROM ${quote(target.name)} WHERE 1 = 0`)
  await driver.load(
    done,
    columns,
    rows.map((row) => [row[id.name]!, ...complete(row, byRow.get(row[id.name]!) ?? [], reachOf(cursor))]),
  )
  const known = quote(target.name)
  const isOther = derived.map(({ name }) => `${known}.${quote(name)} IS DISTINCT FROM done.${quote(name)}`)
  return await driver.run(
    `UPDATE ${known} SET ${derived.map(({ name }) => `${quote(name)} = done.${quote(name)}`).join(', ')}` +
      ` FROM ${quote(done)} AS done WHERE ${known}.${quote(id.name)} = done.${quote(id.name)} AND (${isOther.join(' OR ')})`,
  )
}

async function select(
  driver: SqlDriver,
  { name, columns }: TableDefinition,
  wanted: readonly string[],
  where: string,
): Promise<Known[]> {
  const isTime = (column: string): boolean =>
    columns.some((one) => one.name === column && one.type === 'time')
  const list = wanted.map((column) =>
    isTime(column) ? `${driver.toInstant(quote(column))} AS ${quote(column)}` : quote(column),
  )
  const found = await driver.all(`SELECT ${list.join(', ')} FROM ${quote(name)} WHERE ${where}`)
  return found.map((row) =>
    Object.fromEntries(
      wanted.map((column) => [
        column,
        row[column] === null || row[column] === undefined
          ? null
          : isTime(column)
            ? Number(row[column])
            : (row[column] as Value),
      ]),
    ),
  )
}

/** Each row ends where the next of its kind begins. Gives how many are other than they were. */
export function chainRows(
  driver: SqlDriver,
  table: string,
  id: string,
  { by, from, until }: { by: string; from: string; until: string },
): Promise<number> {
  const [known, key, end] = [quote(table), quote(id), quote(until)]
  return driver.run(
    `UPDATE ${known} SET ${end} = chained.following FROM (SELECT ${key} AS id, lead(${quote(from)}) OVER` +
      ` (PARTITION BY ${quote(by)} ORDER BY ${quote(from)}, ${key}) AS following FROM ${known} WHERE "_deleted_at" IS NULL) AS chained` +
      ` WHERE ${known}.${key} = chained.id AND ${known}.${end} IS DISTINCT FROM chained.following`,
  )
}
