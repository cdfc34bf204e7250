// Deliveries are on disk before they are answered. Those that come within a few milliseconds share one commit, so that a flush to
// disk for each does not become the limit.
import type { Clock } from '../lib/clock.ts'
import { fromMs } from '../model/time.ts'
import type { Store } from '../state/store.ts'

/** Long enough to collect a burst, short enough not to be noticed. */
const COLLECT_MS = 3

export interface Inbox {
  /** Resolves once the hint is on disk. */
  put(source: string, id: string): Promise<void>
  /** Nothing to read again, or nobody to believe: counted, and written with the next commit. */
  count(source: string, what: 'ignored' | 'unauthorized'): void
}

/** `onFailure`: the state does not take it; the sender is answered 503. */
export function createInbox(
  store: Store,
  clock: Clock,
  onHint: (source: string) => void,
  onFailure: (error: unknown) => void,
): Inbox {
  let waiting: { source: string; id: string }[] = []
  let counted: { source: string; what: 'ignored' | 'unauthorized' }[] = []
  let commit: Promise<void> | null = null

  async function collect(): Promise<void> {
    await clock.sleep(COLLECT_MS)
    commit = null
    const [hints, counts] = [waiting, counted]
    waiting = []
    counted = []
    try {
      commitAll(hints, counts)
    } catch (thrown) {
      onFailure(thrown)
      throw thrown
    }
    for (const source of new Set(hints.map((one) => one.source))) onHint(source)
  }

  function commitAll(hints: typeof waiting, counts: typeof counted): void {
    const now = fromMs(clock.now())
    store.transaction(() => {
      for (const { source, id } of hints) store.hints.put(source, id, now)
      const sources = new Set([...hints, ...counts].map((one) => one.source))
      for (const source of sources) {
        const accepted = hints.filter((one) => one.source === source).length
        const of = (what: string): number =>
          counts.filter((one) => one.source === source && one.what === what).length
        const more = { accepted, ignored: of('ignored'), unauthorized: of('unauthorized') }
        store.hints.add(source, more, accepted > 0 ? now : null)
      }
    })
  }

  const next = (): Promise<void> => (commit ??= collect())

  return {
    put(source, id) {
      waiting.push({ source, id })
      return next()
    },
    count(source, what) {
      counted.push({ source, what })
      // Nobody waits for it; what the state has to say about a failure it says to the next delivery.
      next().catch(() => undefined)
    },
  }
}
