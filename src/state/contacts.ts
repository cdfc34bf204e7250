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
  gone: number
  told_at: number | null
}

const UNVERIFIED = { known: 1, made: 2 } as const

export interface SeenContact {
  email: string
  lists: number[]
  unsubscribed: number[]
}

export function createContacts(database: Database) {
  const select = database.prepare<[string], Row>('SELECT * FROM contacts WHERE email = ?')
  const upsert = database.prepare(`
    INSERT INTO contacts (email, attributes, lists, present, unverified, repair, gone, told_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (email) DO UPDATE SET attributes = excluded.attributes, lists = excluded.lists, present = excluded.present,
      unverified = excluded.unverified, repair = excluded.repair, gone = excluded.gone, told_at = excluded.told_at`)
  const claim = database.prepare(`
    INSERT INTO contacts (email, lists) VALUES (?, ?) ON CONFLICT (email) DO UPDATE SET lists = excluded.lists`)
  const expect = database.prepare(
    "INSERT INTO contacts (email, lists, attributes, present) VALUES (?, '{}', '{}', 1) ON CONFLICT DO NOTHING",
  )
  const setGone = database.prepare(
    "UPDATE contacts SET present = 0, gone = 1, attributes = '{}', lists = '{}', unverified = 0, repair = 0 WHERE email = ?",
  )
  const unsay = database.prepare(
    'UPDATE contacts SET attributes = json_remove(attributes, ?) WHERE email = ?',
  )
  const rename = database.prepare('UPDATE OR IGNORE contacts SET email = ? WHERE email = ?')
  const remove = database.prepare('DELETE FROM contacts WHERE email = ?')
  const countGiven = database.prepare<[], { n: number }>(`
    SELECT count(*) AS n FROM contacts, json_each(contacts.lists) one WHERE one.value IN ('given', 'giving')`)
  const dueWithGiven = database.prepare<[string, number], { email: string }>(`
    SELECT o.email FROM outbox_contacts o JOIN contacts c ON c.email = o.email
    WHERE o.lane < 2 AND o.email > ? AND c.lists LIKE '%"giv%' ORDER BY o.email LIMIT ?`)
  const unverified = database.prepare<[number], { email: string }>(
    'SELECT email FROM contacts WHERE unverified > 0 LIMIT ?',
  )
  const anyUnverified = database.prepare<[], { one: number }>(
    'SELECT 1 AS one FROM contacts WHERE unverified > 0 LIMIT 1',
  )
  const doubtAll = database.prepare(`UPDATE contacts SET unverified = ${UNVERIFIED.known} WHERE present = 1`)
  const count = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM contacts WHERE present = 1')
  const putSeen = database.prepare(`
    UPDATE brevo_seen SET lists = @lists, unsubscribed = @unsubscribed, absent = 0 WHERE email = @email`)
  const startLook = database.prepare(`
    INSERT INTO brevo_seen (email, lists, unsubscribed, absent)
    SELECT email, '[]', '[]', 1 FROM outbox_contacts WHERE true ON CONFLICT DO NOTHING`)
  const selectSeen = database.prepare<[string], { lists: string; unsubscribed: string; absent: number }>(
    'SELECT * FROM brevo_seen WHERE email = ?',
  )
  const clearSeen = database.prepare('DELETE FROM brevo_seen')

  return {
    told(email: string): ToldContact {
      const row = select.get(email)
      if (row === undefined)
        return {
          exists: false,
          gone: false,
          attributes: {},
          lists: {},
          unverified: null,
          repair: false,
          toldAt: null,
        }
      return {
        exists: row.present === 1,
        gone: row.gone === 1,
        attributes: JSON.parse(row.attributes) as ToldContact['attributes'],
        lists: JSON.parse(row.lists) as Record<string, Membership>,
        unverified: row.unverified === 0 ? null : row.unverified === UNVERIFIED.made ? 'made' : 'known',
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
        told.unverified === null ? 0 : UNVERIFIED[told.unverified],
        Number(told.repair),
        Number(told.gone),
        now,
      )
    },
    /** Notes that a write which adds the contact to these lists is about to leave. */
    claim(email: string, lists: readonly number[]): void {
      const before = JSON.parse(select.get(email)?.lists ?? '{}') as Record<string, Membership>
      for (const list of lists) before[list] = 'giving'
      claim.run(email, JSON.stringify(before))
    },
    /** Written to if it is there, and not made if it is not. */
    expect(email: string): void {
      expect.run(email)
    },
    /** Whether Brevo holds this value is not known any more: it is sent again. */
    unsay(email: string, attribute: string): void {
      unsay.run(`$."${attribute}"`, email)
    },
    /** It was deleted in Brevo. */
    setGone(email: string): void {
      setGone.run(email)
    },
    /** The contact has another address now. */
    rename(from: string, to: string): void {
      rename.run(to, from)
    },
    remove(email: string): boolean {
      return remove.run(email).changes > 0
    },
    /** How many memberships tajo gave, in all. */
    countGiven: (): number => countGiven.get()?.n ?? 0,
    /** Contacts in the outbox that have memberships which could be taken away. */
    dueWithGiven: (after: string, limit: number): string[] =>
      dueWithGiven.all(after, limit).map((row) => row.email),
    /** Contacts whose import was not read back, a few at a time. */
    unverified: (limit: number): string[] => unverified.all(limit).map((row) => row.email),
    hasUnverified: (): boolean => anyUnverified.get() !== undefined,
    /** Everything is to be compared with what Brevo holds. */
    doubtAll(): void {
      doubtAll.run()
    },
    count: (): number => count.get()?.n ?? 0,

    /** A look at all of Brevo begins: it answers for the contacts that are due by now, and for no others. */
    startLook(): void {
      startLook.run()
    },
    /** Remembers what Brevo holds of a contact that is about to be written. */
    putSeen(contact: SeenContact): void {
      putSeen.run({
        email: contact.email,
        lists: JSON.stringify(contact.lists),
        unsubscribed: JSON.stringify(contact.unsubscribed),
      })
    },
    /** Null: the look did not answer for it. */
    seen(email: string): (SeenContact & { absent: boolean }) | null {
      const row = selectSeen.get(email)
      return row === undefined
        ? null
        : {
            email,
            absent: row.absent === 1,
            lists: JSON.parse(row.lists) as number[],
            unsubscribed: JSON.parse(row.unsubscribed) as number[],
          }
    },
    clearSeen(): void {
      clearSeen.run()
    },
  }
}
