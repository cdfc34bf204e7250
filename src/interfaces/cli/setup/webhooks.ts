// tajo webhooks: makes, shows and removes the webhook by which the helpdesk tells at once what happened.
import { randomBytes } from 'node:crypto'

import type { ConnectorConfig, Config } from '../../../config/config.ts'
import { loadConfig } from '../../../config/load.ts'
import { openSecretStore, type SecretStore } from '../../../config/secrets/store.ts'
import { readEnvSecret } from '../../../config/secrets/secrets.ts'
import { createSource } from '../../../engine/engine.ts'
import { TajoError } from '../../../lib/errors.ts'
import { formatTime, plural, formatCount } from '../../../lib/human.ts'
import { Secret } from '../../../lib/log/secret.ts'
import { fromMs, toIso } from '../../../model/time.ts'
import { openStore, openStoreBeside, openStoreReadOnly, type Store } from '../../../state/store.ts'
import { isLocked } from '../../../state/db/lock.ts'
import { noteInstalled, readHealth, readInstalled } from '../../../engine/webhook-health.ts'
import {
  type CommonOptions,
  openPorts,
  readCredentials,
  webhookSecretName,
  webhookVariable,
  isAlone,
} from '../terminal/session.ts'
import { paint, print } from '../terminal/terminal.ts'
import type { InstalledWebhook, WebhookState } from '../../../state/meta.ts'
import type { Credentials, Source, Webhook } from '../../../sources/source.ts'
import { explainByHand, requireWebhooks } from './webhooks-by-hand.ts'

export interface WebhooksInstallOptions extends CommonOptions {
  url?: string
  rotate?: boolean
}

/** Makes the webhook, or puts it right. While a secret is replaced the old one stays valid. */
export async function runWebhooksInstall(name: string, options: WebhooksInstallOptions): Promise<number> {
  const { config, connector } = find(name, options)
  const definition = requireWebhooks(connector)
  const before = readState(options.stateDir, (store) => readInstalled(store, name))
  const url = toAddress(options.url ?? config.server?.publicUrl ?? before?.url ?? null, name)
  const secrets = openSecretStore(options.stateDir, process.env)
  const fromEnv = readEnvSecret(webhookVariable(name), process.env)
  const stored = readStored(secrets, name, options.rotate === true)
  const given = fromEnv?.reveal().split(',')[0]
  const isNew = given === undefined && (stored[0] === undefined || options.rotate === true)
  const secret = given ?? (isNew ? randomBytes(32).toString('base64url') : stored[0]!)
  const session = openPorts(config.log, [new Secret(secret)])
  try {
    const credentials = readKeys(config, connector, options)
    const api = createSource(connector, { credentials }, { ...session.ports, retries: 2 }).webhooks
    if (api === null) {
      const isGiven = fromEnv !== null || stored.length > 0
      const entered = explainByHand(definition, { name, url, secret: isNew ? secret : null, isGiven })
      if (entered.secret !== null) secrets.write(webhookSecretName(name), new Secret(entered.secret))
      change(options.stateDir, (store) =>
        noteInstalled(store, name, { id: '', url, at: fromMs(session.ports.clock.now()) }),
      )
      for (const line of entered.lines) print(line)
      return 0
    }
    const existing = await api.find({ id: before?.id ?? null, url })
    // Valid before the helpdesk uses it.
    if (isNew) secrets.write(webhookSecretName(name), new Secret([secret, ...stored.slice(0, 1)].join(',')))
    const id = await api.install(url, secret, existing)
    change(options.stateDir, (store) =>
      noteInstalled(store, name, { id, url, at: fromMs(session.ports.clock.now()) }),
    )
    const did = existing === null ? 'Made' : 'Put right'
    print(`${paint('green', '✓')} ${did} the webhook at ${connector.account}: it calls ${url}`)
    if (isNew && stored.length > 0) print('The secret before stays valid until the next --rotate.')
    print(isLocked(options.stateDir) ? 'A running tajo listens to it from now on.' : 'Next: tajo start')
    return 0
  } finally {
    session.close()
  }
}

/** One that can't be read is replaced where that is asked for. */
function readStored(secrets: SecretStore, name: string, rotate: boolean): string[] {
  try {
    return secrets.read(webhookSecretName(name))?.reveal().split(',') ?? []
  } catch (thrown) {
    const isUnreadable = thrown instanceof TajoError && thrown.code === 'secret_unreadable'
    if (!isUnreadable || !rotate) throw thrown
    return []
  }
}

interface WebhookStatus {
  installed: { id: string; url: string; since: string } | null
  /** As the helpdesk has it; null where it has none. */
  atHelpdesk: { active: boolean; url: string; differences: string[] } | null
  health: { state: WebhookState; since: string } | null
  deliveries: {
    accepted: number
    ignored: number
    unauthorized: number
    pings: number
    lastAt: string | null
  }
  waiting: number
}

