// A long search in slices. Whether a search ends after ten thousand items is not documented, and its cursor knows nothing of what moved since
// (gladly-intercom-api.md § B.3, B.4): after some pages it begins anew at the date that it has come to, and a second before.
import type { Instant } from '../../model/time.ts'
import { toMs } from '../../model/time.ts'
import type { Page } from '../source.ts'

/** So many pages of a slice; with 150 items each that is 7,500. */
export const SLICE_PAGES = 50

/** Where a search goes on. */
export interface Place {
  /** Unix seconds from which this slice searches; null: the first one, which asks for what was wanted. */
  since: number | null
  /** Of this slice, that were read. */
  pages: number
  cursor: string | null
}

export function readPlace(token: string | null): Place {
  const found = token === null ? null : /^(\d*)\/(\d+)\/(.*)$/s.exec(token)
  if (found === null) return { since: null, pages: 0, cursor: token }
  const [, since = '', pages = '', cursor = ''] = found
  return {
    since: since === '' ? null : Number(since),
    pages: Number(pages),
    cursor: cursor === '' ? null : cursor,
  }
}

export const writePlace = ({ since, pages, cursor }: Place): string =>
  `${since ?? ''}/${pages}/${cursor ?? ''}`

/** After this page, whose cursor is `page.next`. A second that fills a slice by itself is gone on through. */
export function nextPlace(place: Place, page: Page): Place {
  const pages = place.pages + 1
  const reached = page.newest === null ? null : toSeconds(page.newest) - 1
  const isFull = pages >= SLICE_PAGES && reached !== null && reached > (place.since ?? 0)
  return isFull
    ? { since: reached, pages: 0, cursor: null }
    : { since: place.since, pages, cursor: page.next }
}

const toSeconds = (at: Instant): number => Math.floor(toMs(at) / 1000)
