// tajo start: the daemon, and the connectors.yml that may change while it runs.
import { readFileSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

import { checkOnline } from '../../../preflight/online.ts'
import { checkConfig, readConfig } from '../../../config/load.ts'
import { readEnvSecret } from '../../../config/secrets/secrets.ts'
import { type Daemon, startDaemon } from '../../../daemon/daemon.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { TajoError } from '../../../lib/errors.ts'
import { VERSION } from '../../../lib/version.ts'
import type { OccurrenceType } from '../../../model/occurrence.ts'
import { Meters } from '../../../daemon/meters.ts'
import { type Prepared, startReloading } from '../../../daemon/reload.ts'
import { serve } from '../../../daemon/serve.ts'
import { openStoreReadOnly, type Store } from '../../../state/store.ts'
import { type CommonOptions, openPorts, openSession, type Session } from '../terminal/session.ts'
import { findFirstSyncNote } from './sync.ts'
import { createProgress } from '../terminal/terminal.ts'

export type StartOptions = CommonOptions & { acceptRemovals?: boolean }

/** Runs until SIGTERM or SIGINT; then what is under way is finished and the exit code is 0. */
export async function runStart(options: StartOptions): Promise<number> {
  // That there is no file at all is for the one who starts it.
  refuseIfNoFile(options.config)
  readConfig(options.config)
  const opened = openLog(options)
  const { log } = opened.ports
  const preparing = new Preparing(options)
  try {
    const daemon = await startReloading({
      file: options.config,
      clock: systemClock,
      log,
      env: process.env,
      read: () => readNow(options.config),
      prepare: (text) => preparing.prepare(text),
      check: (prepared) => preparing.check(prepared),
      peek: (look) => peek(options.stateDir, look),
      pause: () => setImmediate(),
    })
    const stop = (signal: NodeJS.Signals): void => {
      log.info('Stopping; what is under way is finished first', { signal })
      daemon.stop()
    }
    process.once('SIGINT', stop).once('SIGTERM', stop)
    await daemon.ended
    log.info('Stopped')
    return 0
  } finally {
    opened.close()
  }
}

/** What each version of connectors.yml is run with; what outlives them is kept here. */
class Preparing {
  readonly #options: StartOptions
  readonly #apiKey = readEnvSecret('TAJO_API_KEY', process.env)
  readonly #handled = new Set<OccurrenceType>()
  readonly #meters = new Meters(VERSION, systemClock.now())
  readonly #progress = createProgress()
  readonly #sessions = new WeakMap<Prepared, Session>()
  /** Only the first sync takes long enough to watch. */
  #isFirst = true

  constructor(options: StartOptions) {
    this.#options = options
  }

  prepare(text: string): Prepared {
    const session = openSession(this.#options, { text })
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
    const served = { ...session, stateDir, apiKey: this.#apiKey, handled: this.#handled }
    const daemon = startDaemon(
      { ...session.engine, handled: () => this.#handled },
      { ...ports, meters: this.#meters, serve: (control) => serve(served, ports, control) },
      {
        onProgress: (_, one) => {
          if (this.#isFirst) this.#progress.update(one)
        },
        onRun: (_, isSettled) => {
          if (this.#isFirst && isSettled) this.#progress.done()
          this.#isFirst &&= !isSettled
        },
        onAccepted,
      },
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

/** As connectors.yml says how to log, where it can be read. */
function openLog({ config: file }: CommonOptions): ReturnType<typeof openPorts> {
  const { config } = checkConfig(file, readNow(file) ?? '', process.env)
  return openPorts(config?.log ?? { level: 'info', apiCalls: false, showPersonal: false }, [])
}

/** A pipe is read once, and the next look at it would wait for ever. */
function refuseIfNoFile(file: string): void {
  const stat = statSync(file, { throwIfNoEntry: false })
  if (stat === undefined || stat.isFile() || stat.isDirectory()) return
  throw new TajoError(
    'config_missing',
    `${file} is no file that can be read again and again, as a daemon does.`,
    {
      hint: 'Write what comes out of it into a file, and name that: tajo start --config FILE',
    },
  )
}

/** While an editor replaces the file there may be none for a moment; what was read last stays in force. */
function readNow(file: string): string | null {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : null
  } catch {
    return null
  }
}
