// The doors of a daemon, wired: webhooks into its inbox, the control API if there is a key for it, and a socket for commands.
import { randomUUID } from 'node:crypto'

import { type Config, requireEnabled } from '../config/config.ts'
import type { Env } from '../config/load.ts'
import { type Extraction, runExtraction } from '../extract/run.ts'
import { Control } from './control.ts'
import type { TriggerRequest } from '../model/requests.ts'
import type { Engine, Ports, SyncOptions } from '../engine/engine.ts'
import { TajoError } from '../lib/errors.ts'
import type { Secret } from '../lib/log/secret.ts'
import { OCCURRENCE_TYPES, type OccurrenceType } from '../model/occurrence.ts'
import type { Stream } from '../model/records.ts'
import { type Replayed, replayEvents } from '../outbox/replay.ts'
import { type ControlDoor, installControl } from '../interfaces/server/control.ts'
import { createInbox } from '../interfaces/server/inbox.ts'
import { OPENAPI } from '../interfaces/server/openapi.ts'
import { type LocalActions, openLocalDoor } from '../interfaces/server/local.ts'
import { installProbes, type ProbeDoor } from '../interfaces/server/probes.ts'
import { createServer } from '../interfaces/server/server.ts'
import { installWebhooks } from '../interfaces/server/webhooks.ts'
import { META } from '../state/meta.ts'
import { openConsoleDoor } from './console-door.ts'
import type { Meters } from './meters.ts'
import type { StatusReader } from './statuses.ts'

export interface Served {
  engine: Engine
  /** A webhook named something of this connector. */
  onRefreshRequest: (connector: string) => void
  onFailure: (error: unknown) => void
  /** Null: it is not looked at. */
  pulse: ProbeDoor | null
  statuses: StatusReader
  meters: Meters | null
  /** The daemon does not end, nor close the state, before this has ended. */
  track: <T>(action: () => Promise<T>) => Promise<T>
}

export interface Serving {
  /** Null: only commands on this machine are served. */
  address: string | null
  close(): Promise<void>
}

export interface ServeOptions {
  config: Config
  stateDir: string
  env: Env
  /** By connector; several while they are rotated, divided by commas. */
  webhookSecrets: Readonly<Record<string, Secret>>
  /** Null: there is no control API. */
  apiKey: Secret | null
  /** What handlers wait for; added to here. */
  handled: Set<OccurrenceType>
}

export async function serve(
  options: ServeOptions,
  ports: Pick<Ports, 'clock' | 'log'>,
  served: Served,
): Promise<Serving> {
  const closing = new AbortController()
  const local = await openLocalDoor(
    options.stateDir,
    toLocalActions(options.config, served, ports, closing.signal),
  )
  const open = await serveOthers(options, ports, served, closing.signal).catch(async (thrown: unknown) => {
    await local.close()
    throw thrown
  })
  return {
    address: open?.address ?? null,
    async close() {
      closing.abort()
      await Promise.all([local.close(), open?.close()])
    },
  }
}

/** What commands ask for while the daemon holds the state (interfaces/cli/terminal/beside.ts). */
function toLocalActions(
  config: Config,
  { engine, track }: Served,
  { clock }: Pick<Ports, 'clock'>,
  closing: AbortSignal,
): LocalActions {
  return {
    sync: ({ connector, ...asked }) =>
      track(() => engine.sync(String(connector), asked as SyncOptions, closing)),
    // Behind the live runs, on the budget that they leave.
    extract: ({ connector: name, ...asked }) =>
      track(() => {
        const connector = requireEnabled(config, String(name))
        const source = engine.backgroundSource(connector.name)
        return runExtraction(connector, source, asked as unknown as Extraction, { clock, signal: closing })
      }),
    forget: ({ email, delete_contact: wantsDeletion }) =>
      track(() => engine.forget(String(email), wantsDeletion === true)),
    replay: async ({ events }) => replayEvents(engine.store, events as Replayed[]),
    'reset-cursors': ({ streams, to }) => track(() => engine.resetCursors(streams as Stream[], Number(to))),
  }
}

