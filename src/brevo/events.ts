// Events on a contact's timeline: one by one, or up to 200 at once where each keeps its own answer.
// Facts: brevo-api.md § 2.10, § 2.11; there is no idempotency key, so nothing here repeats a request that may have arrived.
import type { EventWrite, Outcome } from '../model/operations.ts'
import { type Instant, toIso } from '../model/time.ts'
import {
  type BatchEventsRequest,
  type BrevoAnswer,
  type BrevoCaller,
  describe,
  unavailable,
} from './client.ts'
import { toItems, toNumbers, toObject, toText } from './wire.ts'

/** The body of a batch may have 512 KB. */
const MAX_BATCH_BYTES = 500_000

export async function sendEvent(
  caller: BrevoCaller,
  event: EventWrite,
  signal?: AbortSignal,
): Promise<Outcome<object>> {
  const answer = await caller.call(
    'sending an event',
    (sdk, options) => sdk.event.createEvent(toBody(event), options),
    signal,
  )
  return toOutcome(answer)
}

export async function sendEvents(
  caller: BrevoCaller,
  events: readonly EventWrite[],
  signal?: AbortSignal,
): Promise<Outcome<object>[]> {
  const fitting = events.slice(0, countFitting(events))
  const answer = await caller.call(
    'sending events',
    (sdk, options) =>
      sdk.event.createBatchEvents(
        { events: fitting.map((event) => toBody(event)) } as BatchEventsRequest,
        options,
      ),
    signal,
  )
  // A batch that is refused as a whole says nothing of each event.
  const whole = toOutcome(answer)
  const each: Outcome<object> = whole.result === 'refused' ? { result: 'retry', reason: whole.reason } : whole
  const outcomes: Outcome<object>[] = fitting.map(() => each)
  // 207 and 400 name the events they did not take; the SDK types neither shape (brevo-api.md § 1.3).
  const errors = answer.answered ? toObject(answer.body)?.['errors'] : undefined
  if (Array.isArray(errors)) {
    if (answer.answered && !answer.ok) {
      for (const index of outcomes.keys())
        outcomes[index] = { result: 'retry', reason: 'Brevo refused the batch because of other events' }
    }
    for (const raw of errors) {
      const error = toObject(raw)
      const message = toText(error?.['message']) ?? 'no reason given'
      for (const index of toNumbers(error?.['eventIndex']))
        if (outcomes[index] !== undefined)
          outcomes[index] = { result: 'refused', reason: `Brevo refused the event: ${message}` }
    }
  }
  return [
    ...outcomes,
    ...events
      .slice(fitting.length)
      .map((): Outcome<object> => ({ result: 'retry', reason: 'The batch was full' })),
  ]
}

/** Brevo gives up to so many in one answer, and counts each call against 100 an hour. */
const LIST_PAGE = 10_000

/** Newest first; an event that comes in meanwhile moves the others on, so some may be seen twice and none is missed. */
export async function* readEvents(
  caller: BrevoCaller,
  wanted: { names: readonly string[]; from: Instant; to: Instant },
  signal?: AbortSignal,
): AsyncGenerator<string[], void, void> {
  for (let offset = 0; ; offset += LIST_PAGE) {
    const answer = await caller.callSafely(
      'reading events',
      (sdk, options) =>
        sdk.event.getEvents(
          {
            event_name: [...wanted.names],
            startDate: toIso(wanted.from),
            endDate: toIso(wanted.to),
            limit: LIST_PAGE,
            offset,
          },
          options,
        ),
      signal,
    )
    if (!answer.answered || !answer.ok) throw unavailable('Reading events from Brevo', answer)
    const events = toItems(answer.body, 'events', 'Reading events')
    yield events.flatMap((event) => toText(toObject(event['event_properties'])?.['event_id']) ?? [])
    if (events.length < LIST_PAGE) return
  }
}

function toBody(event: EventWrite) {
  return {
    event_name: event.name,
    event_date: event.date,
    identifiers: { email_id: event.email },
    event_properties: event.properties as Record<string, string | number | boolean | unknown[]>,
    ...(event.contactProperties === undefined ? {} : { contact_properties: event.contactProperties }),
  }
}

function countFitting(events: readonly EventWrite[]): number {
  let bytes = 20
  for (const [index, event] of events.entries()) {
    bytes += Buffer.byteLength(JSON.stringify(toBody(event))) + 1
    if (bytes > MAX_BATCH_BYTES) return Math.max(1, index)
  }
  return events.length
}

/** Refusals that concern the account or the request, not this event: it may be taken another time. */
const ACCOUNT_CODES = new Set([
  'account_under_validation',
  'account_in_process',
  'not_enough_credits',
  'permission_denied',
])

/** 401 and 403 come this far only where the key is good for something else. */
const OF_ONE = new Set([400, 401, 403, 422])

/** Only an answer below 500 is certain: a 5xx may come from in front of a Brevo that took the event. */
function toOutcome(answer: BrevoAnswer<unknown>): Outcome<object> {
  if (!answer.answered) {
    return { result: answer.uncertain ? 'uncertain' : 'retry', reason: describe(answer) }
  }
  if (answer.ok) return { result: 'done' }
  if (answer.status >= 500 || answer.status === 408) return { result: 'uncertain', reason: describe(answer) }
  const isItsOwn = OF_ONE.has(answer.status) && !ACCOUNT_CODES.has(answer.code)
  return { result: isItsOwn ? 'refused' : 'retry', reason: describe(answer) }
}
