// One round of a destination that connectors.yml states.
import type { ExtractConfig } from '../config/config.ts'
import { parseSince } from '../config/since.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Source } from '../sources/source.ts'
import { openDestination } from './destinations/index.ts'
import { extract } from './extract.ts'
import { chooseTables, type Layout, ownerOf } from './layouts.ts'

/** Gives the rows that were read, by table. */
export async function keepFresh(
  source: Source,
  layout: Layout,
  { to, tables, format, since, layout: name }: ExtractConfig,
  ports: { clock: Clock },
  signal?: AbortSignal,
): Promise<Record<string, number>> {
  const destination = await openDestination(to, { format, print: () => undefined })
  try {
    const bounds = { since: since === 'everything' ? null : parseSince(since), until: null }
    const asked = {
      owner: ownerOf(source.name, name),
      tables: chooseTables(layout.tables, tables),
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
