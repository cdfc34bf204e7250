// The server of a daemon, wired: webhooks into its inbox.
import type { Config } from './config/config.ts'
import type { Engine, Ports } from './engine.ts'
import type { Secret } from './lib/secret.ts'
import { createInbox } from './server/inbox.ts'
import { createServer } from './server/server.ts'
import { installWebhooks } from './server/webhooks.ts'

export interface Served {
  engine: Engine
  /** A webhook named something of this connector. */
  onHint: (connector: string) => void
  onFailure: (error: unknown) => void
}

export interface Serving {
  address: string
  close(): Promise<void>
}

export interface ServeOptions {
  config: Config
  /** By connector; several while they are rotated, divided by commas. */
  webhookSecrets: Readonly<Record<string, Secret>>
}

export async function serve(
  { config, webhookSecrets }: ServeOptions,
  { clock }: Pick<Ports, 'clock'>,
  { engine, onHint, onFailure }: Served,
): Promise<Serving | null> {
  if (config.server === null) return null
  const server = createServer(config.server)
  const inbox = createInbox(engine.store, clock, onHint, onFailure)
  installWebhooks(
    server.routes,
    config.connectors
      .filter((one) => one.enabled)
      .map(({ name, webhooks }) => ({
        source: name,
        guard: { secrets: () => toSecrets(webhookSecrets[name]), hmac: webhooks.hmac },
        toHint: (fields) => engine.webhooks(name).toHint(fields),
      })),
    inbox,
  )
  return { address: await server.listen(), close: () => server.close() }
}

function toSecrets(secret: Secret | undefined): string[] {
  return (secret?.reveal() ?? '').split(',').filter((one) => one !== '')
}
