// Where a list that no search gives goes on: as the vendor tells it, and as the next request says it.
import { TajoError } from '../../lib/errors.ts'
import { type Json, toObject, toText } from './client.ts'

/** As a query: the vendor's text has an address, a cursor and the numbers of pages for it, each somewhere. */
export function readNext(pages: Json | null): string | null {
  const next = pages?.['next']
  const address = toText(next)
  if (address !== null) return address.split('?')[1] ?? null
  const cursor = toText(toObject(next)?.['starting_after'])
  if (cursor !== null) return `starting_after=${encodeURIComponent(cursor)}`
  const [page, last] = [Number(pages?.['page'] ?? 1), Number(pages?.['total_pages'] ?? 1)]
  return page < last ? `page=${page + 1}` : null
}

/** Where such a list goes on. */
export function toParams(query: string): Record<string, string> {
  const given = new URLSearchParams(query)
  const place = ['page', 'starting_after'].flatMap((name): [string, string][] => {
    const value = given.get(name)
    return value === null ? [] : [[name, value]]
  })
  if (place.length > 0) return Object.fromEntries(place)
  throw new TajoError('source_cursor_refused', `"${query}" is no place in a list of Intercom’s.`)
}