async function serveOthers(
  options: ServeOptions,
  ports: Pick<Ports, 'clock' | 'log'>,
  served: Served,
  closing: AbortSignal,
): Promise<{ address: string; close(): Promise<void> } | null> {
  const { config, webhookSecrets, apiKey } = options
  if (config.server === null) return null
  const { engine, onRefreshRequest, onFailure, pulse, meters } = served
  const server = createServer(config.server)
  const inbox = createInbox(engine.store, ports.clock, onRefreshRequest, onFailure)
  installWebhooks(
    server.routes,
    config.connectors
      .filter((one) => one.enabled)
      .flatMap(({ name, webhooks, options }) => {
        const receiver = engine.receiver(name)
        if (receiver === null) return []
        return [
          {
            connector: name,
            receiver,
            options,
            secrets: () => toList(webhookSecrets[name]),
            hmac: webhooks.hmac,
          },
        ]
      }),
    inbox,
    (connector, outcome, ms) => meters?.webhook(connector, outcome, ms === null ? null : ms / 1000),
  )
  if (pulse !== null) installProbes(server.routes, pulse, () => (apiKey === null ? [] : [apiKey.reveal()]))
  if (config.server.console) {
    // Loaded by whoever wants it.
    const { installConsole } = await import('../interfaces/console/console.ts')
    installConsole(server.routes, config.server, openConsoleDoor(options, ports, served, closing))
  }
  if (apiKey !== null)
    installControl(server.routes, openDoor(options, ports, served, closing), () => [apiKey.reveal()], OPENAPI)
  return { address: await server.listen(), close: () => server.close() }
}

function toList(secret: Secret | undefined): string[] {
  return (secret?.reveal() ?? '').split(',').filter((one) => one !== '')
}

const MOST_TOLD = 100
const LOOK_EVERY_MS = 200

function openDoor(
  { config, handled }: ServeOptions,
  { clock, log }: Pick<Ports, 'clock' | 'log'>,
  { engine, onRefreshRequest, track }: Served,
  closing: AbortSignal,
): ControlDoor {
  const { store } = engine
  const control = new Control(config, engine, {
    now: () => clock.now(),
    uuid: randomUUID,
    wake: onRefreshRequest,
  })
  for (const type of store.meta.get(META.handled) ?? []) handled.add(type)

  return {
    probe: (name) => control.probe(name),
    status: (name) => control.status(name),
    sync: (name, request) => track(() => control.sync(name, request, closing)),
    requestRefresh: (name, payload) => control.requestRefresh(name, payload),

    listen(name, types) {
      const wanted = toTypes(types)
      control.requireTold(name, wanted)
      for (const type of wanted) handled.add(type)
      store.meta.set(META.handled, [...handled])
    },

    async deliveries(name, types, waitMs) {
      const wanted = toTypes(types)
      const until = clock.monotonic() + waitMs
      for (;;) {
        const events = control.deliveries(name, wanted, MOST_TOLD)
        if (events.length > 0 || clock.monotonic() >= until || closing.aborted) return events
        await clock.sleep(LOOK_EVERY_MS, closing).catch(() => undefined)
      }
    },

    ack: (id) => control.ack(id),
    nack: (id, attempts, reason) => control.nack(id, attempts, reason),

    async trigger(name, request) {
      const triggered = control.trigger(name, request as TriggerRequest)
      if (triggered.fired)
        track(() => engine.deliver(closing)).catch((thrown: unknown) => {
          log.verbose('The campaign is delivered later', { reason: String(thrown) })
        })
      return triggered
    },
  }
}

function toTypes(names: readonly string[]): OccurrenceType[] {
  const unknown = names.filter((name) => !OCCURRENCE_TYPES.includes(name as OccurrenceType))
  if (unknown.length > 0)
    throw new TajoError('usage', `There is no occurrence ${unknown.join(', ')}.`, {
      hint: `There are: ${OCCURRENCE_TYPES.join(', ')}.`,
    })
  return names as OccurrenceType[]
}
