// Only one process reads the helpdesks and writes to Brevo.
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'

import { TajoError } from '../../lib/errors.ts'
import { guard } from './faults.ts'
import { open, readPragma } from './sqlite.ts'

const LOCK_FILE = 'tajo.lock'

/** True while some process holds the state. Asked by reading, so that who asks is not taken for who holds it. */
export function isLocked(stateDir: string): boolean {
  const path = join(stateDir, LOCK_FILE)
  if (!existsSync(path)) return false
  const file = guard(stateDir, () => open(path, { readonly: true, timeout: 0 }))
  try {
    readPragma(file, 'schema_version')
    return false
  } catch (thrown) {
    return isBusy(thrown)
  } finally {
    file.close()
  }
}

const isBusy = (thrown: unknown): boolean =>
  (thrown as { code?: string }).code?.startsWith('SQLITE_BUSY') === true

/** How long a start waits for those who ask whether anybody holds the state: each of them asks for a moment. */
const ASKING_MS = 500

/**
 * An open exclusive transaction on a file of its own: the operating system ends it with the process, however that dies,
 * so no stale lock is ever left behind.
 */
export function lock(stateDir: string): () => void {
  guard(stateDir, () => {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    accessSync(stateDir, constants.W_OK)
  })
  const file = guard(stateDir, () => {
    const path = join(stateDir, LOCK_FILE)
    closeSync(openSync(path, 'a', 0o600))
    return open(path, { timeout: ASKING_MS })
  })
  try {
    file.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    file.close()
    // A full disk refuses the lock too, and says so itself.
    if (!isBusy(cause))
      return guard(stateDir, () => {
        throw cause
      })
    throw new TajoError('state_locked', `Another tajo is working with ${stateDir}.`, {
      hint: 'Stop it first, or give this one a state of its own with --state-dir. `tajo status` can be used at any time.',
      cause,
    })
  }
  return () => {
    if (file.open) file.close()
  }
}
