// connectors.yml on the disk, for a page that may change it: replaced as a whole or not at all, and never where it says something else than
// what was seen.
import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

export interface ConfigFile {
  path: string
  /** Null: it can't be read just now. */
  read(): string | null
  mayWrite(): boolean
  /** Replaces it as a whole. False: it does not say `before` any more, and is left as it is. */
  replace(before: string, text: string): boolean
}

export function openConfigFile(path: string): ConfigFile {
  const read = (): string | null => {
    try {
      const bytes = readFileSync(path)
      // What is no UTF-8 would be written back as something else.
      return isUtf8(bytes) ? bytes.toString('utf8') : null
    } catch {
      return null
    }
  }
  return {
    path,
    read,
    mayWrite() {
      try {
        const file = realpathSync(path)
        accessSync(file, constants.W_OK)
        accessSync(dirname(file), constants.W_OK)
        return true
      } catch {
        return false
      }
    },
    replace(before, text) {
      // A link stays a link: what it leads to is replaced.
      const file = realpathSync(path)
      const beside = `${file}.tajo-${randomBytes(6).toString('hex')}`
      const handle = openSync(beside, 'wx', 0o600)
      try {
        try {
          // All of it, or an error: a full disk takes a part.
          writeFileSync(handle, text)
          // Whatever the umask says.
          fchmodSync(handle, statSync(file).mode & 0o777)
          fsyncSync(handle)
        } finally {
          closeSync(handle)
        }
        if (read() !== before) return false
        try {
          renameSync(beside, file)
        } catch (thrown) {
          // A file that a container has of its host can't be replaced, only written.
          if (!['EBUSY', 'EXDEV'].includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown
          writeFileSync(file, text)
        }
        return true
      } finally {
        rmSync(beside, { force: true })
      }
    },
  }
}
