// An upgrade as somebody does it: another tajo is installed, and started on the state that the one before has left; and root's hand in the state
// of a daemon that is not root.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

const FIXTURES = readdirSync('test/state/fixtures')

let directory: string
let sandbox: Sandbox
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-upgrade-'))
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  mkdirSync(join(directory, 'state'), { mode: 0o700 })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    domain: fixture.gorgias.com
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
    lists: { all_support_contacts: 35 }
    field_mapping: { nb_tickets: TICKET_COUNT, name: FIRSTNAME }
    event_mapping: { ticket.closed: SUPPORT_TICKET_RESOLVED }
`,
  )
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

const putState = (fixture: string): void =>
  writeFileSync(
    join(directory, 'state/tajo.db'),
    gunzipSync(readFileSync(join('test/state/fixtures', fixture))),
    { mode: 0o600 },
  )

describe.each(FIXTURES)('on %s', (fixture) => {
  it('tajo start brings the state up to date, says where the copy is, and works', async () => {
    putState(fixture)

    const { until, child, ended } = startTajo(['start'], directory)
    await until('"message":"Started"')
    child.kill('SIGTERM')
    const { code, stderr, stdout } = await ended

    expect(stderr + stdout).toMatch(/was brought up to date.*tajo\.db\.before-v\d+/)
    expect(code).toBe(0)
    const status = await runTajo(['status', '--json'], directory)
    expect(status.code).toBe(0)
  })

  it('tajo sync does so, too', async () => {
    putState(fixture)

    const { code, stderr } = await runTajo(['sync', 'gorgias'], directory)

    expect(stderr).toContain('was brought up to date')
    expect([0, 3, 4]).toContain(code)
  })
})

const isRoot = process.getuid?.() === 0
;(isRoot ? describe : describe.skip)('what root does in the state of somebody else', () => {
  it('belongs to that one afterwards', async () => {
    // As systemd lays it out for a DynamicUser.
    const state = join(directory, 'private')
    rmSync(join(directory, 'state'), { recursive: true })
    mkdirSync(state)
    symlinkSync(state, join(directory, 'state'))
    chownSync(state, 65_532, 65_532)
    chmodSync(directory, 0o755)

    expect(await runTajo(['sync', 'gorgias'], directory)).toMatchObject({ code: 0 })
    const backup = join(directory, 'backup.db')
    expect(await runTajo(['state', 'backup', '--out', backup], directory)).toMatchObject({ code: 0 })
    expect(await runTajo(['state', 'restore', backup], directory)).toMatchObject({ code: 0 })

    const owners = readdirSync(state, { recursive: true, encoding: 'utf8' }).map((name) => [
      name,
      statSync(join(state, name)).uid,
    ])
    expect(owners.length).toBeGreaterThan(3)
    expect(owners.filter(([, uid]) => uid !== 65_532)).toEqual([])
  })
})
