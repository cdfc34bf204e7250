// A connector of connectors.yml as something that reads: its source, its streams, and what its reading works with.
import type { Config, ConnectorConfig } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import { SOURCES } from '../sources/registry.ts'
import type { Credentials, Source, SourcePorts } from '../sources/source.ts'
import { fromMs } from '../model/time.ts'
import type { Store } from '../state/store.ts'
import type { DirectoryContext } from '../sync/context.ts'
import type { Freshness } from '../sync/freshness.ts'
import { toStreams } from './streams.ts'

export function createSource(
  connector: ConnectorConfig,
  options: { credentials: Record<string, Credentials> },
  ports: SourcePorts,
): Source {
  return SOURCES[connector.name].create(
    connector.options as never,
    options.credentials[connector.name] ?? {},
    ports,
  )
}

export function toContext(
  connector: ConnectorConfig,
  source: Source,
  store: Store,
  ports: { clock: Clock; log: Log },
  freshness: Freshness,
  config: Pick<Config, 'eventRetentionMs' | 'campaigns'>,
  handled: ReadonlySet<OccurrenceType>,
): DirectoryContext {
  return {
    source,
    store,
    clock: ports.clock,
    log: ports.log,
    account: connector.account,
    rules: connector.rules,
    campaigns: config.campaigns,
    wants: new Set([
      ...(Object.keys(connector.rules.events) as OccurrenceType[]),
      ...config.campaigns.map((campaign) => campaign.on),
      ...handled,
    ]),
    handled,
    withTags: connector.sync.tags,
    streams: new Set(toStreams(connector, undefined)),
    lane: 'live',
    eventHorizon: source.now() - fromMs(config.eventRetentionMs),
    freshness,
  }
}
