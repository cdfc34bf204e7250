// Sends events, each once and those of one contact in the order that they happened. At most two are under way, so that a
// crash leaves at most two in doubt; batches are for backlogs only.
import { backoffMs } from '../lib/net/backoff.ts'
import { TajoError } from '../lib/errors.ts'
import type { Outcome } from '../model/operations.ts'
import { fromMs } from '../model/time.ts'
import type { DueEvent } from '../state/delivery/outbox-events.ts'
import type { DeliveryContext } from './delivery.ts'
import { putInDoubt } from './verify-events.ts'

const IN_FLIGHT = 2
const GIVE_UP_AFTER = 4
const RETRY = { baseMs: 2_000, capMs: 15 * 60_000 }

/** True if everything due was dealt with, false if Brevo did not take it now. `signal` is looked at between sends only. */
export async function deliverEvents(context: DeliveryContext, signal?: AbortSignal): Promise<boolean> {
  const { store, clock, destination } = context
  const { batchFrom, batchSize } = context.thresholds
  let failures = 0
  // A batch that is refused as a whole is taken apart: its events go one by one.
  let batchesTaken = true
  while (failures < GIVE_UP_AFTER) {
    const due = store.outboxEvents.due(fromMs(clock.now()), batchSize)
    if (due.length === 0) return true
    const inBatch =
      batchesTaken && due.length >= batchSize && (store.outboxEvents.counts()['pending'] ?? 0) > batchFrom
    const portions = inBatch ? [due] : chunk(due, IN_FLIGHT)
    for (const portion of portions) {
      signal?.throwIfAborted()
      const leavingAt = fromMs(clock.now())
      store.commitSending(
        () => {
          for (const { event } of portion) store.outboxEvents.startSending(event.eventId, leavingAt)
        },
        () => {
          for (const { event } of portion) store.outboxEvents.stay(event.eventId)
        },
      )
      const answers = inBatch
        ? await settleAll([destination.sendEvents(portion.map(({ event }) => event))])
        : await settleAll(portion.map(async ({ event }) => [await destination.sendEvent(event)]))
      const outcomes = portion.map((_, index) =>
        toOutcome(answers[inBatch ? 0 : index]!, inBatch ? index : 0),
      )
      const taken = settle(context, portion, outcomes)
      // Only now: nothing is left behind as being on its way.
      const failed = answers.find((answer) => answer.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      if (inBatch && !taken) batchesTaken = false
      failures = taken ? 0 : failures + 1
      context.onDelivery(context.report, () => store.backlog.undelivered())
      if (failures >= GIVE_UP_AFTER) break
    }
  }
  return false
}

type Answer = PromiseSettledResult<Outcome<object>[]>

function settleAll(answers: readonly Promise<Outcome<object>[]>[]): Promise<Answer[]> {
  return Promise.allSettled(answers)
}

/** A refused key is certain; of anything that nobody foresaw it is not known what it did. */
function toOutcome(answer: Answer, index: number): Outcome<object> {
  if (answer.status === 'fulfilled') return answer.value[index] ?? { result: 'retry', reason: 'no outcome' }
  const reason = answer.reason instanceof Error ? answer.reason.message : 'unknown error'
  return { result: answer.reason instanceof TajoError ? 'retry' : 'uncertain', reason }
}

/** True if any of them was taken or refused for good. */
function settle(
  context: DeliveryContext,
  portion: readonly DueEvent[],
  outcomes: readonly Outcome<object>[],
): boolean {
  const { store, clock, random, report, log } = context
  const now = fromMs(clock.now())
  return store.transaction(() => {
    let settled = false
    for (const [index, { event, attempts }] of portion.entries()) {
      const outcome = outcomes[index] ?? { result: 'retry', reason: 'no outcome' }
      if (outcome.result === 'done') {
        store.outboxEvents.finish(event.eventId, now)
        store.deadLetters.clear('event', event.eventId)
        report.eventsSent += 1
      } else if (outcome.result === 'refused') {
        store.outboxEvents.refuse(event.eventId)
        store.deadLetters.put('event', event.eventId, `${event.name}: ${outcome.reason}`, now)
        report.setAside += 1
      } else if (outcome.result === 'uncertain' && context.uncertain.policy !== 'never_lose') {
        putInDoubt(context, event.eventId)
        log.warn('No answer came for an event; Brevo is asked for it later', { reason: outcome.reason })
        continue
      } else {
        store.outboxEvents.postpone(event.eventId, now + fromMs(backoffMs(RETRY, attempts, random)))
        continue
      }
      settled = true
    }
    return settled
  })
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
