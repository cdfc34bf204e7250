// A list that goes in circles is read for ever: A-B-A-B by its cursors, or the same page under ever new ones.
import { TajoError } from '../lib/errors.ts'

interface Seen {
  next: string | null
  records: readonly { id?: unknown }[]
  invalid?: readonly { id?: unknown }[]
}

/** Rows that move up while a list is read show a page's rows again, but not so often in the same places. */
const MOST_SEEN = 5

/** To be told of each page of one reading. Throws `source_cursor_loops`. */
export function createLoopGuard(what: string): (page: Seen) => void {
  const cursors = new Set<string>()
  const seen = new Map<string, number>()
  const refuse = (how: string): never => {
    throw new TajoError('source_cursor_loops', `The list of ${what} does not come to its end: ${how}.`, {
      hint: 'It is read again by the next run. If it comes back, the helpdesk’s support should know.',
    })
  }
  return ({ next, records, invalid = [] }) => {
    if (next !== null) {
      if (cursors.has(next)) refuse('a cursor came a second time')
      cursors.add(next)
    }
    const ids = [...records, ...invalid].map(({ id }) => id)
    if (ids.length === 0) return
    const places = ids.join('/')
    const times = (seen.get(places) ?? 0) + 1
    seen.set(places, times)
    if (times > MOST_SEEN) refuse(`the same page came ${times} times`)
  }
}
