// How far the first sync of each connector is, written down now and then: `tajo status`, the console and the metrics read it there.
import type { Engine } from '../engine/engine.ts'
import { isAbort } from '../lib/errors.ts'
import type { Clock } from '../lib/time/clock.ts'
import { type FirstSync, META } from '../state/meta.ts'

const LOOK_EVERY_MS = 3_000

interface Seen {
  records: number
  written: number
  /** Monotonic. */
  at: number
}

/** Until the last of them has come through, or `signal` aborts. */
export async function followFirstSyncs(
  engine: Engine,
  connectors: readonly string[],
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const { meta } = engine.store
  // What a process that ended left.
  for (const name of connectors) meta.remove(META.firstSync(name))
  const began = new Map<string, Seen>()
  const open = new Set(connectors.filter((name) => !engine.isBackfilled(name)))
  try {
    while (open.size > 0) {
      for (const name of open) {
        const now = clock.monotonic()
        const found = look(engine, name)
        if (found.isRead && found.waiting === 0) {
          open.delete(name)
          meta.remove(META.firstSync(name))
          continue
        }
        const seen = { records: sum(found.read), written: found.written, at: now }
        const first = began.get(name) ?? seen
        began.set(name, first)
        meta.set(META.firstSync(name), withRates(found, seen, first))
      }
      await clock.sleep(LOOK_EVERY_MS, signal)
    }
  } catch (thrown) {
    if (!isAbort(thrown)) throw thrown
  }
}

type Found = Pick<FirstSync, 'read' | 'isRead' | 'written' | 'waiting'>

function look({ store, isBackfilled }: Engine, name: string): Found {
  return {
    read: {
      customers: store.customers.count(name).all,
      tickets: store.tickets.count(name),
      surveys: store.surveys.countScored(name),
    },
    isRead: isBackfilled(name),
    written: store.contacts.count(),
    waiting: store.backlog.undelivered().contacts,
  }
}

const sum = (counts: FirstSync['read']): number => counts.customers + counts.tickets + counts.surveys

function withRates(found: Found, seen: Seen, first: Seen): FirstSync {
  const seconds = (seen.at - first.at) / 1000
  const rate = (done: number): number => (seconds <= 0 ? 0 : done / seconds)
  const contactsPerSecond = rate(seen.written - first.written)
  return {
    ...found,
    recordsPerSecond: rate(seen.records - first.records),
    contactsPerSecond,
    secondsLeft: found.isRead && contactsPerSecond > 0 ? found.waiting / contactsPerSecond : null,
  }
}
