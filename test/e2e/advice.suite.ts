// What a text advises is run in the situation that printed it, as it was printed.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { Sqlite } from '../support/sqlite.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runTajo } from '../support/tajo.ts'

const PLACES = ['--config', 'my shop.yml', '--state-dir', 'elsewhere']
const FLAGS = "--config 'my shop.yml' --state-dir elsewhere"

let directory: string
let sandbox: Sandbox
const tajo = (...args: string[]) => runTajo([...args, ...PLACES], directory)
/** As a shell would. */
const split = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].slice(1).map(([, quoted, plain]) => quoted ?? plain!)
const paste = (command: string) => runTajo(split(command), directory)

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-advice-'))
  sandbox = await startSandbox({
    size: { ...EMPTY, customers: 3, tickets: 3 },
    helpdeskLimit: null,
    brevoLimit: null,
  })
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

function write(lines = 'field_mapping: { nb_tickets: TICKET_COUNT }', file = PLACES[1]!): void {
  writeFileSync(
    join(directory, file),
    `brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
    ${lines}
`,
  )
}

/** The one command that was advised, with the places it was asked for. */
function advised(output: string, beginsWith: string): string {
  const found =
    new RegExp(`tajo ${beginsWith}[^\\n]*`).exec(output)?.[0] ?? `nothing of ${beginsWith} in: ${output}`
  expect(found).toContain(FLAGS)
  return found
}

