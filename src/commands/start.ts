// tajo start: the daemon, and the connectors.yml that may change while it runs.
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

import { checkOnline } from '../check/online.ts'
import { readEnvSecret } from '../config/secrets.ts'
import { startDaemon } from '../daemon.ts'
import { systemClock } from '../lib/clock.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import { type Prepared, startReloading } from '../reload.ts'
import { serve } from '../serve.ts'
import { openStoreReadOnly } from '../state/store.ts'
import { type CommonOptions, openSession, type Session } from './session.ts'
import { createProgress } from './terminal.ts'

/** Runs until SIGTERM or SIGINT; then what is under way is finished and the exit code is 0. */
export async function runStart(options: CommonOptions & { acceptRemovals?: boolean }): Promise<number> {
  const apiKey = readEnvSecret('TAJO_API_KEY', process.env)
  const handled = new Set<OccurrenceType>()
  const progress = createProgress()
  const sessions = new WeakMap<Prepared, Session>()
  let isFirst = true

  function prepare(text: string): Prepared {
    const session = openSession(options, { text })
    const { config, ports } = session
    const prepared: Prepared = {
      text,
      config,
      close: () => session.close(),
      start: () => {
        ports.log.info('Started', {
          connectors: config.connectors.filter((one) => one.enabled).map((one) => one.name),
          state: options.stateDir,
        })
        return startDaemon(
          { ...session.engine, handled: () => handled },
          { ...ports, serve: (served) => serve({ ...session, apiKey, handled }, ports, served) },
          {
            // Only the first sync takes long enough to watch.
            onProgress: (_, one) => {
              if (isFirst) progress.update(one)
            },
            onRun: (_, isSettled) => {
              if (isFirst && isSettled) progress.done()
              isFirst &&= !isSettled
            },
          },
          { acceptRemovals: options.acceptRemovals === true },
        )
      },
    }
    sessions.set(prepared, session)
    return prepared
  }

  // Before anything is watched, a mistake is for the one who starts it.
  const opened = openSession(options)
  const { log } = opened.ports
  try {
    const daemon = await startReloading({
      file: options.config,
      clock: systemClock,
      log,
      env: process.env,
      read: () => readNow(options.config),
      prepare,
      async check(prepared) {
        const session = sessions.get(prepared)!
        const findings = await checkOnline(session)
        return findings
          .filter((one) => one.severity === 'error')
          .map((one) => `${options.config}:${one.line}:${one.column}: ${one.message}`)
      },
      async peek(look) {
        const store = openStoreReadOnly(options.stateDir)
        if (store === null) return null
        try {
          return await look(store)
        } finally {
          store.close()
        }
      },
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

/** While an editor replaces the file there may be none for a moment; what was read last stays in force. */
function readNow(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
