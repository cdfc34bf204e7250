// tajo start: the daemon, and the connectors.yml that may change while it runs.
import { readFileSync, statSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

import { checkOnline } from '../../../preflight/online.ts'
import { checkConfig, readConfig } from '../../../config/load.ts'
import { readEnvSecret } from '../../../config/secrets/secrets.ts'
import { startDaemon } from '../../../daemon/daemon.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { TajoError } from '../../../lib/errors.ts'
import type { OccurrenceType } from '../../../model/occurrence.ts'
import { type Prepared, startReloading } from '../../../daemon/reload.ts'
import { serve } from '../../../daemon/serve.ts'
import { openStoreReadOnly } from '../../../state/store.ts'
import { type CommonOptions, openPorts, openSession, type Session } from '../terminal/session.ts'
import { findFirstSyncNote } from './sync.ts'
import { createProgress } from '../terminal/terminal.ts'

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
      start: (onAccepted) => {
        ports.log.info('Started', {
          connectors: config.connectors.filter((one) => one.enabled).map((one) => one.name),
          state: options.stateDir,
        })
        const daemon = startDaemon(
          { ...session.engine, handled: () => handled },
          {
            ...ports,
            serve: (served) =>
              serve({ ...session, stateDir: options.stateDir, apiKey, handled }, ports, served),
          },
          {
            // Only the first sync takes long enough to watch.
            onProgress: (_, one) => {
              if (isFirst) progress.update(one)
            },
            onRun: (_, isSettled) => {
              if (isFirst && isSettled) progress.done()
              isFirst &&= !isSettled
            },
            onAccepted,
          },
          { acceptRemovals: options.acceptRemovals === true },
        )
        for (const { name } of config.connectors.filter((one) => one.enabled)) {
          const note = findFirstSyncNote(config, name, daemon.engine.isBackfilled(name))
          if (note !== null) ports.log.info(note)
        }
        return daemon
      },
    }
    sessions.set(prepared, session)
    return prepared
  }

  // That there is no file at all is for the one who starts it.
  refuseIfNoFile(options.config)
  readConfig(options.config)
  const opened = openLog(options)
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
