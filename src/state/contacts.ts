// What Brevo was last told of each contact, and, while many are written at once, what it held before.
import type { Membership, ToldContact } from '../model/operations.ts'
import type { Instant } from '../model/time.ts'
import type { Database } from './database.ts'

interface Row {
  email: string
  attributes: string
  lists: string
  present: number
  unverified: number
  repair: number
  told_at: number | null
}

export interface SeenContact {
  email: string
  lists: number[]
  unsubscribed: number[]
}

export function createContacts(database: Database) {
  const select = database.prepare<[string], Row>('SELECT * FROM contacts WHERE email = ?')
  const upsert = database.prepare(`
    INSERT INTO contacts (email, attributes, lists, present, unverified, repair, told_at) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (email) DO UPDATE SET attributes = excluded.attributes, lists = excluded.lists, present = excluded.present,
      unverified = excluded.unverified, repair = excluded.repair, told_at = excluded.told_at`)
  const unverified = database.prepare<[number], { email: string }>(
    'SELECT email FROM contacts WHERE unverified = 1 LIMIT ?',
  )
  const anyUnverified = database.prepare<[], { one: number }>(
    'SELECT 1 AS one FROM contacts WHERE unverified = 1 LIMIT 1',
  )
  const count = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM contacts WHERE present = 1')
  const putSeen = database.prepare(`
    INSERT INTO brevo_seen (email, lists, unsubscribed) SELECT @email, @lists, @unsubscribed
    WHERE EXISTS (SELECT 1 FROM outbox_contacts WHERE email = @email)
    ON CONFLICT (email) DO UPDATE SET lists = excluded.lists, unsubscribed = excluded.unsubscribed`)
  const selectSeen = database.prepare<[string], { lists: string; unsubscribed: string }>(
    'SELECT * FROM brevo_seen WHERE email = ?',
  )
  const clearSeen = database.prepare('DELETE FROM brevo_seen')

  return {
    told(email: string): ToldContact {
      const row = select.get(email)
      if (row === undefined)
        return { exists: false, attributes: {}, lists: {}, unverified: false, repair: false, toldAt: null }
      return {
        exists: row.present === 1,
        attributes: JSON.parse(row.attributes) as ToldContact['attributes'],
        lists: JSON.parse(row.lists) as Record<string, Membership>,
        unverified: row.unverified === 1,
        repair: row.repair === 1,
        toldAt: row.told_at,
      }
    },
    putTold(email: string, told: ToldContact, now: Instant): void {
      const { exists, attributes, lists } = told
      upsert.run(
        email,
        JSON.stringify(attributes),
        JSON.stringify(lists),
        Number(exists),
        Number(told.unverified),
        Number(told.repair),
        now,
      )
    },
    /** Contacts whose import was not read back, a few at a time. */
    unverified: (limit: number): string[] => unverified.all(limit).map((row) => row.email),
    hasUnverified: (): boolean => anyUnverified.get() !== undefined,
    count: (): number => count.get()?.n ?? 0,

    /** Remembers what Brevo holds of a contact that is about to be written. */
    putSeen(contact: SeenContact): void {
      putSeen.run({
        email: contact.email,
        lists: JSON.stringify(contact.lists),
        unsubscribed: JSON.stringify(contact.unsubscribed),
      })
    },
    seen(email: string): SeenContact | null {
      const row = selectSeen.get(email)
      return row === undefined
        ? null
        : {
            email,
            lists: JSON.parse(row.lists) as number[],
            unsubscribed: JSON.parse(row.unsubscribed) as number[],
          }
    },
    clearSeen(): void {
      clearSeen.run()
    },
  }
}
