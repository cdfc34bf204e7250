// One reading of a layout into a destination, by whoever asks for it: the command, or a daemon for it or on its schedule.
import type { ConnectorConfig, ExtractConfig, LayoutName } from '../config/config.ts'
import { parseSince } from '../config/since.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Source } from '../sources/source.ts'
import type { Format } from './destinations/files.ts'
import { openDestination } from './destinations/index.ts'
import { extract, type TableReport } from './extract.ts'
import { chooseTables, layoutOf, ownerOf } from './layouts.ts'
import type { Bounds } from './walk.ts'

/** What may be asked of another process, too. */
export interface Extraction {
  to: string
  format: Format
  layout: LayoutName
  /** By name; null: all. */
  tables: readonly string[] | null
  bounds: Bounds
  /** From the beginning, whatever was read before. */
  full: boolean
}

export interface ExtractionPorts {
  clock: Clock
  signal?: AbortSignal | undefined
  /** A line of standard output. */
  print?: (line: string) => void
  onProgress?: (table: string, rows: number, share: number | null) => void
}

/** Empty where the helpdesk has no tables. */
export async function runExtraction(
  connector: ConnectorConfig,
  source: Source,
  { to, format, layout: name, tables, bounds, full }: Extraction,
  { clock, signal, print = () => undefined, onProgress = () => undefined }: ExtractionPorts,
): Promise<TableReport[]> {
  const layout = layoutOf(connector, name)
  if (layout === null) return []
  const destination = await openDestination(to, { format, print })
  try {
    const chosen =
      to === '-'
        ? layout.tables.filter((one) => tables?.includes(one.name))
        : chooseTables(layout.tables, tables)
    const others = layout.tables.filter((one) => !chosen.includes(one))
    const asked = {
      owner: ownerOf(connector.name, name),
      tables: chosen,
      others,
      bounds,
      full,
      signal,
      onProgress,
    }
    return await extract(source, destination, asked, { clock })
  } finally {
    await destination.close()
  }
}

/** As connectors.yml says, now. */
export const toExtraction = ({ to, format, layout, tables, since }: ExtractConfig): Extraction => ({
  to,
  format,
  layout,
  tables,
  bounds: { since: since === 'everything' ? null : parseSince(since), until: null },
  full: false,
})
