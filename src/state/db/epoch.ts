// Tells a restored backup from the state that it replaced. A number grows with everything that leaves, in the database and in
// a small file beside it; a database that lags behind the file is an older copy, and what it believes unsent may have been
// sent (reliability.md § 3: the duplicate-mail trap of a restore).
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { TajoError } from '../../lib/errors.ts'
import { EPOCH_FILE } from './database.ts'
import type { Database } from './sqlite.ts'

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
  /** Called after that transaction, before anything leaves. Throws `state_unsealed`: then nothing may leave. */
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
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : null
  const beside = text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null
  // No number beside a database that has one in its history: it was put here without the rest of its directory, or the file is
  // damaged. Either way the harsher reading: it may be an older copy.
  const isOlder = beside === null ? inDatabase !== undefined || text !== null : beside > current
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
      try {
        write(file, `${current}\n`)
      } catch (cause) {
        const { code = 'unknown' } = cause as { code?: string }
        throw new TajoError(
          'state_unsealed',
          `${file} could not be written (${code}), so nothing was sent.`,
          {
            hint:
              code === 'ENOSPC'
                ? 'The disk is full: make room. It is tried again by itself.'
                : 'It is tried again by itself.',
            cause,
          },
        )
      }
    },
  }
}

/** Whole, and on disk, or not at all. */
function write(file: string, text: string): void {
  const temporary = `${file}.new`
  const descriptor = openSync(temporary, 'w', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(temporary, file)
}