describe('advice that is followed comes through', () => {
  it('of a backup: it is restored as it is said', async () => {
    write()
    await tajo('sync', 'gorgias')
    const { stdout, stderr } = await tajo('state', 'backup')
    const restored = await paste(advised(stderr, 'state restore'))
    expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('✓ Restored') })
    expect(stdout).toContain('Wrote')
    expect((await tajo('state', 'check')).code).toBe(0)
  })

  it('of an older tajo that meets a newer state: the copy goes back', async () => {
    write()
    await tajo('sync', 'gorgias')
    // As the next version would leave it.
    await tajo('state', 'backup', '--out', join('elsewhere', 'tajo.db.before-v999'))
    const newer = new Sqlite(join(directory, 'elsewhere/tajo.db'))
    newer.pragma('user_version = 999')
    newer.close()
    const refused = await tajo('sync', 'gorgias')
    expect(refused.code).toBe(1)
    expect((await paste(advised(refused.stderr, 'state restore'))).code).toBe(0)
    expect((await tajo('sync', 'gorgias')).code).toBe(0)
  })

  it('of a token of the console: it is ended, and the others are listed', async () => {
    write()
    await tajo('sync', 'gorgias')
    const { stderr } = await tajo('console', 'token', '--name', 'Ann')
    const revoke = advised(stderr, 'console revoke')
    expect((await paste(revoke)).code).toBe(0)
    const again = await paste(revoke)
    expect(again.code).toBe(2)
    // Behind the command goes on the sentence.
    const list = advised(again.stderr, 'console tokens').replace(/ lists them\.$/, '')
    expect((await paste(list)).stdout).toContain('revoked')
  })

  it('of status before a first sync', async () => {
    write()
    const { stdout } = await tajo('status')

    expect(await paste(advised(stdout, 'sync'))).toMatchObject({ code: 0 })
  })

  it('of sync where Brevo lacks an attribute', async () => {
    write('field_mapping: { nb_tickets: HOW_MANY }')
    const { stderr, code } = await tajo('sync', 'gorgias')
    expect(code).toBe(2)

    expect(await paste(advised(stderr, 'connectors install'))).toMatchObject({ code: 0 })

    expect(await tajo('sync', 'gorgias')).toMatchObject({ code: 0 })
  })

  it('of diff-config before a first sync', async () => {
    write()
    write('field_mapping: { nb_tickets: TICKET_COUNT, name: FIRSTNAME }', 'new.yml')
    const { stderr } = await tajo('diff-config', 'new.yml')

    const found = /tajo plan[^\n]*/.exec(stderr)![0]

    expect(found).toBe('tajo plan --state-dir elsewhere --config new.yml --sample 20')
    expect(await paste(found)).toMatchObject({ code: 0 })
  })

  it('of a damaged file of keys', async () => {
    write()
    expect(await tajo('connectors', 'install', 'gorgias', '--yes')).toMatchObject({ code: 0 })
    writeFileSync(join(directory, 'elsewhere/secrets.json'), '{ "version": 1, "sal', { mode: 0o600 })
    const withoutKeys = { env: { GORGIAS_EMAIL: '', GORGIAS_API_KEY: '', BREVO_API_KEY: '' } }
    const { stderr } = await runTajo(['sync', 'gorgias', ...PLACES], directory, withoutKeys)

    expect(await paste(advised(stderr, 'connectors install'))).toMatchObject({ code: 0 })

    expect(await runTajo(['sync', 'gorgias', ...PLACES], directory, withoutKeys)).toMatchObject({ code: 0 })
  })

  it('of a damaged state: what is wrong is shown, and a backup in its place ends it', async () => {
    write()
    expect(await tajo('sync', 'gorgias')).toMatchObject({ code: 0 })
    expect(await tajo('state', 'backup', '--out', 'copy.db')).toMatchObject({ code: 0 })
    const file = join(directory, 'elsewhere/tajo.db')
    const bytes = readFileSync(file)
    writeFileSync(file, bytes.fill(0x5a, 8_192, 40_000))

    expect(await tajo('status')).toMatchObject({ code: 1, stderr: expect.stringContaining('Put a backup') })
    expect(await tajo('state', 'check')).toMatchObject({ code: 1, stdout: expect.stringMatching(/^✗ /) })
    expect((await tajo('doctor')).stdout).toContain('✗ State: damaged')

    copyFileSync(join(directory, 'copy.db'), file)
    expect(await tajo('state', 'check')).toMatchObject({ code: 0 })
    expect(await tajo('sync', 'gorgias')).toMatchObject({ code: 0 })
  })

  it('of a secret key that is another one, for the webhook too', async () => {
    write()
    const withKey = (key: string, ...args: string[]) =>
      runTajo([...args, ...PLACES], directory, { env: { TAJO_SECRET_KEY: key } })
    const url = 'https://tajo.shop.example'
    expect(await withKey('one', 'webhooks', 'install', 'gorgias', '--url', url)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Next: tajo start'),
    })

    const { stderr } = await withKey('two', 'webhooks', 'install', 'gorgias')

    const rotate = advised(stderr, 'webhooks install')
    expect(rotate).toContain('--rotate')
    const keyed = { env: { TAJO_SECRET_KEY: 'two' } }
    expect(await runTajo(split(rotate), directory, keyed)).toMatchObject({ code: 0 })
    expect(await withKey('two', 'webhooks', 'status', 'gorgias')).toMatchObject({ code: 0 })
  })

  it('of doctor: what is missing, switched off, or set aside', async () => {
    const bare = { env: { GORGIAS_EMAIL: '', GORGIAS_API_KEY: '', BREVO_API_KEY: '' } }
    write('enabled: false\n    field_mapping: { nb_tickets: HOW_MANY }')
    const keys = ['--email', 'you@shop.example', '--api-key', '-', '--brevo-api-key', '-']

    const off = await runTajo(['doctor', ...PLACES], directory, bare)
    const install = advised(off.stdout, 'connectors install')
    expect(off.stdout).toContain('no connector that is enabled')
    expect(
      await runTajo([...split(install), ...keys], directory, {
        ...bare,
        input: 'sandbox-gorgias-key\nsandbox-brevo-key\n',
      }),
    ).toMatchObject({ code: 2, stderr: expect.stringContaining('HOW_MANY') })

    // Switched on, with keys; now Brevo lacks an attribute.
    const lacking = await runTajo(['doctor', ...PLACES], directory, bare)
    const online = await runTajo(split(advised(lacking.stdout, 'validate')), directory, bare)
    const create = advised(`${online.stdout}${online.stderr}`, 'connectors install')
    expect(await runTajo(split(create), directory, bare)).toMatchObject({ code: 0 })

    const first = await runTajo(['doctor', ...PLACES], directory, bare)
    expect(first.stdout).toContain('Nothing is in the way')
    expect(await runTajo(split(advised(first.stdout, 'plan')), directory, bare)).toMatchObject({
      code: 0,
    })
  })

  it('of doctor where keys of the environment are refused: they are to be changed there', async () => {
    write()

    const { stdout, code } = await runTajo(['doctor', ...PLACES], directory, {
      env: { GORGIAS_API_KEY: 'another' },
    })

    expect(code).toBe(1)
    expect(stdout).toContain('It comes from the environment: GORGIAS_EMAIL, GORGIAS_API_KEY')
    expect(stdout).not.toContain('--rotate')
  })

  it('and sentences name the file that was given', async () => {
    write()

    expect((await tajo('approve')).stdout).toBe('No change of my shop.yml waits for an approval.\n')
  })

  it('of what was set aside', async () => {
    write()
    sandbox.brevo.intercept = ({ method, path }) =>
      method === 'POST' && path === '/v3/contacts'
        ? { status: 400, body: '{"code":"invalid_parameter","message":"No"}' }
        : null
    const { stdout } = await tajo('sync', 'gorgias')
    const list = await paste(advised(stdout, 'dead-letters list'))
    expect(list).toMatchObject({ code: 0, stdout: expect.stringContaining('the contact') })

    const id = /^([0-9a-f]{8}) /m.exec(list.stdout)![1]!
    const shown = await tajo('dead-letters', 'show', id)
    sandbox.brevo.intercept = null
    expect(await paste(advised(shown.stdout, 'dead-letters retry').split(/[.] Or/)[0]!)).toMatchObject({
      code: 0,
    })
    await tajo('sync', 'gorgias')
    expect((await tajo('dead-letters', 'show', id)).code).toBe(2)
  })
})
