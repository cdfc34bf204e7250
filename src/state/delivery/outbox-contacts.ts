// The outbox for contacts: addresses that must be brought in step, because something of theirs changed. Which values that
// takes is computed when they are sent, so a hundred changes cost one write, and an old value is never sent after a new one.
import type { Instant } from '../../model/time.ts'
import { isMoving } from './moves.ts'
import { Table } from '../db/table.ts'

/**
 * Which contacts go first: those that something happened to just now, then those of the first sync, a reconcile or a new
 * mapping. `held`: not before the first sync has read everything there is about them.
 */
export type OutboxPriority = 'live' | 'background' | 'held'
const PRIORITIES: Record<OutboxPriority, number> = { live: 0, background: 1, held: 2 }
/** Held, and looked at since it changed: what can be written before the end of the first sync is written. */
const LOOKED = 3

/** What was to be written once more is so after the write that a change causes, too. */
const STILL_IN_DOUBT = 'lost = max(lost, again, attempts > 0), again = 0'
const NOT_MOVING = `NOT ${isMoving('outbox_contacts.email')}`
const THESE = 'email IN (SELECT value FROM json_each(?))'

export interface DueContact {
  email: string
  priority: number
  generation: number
  attempts: number
  /** 1: written already, and written once more because an answer was lost. */
  again: number
  /** 1: what became of a write is not known: the process ended, or an import was not answered. */
  lost: number
}

