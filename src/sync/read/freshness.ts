// Two readings at the same time: what one of them stored while the other's request was under way may be newer than what that
// request brings. The reading in the background then leaves that record alone; the live one has seen it.
import type { SourceRecord } from '../../model/records.ts'

export interface Freshness {
  /** Called for everything that is stored or removed. */
  note(kind: string, id: string): void
  /** To be opened before a request leaves, and closed when its answer is stored. */
  /** `only`: nothing else is remembered, such as `ticket/42`; a long reading stores a million records. */
  watch(only?: ReadonlySet<string>): Watch
}

export interface Watch {
  /** True if the record was stored since this watch began. */
  isOvertaken(record: SourceRecord): boolean
  isStored(kind: string, id: string): boolean
  close(): void
}

/** More than the pages that are under way hold; what no watch asks for is dropped then. */
const MOST_KEPT = 20_000

export function createFreshness(): Freshness {
  /** What was stored, by the order of storing; what is stored again goes to the end. */
  const stored = new Map<string, number>()
  /** From which number on each open watch looks. */
  const open = new Set<{ from: number }>()
  const chosen = new Set<{ stored: Set<string>; only: ReadonlySet<string> }>()
  let next = 0

  function drop(): void {
    const first = Math.min(...[...open].map(({ from }) => from))
    for (const [key, at] of stored) {
      if (at >= first) return
      stored.delete(key)
    }
  }

  function watchOnly(only: ReadonlySet<string>): Watch {
    const entry = { stored: new Set<string>(), only }
    chosen.add(entry)
    return {
      isOvertaken: ({ kind, id }) => entry.stored.has(`${kind}/${id}`),
      isStored: (kind, id) => entry.stored.has(`${kind}/${id}`),
      close: () => void chosen.delete(entry),
    }
  }

  return {
    note(kind, id) {
      if (open.size + chosen.size === 0) return
      const key = `${kind}/${id}`
      for (const entry of chosen) if (entry.only.has(key)) entry.stored.add(key)
      if (open.size === 0) return
      stored.delete(key)
      stored.set(key, next)
      next += 1
      if (stored.size > MOST_KEPT) drop()
    },
    watch(only) {
      if (only !== undefined) return watchOnly(only)
      const entry = { from: next }
      open.add(entry)
      const isStored = (kind: string, id: string): boolean =>
        (stored.get(`${kind}/${id}`) ?? -1) >= entry.from
      return {
        isOvertaken: ({ kind, id }) => isStored(kind, id),
        isStored,
        close() {
          open.delete(entry)
          if (open.size === 0) stored.clear()
        },
      }
    },
  }
}
