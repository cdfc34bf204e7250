// Long work, and what can be done again and again while it goes on.
import type { Clock } from '../time/clock.ts'
import { isAbort } from '../errors.ts'

/**
 * Does `often` now and then until `long` has ended, never two of them at once. Both have ended when it returns; where one
 * throws the other is stopped, and what was thrown first is thrown.
 */
export async function meanwhile(
  clock: Clock,
  everyMs: number,
  long: (signal: AbortSignal) => Promise<unknown>,
  often: (signal: AbortSignal) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const failed = new AbortController()
  const ended = new AbortController()
  const stop = AbortSignal.any([failed.signal, ...(signal === undefined ? [] : [signal])])
  const guard = async (action: () => Promise<unknown>): Promise<void> => {
    try {
      await action()
    } catch (thrown) {
      failed.abort(thrown)
    }
  }
  const repeat = async (): Promise<void> => {
    while (!ended.signal.aborted && !stop.aborted) {
      await often(stop)
      await clock.sleep(everyMs, AbortSignal.any([stop, ended.signal])).catch((thrown: unknown) => {
        if (!isAbort(thrown)) throw thrown
      })
    }
  }
  await Promise.all([guard(() => long(stop)).finally(() => ended.abort()), guard(repeat)])
  if (failed.signal.aborted) throw failed.signal.reason
  signal?.throwIfAborted()
}
