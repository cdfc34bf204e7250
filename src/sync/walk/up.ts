// A list that can be asked from an instant on, oldest first: each page is a point to go on from. What changes while it is read moves up,
// and is met again.
import { fromMs, type Instant } from '../../model/time.ts'
import type { Page, Reading } from '../../sources/source.ts'
import type { Walk } from '../../state/reading/cursors.ts'
import type { SyncContext } from '../context.ts'
import { followPages, type Walking } from './pages.ts'
import { outOfOrder } from './down.ts'

export async function walkUp(
  walking: Walking,
  start: Walk,
  { overlap }: Extract<Reading, { mode: 'since' }>,
): Promise<void> {
  const { context, stream, which, options } = walking
  const { source } = context
  const { low, token } = start
  const startedAt = startOf(context)
  // The first sync reads up to where it began: what changed since is for the live runs, which begin there.
  let high = which === 'backfill' ? start.high : null
  let reached = start.reached ?? null
  const pages = source.read(stream, { token, from: low, until: null }, options.signal)
  await followPages(walking, pages, (page, previous) => {
    if (previous?.oldest != null && page.newest !== null && page.newest < previous.oldest)
      throw outOfOrder(stream, previous.oldest, page.newest)
    if (which === 'backfill') high ??= startedAt()
    if (page.newest !== null) reached = Math.max(reached ?? low ?? 0, page.newest - overlap)
    const isAbove = high !== null && page.oldest !== null && page.oldest > high
    return {
      progress: { high, low, token: page.next, reached },
      done: page.next === null || isAbove,
      watermark: toWatermark(page),
    }
  })

  /** Never past the start of the walk: the helpdesk may show a change later than its date. */
  function toWatermark(page: Page): Instant | null {
    if (which === 'backfill') return high
    return which === 'walk' && page.newest !== null ? Math.min(page.newest, startedAt()) : null
  }
}

/** When a walk began, by the helpdesk's clock: that is known from its first answer on, so it is asked for afterwards. */
export function startOf({ clock, source }: SyncContext): () => Instant {
  const startedAt = clock.monotonic()
  return () => source.now() - fromMs(clock.monotonic() - startedAt)
}
