// Where API keys come from: the environment (NAME or NAME_FILE), else the store in the state directory, encrypted with
// AES-256-GCM under TAJO_SECRET_KEY or a generated key file. Keys never stand in connectors.yml.
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { TajoError } from '../lib/errors.ts'
import { Secret } from '../lib/secret.ts'
import type { Env } from './load.ts'

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

/** Reads a value anew whenever its file was replaced; what can't be read then leaves the old one in force. */
function follow(file: string, read: () => string): Secret {
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

/** Reads NAME from the environment, or from the file that NAME_FILE names. */
export function readEnvSecret(name: string, env: Env): Secret | null {
  const direct = env[name]
  if (direct !== undefined && direct !== '') return new Secret(direct)
  const file = env[`${name}_FILE`]
  if (file === undefined || file === '') return null
  return follow(file, () => {
    try {
      return readFileSync(file, 'utf8').trim()
    } catch (cause) {
      throw new TajoError('secret_missing', `${name}_FILE names ${file}, which can't be read.`, { cause })
    }
  })
}

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

  function load(): StoreFile {
    if (!existsSync(path)) return { version: 1, salt: randomBytes(16).toString('base64'), secrets: {} }
    refuseIfShared(path)
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as StoreFile
    } catch (cause) {
      throw new TajoError('secret_unreadable', `${path} is damaged.`, {
        hint: 'Store the keys again: tajo connectors install gorgias',
        cause,
      })
    }
  }

  /** Whoever stores a key anew gets out of a damaged file; it is kept beside the new one. */
  function loadOrBeginAnew(): StoreFile {
    try {
      return load()
    } catch (thrown) {
      if (!(thrown instanceof TajoError) || !(thrown.cause instanceof SyntaxError)) throw thrown
      renameSync(path, `${path}.damaged`)
      return load()
    }
  }

  function save(store: StoreFile): void {
    const temporary = `${path}.new`
    writeFileSync(temporary, JSON.stringify(store, null, 2), { mode: 0o600 })
    renameSync(temporary, path)
  }

  const secrets: SecretStore = {
    follow(name) {
      if (secrets.read(name) === null) return null
      return follow(path, () => {
        const current = secrets.read(name)
        if (current === null) throw new TajoError('secret_missing', `The key ${name} is not stored any more.`)
        return current.reveal()
      })
    },

    watch: (name) => follow(path, () => secrets.read(name)?.reveal() ?? ''),

    read(name) {
      const store = load()
      const stored = store.secrets[name]
      if (stored === undefined) return null
      const decipher = createDecipheriv(
        'aes-256-gcm',
        findKey(stateDir, store, env),
        Buffer.from(stored.nonce, 'base64'),
      )
      decipher.setAAD(Buffer.from(name))
      try {
        decipher.setAuthTag(Buffer.from(stored.tag, 'base64'))
        const clear = Buffer.concat([
          decipher.update(Buffer.from(stored.ciphertext, 'base64')),
          decipher.final(),
        ])
        return new Secret(clear.toString('utf8'))
      } catch (cause) {
        throw new TajoError(
          'secret_unreadable',
          `The stored ${name} can't be decrypted: the key is another one, or ${path} was changed.`,
          {
            hint: `Set the TAJO_SECRET_KEY (or ${KEY_FILE}) that it was stored with, or store it again: tajo connectors install gorgias`,
            cause,
          },
        )
      }
    },

    write(name, secret) {
      mkdirSync(stateDir, { recursive: true, mode: 0o700 })
      const store = loadOrBeginAnew()
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', findKey(stateDir, store, env), nonce)
      cipher.setAAD(Buffer.from(name))
      const ciphertext = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()])
      store.secrets[name] = {
        nonce: nonce.toString('base64'),
        tag: cipher.getAuthTag().toString('base64'),
        ciphertext: ciphertext.toString('base64'),
      }
      save(store)
    },

    remove(prefix) {
      if (!existsSync(path)) return
      const store = load()
      for (const name of Object.keys(store.secrets)) if (name.startsWith(prefix)) delete store.secrets[name]
      save(store)
    },
  }
  return secrets
}

/** TAJO_SECRET_KEY as 32 bytes in hex or base64, or as a passphrase; else the key file, made when first needed. */
function findKey(stateDir: string, store: StoreFile, env: Env): Buffer {
  const given = readEnvSecret('TAJO_SECRET_KEY', env)?.reveal()
  if (given !== undefined) {
    if (/^[0-9a-f]{64}$/i.test(given)) return Buffer.from(given, 'hex')
    if (/^[A-Za-z0-9+/]{43}=$/.test(given)) return Buffer.from(given, 'base64')
    return scryptSync(given, Buffer.from(store.salt, 'base64'), 32, SCRYPT)
  }
  const file = join(stateDir, KEY_FILE)
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' })
  refuseIfShared(file)
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex')
}

function refuseIfShared(file: string): void {
  const mode = statSync(file).mode & 0o777
  if ((mode & 0o077) !== 0) {
    throw new TajoError('secret_unreadable', `${file} can be read by others (mode ${mode.toString(8)}).`, {
      hint: `Run: chmod 600 ${file}`,
    })
  }
}

/** Environment first, then the store. Throws `secret_missing` with what to do. */
export function requireSecret(
  env: Env,
  store: SecretStore,
  name: string,
  variable: string,
  label: string,
): Secret {
  const secret = readEnvSecret(variable, env) ?? store.follow(name)
  if (secret !== null) return secret
  throw new TajoError('secret_missing', `There is no ${variable}: ${label}.`, {
    hint: `Set ${variable} in the environment, or store it with: tajo connectors install gorgias`,
  })
}
