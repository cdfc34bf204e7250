// A connector of connectors.yml as something that reads: its source, its streams, and what its reading works with.
import type { Config, ConnectorConfig } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { needsMessages } from '../mapping/compile.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import type { Stream } from '../model/records.ts'
import { SOURCES } from '../sources/registry.ts'
import type { Credentials, Source, SourcePorts } from '../sources/source.ts'
import { fromMs } from '../model/time.ts'
import type { Store } from '../state/store.ts'
import type { DirectoryContext } from '../sync/context.ts'
import type { Freshness } from '../sync/freshness.ts'

export type Resource = 'customers' | 'tickets' | 'satisfaction_surveys'

export function enabled(config: Config): ConnectorConfig[] {
  return config.connectors.filter((connector) => connector.enabled)
}

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

/** In the order in which they are read: tickets name customers, surveys name tickets. */
export function toStreams(
  connector: ConnectorConfig,
  resources: readonly Resource[] | undefined,
): Exclude<Stream, 'events'>[] {
  const wants = (resource: Resource): boolean => resources === undefined || resources.includes(resource)
  const streams: Exclude<Stream, 'events'>[] = []
  if (connector.sync.customers && wants('customers')) streams.push('customers')
  if (connector.sync.tickets && wants('tickets')) {
    streams.push('tickets')
    if (needsMessages(connector.rules)) streams.push('messages')
  }
  if (connector.sync.satisfactionSurveys && wants('satisfaction_surveys'))
    streams.push('satisfaction_surveys')
  return streams
}
