// The engine in this process: configuration, keys and state as the commands take them, and what `connect` is given on top.
import { randomUUID } from 'node:crypto'

import { type Config, requireEnabled } from '../../config/config.ts'
import { loadConfig, parseConfig } from '../../config/load.ts'
import type { ConnectorsFile } from '../../config/schema/schema.ts'
import { openSecretStore } from '../../config/secrets/store.ts'
import { readEnvSecret } from '../../config/secrets/secrets.ts'
import { Control } from '../../daemon/control.ts'
import { type Engine, openEngine, type Ports } from '../../engine/engine.ts'
import { readStatus } from '../../engine/status.ts'
import { createWakeSignal, sleepOrWake } from '../../lib/async/wake-signal.ts'
import { coerceError, isAbort, TajoError } from '../../lib/errors.ts'
import { Secret } from '../../lib/log/secret.ts'
import { toMs } from '../../model/time.ts'
import type { OccurrenceType } from '../../model/occurrence.ts'
import { findSource, requireSource, SOURCE_NAMES, variablesOf } from '../../sources/index.ts'
import type { Credentials } from '../../sources/source.ts'
import { openStoreReadOnly } from '../../state/store.ts'
import type { Backend, ConnectOptions, TajoClientOptions } from './types.ts'

const MOST_TOLD = 100
/** Looks for something to tell at least so often: what failed is due again. */
const LOOK_AGAIN_MS = 1_000

