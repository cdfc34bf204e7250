// A list that can't be asked for changes: newest first, until a whole page lies below the bound. The watermark moves only when the walk
// is complete.
import { TajoError } from '../../lib/errors.ts'
import { fromMs, type Instant, toIso } from '../../model/time.ts'
import type { Page } from '../../sources/source.ts'
import type { Walk } from '../../state/reading/cursors.ts'
import { followPages, type Walking } from './pages.ts'

/** How far the helpdesk's clock may be ahead of what we take it for. */
const MAX_CLOCK_SKEW = fromMs(5 * 60_000)

export async function walkDown(walking: Walking, start: Walk): Promise<void> {
  const { context, stream, which, options } = walking
  const { source, goLive } = context
  const { low } = start
  let { high } = start
  const pages = source.read(stream, { token: start.token, from: low, until: null }, options.signal)
  await followPages(walking, pages, (page, previous) => {
    refuseAscending(stream, previous, page)
    const isBelow = low !== null && page.newest !== null && page.newest < low
    const done = page.next === null || isBelow
    // The bound of the next run comes from the first page of this one: what moves up meanwhile lies above it. An API user may date
    // a record ahead; a watermark in the future would hide all that comes before it.
    high ??= page.newest === null ? null : Math.min(page.newest, source.now() + MAX_CLOCK_SKEW)
    return { progress: { high, low, token: page.next }, done, watermark: toWatermark(high, done) }
  })

  function toWatermark(at: Instant | null, done: boolean): Instant | null {
    // The first sync starts at the top: what lies above its first page is for the runs to come.
    if (which === 'backfill') return at ?? goLive
    return which === 'walk' && done ? at : null
  }
}

/** Reading on in the wrong order would stop too early and lose records for good: better to stop with a word. */
export function refuseAscending(
  what: string,
  previous: Pick<Page, 'newest'> | null,
  page: Pick<Page, 'oldest'>,
): void {
  if (previous?.newest == null || page.oldest === null || page.oldest <= previous.newest) return
  throw outOfOrder(what, previous.newest, page.oldest)
}

export function outOfOrder(what: string, before: Instant, after: Instant): TajoError {
  return new TajoError(
    'source_out_of_order',
    `The ${what} came in the wrong order: a page of ${toIso(after)} after one of ${toIso(before)}.`,
    { hint: 'Nothing was lost: the next run reads them again. If it comes back, please report it.' },
  )
}
