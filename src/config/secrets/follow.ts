// Secrets that may be replaced while they are used.
import { statSync } from 'node:fs'

import { TajoError } from '../../lib/errors.ts'
import { Secret } from '../../lib/log/secret.ts'

/** Reads a value anew whenever its file was replaced; what can't be read then leaves the old one in force. */
export function follow(file: string, read: () => string): Secret {
  let value = read()
  let stamp = stampOf(file)
  return new Secret(() => {
    const now = stampOf(file)
    if (now !== null && now !== stamp) {
      stamp = now
      try {
        value = read()
      } catch (thrown) {
        // The next request with the old key says what is wrong, if anything is.
        if (!(thrown instanceof TajoError)) throw thrown
      }
    }
    return value
  })
}

function stampOf(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat === undefined ? null : `${stat.mtimeMs}:${stat.ino}:${stat.size}`
}
