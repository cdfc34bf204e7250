// Keys in the state directory, encrypted with AES-256-GCM under TAJO_SECRET_KEY or a generated key file.
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { TajoError } from '../../lib/errors.ts'
import { Secret } from '../../lib/log/secret.ts'
import { follow } from './follow.ts'
import type { Env } from '../load.ts'
import { readEnvSecret } from './secrets.ts'
import { SOURCE_NAMES } from '../../sources/index.ts'

interface StoredSecret {
  nonce: string
  tag: string
  ciphertext: string
}

interface StoreFile {
  version: 1
  /** Salt of the passphrase, in base64. */
  salt: string
  secrets: Record<string, StoredSecret>
}

/** OWASP's scrypt parameters: 2^17, r 8, p 1; 128 MiB and some 0.4 s, once a start. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 }
const KEY_FILE = 'secret.key'
const STORE_FILE = 'secrets.json'

export interface SecretStore {
  /** Null where nothing is stored under this name. Throws `secret_unreadable` for a wrong key or a changed file. */
  read(name: string): Secret | null
  /** The same, and what is stored under the name later. */
  follow(name: string): Secret | null
  /** What is stored under the name, now or later; empty while nothing is. */
  watch(name: string): Secret
  write(name: string, secret: Secret): void
  remove(prefix: string): void
}

export function openSecretStore(stateDir: string, env: Env): SecretStore {
  const path = join(stateDir, STORE_FILE)
  const read = (name: string): Secret | null => {
    const store = load(path)
    const stored = store.secrets[name]
    return stored === undefined ? null : decrypt(name, stored, findKey(stateDir, store, env), path)
  }
  return {
    read,
    watch: (name) => follow(path, () => read(name)?.reveal() ?? ''),

    follow(name) {
      if (read(name) === null) return null
      return follow(path, () => {
        const current = read(name)
        if (current === null) throw new TajoError('secret_missing', `The key ${name} is not stored any more.`)
        return current.reveal()
      })
    },

    write(name, secret) {
      onDisk(stateDir, () => mkdirSync(stateDir, { recursive: true, mode: 0o700 }))
      const store = loadOrBeginAnew(path)
      store.secrets[name] = encrypt(name, secret, findKey(stateDir, store, env))
      save(stateDir, store)
    },

    remove(prefix) {
      if (!existsSync(path)) return
      const store = load(path)
      for (const name of Object.keys(store.secrets)) if (name.startsWith(prefix)) delete store.secrets[name]
      save(stateDir, store)
    },
  }
}

function load(path: string): StoreFile {
  if (!existsSync(path)) return { version: 1, salt: randomBytes(16).toString('base64'), secrets: {} }
  refuseIfShared(path)
  const store = parseStore(readFileSync(path, 'utf8'))
  if (store === null)
    throw new TajoError('secret_unreadable', `${path} is damaged.`, {
      hint: `Store the keys again: tajo connectors install ${SOURCE_NAMES[0]}`,
    })
  return store
}

/** Whoever stores a key anew gets out of a damaged file; it is kept beside the new one. */
function loadOrBeginAnew(path: string): StoreFile {
  if (existsSync(path) && parseStore(readFileSync(path, 'utf8')) === null) renameSync(path, `${path}.damaged`)
  return load(path)
}

function save(stateDir: string, store: StoreFile): void {
  const path = join(stateDir, STORE_FILE)
  const temporary = `${path}.new`
  onDisk(stateDir, () => {
    writeFileSync(temporary, JSON.stringify(store, null, 2), { mode: 0o600 })
    renameSync(temporary, path)
  })
}

function encrypt(name: string, secret: Secret, key: Buffer): StoredSecret {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(name))
  const ciphertext = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()])
  return {
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    ciphertext: ciphertext.toString('base64'),
  }
}

function decrypt(name: string, stored: StoredSecret, key: Buffer, path: string): Secret {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(stored.nonce, 'base64'))
    decipher.setAAD(Buffer.from(name))
    decipher.setAuthTag(Buffer.from(stored.tag, 'base64'))
    const ciphertext = Buffer.from(stored.ciphertext, 'base64')
    return new Secret(Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8'))
  } catch (cause) {
    throw new TajoError(
      'secret_unreadable',
      `The stored ${name} can't be decrypted: the key is another one, or ${path} was changed.`,
      {
        hint: `Set the TAJO_SECRET_KEY (or ${KEY_FILE}) that it was stored with, or store it again: ${storeAgain(name)}`,
        cause,
      },
    )
  }
}

/** TAJO_SECRET_KEY as 32 bytes in hex or base64, or as a passphrase; else the key file, made when first needed. */
function findKey(stateDir: string, store: StoreFile, env: Env): Buffer {
  const given = readEnvSecret('TAJO_SECRET_KEY', env)?.reveal()
  if (given !== undefined) {
    if (HEX_KEY.test(given)) return Buffer.from(given, 'hex')
    if (/^[A-Za-z0-9+/]{43}=$/.test(given)) return Buffer.from(given, 'base64')
    return scryptSync(given, Buffer.from(store.salt, 'base64'), 32, SCRYPT)
  }
  const file = join(stateDir, KEY_FILE)
  if (!existsSync(file))
    onDisk(stateDir, () => writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' }))
  refuseIfShared(file)
  const text = readFileSync(file, 'utf8').trim()
  if (HEX_KEY.test(text)) return Buffer.from(text, 'hex')
  throw new TajoError('secret_unreadable', `${file} is damaged: 64 hexadecimal digits should stand in it.`, {
    hint: `Put it back from a copy; if there is none, remove it and ${STORE_FILE}, and store the keys again: tajo connectors install ${SOURCE_NAMES[0]}`,
  })
}

const HEX_KEY = /^[0-9a-f]{64}$/i

/** Null: no store, or a damaged one. */
function parseStore(text: string): StoreFile | null {
  let store: Partial<StoreFile> | null
  try {
    store = JSON.parse(text) as Partial<StoreFile> | null
  } catch {
    return null
  }
  const isWhole =
    typeof store?.salt === 'string' && typeof store.secrets === 'object' && store.secrets !== null
  return isWhole ? (store as StoreFile) : null
}

/** The command that stores a key anew; a webhook's is made by tajo itself. */
function storeAgain(name: string): string {
  const [connector = '', key] = name.split('.')
  if (connector === 'brevo') return `tajo connectors install ${SOURCE_NAMES[0]}`
  return key === 'webhook_secret'
    ? `tajo webhooks install ${connector} --rotate`
    : `tajo connectors install ${connector}`
}

function onDisk<T>(stateDir: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    const { code = 'unknown' } = cause as { code?: string }
    throw new TajoError('state_unusable', `The keys can't be stored in ${stateDir} (${code}).`, {
      hint: code === 'ENOSPC' ? 'The disk is full: make room.' : 'Is the directory writable for this user?',
      cause,
    })
  }
}

function refuseIfShared(file: string): void {
  const mode = statSync(file).mode & 0o777
  if ((mode & 0o077) !== 0) {
    throw new TajoError('secret_unreadable', `${file} can be read by others (mode ${mode.toString(8)}).`, {
      hint: `Run: chmod 600 ${file}`,
    })
  }
}
