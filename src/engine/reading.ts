// What a run reads of a connector, from what connectors.yml says and what the caller asks for.
import type { ConnectorConfig } from '../config/config.ts'
import { needsPhone } from '../mapping/compile.ts'
import type { ReadOptions } from '../sync/read/read.ts'
import type { SyncOptions } from './options.ts'
import { asksForPhones, toSettling, toStreams } from './streams.ts'

/** `read` counts the records of each stream. */
export function toReadOptions(
  connector: ConnectorConfig,
  sync: SyncOptions,
  read: Record<string, number>,
  signal: AbortSignal | undefined,
): ReadOptions {
  return {
    streams: toStreams(connector, sync.resources),
    backfillSince: connector.backfillSince,
    since: sync.since ?? null,
    settlesAfter: sync.settling === false ? {} : toSettling(connector),
    phones:
      connector.sync.customers && needsPhone(connector.rules) && asksForPhones(connector)
        ? { defaultCountry: connector.defaultCountry }
        : null,
    liveOnly: sync.liveOnly ?? sync.contact !== undefined,
    requested: [],
    onPage(stream, records) {
      read[stream] = (read[stream] ?? 0) + records
      sync.onProgress?.({ phase: 'reading', read })
    },
    signal,
  }
}
