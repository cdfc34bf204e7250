// Words for systemd, where it asks for them (Type=notify, WatchdogSec): that tajo is ready, that it moves, that it ends. Node can't write to such a
// socket itself, so systemd's own command does (NotifyAccess=all).
import { spawn } from 'node:child_process'

import { isAbort } from '../../../lib/errors.ts'
import type { Clock } from '../../../lib/time/clock.ts'

export class Supervisor {
  readonly #isAsked: boolean
  /** Null: nobody watches. */
  readonly #watchMs: number | null
  #isAlive: () => boolean = () => true
  #isReady = false

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#isAsked = (env['NOTIFY_SOCKET'] ?? '') !== ''
    const microseconds = Number(env['WATCHDOG_USEC'])
    this.#watchMs = this.#isAsked && microseconds > 0 ? microseconds / 1000 : null
  }

  /** A daemon works; called again for each one that a changed connectors.yml brings. */
  ready(isAlive: () => boolean): void {
    this.#isAlive = isAlive
    if (this.#isReady) return
    this.#isReady = true
    this.#tell('--ready')
  }

  stopping(): void {
    this.#tell('STOPPING=1')
  }

  /** Says twice as often as is asked for that it moves, while it does; until `signal` aborts. */
  async follow(clock: Clock, signal: AbortSignal): Promise<void> {
    if (this.#watchMs === null) return
    try {
      for (;;) {
        await clock.sleep(this.#watchMs / 2, signal)
        if (this.#isAlive()) this.#tell('WATCHDOG=1')
      }
    } catch (thrown) {
      if (!isAbort(thrown)) throw thrown
    }
  }

  #tell(word: string): void {
    if (!this.#isAsked) return
    // Where the command is not there, systemd says itself that it was told nothing.
    spawn('systemd-notify', [word], { stdio: 'ignore' }).on('error', () => undefined)
  }
}
