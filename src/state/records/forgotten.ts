// People who asked to be forgotten: nothing is kept of them but a salted hash of their address, so that the next sync does not
// bring them back.
import { createHmac, randomBytes } from 'node:crypto'

import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'
import { Table } from '../db/table.ts'

const SALT = 'forget_salt'

export class Forgotten extends Table {
  readonly #insert = this.database.prepare(
    'INSERT INTO forgotten (hash, at) VALUES (?, ?) ON CONFLICT DO NOTHING',
  )

  readonly #writeSalt = this.database.prepare(
    `INSERT INTO meta (key, value) VALUES ('${SALT}', ?) ON CONFLICT DO NOTHING`,
  )

  /** Keeps the hash of an address; gives it, for the receipt. */
  put(email: string, now: Instant): string {
    this.#writeSalt.run(randomBytes(32).toString('hex'))
    const kept = this.#hash(email)!
    this.#insert.run(kept, now)
    return kept
  }

  /** Those of another copy of this state; false where they are of another one, whose hashes can't be compared. */
  adopt({ salt, rows }: { salt: string; rows: readonly { hash: string; at: Instant }[] }): boolean {
    this.#writeSalt.run(salt)
    if (this.#readSalt.get()?.value !== salt) return false
    for (const { hash, at } of rows) this.#insert.run(hash, at)
    return true
  }

  readonly #any = this.database.prepare<[]>('SELECT 1 FROM forgotten LIMIT 1')

  isEmpty(): boolean {
    return this.#any.get() === undefined
  }

  readonly #select = this.database.prepare<[string]>('SELECT 1 FROM forgotten WHERE hash = ?')

  has(email: string): boolean {
    const kept = this.#hash(email)
    return kept !== null && this.#select.get(kept) !== undefined
  }

  readonly #readSalt = this.database.prepare<[], { value: string }>(
    `SELECT value FROM meta WHERE key = '${SALT}'`,
  )

  #hash(email: string): string | null {
    const salt = this.#readSalt.get()?.value
    return salt === undefined ? null : createHmac('sha256', salt).update(email).digest('hex')
  }
}

/** Whom an older copy still knows. Called in a transaction; gives how many there were. */
export function eraseForgotten(database: Database, forgotten: Forgotten): number {
  const known = database
    .prepare<[], { email: string }>(
      `SELECT email FROM customers WHERE email IS NOT NULL UNION SELECT email FROM contacts
       UNION SELECT email FROM outbox_events UNION SELECT email FROM campaign_entries`,
    )
    .all()
  const emails = known.map(({ email }) => email).filter((email) => forgotten.has(email))
  for (const email of emails) erasePerson(database, email)
  return emails.length
}

/** How many rows of each kind were removed. */
export type Erased = Record<string, number>

/**
 * Removes everything that is kept of an address: its customers at every source with all that was merged into them, their
 * tickets, messages and surveys, what Brevo was sent, what was to be delivered, what was set aside. Called in a transaction.
 */
export function erasePerson(database: Database, email: string): Erased {
  const customers = `WITH RECURSIVE person (source, id) AS (
    SELECT source, id FROM customers WHERE email = @email
    UNION SELECT c.source, c.id FROM customers c JOIN person p ON c.source = p.source AND c.merged_into = p.id)`
  const tickets = `${customers}, theirs (source, id) AS (
    SELECT t.source, t.id FROM tickets t JOIN person p ON t.source = p.source AND t.customer_id = p.id)`
  const surveys = `${customers}, theirs (source, id) AS (
    SELECT s.source, s.id FROM surveys s JOIN person p ON s.source = p.source AND s.customer_id = p.id)`
  const prefix = `${email.replaceAll(/[\\%_]/g, '\\$&')}/%`
  const steps: [kind: string, sql: string][] = [
    [
      'dead_letters',
      `${tickets} DELETE FROM dead_letters WHERE (kind = 'contact' AND key = @email)
        OR (kind = 'identifier' AND key LIKE @prefix ESCAPE '\\')
        OR (kind = 'event' AND key IN (SELECT event_id FROM outbox_events WHERE email = @email))
        OR (kind = 'record' AND (
          key IN (SELECT source || '/customers/' || id FROM person)
          OR key IN (SELECT source || '/customers/' || id || '/phone' FROM person)
          OR key IN (SELECT source || '/tickets/' || id FROM theirs)))`,
    ],
    [
      'feed_entries',
      `${tickets} DELETE FROM source_events WHERE (source, object_id) IN (SELECT source, id FROM theirs)
        OR (source, object_id) IN (SELECT source, id FROM person)`,
    ],
    [
      'sessions',
      `${tickets} DELETE FROM sessions WHERE (source, ticket_id) IN (SELECT source, id FROM theirs)`,
    ],
    [
      'messages',
      `${tickets} DELETE FROM messages WHERE (source, ticket_id) IN (SELECT source, id FROM theirs)`,
    ],
    [
      'campaign_decisions',
      `${customers} DELETE FROM campaign_entries WHERE email = @email
        OR (source, customer_id) IN (SELECT source, id FROM person)`,
    ],
    [
      'handler_events',
      `${customers} DELETE FROM handler_events WHERE json_extract(occurrence, '$.email') = @email
        OR (source, json_extract(occurrence, '$.customerId')) IN (SELECT source, id FROM person)`,
    ],
    ['surveys', `${surveys} DELETE FROM surveys WHERE (source, id) IN (SELECT source, id FROM theirs)`],
    ['tickets', `${tickets} DELETE FROM tickets WHERE (source, id) IN (SELECT source, id FROM theirs)`],
    [
      'address_changes',
      `${customers} DELETE FROM moves WHERE @email IN (before, target)
        OR (source, customer_id) IN (SELECT source, id FROM person)`,
    ],
    ['customers', `${customers} DELETE FROM customers WHERE (source, id) IN (SELECT source, id FROM person)`],
    ['events', 'DELETE FROM outbox_events WHERE email = @email'],
    ['pending_writes', 'DELETE FROM outbox_contacts WHERE email = @email'],
    ['contacts', 'DELETE FROM contacts WHERE email = @email'],
    ['contacts_seen', 'DELETE FROM brevo_seen WHERE email = @email'],
  ]
  const erased: Erased = {}
  for (const [kind, sql] of steps) {
    const parameters = sql.includes('@prefix') ? { email, prefix } : { email }
    erased[kind] = database.prepare(sql).run(parameters).changes
  }
  return erased
}
