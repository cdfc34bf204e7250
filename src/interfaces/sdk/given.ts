// What `connect` and `TajoClient` were given, on top of the connectors.yml and the keys that the commands take.
import type { Config } from '../../config/config.ts'
import { loadConfig, parseConfig } from '../../config/load.ts'
import type { ConnectorsFile } from '../../config/schema/schema.ts'
import { readEnvSecret } from '../../config/secrets/secrets.ts'
import { openSecretStore } from '../../config/secrets/store.ts'
import { TajoError } from '../../lib/errors.ts'
import { Secret } from '../../lib/log/secret.ts'
import { findSource, requireSource, variablesOf } from '../../sources/index.ts'
import type { Credentials } from '../../sources/source.ts'
import type { ConnectOptions, TajoClientOptions } from './types.ts'

type Connector = Config['connectors'][number]

export class Given {
  readonly #options: TajoClientOptions
  readonly #stateDir: string
  readonly #connectors = new Map<string, ConnectOptions>()

  constructor(options: TajoClientOptions, stateDir: string) {
    this.#options = options
    this.#stateDir = stateDir
  }

  add(name: string, options: ConnectOptions): void {
    this.#connectors.set(name, options)
  }

  readConfig(): Config {
    const { config = 'connectors.yml' } = this.#options
    const file = typeof config === 'string' ? config : 'the configuration given'
    const base = typeof config === 'string' ? null : config
    if (base === null && this.#connectors.size === 0) return loadConfig(file, process.env)
    const addressed = [...this.#connectors].filter(
      ([name, one]) => Object.keys(toOptions(name, one)).length > 0,
    )
    if (base === null) {
      try {
        const loaded = loadConfig(file, process.env)
        return { ...loaded, connectors: loaded.connectors.map((one) => this.#withAddress(one)) }
      } catch (thrown) {
        if (!(thrown instanceof TajoError) || thrown.code !== 'config_missing' || addressed.length === 0)
          throw thrown
      }
    }
    // JSON is YAML.
    return parseConfig(file, JSON.stringify(withAddresses(base ?? { connectors: {} }, addressed)), {})
  }

  credentialsOf(connector: Connector, config: Config): Credentials {
    const { name } = connector
    const store = openSecretStore(this.#stateDir, process.env)
    const isAlone = config.connectors.filter((one) => one.source === connector.source).length < 2
    return Object.fromEntries(
      Object.entries(requireSource(connector.source).secrets).map(([field, wanted]) => {
        const value = this.#connectors.get(name)?.[toCamel(field)]
        const variables = variablesOf(connector, wanted, isAlone)
        const secret =
          value !== undefined
            ? new Secret(value)
            : (variables.map((one) => readEnvSecret(one, process.env)).find((one) => one !== null) ??
              store.follow(`${name}.${field}`))
        if (secret !== null) return [field, secret]
        throw new TajoError('secret_missing', `There is no ${variables[0]}: ${wanted.label}.`, {
          hint: `Give it to connectors.connect('${name}', { … }), or set ${variables[0]}.`,
        })
      }),
    )
  }

  brevoKey(): Secret {
    const { brevoApiKey } = this.#options
    const secret =
      brevoApiKey !== undefined && brevoApiKey !== ''
        ? new Secret(brevoApiKey)
        : (readEnvSecret('BREVO_API_KEY', process.env) ??
          openSecretStore(this.#stateDir, process.env).follow('brevo.api_key'))
    if (secret !== null) return secret
    throw new TajoError('secret_missing', 'There is no Brevo API key.', {
      hint: 'Give `brevoApiKey` to TajoClient, or set BREVO_API_KEY.',
    })
  }

  #withAddress(connector: Connector): Connector {
    const own = toOptions(connector.name, this.#connectors.get(connector.name) ?? {})
    if (Object.keys(own).length === 0) return connector
    const connectorOptions = { ...connector.options, ...own }
    return {
      ...connector,
      account: requireSource(connector.source).account(connectorOptions),
      options: connectorOptions,
    }
  }
}

function withAddresses(base: ConnectorsFile, addressed: [string, ConnectOptions][]): ConnectorsFile {
  const connectors: Record<string, unknown> = { ...base.connectors }
  for (const [name, one] of addressed)
    connectors[name] = Object.assign({}, connectors[name], toOptions(name, one), toSource(one))
  return { ...base, connectors: connectors as ConnectorsFile['connectors'] }
}

/** `api_key` → `apiKey`. */
const toCamel = (key: string): string => key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

const toSource = ({ source }: ConnectOptions): { source?: string } => (source === undefined ? {} : { source })

/** What was given of the helpdesk's own keys, as connectors.yml writes them. */
function toOptions(name: string, given: ConnectOptions): Record<string, string> {
  const source = findSource(given.source ?? name)
  return Object.fromEntries(
    Object.keys(source?.options ?? {}).flatMap((key): [string, string][] => {
      const value = given[toCamel(key)]
      return value === undefined ? [] : [[key, value]]
    }),
  )
}
