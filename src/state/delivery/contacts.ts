// What Brevo was last sent of each contact, and, while many are written at once, what it held before.
import type { AttributeValue, Membership, SentState } from '../../model/operations.ts'
import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'

interface Row {
  email: string
  attributes: string
  lists: string
  present: number
  unverified: number
  repair: number
  gone: number
  told_at: number | null
  history: string
}

/**
 * When each value was sent, and what was sent before it. `*` stands for all that was sent with the first write, so that a first
 * sync stores little.
 */
type History = Record<string, [at: Instant, previous: AttributeValue | null] | Instant>

/** When the value of an attribute was sent, and the one before. */
export interface Sent {
  at: Instant | null
  previous: AttributeValue | null
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
    INSERT INTO contacts (email, attributes, lists, present, unverified, repair, gone, told_at, history)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (email) DO UPDATE SET attributes = excluded.attributes, lists = excluded.lists, present = excluded.present,
      unverified = excluded.unverified, repair = excluded.repair, gone = excluded.gone, told_at = excluded.told_at, history = excluded.history`)
  const putLists = database.prepare(`
    INSERT INTO contacts (email, lists) VALUES (?, ?) ON CONFLICT (email) DO UPDATE SET lists = excluded.lists`)
  const expect = database.prepare(
    "INSERT INTO contacts (email, lists, attributes, present) VALUES (?, '{}', '{}', 1) ON CONFLICT DO NOTHING",
  )
  // Lists that were left stay so: whoever makes the contact again must know.
  const setGone = database.prepare(`
    UPDATE contacts SET present = 0, gone = 1, attributes = '{}', unverified = 0, repair = 0, history = '{}',
      lists = (SELECT json_group_object(key, value) FROM json_each(contacts.lists) WHERE value = 'left') WHERE email = ?`)
  const unsay = database.prepare(
    'UPDATE contacts SET attributes = json_remove(attributes, ?) WHERE email = ?',
  )
  const rename = database.prepare('UPDATE OR IGNORE contacts SET email = ? WHERE email = ?')
  const remove = database.prepare('DELETE FROM contacts WHERE email = ?')
  const countGiven = database.prepare<[], { n: number }>(`
    SELECT count(*) AS n FROM contacts, json_each(contacts.lists) one WHERE one.value IN ('given', 'giving')`)
  const dueWithGiven = database.prepare<[string, number], { email: string }>(`
    SELECT o.email FROM outbox_contacts o JOIN contacts c ON c.email = o.email
    WHERE o.priority < 2 AND o.email > ? AND c.lists LIKE '%"giv%' ORDER BY o.email LIMIT ?`)
  const confirm = database.prepare('UPDATE contacts SET unverified = 0, repair = 0 WHERE email = ?')
  const unverified = database.prepare<[number], { email: string }>(
    'SELECT email FROM contacts WHERE unverified > 0 LIMIT ?',
  )
  const anyUnverified = database.prepare<[], { one: number }>(
    'SELECT 1 AS one FROM contacts WHERE unverified > 0 LIMIT 1',
  )
  const doubtAll = database.prepare(`UPDATE contacts SET unverified = ${UNVERIFIED.known} WHERE present = 1`)
  const count = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM contacts WHERE present = 1')
  const members = database.prepare<
    [{ path: string; limit: number }],
    { email: string; membership: Membership }
  >(`
    SELECT email, json_extract(lists, @path) AS membership FROM contacts WHERE json_extract(lists, @path) IS NOT NULL ORDER BY email LIMIT @limit`)
  const countMembers = database.prepare<[{ path: string }], { membership: Membership; n: number }>(`
    SELECT json_extract(lists, @path) AS membership, count(*) AS n FROM contacts WHERE json_extract(lists, @path) IS NOT NULL GROUP BY 1`)
  const countValues = database.prepare<[{ path: string }], { value: string | number | null; n: number }>(`
    SELECT json_extract(attributes, @path) AS value, count(*) AS n FROM contacts
    WHERE present = 1 AND json_type(attributes, @path) IS NOT NULL GROUP BY 1 ORDER BY n DESC`)
  const putSeen = database.prepare(`
    UPDATE brevo_seen SET lists = @lists, unsubscribed = @unsubscribed, absent = 0 WHERE email = @email`)
  const startLook = database.prepare(`
    INSERT INTO brevo_seen (email, lists, unsubscribed, absent)
    SELECT email, '[]', '[]', 1 FROM outbox_contacts WHERE true ON CONFLICT DO NOTHING`)
  const selectSeen = database.prepare<[string], { lists: string; unsubscribed: string; absent: number }>(
    'SELECT * FROM brevo_seen WHERE email = ?',
  )
  const clearSeen = database.prepare('DELETE FROM brevo_seen')

  const listsOf = (email: string): Record<string, Membership> =>
    JSON.parse(select.get(email)?.lists ?? '{}') as Record<string, Membership>

  return {
    lastSent(email: string): SentState {
      const row = select.get(email)
      if (row === undefined)
        return {
          exists: false,
          gone: false,
          attributes: {},
          lists: {},
          unverified: null,
          repair: false,
          sentAt: null,
        }
      return {
        exists: row.present === 1,
        gone: row.gone === 1,
        attributes: JSON.parse(row.attributes) as SentState['attributes'],
        lists: JSON.parse(row.lists) as Record<string, Membership>,
        unverified: row.unverified === 0 ? null : row.unverified === UNVERIFIED.made ? 'made' : 'known',
        repair: row.repair === 1,
        sentAt: row.told_at,
      }
    },
    putSent(email: string, lastSent: SentState, now: Instant): void {
      const { exists, attributes, lists } = lastSent
      const before = select.get(email)
      upsert.run(
        email,
        JSON.stringify(attributes),
        JSON.stringify(lists),
        Number(exists),
        lastSent.unverified === null ? 0 : UNVERIFIED[lastSent.unverified],
        Number(lastSent.repair),
        Number(lastSent.gone),
        now,
        lastSent.gone ? '{}' : toHistory(before, attributes, now),
      )
    },
    /** It was read back, and holds what it was sent. */
    confirm(email: string): void {
      confirm.run(email)
    },
    /** When the values that Brevo holds were sent, and what each was before. */
    sentOf(email: string): (attribute: string) => Sent {
      const history = JSON.parse(select.get(email)?.history ?? '{}') as History
      return (attribute) => {
        const entry = history[attribute]
        if (Array.isArray(entry)) return { at: entry[0], previous: entry[1] }
        return { at: (history['*'] as Instant | undefined) ?? null, previous: null }
      }
    },
    /** Notes that a write which adds the contact to these lists is about to leave. */
    claim(email: string, lists: readonly number[]): void {
      const now = listsOf(email)
      for (const list of lists) now[list] = 'giving'
      putLists.run(email, JSON.stringify(now))
    },
    /** Its person left these under another address. What they are in by other hands than tajo's they joined under this one. */
    noteLeft(email: string, lists: readonly number[]): void {
      if (lists.length === 0) return
      const now = listsOf(email)
      for (const list of lists) if (now[list] !== 'found') now[list] = 'left'
      putLists.run(email, JSON.stringify(now))
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
    /** Contacts that have something to do with a list, as far as tajo knows. */
    membersOf: (list: number, limit: number): { email: string; membership: Membership }[] =>
      members.all({ path: `$."${list}"`, limit }),
    countMembersOf: (list: number): Partial<Record<Membership, number>> =>
      Object.fromEntries(countMembers.all({ path: `$."${list}"` }).map((row) => [row.membership, row.n])),
    /** What Brevo was sent of an attribute, the most frequent value first. */
    valuesOf: (attribute: string): { value: string | number | null; contacts: number }[] =>
      countValues.all({ path: `$."${attribute}"` }).map((row) => ({ value: row.value, contacts: row.n })),
    clearSeen(): void {
      clearSeen.run()
    },
  }
}

/** A value that is sent again, because an answer was lost, keeps what was before it. */
function toHistory(before: Row | undefined, attributes: SentState['attributes'], now: Instant): string {
  const old = JSON.parse(before?.attributes ?? '{}') as SentState['attributes']
  const history = JSON.parse(before?.history ?? '{}') as History
  const names = Object.keys(attributes)
  // Sent before this was kept: what is known is when the contact was last written.
  if (Object.keys(old).length > 0) history['*'] ??= before?.told_at ?? now
  if (history['*'] === undefined && names.length > 0) history['*'] = now
  else
    for (const name of names) {
      const isKnown = Object.hasOwn(old, name)
      if (isKnown && JSON.stringify(old[name]) === JSON.stringify(attributes[name])) continue
      const entry = history[name]
      history[name] = [now, isKnown ? (old[name] ?? null) : Array.isArray(entry) ? entry[1] : null]
    }
  return JSON.stringify(history)
}
