// tajo start: the daemon.
import { startDaemon } from '../daemon.ts'
import { readEnvSecret } from '../config/secrets.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import { serve } from '../serve.ts'
import { type CommonOptions, openSession } from './session.ts'
import { createProgress } from './terminal.ts'

/** Runs until SIGTERM or SIGINT; then what is under way is finished and the exit code is 0. */
export async function runStart(options: CommonOptions & { acceptRemovals?: boolean }): Promise<number> {
  const session = openSession(options)
  const { log } = session.ports
  const apiKey = readEnvSecret('TAJO_API_KEY', process.env)
  const handled = new Set<OccurrenceType>()
  const progress = createProgress()
  let isFirst = true
  try {
    const daemon = startDaemon(
      { ...session.engine, handled: () => handled },
      {
        ...session.ports,
        serve: (served) => serve({ ...session, apiKey, handled }, session.ports, served),
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
      },
      { acceptRemovals: options.acceptRemovals === true },
    )
    const stop = (signal: NodeJS.Signals): void => {
      log.info('Stopping; what is under way is finished first', { signal })
      daemon.stop()
    }
    process.once('SIGINT', stop).once('SIGTERM', stop)
    log.info('Started', {
      connectors: session.config.connectors.filter((one) => one.enabled).map((one) => one.name),
      state: options.stateDir,
    })
    await daemon.ended
    log.info('Stopped')
    return 0
  } finally {
    session.close()
  }
}
