// Customers whose address changed in the helpdesk: their contact in Brevo is to follow, instead of a second one being made.
import type { Database } from './sqlite.ts'

export interface PendingRename {
  from: string
  to: string
  /** Whether Brevo sends the contact no e-mails; null until that was looked at. */
  blocked: boolean | null
}

interface Row {
  email: string
  before: string
  blocked: number | null
}

export function createRenames(database: Database) {
  const select = database.prepare<[string], Row>('SELECT * FROM renames WHERE email = ?')
  const all = database.prepare<[], Row>('SELECT * FROM renames ORDER BY email')
  const upsert = database.prepare(
    'INSERT INTO renames (email, before) VALUES (?, ?) ON CONFLICT (email) DO NOTHING',
  )
  const note = database.prepare('UPDATE renames SET blocked = ? WHERE email = ?')
  const remove = database.prepare('DELETE FROM renames WHERE email = ?')

  return {
    /** A change of a change goes from the first address to the last. */
    put(from: string, to: string): void {
      const earlier = select.get(from)
      // One that may have been made in Brevo already is carried through first.
      if (earlier === undefined || earlier.blocked !== null) return void upsert.run(to, from)
      remove.run(from)
      if (earlier.before !== to) upsert.run(to, earlier.before)
    },
    /** The other addresses of whoever has this one, while a change is under way. */
    linked(email: string): string[] {
      const found = new Set([email])
      for (const one of found) {
        for (const row of all.all()) {
          if (row.email === one) found.add(row.before)
          if (row.before === one) found.add(row.email)
        }
      }
      found.delete(email)
      return [...found]
    },
    /** Null: not looked at yet. */
    blockedOf(to: string): boolean | null {
      const blocked = select.get(to)?.blocked ?? null
      return blocked === null ? null : blocked === 1
    },
    has: (to: string): boolean => select.get(to) !== undefined,
    all: (): PendingRename[] =>
      all.all().map((row) => ({
        from: row.before,
        to: row.email,
        blocked: row.blocked === null ? null : row.blocked === 1,
      })),
    /** To be committed before the address is changed. */
    note(to: string, blocked: boolean): void {
      note.run(Number(blocked), to)
    },
    remove(to: string): void {
      remove.run(to)
    },
  }
}
