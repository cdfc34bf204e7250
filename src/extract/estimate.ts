// What a reading will cost: how much of its time the first page of each table covers, and how many requests that took.
import type { Source } from '../sources/source.ts'
import type { TableDefinition, TableRequest } from '../sources/tables.ts'
import { NOTHING_READ, type TableCursor } from './destination.ts'
import { inOrder } from './extract.ts'
import { type Bounds, firstRequest } from './walk.ts'

export interface TableEstimate {
  table: string
  /** Null: nobody can tell, because nothing says how far back the list goes. */
  requests: number | null
  /** At the pace that the helpdesk allows, in minutes. */
  minutes: number | null
}

export interface EstimateOptions {
  tables: readonly TableDefinition[]
  bounds: Bounds
  cursors: ReadonlyMap<string, TableCursor>
  /** What the helpdesk takes. */
  pace: { requests: number; perSeconds: number }
  /** How many requests have left so far. */
  countRequests: () => number
  signal?: AbortSignal | undefined
}

/** Asks the helpdesk for little, and writes nothing. */
export async function estimate(
  source: Source,
  { tables, bounds, cursors, pace, countRequests, signal }: EstimateOptions,
): Promise<TableEstimate[]> {
  const estimates: TableEstimate[] = []
  for (const table of inOrder(tables)) {
    const request = firstRequest({ table, bounds }, cursors.get(table.name) ?? NOTHING_READ)
    const asked = { ...request, ...bounds }
    const own = await source.estimateTable?.(table.madeOf?.table ?? table, asked, signal)
    const requests = own?.requests ?? (await sample(source, table, asked, countRequests, signal))
    const minutes = requests === null ? null : (requests / pace.requests) * (pace.perSeconds / 60)
    estimates.push({ table: table.name, requests, minutes: own?.minutes ?? minutes })
  }
  return estimates
}

async function sample(
  source: Source,
  table: TableDefinition,
  request: TableRequest,
  countRequests: () => number,
  signal?: AbortSignal,
): Promise<number | null> {
  const before = countRequests()
  const pages = source.readTable!(table.madeOf?.table ?? table, request, signal)
  const { value: page } = await pages.next()
  await pages.return()
  const cost = Math.max(1, countRequests() - before)
  if (page === undefined || page.next === null) return cost
  const { newest, oldest } = page
  if (newest === null || oldest === null) return null
  const isUp = table.reading.mode === 'since'
  const from = isUp ? Math.min(request.from ?? oldest, oldest) : request.from
  // A list that is read down to its end does not say where that is.
  if (from === null) return null
  const [covered, whole] = isUp ? [newest - from, source.now() - from] : [newest - oldest, newest - from]
  return covered <= 0 ? null : Math.max(cost, Math.ceil(cost * (whole / covered)))
}
