// Which connectors run, and what of each is read: known from connectors.yml alone.
import type { Resource } from './requests.ts'
import type { Config, ConnectorConfig } from '../config/config.ts'
import { needsMessages } from '../mapping/compile.ts'
import type { Stream } from '../model/records.ts'

export function enabled(config: Config): ConnectorConfig[] {
  return config.connectors.filter((connector) => connector.enabled)
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
