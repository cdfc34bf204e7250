// What was set aside, with its reason. One bad record stops nothing, and is not forgotten either.
import type { Instant } from '../model/time.ts'
import type { Database } from './database.ts'

/** `identifier`: the contact was written, without this one identifier. */
export type DeadLetterKind = 'record' | 'contact' | 'identifier' | 'event'

export interface DeadLetter {
  kind: DeadLetterKind
  key: string
  reason: string
  attempts: number
  first_at: Instant
  last_at: Instant
}

export function createDeadLetters(database: Database) {
  const upsert = database.prepare(`
    INSERT INTO dead_letters (kind, key, reason, first_at, last_at) VALUES (@kind, @key, @reason, @now, @now)
    ON CONFLICT (kind, key) DO UPDATE SET reason = excluded.reason, attempts = attempts + 1, last_at = excluded.last_at`)
  const remove = database.prepare('DELETE FROM dead_letters WHERE kind = ? AND key = ?')
  const list = database.prepare<[], DeadLetter>('SELECT * FROM dead_letters ORDER BY last_at DESC')
  // Set aside since then, and contacts that were set aside before and are still not delivered.
  const countSince = database.prepare<[number], { n: number }>(`
    SELECT count(*) AS n FROM dead_letters d WHERE d.last_at >= ?
      OR (d.kind = 'contact' AND EXISTS (SELECT 1 FROM outbox_contacts o WHERE o.email = d.key))`)
  const anyRecord = database.prepare<[], { one: number }>(
    "SELECT 1 AS one FROM dead_letters WHERE kind = 'record' LIMIT 1",
  )

  return {
    put(kind: DeadLetterKind, key: string, reason: string, now: Instant): void {
      upsert.run({ kind, key, reason, now })
    },
    /** It came right. */
    clear(kind: DeadLetterKind, key: string): void {
      remove.run(kind, key)
    },
    countSince: (since: Instant): number => countSince.get(since)?.n ?? 0,
    hasRecords: (): boolean => anyRecord.get() !== undefined,
    list: (): DeadLetter[] => list.all(),
  }
}
