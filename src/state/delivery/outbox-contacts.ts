// The outbox for contacts: addresses that must be brought in step, because something of theirs changed. Which values that
// takes is computed when they are sent, so a hundred changes cost one write, and an old value is never sent after a new one.
import type { Instant } from '../../model/time.ts'
import { isMoving } from './moves.ts'
import type { Database } from '../db/sqlite.ts'

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

export function createOutboxContacts(database: Database) {
  const mark = database.prepare(`
    INSERT INTO outbox_contacts (email, priority) VALUES (?, ?)
    ON CONFLICT (email) DO UPDATE SET
      generation = generation + 1, attempts = 0, ${STILL_IN_DOUBT}, due_at = 0, priority = min(priority, excluded.priority)
    -- A first sync marks each contact some ten times: nothing changes in a row that waits untouched for its end.
    WHERE NOT (priority = ${PRIORITIES.held} AND excluded.priority = ${PRIORITIES.held} AND sending = 0 AND attempts = 0 AND due_at = 0)`)
  const markAll = database.prepare(`
    INSERT INTO outbox_contacts (email, priority)
      SELECT DISTINCT email, ${PRIORITIES.background} FROM customers WHERE email IS NOT NULL
      UNION SELECT email, ${PRIORITIES.background} FROM contacts WHERE present = 1
    ON CONFLICT (email) DO UPDATE SET generation = generation + 1, attempts = 0, ${STILL_IN_DOUBT}, due_at = 0`)
  const markAgain = database.prepare(
    `UPDATE outbox_contacts SET generation = generation + 1, attempts = 0, ${STILL_IN_DOUBT}, due_at = 0`,
  )
  const everybody = database.prepare<[], { email: string }>(`
    SELECT DISTINCT email FROM customers WHERE email IS NOT NULL UNION SELECT email FROM contacts WHERE present = 1`)
  const hurry = database.prepare('UPDATE outbox_contacts SET due_at = 0 WHERE due_at > 0 AND again = 0')
  const due = database.prepare<[number, number, string, number, number], DueContact>(`
    SELECT email, priority, generation, attempts, again, lost FROM outbox_contacts
    WHERE due_at <= ? AND (priority, email) > (?, ?) AND priority <= ?
      AND ${NOT_MOVING}
    ORDER BY priority, email LIMIT ?`)
  const releaseHeld = database.prepare(
    `UPDATE outbox_contacts SET priority = ${PRIORITIES.background} WHERE priority >= ${PRIORITIES.held} AND (
      EXISTS (SELECT 1 FROM customers c WHERE c.source = ? AND c.email = outbox_contacts.email)
      OR NOT EXISTS (SELECT 1 FROM customers c WHERE c.email = outbox_contacts.email))`,
  )
  const setLooked = database.prepare(
    `UPDATE outbox_contacts SET priority = ${LOOKED} WHERE priority = ${PRIORITIES.held} AND email = ? AND generation = ?`,
  )
  const held = database.prepare<[number, number], DueContact>(`
    SELECT email, priority, generation, attempts, again, lost FROM outbox_contacts
    WHERE priority = ${PRIORITIES.held} AND due_at <= ? AND ${NOT_MOVING} ORDER BY email LIMIT ?`)
  const finish = database.prepare('DELETE FROM outbox_contacts WHERE email = ? AND generation = ?')
  const drop = database.prepare('DELETE FROM outbox_contacts WHERE email = ?')
  const postpone = database.prepare(
    'UPDATE outbox_contacts SET attempts = attempts + 1, due_at = ? WHERE email = ? AND generation = ?',
  )
  const hold = database.prepare(
    'UPDATE outbox_contacts SET attempts = 0, again = 0, lost = 0, due_at = ? WHERE email = ? AND generation = ?',
  )
  const writeAgain = database.prepare(
    'UPDATE outbox_contacts SET again = 1, lost = 0, attempts = 0, due_at = ? WHERE email = ? AND generation = ?',
  )
  const doubt = database.prepare('UPDATE outbox_contacts SET lost = 1 WHERE email = ?')
  const inDoubt = database.prepare<[string], { one: number }>(
    'SELECT 1 AS one FROM outbox_contacts WHERE email = ? AND (lost = 1 OR again = 1 OR attempts > 0)',
  )
  const startSending = database.prepare(`UPDATE outbox_contacts SET sending = 1 WHERE ${THESE}`)
  const endSending = database.prepare(`UPDATE outbox_contacts SET sending = 0 WHERE sending = 1 AND ${THESE}`)
  const recover = database.prepare('UPDATE outbox_contacts SET lost = 1, sending = 0 WHERE sending = 1')
  const doubts = database.prepare<[string], { lost: number; again: number; due_at: number }>(
    'SELECT max(lost, attempts > 0) AS lost, again, due_at FROM outbox_contacts WHERE email = ?',
  )
  const count = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM outbox_contacts')
  const countDue = database.prepare<[number, number], { n: number }>(
    'SELECT count(*) AS n FROM outbox_contacts WHERE due_at <= ? AND priority <= ?',
  )

  return {
    /** Something of this contact changed. */
    mark(email: string, priority: OutboxPriority): void {
      mark.run(email, PRIORITIES[priority])
    },
    /** The mapping changed: every contact is looked at again. */
    markAll(): void {
      markAll.run()
    },
    /** The same of those that are marked already, and of no others. */
    markAgain(): void {
      markAgain.run()
    },
    /** Whom `markAll` marks. */
    everybody: (): string[] => everybody.all().map((row) => row.email),
    /** What was postponed is due, too. */
    hurry(): void {
      hurry.run()
    },
    /** The first sync of a connector has read everything: those of its customers that waited for that may go. */
    releaseHeld(source: string): void {
      releaseHeld.run(source)
    },
    /** What waits for the end of the first sync and was not looked at since it changed. */
    held: (now: Instant, limit: number): DueContact[] => held.all(now, limit),
    /** Unless it changed meanwhile. */
    setLooked(contact: DueContact): void {
      setLooked.run(contact.email, contact.generation)
    },
    /** Up to and including `priority`, in the order of priorities and addresses, those after `after`. */
    due: (
      now: Instant,
      after: DueContact | null,
      priority: Exclude<OutboxPriority, 'held'>,
      limit: number,
    ): DueContact[] => due.all(now, after?.priority ?? -1, after?.email ?? '', PRIORITIES[priority], limit),
    /** In step, unless something changed meanwhile. */
    finish(contact: DueContact): void {
      finish.run(contact.email, contact.generation)
    },
    /** Not to be written any more, until something of it changes. */
    drop(email: string): void {
      drop.run(email)
    },
    postpone(contact: DueContact, until: Instant): void {
      postpone.run(until, contact.email, contact.generation)
    },
    /** In step but for what a guard holds back. */
    hold(contact: DueContact, until: Instant): void {
      hold.run(until, contact.email, contact.generation)
    },
    /** Taken, after an answer was lost: the request that was not answered may still land, with older values. */
    writeAgain(contact: DueContact, at: Instant): void {
      const { changes } = writeAgain.run(at, contact.email, contact.generation)
      // Something changed meanwhile: the write that this causes is not the last one either.
      if (changes === 0) doubt.run(contact.email)
    },
    /** Whether what an earlier write left is not known. */
    isInDoubt: (email: string): boolean => inDoubt.get(email) !== undefined,
    /** What became of a write of this contact is not known. */
    doubt(email: string): void {
      doubt.run(email)
    },
    /** To be committed before writes of these contacts leave: where the process ends, their outcome is not known. */
    startSending(emails: readonly string[]): void {
      startSending.run(JSON.stringify(emails))
    },
    /** Their outcome is stored, or nothing of them has left. */
    endSending(emails: readonly string[]): void {
      endSending.run(JSON.stringify(emails))
    },
    /** The last process was killed in the middle of these. */
    recover(): void {
      recover.run()
    },
    /** What is not known of the last write: its outcome (`lost`), or whether it stayed (`confirmAt`: when it is repeated). */
    doubtsOf(email: string): { lost: boolean; confirmAt: Instant | null } {
      const row = doubts.get(email)
      return { lost: row?.lost === 1, confirmAt: row?.again === 1 ? row.due_at : null }
    },
    count: (): number => count.get()?.n ?? 0,
    countDue: (now: Instant, priority: Exclude<OutboxPriority, 'held'>): number =>
      countDue.get(now, PRIORITIES[priority])?.n ?? 0,
  }
}
