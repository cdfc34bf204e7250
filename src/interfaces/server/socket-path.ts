// Where a command finds the daemon of its state. Apart from the server, which takes long to load.
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** Longer paths are refused by the system. */
const LONGEST_PATH = 100

/** Where the daemon of this state listens. */
export function toSocketPath(stateDir: string): string {
  const name = `tajo-${createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 16)}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`
  const path = join(resolve(stateDir), 'tajo.sock')
  return path.length > LONGEST_PATH ? join(tmpdir(), `${name}.sock`) : path
}
