// Deliveries are on disk before they are answered. Those that come within a few milliseconds share one commit, so that a flush to
// disk for each does not become the limit.
import type { Clock } from '../../lib/time/clock.ts'
import { fromMs } from '../../model/time.ts'
import type { RefreshRequest } from '../../sources/source.ts'
import type { Store } from '../../state/store.ts'

/** Long enough to collect a burst, short enough not to be noticed. */
const COLLECT_MS = 3
/** Counts of what was refused are written at most so often. */
const COUNT_EVERY_MS = 1_000

/** What is only counted: nothing to read again, nobody to believe, a helpdesk that looks whether it is heard. */
export type Counted = 'ignored' | 'unauthorized' | 'pings'

export interface Inbox {
  /** Resolves once the requests are on disk. */
  put(connector: string, requests: readonly RefreshRequest[]): Promise<void>
  /** Written soon. */
  count(connector: string, what: Counted): void
}

/** `onFailure`: the state does not take it; the sender is answered 503. */
export function createInbox(
  store: Store,
  clock: Clock,
  onRefreshRequest: (connector: string) => void,
  onFailure: (error: unknown) => void,
): Inbox {
  /** One for each delivery. */
  let waiting: { connector: string; requests: readonly RefreshRequest[] }[] = []
  const counted = new Map<string, Record<Counted, number>>()
  let commit: Promise<void> | null = null
  let counting = false

  async function collect(): Promise<void> {
    await clock.sleep(COLLECT_MS)
    commit = null
    const deliveries = waiting
    waiting = []
    try {
      write(deliveries)
    } catch (thrown) {
      onFailure(thrown)
      throw thrown
    }
    for (const connector of new Set(deliveries.map((one) => one.connector))) onRefreshRequest(connector)
  }

  function write(deliveries: typeof waiting): void {
    const now = fromMs(clock.now())
    store.transaction(() => {
      for (const { connector, requests } of deliveries)
        for (const request of requests) store.refreshRequests.put(connector, request, now)
      for (const connector of new Set([...deliveries.map((one) => one.connector), ...counted.keys()])) {
        const accepted = deliveries.filter((one) => one.connector === connector).length
        const counts = counted.get(connector)
        const isHeard = accepted > 0 || (counts?.pings ?? 0) > 0
        store.refreshRequests.add(connector, { accepted, ...counts }, isHeard ? now : null)
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
    put(connector, requests) {
      waiting.push({ connector, requests })
      return (commit ??= collect())
    },
    count(connector, what) {
      const counts = counted.get(connector) ?? { ignored: 0, unauthorized: 0, pings: 0 }
      counts[what] += 1
      counted.set(connector, counts)
      if (counting) return
      counting = true
      // A count that can't be written is written with the next one; the server may be closed by then, too.
      writeCounts().catch(() => undefined)
    },
  }
}
