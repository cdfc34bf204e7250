// One round of a destination that connectors.yml states.
import type { ExtractConfig } from '../config/config.ts'
import { parseSince } from '../config/since.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Source } from '../sources/source.ts'
import type { TableDefinition } from '../sources/tables.ts'
import { openDestination } from './destinations/index.ts'
import { chooseTables, extract } from './extract.ts'

/** Gives the rows that were read, by table. */
export async function keepFresh(
  source: Source,
  definitions: readonly TableDefinition[],
  { to, tables, format, since }: ExtractConfig,
  ports: { clock: Clock },
  signal?: AbortSignal,
): Promise<Record<string, number>> {
  const destination = await openDestination(to, { format, print: () => undefined })
  try {
    const bounds = { since: since === 'everything' ? null : parseSince(since), until: null }
    const asked = {
      tables: chooseTables(definitions, tables),
      bounds,
      full: false,
      signal,
      onProgress: () => undefined,
    }
    const reports = await extract(source, destination, asked, ports)
    return Object.fromEntries(reports.map(({ table, rows }) => [table, rows]))
  } finally {
    await destination.close()
  }
}
