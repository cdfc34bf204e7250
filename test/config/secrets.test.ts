// Where keys come from, and how they are stored.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { openSecretStore, readEnvSecret } from '../../src/config/secrets.ts'
import { Secret } from '../../src/lib/secret.ts'

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

describe('a secret', () => {
  it('prints as [secret] wherever it ends up', () => {
    const secret = new Secret('canary')

    expect(
      [String(secret), JSON.stringify({ secret }), inspect({ secret }), secret.toString()].join(' '),
    ).not.toContain('canary')
  })
})
