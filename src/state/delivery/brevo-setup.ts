// What Brevo had when it was last asked: its attributes and lists. With it a mapping can be looked at without a request.
import type { Database } from '../db/sqlite.ts'
import { type BrevoSetup, createMeta, META } from '../meta.ts'

export function createBrevoSetup(database: Database) {
  const meta = createMeta(database)
  const read = (): BrevoSetup | null => meta.get(META.brevoSetup)
  return {
    /** Null: Brevo was never asked. */
    setup: read,
    listNames: (): Record<string, string> => read()?.lists ?? {},
    remember(setup: BrevoSetup): void {
      const before = read()
      if (before !== null && JSON.stringify({ ...before, at: 0 }) === JSON.stringify({ ...setup, at: 0 }))
        return
      meta.set(META.brevoSetup, setup)
    },
  }
}
