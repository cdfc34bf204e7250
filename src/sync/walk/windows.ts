// Time windows, each of which is read as a whole, oldest window first: for reports, which have no order and say nothing of what changed.
import { fromMs, type Instant } from '../../model/time.ts'
import type { Reading } from '../../sources/source.ts'
import type { Walk } from '../../state/reading/cursors.ts'
import { followPages, type Walking } from './pages.ts'
import { startOf } from './up.ts'

/** Where nobody says how far back: nothing that old is of use to a campaign, and a report must begin somewhere. */
const FARTHEST = fromMs(5 * 365 * 24 * 3_600_000)

export async function walkWindows(
  walking: Walking,
  start: Walk,
  { length, lag }: Extract<Reading, { mode: 'windows' }>,
): Promise<void> {
  const { context, stream, which, options } = walking
  const { source } = context
  const startedAt = startOf(context)
  const end = (): Instant => startedAt() - lag
  let low = Math.max(start.low ?? 0, source.now() - FARTHEST)
  let { token } = start
  for (;;) {
    const until = Math.max(low, Math.min(low + length, end()))
    const pages = source.read(stream, { token, from: low, until }, options.signal)
    const isLast = until >= end()
    const from = low
    const isOver = await followPages(walking, pages, (page) => {
      const isRead = page.next === null
      return {
        progress: isRead
          ? { high: null, low: until, token: null }
          : { high: null, low: from, token: page.next },
        done: isRead && isLast,
        // The helpdesk's time may have become known only with this answer.
        watermark: toWatermark(isRead ? Math.min(until, end()) : null),
      }
    })
    if (isOver) return
    low = until
    token = null
  }

  function toWatermark(until: Instant | null): Instant | null {
    // Live runs begin where the first sync began.
    if (which === 'backfill') return end()
    return which === 'walk' ? until : null
  }
}