export async function runWebhooksStatus(
  name: string,
  options: CommonOptions & { json?: boolean },
): Promise<number> {
  const { config, connector } = find(name, options)
  requireWebhooks(connector)
  const session = openPorts(config.log, [])
  const store = openStoreReadOnly(options.stateDir)
  try {
    const credentials = readKeys(config, connector, options)
    const source = createSource(connector, { credentials }, { ...session.ports, retries: 2 })
    const installed = store === null ? null : readInstalled(store, name)
    const webhook = await findWebhook(source, installed)
    const health = store === null ? null : readHealth(store, name)
    const counts = store?.refreshRequests.counts(name)
    const status: WebhookStatus = {
      installed:
        installed === null ? null : { id: installed.id, url: installed.url, since: toIso(installed.at) },
      atHelpdesk:
        webhook === null
          ? null
          : { active: webhook.active, url: webhook.url, differences: webhook.differences },
      health: health === null ? null : { state: health.state, since: toIso(health.since) },
      deliveries: {
        accepted: counts?.accepted ?? 0,
        ignored: counts?.ignored ?? 0,
        unauthorized: counts?.unauthorized ?? 0,
        pings: counts?.pings ?? 0,
        lastAt: counts?.lastAt == null ? null : toIso(counts.lastAt),
      },
      waiting: store?.refreshRequests.count(name) ?? 0,
    }
    const isWell =
      webhook !== null &&
      webhook.active &&
      webhook.differences.length === 0 &&
      (health === null || health.state === 'ok')
    if (options.json === true) print(JSON.stringify(status))
    else printStatus(name, status)
    return isWell ? 0 : 1
  } finally {
    store?.close()
    session.close()
  }
}

export async function runWebhooksRemove(name: string, options: CommonOptions): Promise<number> {
  const { config, connector } = find(name, options)
  const session = openPorts(config.log, [])
  try {
    const credentials = readKeys(config, connector, options)
    const source = createSource(connector, { credentials }, { ...session.ports, retries: 2 })
    const before = readState(options.stateDir, (store) => readInstalled(store, name))
    const webhook = await findWebhook(source, before)
    if (webhook !== null) await source.webhooks?.remove(webhook.id)
    change(options.stateDir, (store) => noteInstalled(store, name, null))
    openSecretStore(options.stateDir, process.env).remove(webhookSecretName(name))
    if (webhook === null) print('There was no webhook.')
    else if (source.webhooks === null)
      print(`tajo listens to it no more; take it out of ${connector.label} by hand. Polls go on.`)
    else print(`${paint('green', '✓')} Removed the webhook; polls go on.`)
    return 0
  } finally {
    session.close()
  }
}

/** As the helpdesk has it; where only a person can look, as it was entered. */
async function findWebhook(source: Source, installed: InstalledWebhook | null): Promise<Webhook | null> {
  const { id = null, url = null } = installed ?? {}
  if (source.webhooks !== null) return await source.webhooks.find({ id, url })
  return url === null ? null : { id: '', url, active: true, differences: [] }
}

function find(
  name: string,
  options: CommonOptions,
): { config: ReturnType<typeof loadConfig>; connector: ConnectorConfig } {
  const config = loadConfig(options.config, process.env)
  const connector = config.connectors.find((one) => one.name === name)
  if (connector !== undefined) return { config, connector }
  throw new TajoError('usage', `There is no connector ${name} in ${options.config}.`, {
    hint: `Install it: tajo connectors install ${name}`,
  })
}

function readKeys(
  config: Config,
  connector: ConnectorConfig,
  options: CommonOptions,
): Record<string, Credentials> {
  const alone = isAlone(config, connector)
  return { [connector.name]: readCredentials(connector, alone, options.stateDir, process.env) }
}

function toAddress(given: string | null, name: string): string {
  if (given === null)
    throw new TajoError('usage', 'Under which address does the helpdesk reach this server?', {
      hint: 'Give --url https://…, or set server.public_url in connectors.yml.',
    })
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw new TajoError('usage', `"${given}" is no address.`, {
      hint: 'For example: --url https://tajo.yourstore.com',
    })
  const url = new URL(given)
  const isLocal = url.hostname === 'localhost' || url.hostname.startsWith('127.')
  if (url.protocol === 'http:' && !isLocal)
    throw new TajoError('usage', 'Plain http would show the secret to the network.', {
      hint: 'Use an https address.',
    })
  const path = `/webhooks/${name}`
  return url.pathname.endsWith(path) ? given : `${given.replace(/\/+$/, '')}${path}`
}

function readState<T>(stateDir: string, read: (store: Store) => T): T | null {
  const store = openStoreReadOnly(stateDir)
  if (store === null) return null
  try {
    return read(store)
  } finally {
    store.close()
  }
}

/** Beside a running daemon, or alone. */
function change(stateDir: string, action: (store: Store) => void): void {
  const store = (isLocked(stateDir) ? openStoreBeside(stateDir) : null) ?? openStore(stateDir)
  try {
    action(store)
  } finally {
    store.close()
  }
}

function printStatus(name: string, status: WebhookStatus): void {
  const row = (label: string, value: string): void => print(`  ${label.padEnd(14)} ${value}`)
  print(paint('bold', name))
  const { atHelpdesk, health, deliveries } = status
  if (atHelpdesk === null)
    row('webhook', `${paint('red', 'none')}: tajo webhooks install ${name} --url https://…`)
  else {
    row(
      'webhook',
      atHelpdesk.active ? paint('green', 'active') : `${paint('red', 'switched off')} by the helpdesk`,
    )
    row('calls', atHelpdesk.url)
    for (const difference of atHelpdesk.differences)
      row('mend', `${difference}: tajo webhooks install ${name}`)
  }
  if (health !== null && health.state !== 'ok')
    row('watchdog', `${health.state.replace('_', ' ')} since ${formatTime(health.since)}`)
  row(
    'deliveries',
    `${formatCount(deliveries.accepted)} taken, ${formatCount(deliveries.ignored)} named nothing to read, ${formatCount(deliveries.unauthorized)} refused`,
  )
  row('last', deliveries.lastAt === null ? 'never' : formatTime(deliveries.lastAt))
  if (status.waiting > 0) row('waiting', `${plural(status.waiting, 'object')} to be read again`)
}
