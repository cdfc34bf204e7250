// What every command starts from: the options all of them take, the configuration, the keys, the ports to the outside.
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/config.ts'
import { openSecretStore, requireSecret } from '../config/secrets.ts'
import type { EngineOptions, Ports } from '../engine.ts'
import { systemClock } from '../lib/clock.ts'
import { createHttp } from '../lib/http.ts'
import { createLog } from '../lib/log.ts'
import { systemRandom } from '../lib/random.ts'
import { createRedactor } from '../lib/redact.ts'
import type { Secret } from '../lib/secret.ts'
import { SOURCES } from '../sources/registry.ts'
import type { Credentials } from '../sources/source.ts'

export interface CommonOptions {
  config: string
  stateDir: string
}

export interface Session {
  config: Config
  engine: EngineOptions
  ports: Ports
  close(): void
}

/** Reads everything that a run needs; throws with all that is missing or wrong before anything is touched. */
export function openSession(options: CommonOptions, env: NodeJS.ProcessEnv = process.env): Session {
  const config = loadConfig(options.config, env)
  const { credentials, brevoKey } = readKeys(config, options.stateDir, env)
  const opened = openPorts(config.log, [
    brevoKey,
    ...Object.values(credentials).flatMap((one) => Object.values(one)),
  ])
  return { config, engine: { config, stateDir: options.stateDir, credentials, brevoKey }, ...opened }
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
      log: createLog({
        level: log.level,
        readable: isTerminal,
        color: isTerminal && process.env['NO_COLOR'] === undefined,
        redactor,
      }),
    },
    close: () => http.close(),
  }
}

function readKeys(
  config: Config,
  stateDir: string,
  env: NodeJS.ProcessEnv,
): { credentials: Record<string, Credentials>; brevoKey: Secret } {
  const store = openSecretStore(stateDir, env)
  const credentials: Record<string, Credentials> = {}
  for (const connector of config.connectors.filter((one) => one.enabled)) {
    const fields = Object.entries(SOURCES[connector.name].secrets)
    credentials[connector.name] = Object.fromEntries(
      fields.map(([field, { env: variable, label }]) => [
        field,
        requireSecret(env, store, `${connector.name}.${field}`, variable, label),
      ]),
    )
  }
  return {
    credentials,
    brevoKey: requireSecret(env, store, 'brevo.api_key', 'BREVO_API_KEY', BREVO_KEY_LABEL),
  }
}

export const BREVO_KEY_LABEL = 'the Brevo API key (Settings → SMTP & API → API keys)'
