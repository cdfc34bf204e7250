// How far the first sync of each connector is, written down now and then: `tajo status`, the console and the metrics read it there.
import type { Engine } from '../engine/engine.ts'
import { isAbort } from '../lib/errors.ts'
import type { Clock } from '../lib/time/clock.ts'
import { type FirstSync, META } from '../state/meta.ts'

const LOOK_EVERY_MS = 3_000
/** In multiples of what a look takes: to count a million records takes a second. */
const REST_TIMES = 30
/** A rate is that of the last so many looks: it changes with what is being done. */
const LOOKS = 20

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
  const seen = new Map<string, Seen[]>()
  const open = new Set(connectors.filter((name) => !engine.isBackfilled(name)))
  try {
    while (open.size > 0) {
      const began = clock.monotonic()
      for (const name of open) {
        const now = clock.monotonic()
        const found = look(engine, name)
        if (found.isRead && found.waiting === 0) {
          open.delete(name)
          meta.remove(META.firstSync(name))
          continue
        }
        const latest = { records: sum(found.read), written: found.written, at: now }
        const looks = [...(seen.get(name) ?? []), latest].slice(-LOOKS)
        seen.set(name, looks)
        meta.set(META.firstSync(name), withRates(found, looks))
      }
      const took = clock.monotonic() - began
      await clock.sleep(Math.max(LOOK_EVERY_MS, REST_TIMES * took), signal)
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

function withRates(found: Found, looks: readonly Seen[]): FirstSync {
  const contactsPerSecond = rateOf(looks, ({ written }) => written)
  return {
    ...found,
    recordsPerSecond: rateOf(looks, ({ records }) => records),
    contactsPerSecond,
    secondsLeft: found.isRead && contactsPerSecond > 0 ? found.waiting / contactsPerSecond : null,
  }
}

/** Since it began to grow, so that what had not begun yet does not make it look slow. */
function rateOf(looks: readonly Seen[], pick: (look: Seen) => number): number {
  const start = looks.findIndex((look, index) => pick(looks[index + 1] ?? look) > pick(look))
  const [first, last] = [looks[start], looks.at(-1)]
  if (first === undefined || last === undefined || last.at <= first.at) return 0
  return ((pick(last) - pick(first)) * 1000) / (last.at - first.at)
}
