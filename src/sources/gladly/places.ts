// Where a reading goes on: an instant of the event stream, a conversation of a window, a part of an export file.
import { TajoError } from '../../lib/errors.ts'
import type { Instant } from '../../model/time.ts'
import type { Page } from '../source.ts'
import type { Job } from './exports.ts'

const refused = (): TajoError =>
  new TajoError('source_cursor_refused', 'This is no place in a list of Gladly’s.')

export function readToken(token: string): Instant {
  const at = /^\d{1,17}$/.test(token) ? Number(token) : Number.NaN
  if (Number.isSafeInteger(at)) return at
  throw refused()
}

type Part = 'reports' | 'latest'

/** Of a window: after this conversation, of its reports or of what came after them. */
export function readPlace(token: string | null): { part: Part; after: string } {
  if (token === null) return { part: 'reports', after: '' }
  const match = /^(reports|latest):(.*)$/s.exec(token)
  if (match === null) throw refused()
  return { part: match[1] as Part, after: match[2]! }
}

export const writePlace = (part: Part, after: string): string => `${part}:${after}`

export function readJobPlace(token: string): { at: Instant; job: string; offset: number } {
  const match = /^(\d{1,17})\/(\d{1,9})\/(.+)$/.exec(token)
  if (match === null) throw refused()
  return { at: Number(match[1]), offset: Number(match[2]), job: match[3]! }
}

/** A job in parts; `skipped`: so many of it were read before. */
export function* toParts(
  { records, invalid }: Page,
  { at, id }: Job,
  skipped: number,
  next: Job | null,
  perPage: number,
): Generator<Page> {
  for (let start = skipped; start === skipped || start < records.length; start += perPage) {
    const end = start + perPage
    const goesOn = end < records.length ? `${at}/${end}/${id}` : null
    yield {
      records: records.slice(start, end),
      invalid: start === 0 ? invalid : [],
      newest: at,
      oldest: at,
      next: goesOn ?? (next === null ? null : `${next.at}/0/${next.id}`),
    }
  }
}