export class OutboxContacts extends Table {
  readonly #mark = this.database.prepare(`
    INSERT INTO outbox_contacts (email, priority) VALUES (?, ?)
    ON CONFLICT (email) DO UPDATE SET
      generation = generation + 1, attempts = 0, ${STILL_IN_DOUBT}, due_at = 0, priority = min(priority, excluded.priority)
    -- A first sync marks each contact some ten times: nothing changes in a row that waits untouched for its end.
    WHERE NOT (priority = ${PRIORITIES.held} AND excluded.priority = ${PRIORITIES.held} AND sending = 0 AND attempts = 0 AND due_at = 0)`)

  /** Something of this contact changed. */
  mark(email: string, priority: OutboxPriority): void {
    this.#mark.run(email, PRIORITIES[priority])
  }

  readonly #markAll = this.database.prepare(`
    INSERT INTO outbox_contacts (email, priority)
      SELECT DISTINCT email, ${PRIORITIES.background} FROM customers WHERE email IS NOT NULL
      UNION SELECT email, ${PRIORITIES.background} FROM contacts WHERE present = 1
    ON CONFLICT (email) DO UPDATE SET generation = generation + 1, attempts = 0, ${STILL_IN_DOUBT}, due_at = 0`)

  /** The mapping changed: every contact is looked at again. */
  markAll(): void {
    this.#markAll.run()
  }

  readonly #markAgain = this.database.prepare(
    `UPDATE outbox_contacts SET generation = generation + 1, attempts = 0, ${STILL_IN_DOUBT}, due_at = 0`,
  )

  /** The same of those that are marked already, and of no others. */
  markAgain(): void {
    this.#markAgain.run()
  }

  readonly #everybody = this.database.prepare<[], { email: string }>(`
    SELECT DISTINCT email FROM customers WHERE email IS NOT NULL UNION SELECT email FROM contacts WHERE present = 1`)

  /** Whom `markAll` marks. */
  everybody(): string[] {
    return this.#everybody.all().map((row) => row.email)
  }

  readonly #hurry = this.database.prepare(
    'UPDATE outbox_contacts SET due_at = 0 WHERE due_at > 0 AND again = 0',
  )

  /** What was postponed is due, too. */
  hurry(): void {
    this.#hurry.run()
  }

  readonly #releaseHeld = this.database.prepare(
    `UPDATE outbox_contacts SET priority = ${PRIORITIES.background} WHERE priority >= ${PRIORITIES.held} AND (
      EXISTS (SELECT 1 FROM customers c WHERE c.source = ? AND c.email = outbox_contacts.email)
      OR NOT EXISTS (SELECT 1 FROM customers c WHERE c.email = outbox_contacts.email))`,
  )

  /** The first sync of a connector has read everything: those of its customers that waited for that may go. */
  releaseHeld(source: string): void {
    this.#releaseHeld.run(source)
  }

  readonly #held = this.database.prepare<[number, number], DueContact>(`
    SELECT email, priority, generation, attempts, again, lost FROM outbox_contacts
    WHERE priority = ${PRIORITIES.held} AND due_at <= ? AND ${NOT_MOVING} ORDER BY email LIMIT ?`)

  /** What waits for the end of the first sync and was not looked at since it changed. */
  held(now: Instant, limit: number): DueContact[] {
    return this.#held.all(now, limit)
  }

  readonly #setLooked = this.database.prepare(
    `UPDATE outbox_contacts SET priority = ${LOOKED} WHERE priority = ${PRIORITIES.held} AND email = ? AND generation = ?`,
  )

  /** Unless it changed meanwhile. */
  setLooked(contact: DueContact): void {
    this.#setLooked.run(contact.email, contact.generation)
  }

  readonly #due = this.database.prepare<[number, number, string, number, number], DueContact>(`
    SELECT email, priority, generation, attempts, again, lost FROM outbox_contacts
    WHERE due_at <= ? AND (priority, email) > (?, ?) AND priority <= ?
      AND ${NOT_MOVING}
    ORDER BY priority, email LIMIT ?`)

  /** Up to and including `priority`, in the order of priorities and addresses, those after `after`. */
  due(
    now: Instant,
    after: DueContact | null,
    priority: Exclude<OutboxPriority, 'held'>,
    limit: number,
  ): DueContact[] {
    return this.#due.all(now, after?.priority ?? -1, after?.email ?? '', PRIORITIES[priority], limit)
  }

  readonly #finish = this.database.prepare('DELETE FROM outbox_contacts WHERE email = ? AND generation = ?')

  /** In step, unless something changed meanwhile. */
  finish(contact: DueContact): void {
    this.#finish.run(contact.email, contact.generation)
  }

  readonly #drop = this.database.prepare('DELETE FROM outbox_contacts WHERE email = ?')

  /** Not to be written any more, until something of it changes. */
  drop(email: string): void {
    this.#drop.run(email)
  }

  readonly #postpone = this.database.prepare(
    'UPDATE outbox_contacts SET attempts = attempts + 1, due_at = ? WHERE email = ? AND generation = ?',
  )

  postpone(contact: DueContact, until: Instant): void {
    this.#postpone.run(until, contact.email, contact.generation)
  }

  readonly #hold = this.database.prepare(
    'UPDATE outbox_contacts SET attempts = 0, again = 0, lost = 0, due_at = ? WHERE email = ? AND generation = ?',
  )

  /** In step but for what a guard holds back. */
  hold(contact: DueContact, until: Instant): void {
    this.#hold.run(until, contact.email, contact.generation)
  }

  readonly #writeAgain = this.database.prepare(
    'UPDATE outbox_contacts SET again = 1, lost = 0, attempts = 0, due_at = ? WHERE email = ? AND generation = ?',
  )

  readonly #doubt = this.database.prepare('UPDATE outbox_contacts SET lost = 1 WHERE email = ?')

  /** Taken, after an answer was lost: the request that was not answered may still land, with older values. */
  writeAgain(contact: DueContact, at: Instant): void {
    const { changes } = this.#writeAgain.run(at, contact.email, contact.generation)
    // Something changed meanwhile: the write that this causes is not the last one either.
    if (changes === 0) this.#doubt.run(contact.email)
  }

  readonly #inDoubt = this.database.prepare<[string], { one: number }>(
    'SELECT 1 AS one FROM outbox_contacts WHERE email = ? AND (lost = 1 OR again = 1 OR attempts > 0)',
  )

  /** Whether what an earlier write left is not known. */
  isInDoubt(email: string): boolean {
    return this.#inDoubt.get(email) !== undefined
  }

  /** What became of a write of this contact is not known. */
  doubt(email: string): void {
    this.#doubt.run(email)
  }

  readonly #startSending = this.database.prepare(`UPDATE outbox_contacts SET sending = 1 WHERE ${THESE}`)

  /** To be committed before writes of these contacts leave: where the process ends, their outcome is not known. */
  startSending(emails: readonly string[]): void {
    this.#startSending.run(JSON.stringify(emails))
  }

  readonly #endSending = this.database.prepare(
    `UPDATE outbox_contacts SET sending = 0 WHERE sending = 1 AND ${THESE}`,
  )

  /** Their outcome is stored, or nothing of them has left. */
  endSending(emails: readonly string[]): void {
    this.#endSending.run(JSON.stringify(emails))
  }

  readonly #recover = this.database.prepare(
    'UPDATE outbox_contacts SET lost = 1, sending = 0 WHERE sending = 1',
  )

  /** The last process was killed in the middle of these. */
  recover(): void {
    this.#recover.run()
  }

  readonly #doubts = this.database.prepare<[string], { lost: number; again: number; due_at: number }>(
    'SELECT max(lost, attempts > 0) AS lost, again, due_at FROM outbox_contacts WHERE email = ?',
  )

  /** What is not known of the last write: its outcome (`lost`), or whether it stayed (`confirmAt`: when it is repeated). */
  doubtsOf(email: string): { lost: boolean; confirmAt: Instant | null } {
    const row = this.#doubts.get(email)
    return { lost: row?.lost === 1, confirmAt: row?.again === 1 ? row.due_at : null }
  }

  readonly #count = this.database.prepare<[], { n: number }>('SELECT count(*) AS n FROM outbox_contacts')

  count(): number {
    return this.#count.get()?.n ?? 0
  }

  readonly #countDue = this.database.prepare<[number, number], { n: number }>(
    'SELECT count(*) AS n FROM outbox_contacts WHERE due_at <= ? AND priority <= ?',
  )

  countDue(now: Instant, priority: Exclude<OutboxPriority, 'held'>): number {
    return this.#countDue.get(now, PRIORITIES[priority])?.n ?? 0
  }
}
