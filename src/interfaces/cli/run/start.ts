// tajo start: the daemon, and the connectors.yml that may change while it runs.
import { statSync } from 'node:fs'

import { checkConfig, readConfig } from '../../../config/load.ts'
import type { DaemonHooks } from '../../../daemon/daemon.ts'
import { Meters } from '../../../daemon/meters.ts'
import { openTelemetry } from '../../../daemon/telemetry/telemetry.ts'
import { startReloading } from '../../../daemon/reload/reload.ts'
import { TajoError } from '../../../lib/errors.ts'
import { systemClock } from '../../../lib/time/clock.ts'
import { VERSION } from '../../../lib/version.ts'
import { type CommonOptions, openPorts } from '../terminal/session.ts'
import { createProgress } from '../terminal/terminal.ts'
import { Supervisor } from './supervisor.ts'
import { readNow, type StartOptions, toReloadPorts } from './preparing.ts'

/** For what is still to be told when it ends. */
const LAST_WORDS_MS = 3_000

export type { StartOptions } from './preparing.ts'

/** Runs until SIGTERM or SIGINT; then what is under way is finished and the exit code is 0. */
export async function runStart(options: StartOptions): Promise<number> {
  // That there is no file at all is for the one who starts it.
  refuseIfNoFile(options.config)
  readConfig(options.config)
  const opened = openLog(options)
  const { log } = opened.ports
  const progress = createProgress()
  /** Only the first sync takes long enough to watch. */
  let isFirst = true
  const supervisor = new Supervisor(process.env)
  const hooks: DaemonHooks = {
    onReady: (isAlive) => supervisor.ready(isAlive),
    onProgress(_, one) {
      if (isFirst) progress.update(one)
    },
    onRun(_, isSettled) {
      if (isFirst && isSettled) progress.done()
      isFirst &&= !isSettled
    },
  }
  const meters = new Meters(VERSION, systemClock.now())
  const telemetry = await openTelemetry(process.env, meters, log)
  try {
    const told = { meters, trace: telemetry.trace }
    let daemon: Awaited<ReturnType<typeof startReloading>> | null = null
    const stop = (signal: NodeJS.Signals): void => {
      // Before there is a daemon nothing is under way.
      if (daemon === null) process.exit(0)
      log.info('Stopping; what is under way is finished first', { signal })
      supervisor.stopping()
      daemon.stop()
    }
    process.once('SIGINT', stop).once('SIGTERM', stop)
    daemon = await startReloading(toReloadPorts(options, process.env, log, hooks, told))
    const watching = new AbortController()
    void supervisor.follow(systemClock, watching.signal)
    await daemon.ended.finally(() => watching.abort())
    log.info('Stopped')
    return 0
  } finally {
    // Where nobody takes it, nothing waits for them.
    await Promise.race([telemetry.close().catch(() => undefined), systemClock.sleep(LAST_WORDS_MS)])
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
