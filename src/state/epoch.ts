// Tells a restored backup from the state that it replaced. A number grows with everything that leaves, in the database and in
// a small file beside it; a database that lags behind the file is an older copy, and what it believes unsent may have been
// sent (reliability.md § 3: the duplicate-mail trap of a restore).
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import type { Database } from './database.ts'

export const EPOCH_FILE = 'tajo.epoch'
const KEY = 'epoch'
/** Set in every copy that tajo makes itself: such a copy is a backup wherever it is put. */
export const BACKUP_MARK = 'backup'

export interface Epoch {
  /** True if this database is an older copy than what last worked here. */
  restored: boolean
  /** The restored copy takes over: called in the transaction that put what is unsent in doubt. */
  accept(): void
  /** Called in the transaction that records what is about to leave. */
  advance(): void
  /** Called after that transaction, before anything leaves. */
  seal(): void
}

export function openEpoch(database: Database, stateDir: string): Epoch {
  const file = join(stateDir, EPOCH_FILE)
  const select = database.prepare<[string], { value: string }>('SELECT value FROM meta WHERE key = ?')
  const upsert = database.prepare(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  const inDatabase = select.get(KEY)?.value
  const unmark = database.prepare('DELETE FROM meta WHERE key = ?')
  let current = Number(inDatabase ?? 0)
  const beside = existsSync(file) ? Number(readFileSync(file, 'utf8').trim() || 0) : null
  // No file beside a database that has one in its history: it was put here without the rest of its directory.
  const isOlder = beside === null ? inDatabase !== undefined : beside > current
  const restored = isOlder || select.get(BACKUP_MARK) !== undefined
  current = Math.max(current, beside ?? 0)

  const advance = (): void => {
    current += 1
    upsert.run(KEY, String(current))
  }

  return {
    restored,
    advance,
    accept() {
      advance()
      unmark.run(BACKUP_MARK)
    },
    seal() {
      const temporary = `${file}.new`
      const descriptor = openSync(temporary, 'w', 0o600)
      try {
        writeSync(descriptor, `${current}\n`)
        fsyncSync(descriptor)
      } finally {
        closeSync(descriptor)
      }
      renameSync(temporary, file)
    },
  }
}
