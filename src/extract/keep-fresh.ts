// One round of a destination that connectors.yml states.
import type { ExtractConfig } from '../config/config.ts'
import { parseSince } from '../config/since.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Source } from '../sources/source.ts'
import { openDestination } from './destinations/index.ts'
import { extract } from './extract.ts'
import { chooseTables, type Layout, ownerOf } from './layouts.ts'

/** Gives the rows that were read, by table, and the fields that are new. */
export async function keepFresh(
  source: Source,
  layout: Layout,
  { to, tables, format, since, layout: name }: ExtractConfig,
  ports: { clock: Clock },
  signal?: AbortSignal,
): Promise<{ rows: Record<string, number>; newFields: Record<string, string[]> }> {
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
    const news = reports.filter((one) => one.new_fields.length > 0)
    return {
      rows: Object.fromEntries(reports.map(({ table, rows }) => [table, rows])),
      newFields: Object.fromEntries(news.map((one) => [one.table, one.new_fields])),
    }
  } finally {
    await destination.close()
  }
}
