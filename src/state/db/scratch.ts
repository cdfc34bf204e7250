// A copy of the state to try something on, thrown away afterwards. It is told from a restored backup: what it believes unsent
// is believed so by the state itself.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { copyForScratch, DATABASE_FILE, EPOCH_FILE, openDatabaseReadOnly } from './database.ts'
import { isLocked } from './lock.ts'

const PREFIX = 'scratch-'

export interface Scratch {
  directory: string
  remove(): void
}

/**
 * Empty where nothing was ever stored, and where `stateDir` is null. Made beside the state, so that personal data stays where it is
 * kept.
 */
export function createScratch(stateDir: string | null): Scratch {
  const directory = stateDir !== null && existsSync(stateDir) ? makeDirectory(stateDir) : inTemporary()
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const database = stateDir === null ? null : openDatabaseReadOnly(stateDir)
    if (stateDir === null || database === null) return { directory, remove }
    try {
      // While another process works, its number may be ahead of the copy for a moment; that process knows that it is no backup.
      const isWorking = isLocked(stateDir)
      copyForScratch(database, join(directory, DATABASE_FILE))
      const epoch = join(stateDir, EPOCH_FILE)
      if (isWorking) writeFileSync(join(directory, EPOCH_FILE), '0\n')
      else if (existsSync(epoch)) copyFileSync(epoch, join(directory, EPOCH_FILE))
    } finally {
      database.close()
    }
    return { directory, remove }
  } catch (thrown) {
    remove()
    throw thrown
  }
}

const inTemporary = (): string => mkdtempSync(join(tmpdir(), `tajo-${PREFIX}`))

function makeDirectory(stateDir: string): string {
  removeLeftBehind(stateDir)
  const directory = join(stateDir, `${PREFIX}${process.pid}-${process.hrtime.bigint()}`)
  mkdirSync(directory, { mode: 0o700 })
  return directory
}

/** Of processes that were killed. */
export function removeLeftBehind(stateDir: string): void {
  for (const name of readdirSync(stateDir)) {
    const pid = /^scratch-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(stateDir, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    return (thrown as { code?: string }).code === 'EPERM'
  }
}
