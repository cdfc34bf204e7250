// The event stream in slices: the last day of it, and no more (gladly-intercom-api.md § A.5).
import { fromMs, type Instant, toIso } from '../../model/time.ts'
import type { GladlyClient } from './client.ts'
import type { Window } from './reports/reports.ts'

/** The stream can't be asked for what is older; a little less, because asking takes time. */
export const EVENTS_REACH = fromMs(24 * 3_600_000 - 5 * 60_000)
const SECOND = fromMs(1_000)
/** Events of a busy organization in one answer. */
const SLICE = fromMs(4 * 3_600_000)

const ENTITIES = [
  'AGENT_AVAILABILITY',
  'AGENT_STATUS',
  'CONTACT',
  'CONVERSATION',
  'CUSTOMER',
  'CUSTOMER_PROFILE',
]

export interface Slice {
  json: readonly unknown[]
  window: Window
  /** It reaches up to now. */
  isLast: boolean
}

/** Oldest first, from `low` up to now. `isContinued`: an earlier reading has come to there. */
export async function* readSlices(
  client: GladlyClient,
  { low, isContinued = false }: { low: Instant; isContinued?: boolean },
  now: () => Instant,
  signal?: AbortSignal,
): AsyncGenerator<Slice, void, void> {
  for (let from = low; ;) {
    // Where our clock was set back it is asked all the same: only an answer tells what time it is there.
    const until = Math.max(from + SECOND, Math.min(from + SLICE, now()))
    const params = { startAt: toIso(from), endAt: toIso(until), entities: ENTITIES }
    const { json } = await client.ask({ path: '/events', params, isContinued }, signal)
    const isLast = until >= now() - SLICE / 100
    yield { json: json as unknown[], window: { from, until }, isLast }
    if (isLast) return
    from = until
  }
}

/** Our own clock may have been set: before anything is left out the time is asked for. */
export async function toReach(
  client: GladlyClient,
  from: Instant,
  now: () => Instant,
  signal?: AbortSignal,
): Promise<Instant> {
  if (from < now() - EVENTS_REACH) await client.ask({ path: '/organization' }, signal)
  return Math.max(from, now() - EVENTS_REACH)
}
