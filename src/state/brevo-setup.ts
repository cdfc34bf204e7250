// What Brevo had when it was last asked: its attributes and lists. With it a mapping can be looked at without a request.
import type { Attribute } from '../model/attributes.ts'
import type { Instant } from '../model/time.ts'
import type { Database } from './sqlite.ts'
import { createMeta } from './runs.ts'

const KEY = 'brevo_setup'

export interface BrevoSetup {
  at: Instant
  attributes: Attribute[]
  /** Id → name. */
  lists: Record<string, string>
}

export function createBrevoSetup(database: Database) {
  const meta = createMeta(database)
  const read = (): BrevoSetup | null => JSON.parse(meta.read(KEY) ?? 'null') as BrevoSetup | null
  return {
    /** Null: Brevo was never asked. */
    setup: read,
    listNames: (): Record<string, string> => read()?.lists ?? {},
    remember(setup: BrevoSetup): void {
      const before = read()
      if (before !== null && JSON.stringify({ ...before, at: 0 }) === JSON.stringify({ ...setup, at: 0 }))
        return
      meta.write(KEY, JSON.stringify(setup))
    },
  }
}
