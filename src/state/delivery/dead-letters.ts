// What was set aside, with its reason. One bad record stops nothing, and is not forgotten either: it is tried again, ever
// more rarely, and at once when its contact or the mapping changes.
import { fromMs, type Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'

/** `identifier`: the contact was written, without this one identifier. */
export const DEAD_LETTER_KINDS = ['record', 'contact', 'identifier', 'event', 'handler'] as const
export type DeadLetterKind = (typeof DEAD_LETTER_KINDS)[number]

export interface DeadLetter {
  kind: DeadLetterKind
  key: string
  reason: string
  attempts: number
  first_at: Instant
  last_at: Instant
  /** When it is tried again by itself; null: a person decides. */
  retry_at: Instant | null
}

const HOUR = fromMs(3_600_000)
/** Waited after each attempt; after the last of them nothing is tried any more unasked: that is after some six days. */
const RETRY_AFTER = [1, 4, 12, 24, 24, 24, 24, 24].map((hours) => hours * HOUR)

export function createDeadLetters(database: Database) {
  const select = database.prepare<[string, string], DeadLetter>(
    'SELECT * FROM dead_letters WHERE kind = ? AND key = ?',
  )
  const upsert = database.prepare(`
    INSERT INTO dead_letters (kind, key, reason, first_at, last_at, retry_at)
    VALUES (@kind, @key, @reason, @now, @now, @retryAt)
    ON CONFLICT (kind, key) DO UPDATE SET
      reason = excluded.reason, attempts = attempts + 1, last_at = excluded.last_at, retry_at = excluded.retry_at`)
  const remove = database.prepare('DELETE FROM dead_letters WHERE kind = ? AND key = ?')
  const list = database.prepare<[], DeadLetter>('SELECT * FROM dead_letters ORDER BY last_at DESC, kind, key')
  // Set aside since then, and contacts that were set aside before and are still not delivered.
  const countSince = database.prepare<[number], { n: number }>(`
    SELECT count(*) AS n FROM dead_letters d WHERE d.last_at >= ?
      OR (d.kind = 'contact' AND EXISTS (SELECT 1 FROM outbox_contacts o WHERE o.email = d.key))`)
  const any = database.prepare<[], { one: number }>('SELECT 1 AS one FROM dead_letters LIMIT 1')
  const due = database.prepare<[string, number], DeadLetter>(
    'SELECT * FROM dead_letters WHERE kind = ? AND retry_at <= ? ORDER BY retry_at, key LIMIT 200',
  )
  const nextRetry = database.prepare<[], { at: number | null }>(
    "SELECT min(retry_at) AS at FROM dead_letters WHERE retry_at IS NOT NULL AND kind IN ('event', 'identifier')",
  )
  const setRetry = database.prepare('UPDATE dead_letters SET retry_at = ? WHERE kind = ? AND key = ?')
  const retryOf = database.prepare(`
    UPDATE dead_letters SET retry_at = 0 WHERE retry_at IS NOT NULL AND (
      (kind = 'identifier' AND key LIKE @prefix ESCAPE '\\')
      OR (kind = 'event' AND key IN (SELECT event_id FROM outbox_events WHERE email = @email AND state = 'refused')))`)
  const retryAll = database.prepare(
    "UPDATE dead_letters SET retry_at = 0 WHERE retry_at IS NOT NULL AND kind IN ('identifier', 'event')",
  )
  const retryIdentifiers = database.prepare(
    "UPDATE dead_letters SET retry_at = 0 WHERE retry_at IS NOT NULL AND kind = 'identifier'",
  )
  const removeOf = database.prepare(`
    DELETE FROM dead_letters WHERE (kind = 'contact' AND key = @email)
      OR (kind = 'identifier' AND key LIKE @prefix ESCAPE '\\')`)
  const toPrefix = (email: string): string => `${email.replaceAll(/[\\%_]/g, '\\$&')}/%`

  return {
    /** `retry: false`: not without a person. Gives the time of the next attempt. */
    put(
      kind: DeadLetterKind,
      key: string,
      reason: string,
      now: Instant,
      options: { retry: boolean } = { retry: true },
    ): Instant | null {
      const wait = RETRY_AFTER[select.get(kind, key)?.attempts ?? 0]
      const retryAt = options.retry && wait !== undefined ? now + wait : null
      upsert.run({ kind, key, reason, now, retryAt })
      return retryAt
    },
    /** It came right, or somebody gave it up. */
    clear(kind: DeadLetterKind, key: string): void {
      remove.run(kind, key)
    },
    find: (kind: DeadLetterKind, key: string): DeadLetter | null => select.get(kind, key) ?? null,
    countSince: (since: Instant): number => countSince.get(since)?.n ?? 0,
    isEmpty: (): boolean => any.get() === undefined,
    list: (): DeadLetter[] => list.all(),
    /** What is to be tried again now. */
    due: (kind: DeadLetterKind, now: Instant): DeadLetter[] => due.all(kind, now),
    /** When something refused by Brevo is tried again next. */
    nextRetryAt: (): Instant | null => nextRetry.get()?.at ?? null,
    retryAt(kind: DeadLetterKind, key: string, at: Instant | null): void {
      setRetry.run(at, kind, key)
    },
    /** Something of this contact changed: what was refused may be taken now. */
    retryOf(email: string): void {
      retryOf.run({ email, prefix: toPrefix(email) })
    },
    /** A contact gave up an identifier. */
    retryIdentifiers(): void {
      retryIdentifiers.run()
    },
    /** The mapping changed. */
    retryAll(): void {
      retryAll.run()
    },
    /** Nothing is kept of this contact. */
    removeOf(email: string): number {
      return removeOf.run({ email, prefix: toPrefix(email) }).changes
    },
  }
}
