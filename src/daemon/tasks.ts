// What goes on side by side in a daemon. An error of the state ends all of it; what a stop cut off is no error.
import { setMaxListeners } from 'node:events'

import { isAbort } from '../lib/errors.ts'
import { isDatabaseError } from '../state/db/sqlite.ts'

export class Tasks {
  readonly #stopping = new AbortController()
  readonly #underWay = new Set<Promise<void>>()
  #fail: (error: unknown) => void = () => undefined
  /** Rejects with what ends the daemon. */
  readonly failed = new Promise<never>((_, reject) => (this.#fail = reject))

  constructor() {
    // As many as there are readings and writes under way.
    setMaxListeners(0, this.signal)
    // Whoever does not wait for it need not hear of it.
    this.failed.catch(() => undefined)
  }

  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  get isStopping(): boolean {
    return this.signal.aborted
  }

  fail(error: unknown): void {
    this.#fail(error)
  }

  stop(): void {
    this.#stopping.abort()
  }

  /** Resolves when it is stopped. */
  untilStopped(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isStopping) resolve()
      else this.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  /** Waited for before the daemon ends; where it fails, the daemon does. */
  follow(action: () => Promise<unknown>): Promise<void> {
    const followed = action()
      .then(() => undefined)
      .catch((thrown: unknown) => {
        if (!isAbort(thrown)) this.fail(thrown)
      })
      .finally(() => this.#underWay.delete(followed))
    this.#underWay.add(followed)
    return followed
  }

  /** The same for what somebody else asked for, who is told of its errors: only those of the state end the daemon. */
  async track<T>(action: () => Promise<T>): Promise<T> {
    const running = action()
    const watched = running.then(
      () => undefined,
      (thrown: unknown) => {
        if (isDatabaseError(thrown)) throw thrown
      },
    )
    void this.follow(() => watched)
    return await running
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }
}
