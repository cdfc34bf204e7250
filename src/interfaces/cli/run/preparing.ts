// A daemon by a connectors.yml that may change while it runs: what each text of it is run with.
import { readFileSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

import { readEnvSecret } from '../../../config/secrets/secrets.ts'
import { type Daemon, type DaemonHooks, startDaemon } from '../../../daemon/daemon.ts'
import { Meters } from '../../../daemon/meters.ts'
import type { Prepared, ReloadPorts } from '../../../daemon/reload/reload.ts'
import { serve } from '../../../daemon/serve.ts'
import type { Log } from '../../../lib/log/log.ts'
import type { Secret } from '../../../lib/log/secret.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { noTrace, type Trace } from '../../../lib/trace.ts'
import { VERSION } from '../../../lib/version.ts'
import type { OccurrenceType } from '../../../model/occurrence.ts'
import { checkOnline } from '../../../preflight/online.ts'
import { noteUpgrade } from '../../../state/db/recover.ts'
import { bringUpToDate, openStoreReadOnly, type Store } from '../../../state/store.ts'
import { type CommonOptions, openSession, type Session } from '../terminal/session.ts'
import { findFirstSyncNote } from './sync.ts'

export type StartOptions = CommonOptions & { acceptRemovals?: boolean }

/** What outlives each of them, and tells of all. */
export interface Told {
  meters: Meters
  trace: Trace
}

/** `hooks`: of each daemon that there is, one after the other. */
export function toReloadPorts(
  options: StartOptions,
  env: NodeJS.ProcessEnv,
  log: Log,
  hooks: DaemonHooks,
  told: Told = { meters: new Meters(VERSION, systemClock.now()), trace: noTrace },
): ReloadPorts {
  const preparing = new Preparing(options, env, hooks, told)
  return {
    file: options.config,
    clock: systemClock,
    log,
    env,
    read: () => readNow(options.config),
    prepare: (text) => preparing.prepare(text),
    check: (prepared) => preparing.check(prepared),
    peek(look) {
      noteUpgrade(log, bringUpToDate(options.stateDir))
      return peek(options.stateDir, look)
    },
    pause: () => setImmediate(),
  }
}

/** What each version of connectors.yml is run with; what outlives them is kept here. */
class Preparing {
  readonly #options: StartOptions
  readonly #env: NodeJS.ProcessEnv
  readonly #hooks: DaemonHooks
  readonly #apiKey: Secret | null
  readonly #handled = new Set<OccurrenceType>()
  readonly #told: Told
  readonly #sessions = new WeakMap<Prepared, Session>()

  constructor(options: StartOptions, env: NodeJS.ProcessEnv, hooks: DaemonHooks, told: Told) {
    this.#told = told
    this.#options = options
    this.#env = env
    this.#hooks = hooks
    this.#apiKey = readEnvSecret('TAJO_API_KEY', env)
  }

  prepare(text: string): Prepared {
    const session = openSession(this.#options, { text, env: this.#env })
    const prepared: Prepared = {
      text,
      config: session.config,
      close: () => session.close(),
      start: (onAccepted) => this.#start(session, onAccepted),
    }
    this.#sessions.set(prepared, session)
    return prepared
  }

  async check(prepared: Prepared): Promise<string[]> {
    const complaints = await checkOnline(this.#sessions.get(prepared)!)
    return complaints
      .filter((one) => one.severity === 'error')
      .map((one) => `${this.#options.config}:${one.line}:${one.column}: ${one.message}`)
  }

  #start(session: Session, onAccepted: () => void): Daemon {
    const { config, ports } = session
    const { stateDir, acceptRemovals = false } = this.#options
    const connectors = config.connectors.filter((one) => one.enabled).map((one) => one.name)
    ports.log.info('Started', { connectors, state: stateDir })
    const served = {
      ...session,
      stateDir,
      env: this.#env,
      apiKey: this.#apiKey,
      handled: this.#handled,
    }
    const daemon = startDaemon(
      { ...session.engine, handled: () => this.#handled },
      { ...ports, ...this.#told, serve: (control) => serve(served, ports, control) },
      { ...this.#hooks, onAccepted },
      { acceptRemovals },
    )
    for (const name of connectors) {
      const note = findFirstSyncNote(config, name, daemon.engine.isBackfilled(name))
      if (note !== null) ports.log.info(note)
    }
    return daemon
  }
}

async function peek<T>(stateDir: string, look: (store: Store) => T | Promise<T>): Promise<T | null> {
  const store = openStoreReadOnly(stateDir)
  if (store === null) return null
  try {
    return await look(store)
  } finally {
    store.close()
  }
}

/** While an editor replaces the file there may be none for a moment; what was read last stays in force. */
export function readNow(file: string): string | null {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : null
  } catch {
    return null
  }
}
