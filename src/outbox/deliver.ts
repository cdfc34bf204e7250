// Delivering what the state says must be delivered: contacts first, then the events that wait for them, with patience for
// an API that does not answer at the moment.
import { type WakeSignal, sleepOrWake } from '../lib/async/wake-signal.ts'
import type { Clock } from '../lib/time/clock.ts'
import { fromMs, type Instant, toMs } from '../model/time.ts'
import { deliverContacts } from './deliver-contacts.ts'
import { deliverEvents } from './deliver-events.ts'
import type { DeliveryContext } from './delivery.ts'
import { retryRefused } from './retry.ts'
import { verifyEvents } from './verify-events.ts'
import type { Store } from '../state/store.ts'

/** Waited after a round that Brevo did not take, before everything is tried again. */
const NEXT_ROUND_MS = 5_000

export interface WaitPolicy {
  /** How long to wait for a Brevo that does not take a delivery now. */
  forDeliveryMs: number
  /** Whether to wait for events in doubt to be found or sent again: up to an hour. */
  forDoubt: boolean
  /** Rings when there is more to deliver. */
  asked: WakeSignal
}

/** Delivers until nothing is left, or until its patience ends. */
export async function deliverAll(
  context: DeliveryContext,
  waitPolicy: WaitPolicy,
  signal?: AbortSignal,
): Promise<void> {
  const { store, clock } = context
  const deadline = clock.monotonic() + waitPolicy.forDeliveryMs
  // The last look, and a while for a Brevo that does not answer it.
  const doubtUntil = clock.monotonic() + LAST_LOOK * context.uncertain.verifyAfterMs + DOUBT_MARGIN_MS
  for (;;) {
    retryRefused(context)
    const contactsTaken = await deliverContacts(context, signal)
    const eventsTaken = await deliverEvents(context, signal)
    if ((await verifyEvents(context, signal)) && contactsTaken && eventsTaken) continue
    const waitMs = findWait(
      contactsTaken && eventsTaken
        ? untilPostponed(store, clock)
        : Math.max(untilPostponed(store, clock) ?? 0, NEXT_ROUND_MS),
      waitPolicy.forDoubt && clock.monotonic() < doubtUntil ? untilLook(store, clock) : null,
      deadline - clock.monotonic(),
    )
    if (waitMs === null) return
    await sleepOrWake(clock, waitMs, waitPolicy.asked, signal)
    signal?.throwIfAborted()
  }
}

/** In multiples of `verifyAfterMs` (outbox/verify-events.ts), for an event that is lost twice. */
const LAST_LOOK = 24
const DOUBT_MARGIN_MS = 15 * 60_000

/** Null: nothing to wait for. */
function findWait(postponedMs: number | null, lookMs: number | null, leftMs: number): number | null {
  const waits = [postponedMs !== null && postponedMs <= leftMs ? postponedMs : null, lookMs]
  const known = waits.filter((wait) => wait !== null)
  return known.length === 0 ? null : Math.min(...known)
}

/** Milliseconds until something is to be delivered, looked for or tried again; null if nothing is. */
export function untilNextDue(store: Store, clock: Clock): number | null {
  const { contacts, events } = store.backlog.undelivered()
  const retryAt = store.deadLetters.nextRetryAt()
  const againAt = store.backlog.nextAgainAt()
  const waits = [
    untilPostponed(store, clock),
    untilLook(store, clock),
    retryAt === null ? null : until(retryAt, clock),
    againAt === null ? null : until(againAt, clock),
    // Due, and not taken or not possible at the last try.
    contacts + events > 0 ? NOT_TAKEN_MS : null,
  ].filter((wait) => wait !== null)
  return waits.length === 0 ? null : Math.min(...waits)
}

/** What Brevo did not take, though it was due, is tried again so soon. */
const NOT_TAKEN_MS = 60_000

function untilPostponed(store: Store, clock: Clock): number | null {
  const { contacts, events } = store.backlog.undelivered()
  if (contacts + events === 0) return null
  const at = store.backlog.nextDueAfter(fromMs(clock.now()))
  return at === null ? null : until(at, clock)
}

function untilLook(store: Store, clock: Clock): number | null {
  const at = store.backlog.nextLookAt()
  return at === null ? null : until(at, clock)
}

function until(at: Instant, clock: Clock): number {
  return Math.max(0, toMs(at) + 1 - clock.now())
}
