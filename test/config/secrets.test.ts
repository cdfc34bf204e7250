// Where keys come from, and how they are stored.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { openSecretStore } from '../../src/config/secrets/store.ts'
import { readEnvSecret } from '../../src/config/secrets/secrets.ts'
import { Secret } from '../../src/lib/log/secret.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-secrets-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const HEX = 'ab'.repeat(32)

describe('stored keys', () => {
  it.each([
    ['a generated key file', {}],
    ['32 bytes in hex', { TAJO_SECRET_KEY: HEX }],
    ['32 bytes in base64', { TAJO_SECRET_KEY: Buffer.from(HEX, 'hex').toString('base64') }],
    ['a passphrase', { TAJO_SECRET_KEY: 'correct horse battery staple' }],
  ])('come back under %s, and never stand in a file in clear', (_, env) => {
    openSecretStore(directory, env).write('gorgias.api_key', new Secret('canary-key-12345'))

    expect(openSecretStore(directory, env).read('gorgias.api_key')?.reveal()).toBe('canary-key-12345')
    for (const file of readdirSync(directory)) {
      expect(readFileSync(join(directory, file), 'utf8')).not.toContain('canary')
      expect(statSync(join(directory, file)).mode & 0o077).toBe(0)
    }
  })

  it('under another key are a clear error', () => {
    openSecretStore(directory, { TAJO_SECRET_KEY: HEX }).write('gorgias.api_key', new Secret('x'.repeat(20)))

    expect(() =>
      openSecretStore(directory, { TAJO_SECRET_KEY: 'cd'.repeat(32) }).read('gorgias.api_key'),
    ).toThrow(/stored gorgias\.api_key can't be decrypted/)
  })

  it('that were moved to another name or changed are a clear error', () => {
    const store = openSecretStore(directory, { TAJO_SECRET_KEY: HEX })
    store.write('gorgias.api_key', new Secret('x'.repeat(20)))
    const file = join(directory, 'secrets.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('gorgias.api_key', 'brevo.api_key'))

    expect(() => store.read('brevo.api_key')).toThrow(/can't be decrypted/)
  })

  it.each(['null', '[]', '{}', '{"version":1,"salt":"x"}', '{"version":1,"sal'])(
    'in a file that holds %s are a clear error, until one is stored anew',
    (text) => {
      const file = join(directory, 'secrets.json')
      writeFileSync(file, text, { mode: 0o600 })
      const store = openSecretStore(directory, {})
      expect(() => store.read('gorgias.api_key')).toThrow(/secrets\.json is damaged/)

      store.write('gorgias.api_key', new Secret('anew'))

      expect(store.read('gorgias.api_key')?.reveal()).toBe('anew')
      expect(readFileSync(`${file}.damaged`, 'utf8')).toBe(text)
    },
  )

  it.each(['', 'ab', HEX.slice(1), `${HEX}zz`])(
    'under a key file that holds "%s" are a clear error',
    (text) => {
      const store = openSecretStore(directory, {})
      store.write('gorgias.api_key', new Secret('canary'))
      writeFileSync(join(directory, 'secret.key'), text)

      expect(() => store.read('gorgias.api_key')).toThrow(/secret\.key is damaged/)
    },
  )

  it('where nothing can be written are a clear error', () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')

    expect(() => openSecretStore(join(file, 'state'), {}).write('a.b', new Secret('x'))).toThrow(
      /can't be stored in .* \(ENOTDIR\)/,
    )
  })

  it('in a file that others can read are refused', () => {
    const store = openSecretStore(directory, { TAJO_SECRET_KEY: HEX })
    store.write('gorgias.api_key', new Secret('x'.repeat(20)))
    chmodSync(join(directory, 'secrets.json'), 0o644)

    expect(() => store.read('gorgias.api_key')).toThrow(/can be read by others \(mode 644\)/)
  })
})

describe('the environment', () => {
  it('goes by NAME, or by a file that NAME_FILE names', () => {
    const file = join(directory, 'key')
    writeFileSync(file, 'from-file\n')

    expect(readEnvSecret('KEY', { KEY: 'direct' })?.reveal()).toBe('direct')
    expect(readEnvSecret('KEY', { KEY_FILE: file })?.reveal()).toBe('from-file')
    expect(readEnvSecret('KEY', {})).toBeNull()
  })
})

describe('a file that holds a key', () => {
  it('and is empty is no key', () => {
    const file = join(directory, 'key')
    writeFileSync(file, ' \n')

    expect(() => readEnvSecret('KEY', { KEY_FILE: file })).toThrow(/KEY_FILE names .*key, which is empty/)
    expect(() =>
      openSecretStore(directory, { TAJO_SECRET_KEY_FILE: file }).write('a.b', new Secret('x')),
    ).toThrow(/TAJO_SECRET_KEY_FILE names .*key, which is empty/)
  })

  it('is read anew when it was replaced; while it is empty or away the old key stays', () => {
    const file = join(directory, 'key')
    writeFileSync(file, 'old')
    const secret = readEnvSecret('KEY', { KEY_FILE: file })!

    writeFileSync(file, '')
    expect(secret.reveal()).toBe('old')
    rmSync(file)
    expect(secret.reveal()).toBe('old')
    writeFileSync(file, 'newer')
    expect(secret.reveal()).toBe('newer')
  })
})

describe('a secret', () => {
  it('prints as [secret] wherever it ends up', () => {
    const secret = new Secret('canary')

    expect(
      [String(secret), JSON.stringify({ secret }), inspect({ secret }), secret.toString()].join(' '),
    ).not.toContain('canary')
  })
})
