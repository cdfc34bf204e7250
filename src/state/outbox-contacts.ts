// The outbox for contacts: addresses that must be brought in step, because something of theirs changed. Which values that
// takes is computed when they are sent, so a hundred changes cost one write, and an old value is never sent after a new one.
import type { Instant } from '../model/time.ts'
import type { Database } from './database.ts'

export interface DueContact {
  email: string
  generation: number
  attempts: number
}

export function createOutboxContacts(database: Database) {
  const mark = database.prepare(`
    INSERT INTO outbox_contacts (email) VALUES (?)
    ON CONFLICT (email) DO UPDATE SET generation = generation + 1, attempts = 0, due_at = 0`)
  const markAll = database.prepare(`
    INSERT INTO outbox_contacts (email) SELECT DISTINCT email FROM customers WHERE email IS NOT NULL
    ON CONFLICT (email) DO UPDATE SET generation = generation + 1, attempts = 0, due_at = 0`)
  const due = database.prepare<[number, string, number], DueContact>(
    'SELECT email, generation, attempts FROM outbox_contacts WHERE due_at <= ? AND email > ? ORDER BY email LIMIT ?',
  )
  const finish = database.prepare('DELETE FROM outbox_contacts WHERE email = ? AND generation = ?')
  const postpone = database.prepare(
    'UPDATE outbox_contacts SET attempts = attempts + 1, due_at = ? WHERE email = ? AND generation = ?',
  )
  const count = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM outbox_contacts')
  const countDue = database.prepare<[number], { n: number }>(
    'SELECT count(*) AS n FROM outbox_contacts WHERE due_at <= ?',
  )

  return {
    /** Something of this contact changed. */
    mark(email: string): void {
      mark.run(email)
    },
    /** The mapping changed: every contact is looked at again. */
    markAll(): void {
      markAll.run()
    },
    /** In the order of their addresses, those after `after`. */
    due: (now: Instant, after: string, limit: number): DueContact[] => due.all(now, after, limit),
    /** In step, unless something changed meanwhile. */
    finish(contact: DueContact): void {
      finish.run(contact.email, contact.generation)
    },
    postpone(contact: DueContact, until: Instant): void {
      postpone.run(until, contact.email, contact.generation)
    },
    count: (): number => count.get()?.n ?? 0,
    countDue: (now: Instant): number => countDue.get(now)?.n ?? 0,
  }
}
