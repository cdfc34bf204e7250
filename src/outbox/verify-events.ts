// Events that left without an answer: Brevo's event list is asked for them before anything else is done. One call answers for
// all that are in doubt. Reasons: reliability.md § 8.1.
import { TajoError } from '../lib/errors.ts'
import type { UncertainRule } from '../model/operations.ts'
import { fromMs, type Instant } from '../model/time.ts'
import type { UncertainEvent } from '../state/delivery/outbox-events.ts'
import type { DeliveryContext } from './delivery.ts'

/** When an event is looked for, in multiples of `verifyAfterMs` since it left. */
const LOOKS = [1, 3, 12] as const
/** Brevo gives 100 such calls an hour, for everything that is no contact and no event (brevo-api.md § 4). */
const MOST_SPACING_MS = 60_000
const spacingMs = (rule: UncertainRule): number => Math.min(MOST_SPACING_MS, rule.verifyAfterMs)
/** Looked for at once; one page of the list holds 10,000. */
const MOST_AT_ONCE = 5_000
/** Around the events' own dates: the list is asked by date. */
const MARGIN = fromMs(24 * 3_600_000)

/**
 * When each event was last in doubt or looked for, by the clock that does not jump: looks that follow each other too quickly
 * would not be three looks. Lives as long as the process; after a start the wall clock has to do for the first look.
 */
export interface LookTimes {
  lastCallAt: number
  byEvent: Map<string, number>
}

export function createLookTimes(): LookTimes {
  return { lastCallAt: Number.NEGATIVE_INFINITY, byEvent: new Map() }
}

/** The moment of the next look at an event that was looked for `looks` times. */
export function nextLookAt(rule: UncertainRule, looks: number, from: Instant): Instant {
  const at = from + fromMs(gapMs(rule, looks))
  // Rounded up, so that one call answers for all that were lost within a minute.
  const grid = fromMs(spacingMs(rule))
  return Math.ceil(at / grid) * grid
}

function gapMs(rule: UncertainRule, looks: number): number {
  return ((LOOKS[looks] ?? 0) - (LOOKS[looks - 1] ?? 0)) * rule.verifyAfterMs
}

/** Records that an event may have arrived. Called in a transaction. */
export function putInDoubt(context: DeliveryContext, eventId: string): void {
  const { store, clock, uncertain, lookTimes } = context
  lookTimes.byEvent.set(eventId, clock.monotonic())
  store.outboxEvents.doubt(eventId, 0, nextLookAt(uncertain, 0, fromMs(clock.now())))
}

/** Looks for what is due. An API that does not answer leaves everything as it is, for a later look. True if any is to be sent. */
export async function verifyEvents(context: DeliveryContext, signal?: AbortSignal): Promise<boolean> {
  const { store, clock, destination, lookTimes, log } = context
  const asked = fromMs(clock.now())
  const due = store.outboxEvents.uncertain(asked, MOST_AT_ONCE)
  if (due.length === 0) return false
  if (context.uncertain.policy === 'never_lose') sendAtOnce(context, due)
  const ripe = due.filter((event) => isVerified(context, event) && isRipe(context, event))
  // A look that has to wait must not hold up what is to be delivered meanwhile.
  const spaced =
    clock.monotonic() - lookTimes.lastCallAt >= spacingMs(context.uncertain) && destination.canReadEvents()
  store.transaction(() => {
    for (const event of due) {
      if (isVerified(context, event) && (!spaced || !ripe.includes(event)))
        postponeLook(context, event, asked)
    }
  })
  if (!spaced || ripe.length === 0) return context.uncertain.policy === 'never_lose'

  lookTimes.lastCallAt = clock.monotonic()
  const dates = ripe.map((event) => event.occurredAt)
  const wanted = {
    names: [...new Set(ripe.map((event) => event.name))],
    from: Math.min(...dates) - MARGIN,
    // A campaign's event is dated when it fired, long after what it is about.
    to: Math.max(...dates, fromMs(clock.now())) + MARGIN,
  }
  const found = new Set<string>()
  try {
    for await (const page of destination.readEvents(wanted, signal)) for (const id of page) found.add(id)
  } catch (thrown) {
    if (!(thrown instanceof TajoError) || thrown.kind === 'fatal') throw thrown
    log.warn('Brevo could not be asked for the events in doubt; it is asked again later', {
      events: ripe.length,
      reason: thrown.message,
    })
    store.transaction(() => {
      for (const event of ripe) postponeLook(context, event, fromMs(clock.now()))
    })
    return false
  }
  store.transaction(() => {
    for (const event of ripe) settle(context, event, found.has(event.eventId))
  })
  const stillDue = store.outboxEvents.counts().pending ?? 0
  log.info('Looked in Brevo for events in doubt', {
    looked_for: ripe.length,
    found: ripe.filter((event) => found.has(event.eventId)).length,
  })
  return stillDue > 0
}

/** `never_lose` looks for those only that another state may have sent (a restored backup). */
function isVerified({ uncertain }: DeliveryContext, event: UncertainEvent): boolean {
  return uncertain.policy !== 'never_lose' || event.sendingAt === null
}

function sendAtOnce(context: DeliveryContext, events: readonly UncertainEvent[]): void {
  const { store, clock } = context
  store.transaction(() => {
    for (const event of events) {
      if (!isVerified(context, event)) store.outboxEvents.postpone(event.eventId, fromMs(clock.now()))
    }
  })
}

/** The wall clock may have jumped: as far as this process knows, enough time must have passed indeed. */
function isRipe({ clock, uncertain, lookTimes }: DeliveryContext, event: UncertainEvent): boolean {
  const since = lookTimes.byEvent.get(event.eventId)
  return since === undefined || clock.monotonic() - since >= gapMs(uncertain, event.looks)
}

function postponeLook({ store, uncertain }: DeliveryContext, event: UncertainEvent, now: Instant): void {
  store.outboxEvents.doubt(event.eventId, event.looks, now + fromMs(spacingMs(uncertain)))
}

function settle(context: DeliveryContext, event: UncertainEvent, found: boolean): void {
  const { store, clock, uncertain, lookTimes, report, log } = context
  const now = fromMs(clock.now())
  const { eventId } = event
  if (found) {
    lookTimes.byEvent.delete(eventId)
    store.outboxEvents.confirm(eventId, now)
    store.deadLetters.clear('event', eventId)
    report.eventsConfirmed += 1
    return
  }
  const looks = event.looks + 1
  if (looks < LOOKS.length) {
    lookTimes.byEvent.set(eventId, clock.monotonic())
    return store.outboxEvents.doubt(eventId, looks, nextLookAt(uncertain, looks, now))
  }
  lookTimes.byEvent.delete(eventId)
  if (uncertain.policy === 'never_twice') {
    store.outboxEvents.park(eventId)
    store.deadLetters.put('event', eventId, `${event.name}: ${NOT_FOUND}`, now, { retry: false })
    report.setAside += 1
    return
  }
  log.warn('An event in doubt was not found in Brevo and is sent again', { event_id: eventId })
  store.outboxEvents.postpone(eventId, now)
}

const NOT_FOUND =
  'no answer came when it was sent, and Brevo does not show it. It may still have arrived, and `when_uncertain` is never_twice.'
