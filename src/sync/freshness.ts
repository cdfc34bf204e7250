// Two readings at the same time: what one of them stored while the other's request was under way may be newer than what that
// request brings. The reading in the background then leaves that record alone; the live one has seen it.
import type { SourceRecord } from '../model/records.ts'

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

export function createFreshness(): Freshness {
  const open = new Set<{ stored: Set<string>; only: ReadonlySet<string> | undefined }>()
  return {
    note(kind, id) {
      if (open.size === 0) return
      const key = `${kind}/${id}`
      for (const { stored, only } of open) if (only === undefined || only.has(key)) stored.add(key)
    },
    watch(only) {
      const stored = new Set<string>()
      const entry = { stored, only }
      open.add(entry)
      return {
        isOvertaken: (record) => stored.has(`${record.kind}/${record.id}`),
        isStored: (kind, id) => stored.has(`${kind}/${id}`),
        close: () => void open.delete(entry),
      }
    },
  }
}