export function createLocal(options: TajoClientOptions, ports: Ports): Backend {
  const stateDir = options.stateDir ?? 'state'
  const given = new Map<string, ConnectOptions>()
  const listened = new Map<string, Set<OccurrenceType>>()
  const told = createWakeSignal()
  const closing = new AbortController()
  const following = new Set<Promise<void>>()
  let opened: { engine: Engine; control: Control; config: Config } | null = null

  /** A wrong name is told before anything is opened: the next call may be the right `connect`. */
  function open(connector?: string) {
    if (opened !== null) return opened
    const config = readConfig()
    if (connector !== undefined) requireEnabled(config, connector)
    const engine = openEngine(
      {
        config,
        stateDir,
        credentials: Object.fromEntries(
          config.connectors.filter((one) => one.enabled).map((one) => [one.name, credentialsOf(one, config)]),
        ),
        brevoKey: brevoKey(),
        handled: () => new Set([...listened.values()].flatMap((types) => [...types])),
      },
      ports,
    )
    const control = new Control(config, engine, {
      now: () => ports.clock.now(),
      uuid: randomUUID,
      wake: (name) => follow(name),
    })
    opened = { engine, control, config }
    return opened
  }

  function readConfig(): Config {
    const { config = 'connectors.yml' } = options
    const file = typeof config === 'string' ? config : 'the configuration given'
    const base = typeof config === 'string' ? null : config
    if (base === null && given.size === 0) return loadConfig(file, process.env)
    const addressed = [...given].filter(([name, one]) => Object.keys(toOptions(name, one)).length > 0)
    if (base === null) {
      try {
        const loaded = loadConfig(file, process.env)
        return { ...loaded, connectors: loaded.connectors.map((one) => withAddress(one)) }
      } catch (thrown) {
        if (!(thrown instanceof TajoError) || thrown.code !== 'config_missing' || addressed.length === 0)
          throw thrown
      }
    }
    // JSON is YAML.
    return parseConfig(file, JSON.stringify(withAddresses(base ?? { connectors: {} }, addressed)), {})
  }

  function withAddress(connector: Config['connectors'][number]): Config['connectors'][number] {
    const own = toOptions(connector.name, given.get(connector.name) ?? {})
    if (Object.keys(own).length === 0) return connector
    const connectorOptions = { ...connector.options, ...own }
    return {
      ...connector,
      account: requireSource(connector.source).account(connectorOptions),
      options: connectorOptions,
    }
  }

  function withAddresses(base: ConnectorsFile, addressed: [string, ConnectOptions][]): ConnectorsFile {
    const connectors: Record<string, unknown> = { ...base.connectors }
    for (const [name, one] of addressed)
      connectors[name] = Object.assign({}, connectors[name], toOptions(name, one), toSource(one))
    return { ...base, connectors: connectors as ConnectorsFile['connectors'] }
  }

  function credentialsOf(connector: Config['connectors'][number], config: Config): Credentials {
    const { name } = connector
    const store = openSecretStore(stateDir, process.env)
    const isAlone = config.connectors.filter((one) => one.source === connector.source).length < 2
    return Object.fromEntries(
      Object.entries(requireSource(connector.source).secrets).map(([field, wanted]) => {
        const value = given.get(name)?.[toCamel(field)]
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

  function brevoKey(): Secret {
    const { brevoApiKey } = options
    const secret =
      brevoApiKey !== undefined && brevoApiKey !== ''
        ? new Secret(brevoApiKey)
        : (readEnvSecret('BREVO_API_KEY', process.env) ??
          openSecretStore(stateDir, process.env).follow('brevo.api_key'))
    if (secret !== null) return secret
    throw new TajoError('secret_missing', 'There is no Brevo API key.', {
      hint: 'Give `brevoApiKey` to TajoClient, or set BREVO_API_KEY.',
    })
  }

  /** Reads what was hinted at, in the background; one run for all that come meanwhile. */
  function follow(name: string): void {
    if (following.size > 0) return
    const run = (async () => {
      const { engine } = open()
      for (;;) {
        const waitMs = engine.untilNextRefresh(name)
        if (waitMs === null || closing.signal.aborted) return
        if (waitMs > 0) await sleepOrWake(ports.clock, waitMs, createWakeSignal(), closing.signal)
        if (engine.untilNextRefresh(name) !== 0) continue
        await engine.sync(name, { quick: true, patienceMs: 5_000 }, closing.signal)
        told.raise()
      }
    })()
      .catch((thrown: unknown) => {
        if (!isAbort(thrown))
          ports.log.warn('A hint was not followed yet', { reason: coerceError(thrown).message })
      })
      .finally(() => following.delete(run))
    following.add(run)
  }

  return {
    async connect(name, connectOptions) {
      if (opened !== null)
        throw new TajoError('usage', 'connect comes before everything else.', {
          hint: 'Call connectors.connect once, first, or make a new TajoClient.',
        })
      if (findSource(connectOptions.source ?? name) === null && options.config === undefined)
        throw new TajoError('usage', `There is no helpdesk ${connectOptions.source ?? name}.`, {
          hint: `Helpdesks are: ${SOURCE_NAMES.join(', ')}.`,
        })
      given.set(name, connectOptions)
      return await open(name).control.probe(name)
    },

    async sync(name, request) {
      try {
        return await open(name).control.sync(name, request, closing.signal)
      } finally {
        told.raise()
      }
    },

    async status(name) {
      if (opened !== null) return opened.control.status(name)
      const store = openStoreReadOnly(stateDir)
      if (store === null) return open(name).control.status(name)
      try {
        return readStatus(store, requireEnabled(readConfig(), name), false)
      } finally {
        store.close()
      }
    },

    async hint(name, { payload }) {
      return open(name).control.hint(name, payload)
    },

    async trigger(name, request) {
      const { control, engine } = open()
      const triggered = control.trigger(name, request)
      if (triggered.fired) await engine.deliver(closing.signal)
      return triggered
    },

    async listen(name, types) {
      const known = listened.get(name) ?? new Set()
      for (const type of types) known.add(type)
      listened.set(name, known)
      told.raise()
    },

    async deliveries(name, types, signal) {
      const { control } = open()
      for (;;) {
        const events = control.deliveries(name, types, MOST_TOLD)
        if (events.length > 0 || signal.aborted) return events
        const at = control.nextDeliveryAt(name)
        const waitMs =
          at === null ? LOOK_AGAIN_MS : Math.min(LOOK_AGAIN_MS, Math.max(10, toMs(at) - ports.clock.now()))
        await sleepOrWake(ports.clock, waitMs, told, signal)
      }
    },

    async ack(_, id) {
      open().control.ack(id)
    },

    async nack(_, id, attempts, reason) {
      open().control.nack(id, attempts, reason)
    },

    async close() {
      // What was hinted at is on disk, and is followed by whoever opens the state next.
      const patience = new AbortController()
      const waited = ports.clock.sleep(CLOSE_WAIT_MS, patience.signal).catch(() => undefined)
      await Promise.race([Promise.allSettled(following), waited])
      patience.abort()
      closing.abort()
      await Promise.allSettled(following)
      opened?.engine.close()
      opened = null
      ports.http.close()
    },
  }
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

/** What is under way may end by itself. */
const CLOSE_WAIT_MS = 20_000
