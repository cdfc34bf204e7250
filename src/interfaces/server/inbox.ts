// Deliveries are on disk before they are answered. Those that come within a few milliseconds share one commit, so that a flush to
// disk for each does not become the limit.
import type { Clock } from '../../lib/time/clock.ts'
import { fromMs } from '../../model/time.ts'
import type { Store } from '../../state/store.ts'

/** Long enough to collect a burst, short enough not to be noticed. */
const COLLECT_MS = 3
/** Counts of what was refused are written at most so often. */
const COUNT_EVERY_MS = 1_000

export interface Inbox {
  /** Resolves once the hint is on disk. */
  put(source: string, id: string): Promise<void>
  /** Nothing to read again, or nobody to believe: counted, and written soon. */
  count(source: string, what: 'ignored' | 'unauthorized'): void
}

/** `onFailure`: the state does not take it; the sender is answered 503. */
export function createInbox(
  store: Store,
  clock: Clock,
  onRefreshRequest: (source: string) => void,
  onFailure: (error: unknown) => void,
): Inbox {
  let waiting: { source: string; id: string }[] = []
  const counted = new Map<string, { ignored: number; unauthorized: number }>()
  let commit: Promise<void> | null = null
  let counting = false

  async function collect(): Promise<void> {
    await clock.sleep(COLLECT_MS)
    commit = null
    const hints = waiting
    waiting = []
    try {
      write(hints)
    } catch (thrown) {
      onFailure(thrown)
      throw thrown
    }
    for (const source of new Set(hints.map((one) => one.source))) onRefreshRequest(source)
  }

  function write(hints: typeof waiting): void {
    const now = fromMs(clock.now())
    store.transaction(() => {
      for (const { source, id } of hints) store.refreshRequests.put(source, id, now)
      for (const source of new Set([...hints.map((one) => one.source), ...counted.keys()])) {
        const accepted = hints.filter((one) => one.source === source).length
        store.refreshRequests.add(source, { accepted, ...counted.get(source) }, accepted > 0 ? now : null)
      }
    })
    counted.clear()
  }

  /** Nobody waits for it, and whoever is refused must not be able to keep the disk busy. */
  async function writeCounts(): Promise<void> {
    await clock.sleep(COUNT_EVERY_MS)
    counting = false
    if (counted.size > 0) write([])
  }

  return {
    put(source, id) {
      waiting.push({ source, id })
      return (commit ??= collect())
    },
    count(source, what) {
      const counts = counted.get(source) ?? { ignored: 0, unauthorized: 0 }
      counts[what] += 1
      counted.set(source, counts)
      if (counting) return
      counting = true
      // A count that can't be written is written with the next one; the server may be closed by then, too.
      writeCounts().catch(() => undefined)
    },
  }
}
