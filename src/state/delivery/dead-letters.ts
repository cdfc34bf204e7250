// What was set aside, with its reason. One bad record stops nothing, and is not forgotten either: it is tried again, ever
// more rarely, and at once when its contact or the mapping changes.
import { fromMs, type Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

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

const WAITS = JSON.stringify(RETRY_AFTER)

/** What the keys of a contact's identifiers begin with, for LIKE. */
const toPrefix = (email: string): string => `${email.replaceAll(/[\\%_]/g, '\\$&')}/%`

export class DeadLetters extends Table {
  readonly #select = this.database.prepare<[string, string], DeadLetter>(
    'SELECT * FROM dead_letters WHERE kind = ? AND key = ?',
  )

  readonly #upsert = this.database.prepare(`
    INSERT INTO dead_letters (kind, key, reason, first_at, last_at, retry_at)
    VALUES (@kind, @key, @reason, @now, @now, @retryAt)
    ON CONFLICT (kind, key) DO UPDATE SET
      reason = excluded.reason, attempts = attempts + 1, last_at = excluded.last_at, retry_at = excluded.retry_at`)

  /** `retry: false`: not without a person. Gives the time of the next attempt. */
  put(
    kind: DeadLetterKind,
    key: string,
    reason: string,
    now: Instant,
    options: { retry: boolean } = { retry: true },
  ): Instant | null {
    const wait = RETRY_AFTER[this.#select.get(kind, key)?.attempts ?? 0]
    const retryAt = options.retry && wait !== undefined ? now + wait : null
    this.#upsert.run({ kind, key, reason, now, retryAt })
    return retryAt
  }

  readonly #remove = this.database.prepare('DELETE FROM dead_letters WHERE kind = ? AND key = ?')

  /** It came right, or somebody gave it up. */
  clear(kind: DeadLetterKind, key: string): void {
    this.#remove.run(kind, key)
  }

  find(kind: DeadLetterKind, key: string): DeadLetter | null {
    return this.#select.get(kind, key) ?? null
  }

  // Set aside since then, and contacts that were set aside before and are still not delivered.
  readonly #countSince = this.database.prepare<[number], { n: number }>(`
    SELECT count(*) AS n FROM dead_letters d WHERE d.last_at >= ?
      OR (d.kind = 'contact' AND EXISTS (SELECT 1 FROM outbox_contacts o WHERE o.email = d.key))`)

  countSince(since: Instant): number {
    return this.#countSince.get(since)?.n ?? 0
  }

  readonly #any = this.database.prepare<[], { one: number }>('SELECT 1 AS one FROM dead_letters LIMIT 1')

  isEmpty(): boolean {
    return this.#any.get() === undefined
  }

  readonly #list = this.database.prepare<[], DeadLetter>(
    'SELECT * FROM dead_letters ORDER BY last_at DESC, kind, key',
  )

  list(): DeadLetter[] {
    return this.#list.all()
  }

  readonly #due = this.database.prepare<[string, number], DeadLetter>(
    'SELECT * FROM dead_letters WHERE kind = ? AND retry_at <= ? ORDER BY retry_at, key LIMIT 200',
  )

  /** What is to be tried again now. */
  due(kind: DeadLetterKind, now: Instant): DeadLetter[] {
    return this.#due.all(kind, now)
  }

  readonly #nextRetry = this.database.prepare<[], { at: number | null }>(
    "SELECT min(retry_at) AS at FROM dead_letters WHERE retry_at IS NOT NULL AND kind IN ('event', 'identifier')",
  )

  /** When something refused by Brevo is tried again next. */
  nextRetryAt(): Instant | null {
    return this.#nextRetry.get()?.at ?? null
  }

  readonly #setRetry = this.database.prepare(
    'UPDATE dead_letters SET retry_at = ? WHERE kind = ? AND key = ?',
  )

  retryAt(kind: DeadLetterKind, key: string, at: Instant | null): void {
    this.#setRetry.run(at, kind, key)
  }

  readonly #cap = this.database.prepare(
    `UPDATE dead_letters SET retry_at = @now WHERE retry_at > @now + json_extract(@waits, '$[' || (attempts - 1) || ']')`,
  )

  /** What waits for longer than it is ever let wait after so many attempts was planned by a clock that was wrong: it is due now. */
  capDue(now: Instant): void {
    this.#cap.run({ now, waits: WAITS })
  }

  readonly #retryOf = this.database.prepare(`
    UPDATE dead_letters SET retry_at = 0 WHERE retry_at IS NOT NULL AND (
      (kind = 'identifier' AND key LIKE @prefix ESCAPE '\\')
      OR (kind = 'event' AND key IN (SELECT event_id FROM outbox_events WHERE email = @email AND state = 'refused')))`)

  /** Something of this contact changed: what was refused may be taken now. */
  retryOf(email: string): void {
    this.#retryOf.run({ email, prefix: toPrefix(email) })
  }

  readonly #retryIdentifiers = this.database.prepare(
    "UPDATE dead_letters SET retry_at = 0 WHERE retry_at IS NOT NULL AND kind = 'identifier'",
  )

  /** A contact gave up an identifier. */
  retryIdentifiers(): void {
    this.#retryIdentifiers.run()
  }

  readonly #retryAll = this.database.prepare(
    "UPDATE dead_letters SET retry_at = 0 WHERE retry_at IS NOT NULL AND kind IN ('identifier', 'event')",
  )

  /** The mapping changed. */
  retryAll(): void {
    this.#retryAll.run()
  }

  readonly #removeOf = this.database.prepare(`
    DELETE FROM dead_letters WHERE (kind = 'contact' AND key = @email)
      OR (kind = 'identifier' AND key LIKE @prefix ESCAPE '\\')`)

  /** Nothing is kept of this contact. */
  removeOf(email: string): number {
    return this.#removeOf.run({ email, prefix: toPrefix(email) }).changes
  }
}
