// What SQLite and the disk can say, in words that say what to do.
import { TajoError } from '../../lib/errors.ts'

/** Everything that SQLite or the disk can say, as one error: `state_unusable`. */
export function guard<T>(stateDir: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    if (cause instanceof TajoError) throw cause
    const code = (cause as { code?: string }).code ?? 'unknown'
    throw new TajoError('state_unusable', `The state in ${stateDir} can not be used (${code}).`, {
      hint: adviceFor(code),
      cause,
    })
  }
}

export const RESTORE =
  'Put a backup in its place: tajo state restore FILE. What it does not know is looked for in Brevo before anything is sent.'

/** What a person can do about a code of SQLite or of the disk. */
export function adviceFor(code: string): string {
  if (/CORRUPT|NOTADB/.test(code)) return RESTORE
  if (/FULL|ENOSPC/.test(code)) return 'The disk is full: make room, and start again; nothing is lost.'
  if (/EACCES|EPERM|EROFS|READONLY|CANTOPEN/.test(code)) return 'Is the directory writable for this user?'
  return 'Is the directory writable, and is there room on the disk?'
}
