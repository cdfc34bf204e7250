// What every command starts from: the options all of them take, the configuration, the keys, the ports to the outside.
import { parseConfig, readConfig } from '../../../config/load.ts'
import type { Config } from '../../../config/config.ts'
import { openSecretStore } from '../../../config/secrets/store.ts'
import { readEnvSecret, requireSecret } from '../../../config/secrets/secrets.ts'
import type { EngineOptions, Ports } from '../../../engine/engine.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { createHttp } from '../../../lib/net/http.ts'
import { createLog } from '../../../lib/log/log.ts'
import { systemRandom } from '../../../lib/random.ts'
import { createRedactor } from '../../../lib/log/redact.ts'
import { Secret } from '../../../lib/log/secret.ts'
import { TajoError } from '../../../lib/errors.ts'
import { requireSource, toVariable, variablesOf } from '../../../sources/index.ts'
import type { Credentials } from '../../../sources/source.ts'
import { inPlaces } from './advice.ts'

export interface CommonOptions {
  config: string
  stateDir: string
}

export interface Session {
  config: Config
  /** What it was read from. */
  text: string
  /** By connector; empty while there is none. */
  webhookSecrets: Record<string, Secret>
  engine: EngineOptions
  ports: Ports
  close(): void
}

/**
 * Reads everything that a run needs; throws with all that is missing or wrong before anything is touched. `text`: of the
 * configuration, where it is not what stands in the file.
 */
export function openSession(
  options: CommonOptions,
  { text, env = process.env }: { text?: string; env?: NodeJS.ProcessEnv } = {},
): Session {
  const read = text ?? readConfig(options.config)
  const config = parseConfig(options.config, read, env)
  const { credentials, known, brevoKey } = readKeys(config, options.stateDir, env)
  const webhookSecrets = readWebhookSecrets(config, options.stateDir, env)
  const opened = openPorts(config.log, [brevoKey, ...known, ...Object.values(webhookSecrets)])
  const engine = { config, stateDir: options.stateDir, credentials, brevoKey, webhookSecrets }
  return { config, text: read, webhookSecrets, engine, ...opened }
}

export function openPorts(log: Config['log'], secrets: readonly Secret[]): { ports: Ports; close(): void } {
  const redactor = createRedactor({ showPersonal: log.showPersonal })
  for (const secret of secrets) redactor.hide(secret)
  const isTerminal = process.stderr.isTTY
  const http = createHttp()
  return {
    ports: {
      http,
      clock: systemClock,
      random: systemRandom,
      log: inPlaces(
        createLog({
          level: log.level,
          readable: isTerminal,
          color: isTerminal && process.env['NO_COLOR'] === undefined,
          redactor,
        }),
      ),
    },
    close: () => http.close(),
  }
}

function readKeys(
  config: Config,
  stateDir: string,
  env: NodeJS.ProcessEnv,
): { credentials: Record<string, Credentials>; known: Secret[]; brevoKey: Secret } {
  const store = openSecretStore(stateDir, env)
  const credentials: Record<string, Credentials> = {}
  const connectors = config.connectors.filter((one) => one.enabled)
  const known: Secret[] = []
  for (const connector of connectors) {
    try {
      const own = readCredentials(connector, isAlone(config, connector), stateDir, env)
      credentials[connector.name] = own
      known.push(...Object.values(own))
    } catch (thrown) {
      // The others go on without it; whoever asks for this one is told.
      if (connectors.length < 2 || !(thrown instanceof TajoError)) throw thrown
      credentials[connector.name] = toMissing(connector, thrown)
    }
  }
  const connector = connectors[0]?.name ?? config.connectors[0]?.name ?? 'NAME'
  const wanted = { variables: ['BREVO_API_KEY'], label: BREVO_KEY_LABEL, connector }
  return { credentials, known, brevoKey: requireSecret(env, store, 'brevo.api_key', wanted) }
}

/** Secrets that say why they can't be had. */
function toMissing({ source }: { source: string }, error: TajoError): Credentials {
  const missing = new Secret(() => {
    throw error
  })
  return Object.fromEntries(Object.keys(requireSource(source).secrets).map((field) => [field, missing]))
}

/** True if no other connector is of the same helpdesk: its keys may then be called as the helpdesk's. */
export function isAlone(config: Pick<Config, 'connectors'>, { source }: { source: string }): boolean {
  return config.connectors.filter((one) => one.source === source).length < 2
}

/** The keys of one helpdesk. Throws `secret_missing`. */
export function readCredentials(
  connector: { name: string; source: string },
  alone: boolean,
  stateDir: string,
  env: NodeJS.ProcessEnv,
): Credentials {
  const { name } = connector
  const store = openSecretStore(stateDir, env)
  return Object.fromEntries(
    Object.entries(requireSource(connector.source).secrets).map(([field, secret]) => {
      const variables = variablesOf(connector, secret, alone)
      const wanted = { variables, label: secret.label, connector: name }
      return [field, requireSecret(env, store, `${name}.${field}`, wanted)]
    }),
  )
}

/** `<CONNECTOR>_WEBHOOK_SECRET`, or what `tajo webhooks install` stored. */
function readWebhookSecrets(
  config: Config,
  stateDir: string,
  env: NodeJS.ProcessEnv,
): Record<string, Secret> {
  const store = openSecretStore(stateDir, env)
  return Object.fromEntries(
    config.connectors.map(({ name }) => [
      name,
      readEnvSecret(webhookVariable(name), env) ?? store.watch(webhookSecretName(name)),
    ]),
  )
}

export const webhookVariable = (name: string): string => `${toVariable(name)}_WEBHOOK_SECRET`
export const webhookSecretName = (name: string): string => `${name}.webhook_secret`

export const BREVO_KEY_LABEL = 'the Brevo API key (Settings → SMTP & API → API keys)'
