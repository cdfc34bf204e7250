// connectors.yml on the disk, for a page that may change it: replaced as a whole or not at all, and never where it says something else than
// what was seen.
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
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
      return readFileSync(path, 'utf8')
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
      const beside = `${file}.tajo-${process.pid}`
      const handle = openSync(beside, 'wx', statSync(file).mode & 0o777)
      try {
        writeSync(handle, text)
        fsyncSync(handle)
        closeSync(handle)
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
