// Which of our events Brevo shows, by what it says itself.
import { createBrevoDestination } from '../../../brevo/destination.ts'
import { openBrevo } from '../../../preflight/online.ts'
import { fromMs, type Instant } from '../../../model/time.ts'
import type { Session } from '../terminal/session.ts'

/** Brevo may date an event a little otherwise. */
const MARGIN = fromMs(24 * 3_600_000)

/** How often each id is shown, among events of these names that are dated about these times. */
export async function countShown(
  session: Session,
  names: readonly string[],
  dates: readonly Instant[],
): Promise<Map<string, number>> {
  const shown = new Map<string, number>()
  if (names.length === 0) return shown
  const least = dates.reduce((best, one) => Math.min(best, one), Number.POSITIVE_INFINITY)
  const greatest = dates.reduce((best, one) => Math.max(best, one), 0)
  const wanted = { names: [...new Set(names)], from: least - MARGIN, to: greatest + MARGIN }
  for await (const page of createBrevoDestination(openBrevo(session), session.ports).readEvents(wanted))
    for (const id of page) shown.set(id, (shown.get(id) ?? 0) + 1)
  return shown
}
