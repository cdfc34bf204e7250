// A connector of connectors.yml as something that reads: its source, its streams, and what its reading works with.
import type { Config, ConnectorConfig } from '../config/config.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Log } from '../lib/log/log.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import { requireSource } from '../sources/index.ts'
import type { Credentials, Source, SourcePorts } from '../sources/source.ts'
import { TajoError } from '../lib/errors.ts'
import { fromMs } from '../model/time.ts'
import type { Store } from '../state/store.ts'
import type { DirectoryContext } from '../sync/context.ts'
import type { Freshness } from '../sync/read/freshness.ts'
import { enabled, toKept } from './streams.ts'
import { META } from '../state/meta.ts'

export function createSource(
  connector: ConnectorConfig,
  options: { credentials: Record<string, Credentials> },
  ports: SourcePorts,
): Source {
  const { name, source } = connector
  return requireSource(source).create(name, connector.options, options.credentials[name] ?? {}, ports)
}

/**
 * What the account is called in event ids: as at first contact, for ever, or each event would be a new one. Throws
 * `config_invalid` where connectors.yml names another account by now.
 */
export function pinAccount(store: Store, { name, source, account, options }: ConnectorConfig): string {
  const key = META.account(name)
  const { option, base } = requireSource(source).address
  const given = options[option]
  const domain = typeof given === 'string' ? given : null
  const pinned = store.meta.get(key)
  if (pinned === null) {
    store.meta.set(key, { account, domain })
    return account
  }
  if (pinned.domain !== null && domain !== null && pinned.domain !== domain)
    throw new TajoError(
      'config_invalid',
      `This state belongs to ${pinned.domain}, and connectors.yml names ${domain} for ${name}.`,
      {
        hint: `Give another account a state of its own: --state-dir. If the account was renamed, keep \`${option}: ${pinned.domain}\` and set \`${base}\` to where its API answers now.`,
      },
    )
  if (pinned.domain === null && domain !== null) store.meta.set(key, { ...pinned, domain })
  return pinned.account
}

export function toContext(
  connector: ConnectorConfig,
  source: Source,
  store: Store,
  ports: { clock: Clock; log: Log },
  freshness: Freshness,
  config: Config,
  handled: ReadonlySet<OccurrenceType>,
): DirectoryContext {
  return {
    source,
    store,
    clock: ports.clock,
    log: ports.log,
    account: pinAccount(store, connector),
    helpdesk: connector.source,
    connectors: enabled(config).map((one) => one.name),
    rules: connector.rules,
    campaigns: config.campaigns,
    wants: new Set([
      ...(Object.keys(connector.rules.events) as OccurrenceType[]),
      ...config.campaigns.map((campaign) => campaign.on),
      ...handled,
    ]),
    handled,
    withTags: connector.sync.tags,
    streams: new Set(toKept(connector)),
    defaultCountry: connector.defaultCountry,
    supports: connector.supports,
    priority: 'live',
    eventHorizon: source.now() - fromMs(config.eventRetentionMs),
    freshness,
  }
}
