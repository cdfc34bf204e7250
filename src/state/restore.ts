// A backup in the place of the state, while nobody works with it. What it replaces is kept; who was forgotten since stays forgotten.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import { TajoError } from '../lib/errors.ts'
import { DATABASE_FILE, openDatabaseReadOnly, refuseForeign } from './db/database.ts'
import { lock } from './db/lock.ts'
import { openStoreScratch, type Store } from './store.ts'

export interface Restored {
  /** Where what was there is kept; null: nothing was there. */
  kept: string | null
  /** People in the backup who were forgotten since it was made; null: what was there can't be read, or was begun anew, so nobody knows. */
  forgotten: number | null
}

/** `stamp` names the copy of what was there. Throws `usage` or `state_unusable`, and then everything is as it was. */
export function restoreState(stateDir: string, file: string, stamp: string): Restored {
  if (!existsSync(file)) throw new TajoError('usage', `There is no file ${file}.`)
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const release = lock(stateDir)
  const workshop = mkdtempSync(join(stateDir, 'restoring-'))
  try {
    refuseForeign(file)
    copyFileSync(file, join(workshop, DATABASE_FILE))
    // Of a process that was killed the last stands there alone.
    if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, join(workshop, `${DATABASE_FILE}-wal`))
    // Opened as any state is: looked through, and brought up to date.
    const backup = openStoreScratch(workshop)
    const ready = join(workshop, 'ready.db')
    let forgotten: number | null
    try {
      forgotten = takeOver(stateDir, backup)
      backup.copyTo(ready)
    } finally {
      backup.close()
    }
    const kept = putAside(stateDir, stamp)
    renameSync(ready, join(stateDir, DATABASE_FILE))
    return { kept, forgotten }
  } finally {
    rmSync(workshop, { recursive: true, force: true })
    release()
  }
}

/**
 * With its log, in which the last of it may stand; that goes first, and even where it is alone: beside another database it would be written into
 * that one.
 */
function putAside(stateDir: string, stamp: string): string | null {
  const current = join(stateDir, DATABASE_FILE)
  const there = ['-wal', '-shm', ''].filter((ending) => existsSync(`${current}${ending}`))
  if (there.length === 0) return null
  const folder = join(stateDir, 'backups', `replaced-${stamp}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const ending of there) renameSync(`${current}${ending}`, join(folder, `${DATABASE_FILE}${ending}`))
  return folder
}

/** What a backup must not bring back: people who were forgotten since, and tokens of the console that were revoked. */
function takeOver(stateDir: string, backup: Store): number | null {
  const current = existsSync(join(stateDir, DATABASE_FILE)) ? readCurrent(stateDir) : NOTHING
  return backup.transaction(() => {
    backup.consoleAccess.adoptRevoked(current?.tokens ?? null)
    if (current === null) return null
    if (current.salt === null) return 0
    const { salt, forgotten } = current
    if (backup.forgotten.adopt({ salt, rows: forgotten })) return backup.eraseForgotten()
    // By another salt nobody can be found again.
    return forgotten.length === 0 ? 0 : null
  })
}

interface Current {
  salt: string | null
  forgotten: { hash: string; at: number }[]
  /** That may open something now. */
  tokens: string[]
}

const NOTHING: Current = { salt: null, forgotten: [], tokens: [] }

/** Null: it can't be read. Of an earlier version, which had no console, no token is known. */
function readCurrent(stateDir: string): Current | null {
  try {
    const database = openDatabaseReadOnly(stateDir)
    if (database === null) return NOTHING
    try {
      const salt = database
        .prepare<[], { value: string }>("SELECT value FROM meta WHERE key = 'forget_salt'")
        .get()?.value
      const forgotten = database
        .prepare<[], { hash: string; at: number }>('SELECT hash, at FROM forgotten')
        .all()
      const hasConsole =
        database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'console_tokens'").get() !== undefined
      const tokens = hasConsole
        ? database.prepare<[], { id: string }>('SELECT id FROM console_tokens WHERE revoked_at IS NULL').all()
        : []
      return { salt: salt ?? null, forgotten, tokens: tokens.map(({ id }) => id) }
    } finally {
      database.close()
    }
  } catch {
    return null
  }
}
