// What Brevo was last sent of each contact, and, while many are written at once, what it held before.
import type { AttributeValue, Membership, SentState } from '../../model/operations.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

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

export class Contacts extends Table {
  readonly #select = this.database.prepare<[string], Row>('SELECT * FROM contacts WHERE email = ?')

  lastSent(email: string): SentState {
    const row = this.#select.get(email)
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
  }

  readonly #upsert = this.database.prepare(`
    INSERT INTO contacts (email, attributes, lists, present, unverified, repair, gone, told_at, history)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (email) DO UPDATE SET attributes = excluded.attributes, lists = excluded.lists, present = excluded.present,
      unverified = excluded.unverified, repair = excluded.repair, gone = excluded.gone, told_at = excluded.told_at, history = excluded.history`)

  putSent(email: string, lastSent: SentState, now: Instant): void {
    const { exists, attributes, lists } = lastSent
    const before = this.#select.get(email)
    this.#upsert.run(
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
  }

  readonly #confirm = this.database.prepare('UPDATE contacts SET unverified = 0, repair = 0 WHERE email = ?')

  /** It was read back, and holds what it was sent. */
  confirm(email: string): void {
    this.#confirm.run(email)
  }

  /** When the values that Brevo holds were sent, and what each was before. */
  sentOf(email: string): (attribute: string) => Sent {
    const history = JSON.parse(this.#select.get(email)?.history ?? '{}') as History
    return (attribute) => {
      const entry = history[attribute]
      if (Array.isArray(entry)) return { at: entry[0], previous: entry[1] }
      return { at: (history['*'] as Instant | undefined) ?? null, previous: null }
    }
  }

  readonly #putLists = this.database.prepare(`
    INSERT INTO contacts (email, lists) VALUES (?, ?) ON CONFLICT (email) DO UPDATE SET lists = excluded.lists`)

  /** Notes that a write which adds the contact to these lists is about to leave. */
  claim(email: string, lists: readonly number[]): void {
    const now = this.#listsOf(email)
    for (const list of lists) now[list] = 'giving'
    this.#putLists.run(email, JSON.stringify(now))
  }

  /** Its person left these under another address. What they are in by other hands than tajo's they joined under this one. */
  noteLeft(email: string, lists: readonly number[]): void {
    if (lists.length === 0) return
    const now = this.#listsOf(email)
    for (const list of lists) if (now[list] !== 'found') now[list] = 'left'
    this.#putLists.run(email, JSON.stringify(now))
  }

  readonly #expect = this.database.prepare(
    "INSERT INTO contacts (email, lists, attributes, present) VALUES (?, '{}', '{}', 1) ON CONFLICT DO NOTHING",
  )

  /** Written to if it is there, and not made if it is not. */
  expect(email: string): void {
    this.#expect.run(email)
  }

  readonly #unsay = this.database.prepare(
    'UPDATE contacts SET attributes = json_remove(attributes, ?) WHERE email = ?',
  )

  /** Whether Brevo holds this value is not known any more: it is sent again. */
  unsay(email: string, attribute: string): void {
    this.#unsay.run(`$."${attribute}"`, email)
  }

  // Lists that were left stay so: whoever makes the contact again must know.
  readonly #setGone = this.database.prepare(`
    UPDATE contacts SET present = 0, gone = 1, attributes = '{}', unverified = 0, repair = 0, history = '{}',
      lists = (SELECT json_group_object(key, value) FROM json_each(contacts.lists) WHERE value = 'left') WHERE email = ?`)

  /** It was deleted in Brevo. */
  setGone(email: string): void {
    this.#setGone.run(email)
  }

  readonly #rename = this.database.prepare('UPDATE OR IGNORE contacts SET email = ? WHERE email = ?')

  /** The contact has another address now. */
  rename(from: string, to: string): void {
    this.#rename.run(to, from)
  }

  readonly #remove = this.database.prepare('DELETE FROM contacts WHERE email = ?')

  remove(email: string): boolean {
    return this.#remove.run(email).changes > 0
  }

  readonly #countGiven = this.database.prepare<[], { n: number }>(`
    SELECT count(*) AS n FROM contacts, json_each(contacts.lists) one WHERE one.value IN ('given', 'giving')`)

  /** How many memberships tajo gave, in all. */
  countGiven(): number {
    return this.#countGiven.get()?.n ?? 0
  }

  readonly #dueWithGiven = this.database.prepare<[string, number], { email: string }>(`
    SELECT o.email FROM outbox_contacts o JOIN contacts c ON c.email = o.email
    WHERE o.priority < 2 AND o.email > ? AND c.lists LIKE '%"giv%' ORDER BY o.email LIMIT ?`)

  /** Contacts in the outbox that have memberships which could be taken away. */
  dueWithGiven(after: string, limit: number): string[] {
    return this.#dueWithGiven.all(after, limit).map((row) => row.email)
  }

  readonly #unverified = this.database.prepare<[number], { email: string }>(
    'SELECT email FROM contacts WHERE unverified > 0 LIMIT ?',
  )

  /** Contacts whose import was not read back, a few at a time. */
  unverified(limit: number): string[] {
    return this.#unverified.all(limit).map((row) => row.email)
  }

  readonly #anyUnverified = this.database.prepare<[], { one: number }>(
    'SELECT 1 AS one FROM contacts WHERE unverified > 0 LIMIT 1',
  )

  hasUnverified(): boolean {
    return this.#anyUnverified.get() !== undefined
  }

  readonly #doubtAll = this.database.prepare(
    `UPDATE contacts SET unverified = ${UNVERIFIED.known} WHERE present = 1`,
  )

  /** Everything is to be compared with what Brevo holds. */
  doubtAll(): void {
    this.#doubtAll.run()
  }

  readonly #count = this.database.prepare<[], { n: number }>(
    'SELECT count(*) AS n FROM contacts WHERE present = 1',
  )

  count(): number {
    return this.#count.get()?.n ?? 0
  }

  readonly #startLook = this.database.prepare(`
    INSERT INTO brevo_seen (email, lists, unsubscribed, absent)
    SELECT email, '[]', '[]', 1 FROM outbox_contacts WHERE true ON CONFLICT DO NOTHING`)

  /** A look at all of Brevo begins: it answers for the contacts that are due by now, and for no others. */
  startLook(): void {
    this.#startLook.run()
  }

  readonly #putSeen = this.database.prepare(`
    UPDATE brevo_seen SET lists = @lists, unsubscribed = @unsubscribed, absent = 0 WHERE email = @email`)

  /** Remembers what Brevo holds of a contact that is about to be written. */
  putSeen(contact: SeenContact): void {
    this.#putSeen.run({
      email: contact.email,
      lists: JSON.stringify(contact.lists),
      unsubscribed: JSON.stringify(contact.unsubscribed),
    })
  }

  readonly #selectSeen = this.database.prepare<
    [string],
    { lists: string; unsubscribed: string; absent: number }
  >('SELECT * FROM brevo_seen WHERE email = ?')

  /** Null: the look did not answer for it. */
  seen(email: string): (SeenContact & { absent: boolean }) | null {
    const row = this.#selectSeen.get(email)
    return row === undefined
      ? null
      : {
          email,
          absent: row.absent === 1,
          lists: JSON.parse(row.lists) as number[],
          unsubscribed: JSON.parse(row.unsubscribed) as number[],
        }
  }

  readonly #members = this.database.prepare<
    [{ path: string; limit: number }],
    { email: string; membership: Membership }
  >(`
    SELECT email, json_extract(lists, @path) AS membership FROM contacts WHERE json_extract(lists, @path) IS NOT NULL ORDER BY email LIMIT @limit`)

  /** Contacts that have something to do with a list, as far as tajo knows. */
  membersOf(list: number, limit: number): { email: string; membership: Membership }[] {
    return this.#members.all({ path: `$."${list}"`, limit })
  }

  readonly #countMembers = this.database.prepare<[{ path: string }], { membership: Membership; n: number }>(`
    SELECT json_extract(lists, @path) AS membership, count(*) AS n FROM contacts WHERE json_extract(lists, @path) IS NOT NULL GROUP BY 1`)

  countMembersOf(list: number): Partial<Record<Membership, number>> {
    return Object.fromEntries(
      this.#countMembers.all({ path: `$."${list}"` }).map((row) => [row.membership, row.n]),
    )
  }

  readonly #countValues = this.database.prepare<
    [{ path: string }],
    { value: string | number | null; n: number }
  >(`
    SELECT json_extract(attributes, @path) AS value, count(*) AS n FROM contacts
    WHERE present = 1 AND json_type(attributes, @path) IS NOT NULL GROUP BY 1 ORDER BY n DESC`)

  /** What Brevo was sent of an attribute, the most frequent value first. */
  valuesOf(attribute: string): { value: string | number | null; contacts: number }[] {
    return this.#countValues
      .all({ path: `$."${attribute}"` })
      .map((row) => ({ value: row.value, contacts: row.n }))
  }

  readonly #clearSeen = this.database.prepare('DELETE FROM brevo_seen')

  clearSeen(): void {
    this.#clearSeen.run()
  }

  #listsOf(email: string): Record<string, Membership> {
    return JSON.parse(this.#select.get(email)?.lists ?? '{}') as Record<string, Membership>
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
