// A signal for one request. Libraries leave their listeners on the signal they are given; on one that lives as long as the
// process they would pile up.

/** A signal that aborts with `signal`, until it is released. */
export function linkSignal(signal: AbortSignal | undefined): {
  signal: AbortSignal
  abort(): void
  release(): void
} {
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal?.reason)
  if (signal?.aborted === true) abort()
  signal?.addEventListener('abort', abort, { once: true })
  return { signal: controller.signal, abort, release: () => signal?.removeEventListener('abort', abort) }
}
