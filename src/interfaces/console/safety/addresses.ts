// An e-mail address in the address of a page, so that no history, log or proxy holds it: encrypted by a key that stays in the state. The
// same person has the same page, so that it can be kept and passed on.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'

import { META } from '../../../state/meta.ts'
import type { Store } from '../../../state/store.ts'

const IV = 12
const TAG = 16

export class Addresses {
  readonly #cipherKey: Buffer
  readonly #ivKey: Buffer

  constructor({ meta }: Pick<Store, 'meta'>) {
    let key = meta.get(META.consoleKey)
    if (key === null) meta.set(META.consoleKey, (key = randomBytes(32).toString('base64url')))
    const derive = (use: string): Buffer => createHmac('sha256', key).update(use).digest()
    this.#cipherKey = derive('cipher')
    this.#ivKey = derive('iv')
  }

  toId(email: string): string {
    // The same text gives the same bytes, and another one others: no random ones are needed.
    const iv = createHmac('sha256', this.#ivKey).update(email).digest().subarray(0, IV)
    const cipher = createCipheriv('aes-256-gcm', this.#cipherKey, iv)
    const sealed = Buffer.concat([cipher.update(email, 'utf8'), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url')
  }

  /** Null: nobody was ever called so here. */
  fromId(id: string): string | null {
    const bytes = Buffer.from(id, 'base64url')
    if (bytes.length <= IV + TAG) return null
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#cipherKey, bytes.subarray(0, IV))
      decipher.setAuthTag(bytes.subarray(IV, IV + TAG))
      return decipher.update(bytes.subarray(IV + TAG), undefined, 'utf8') + decipher.final('utf8')
    } catch {
      return null
    }
  }
}
