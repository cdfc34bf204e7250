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
  /** People in the backup who were forgotten since it was made. */
  forgotten: number
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
    // Opened as any state is: looked through, and brought up to date.
    const backup = openStoreScratch(workshop)
    const ready = join(workshop, 'ready.db')
    let forgotten: number
    try {
      forgotten = forgetAgain(stateDir, backup)
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

/** With its log, in which the last of it may stand. */
function putAside(stateDir: string, stamp: string): string | null {
  const current = join(stateDir, DATABASE_FILE)
  if (!existsSync(current)) return null
  const folder = join(stateDir, 'backups', `replaced-${stamp}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const ending of ['', '-wal', '-shm'])
    if (existsSync(`${current}${ending}`))
      renameSync(`${current}${ending}`, join(folder, `${DATABASE_FILE}${ending}`))
  return folder
}

/** A state that can't be read any more can't say who was forgotten: nobody else knows, and the caller says so. */
function forgetAgain(stateDir: string, backup: Store): number {
  const current = readForgotten(stateDir)
  if (current === null) return 0
  return backup.transaction(() => (backup.forgotten.adopt(current) ? backup.eraseForgotten() : 0))
}

function readForgotten(stateDir: string): { salt: string; rows: { hash: string; at: number }[] } | null {
  try {
    const database = openDatabaseReadOnly(stateDir)
    if (database === null) return null
    try {
      const salt = database
        .prepare<[], { value: string }>("SELECT value FROM meta WHERE key = 'forget_salt'")
        .get()?.value
      const rows = database.prepare<[], { hash: string; at: number }>('SELECT hash, at FROM forgotten').all()
      return salt === undefined ? null : { salt, rows }
    } finally {
      database.close()
    }
  } catch {
    return null
  }
}
