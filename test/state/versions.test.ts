// A state that an earlier version wrote opens and goes on: fixtures/state-6.db.gz was written by the version before connectors had
// names of their own, and has an event that was staged and not released; state-11.db.gz by the one before the console, with a campaign that
// fired, one that was decided against and one that is held.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { parseConfig } from '../../src/config/load.ts'
import { openEngine } from '../../src/engine/engine.ts'
import { Secret } from '../../src/lib/log/secret.ts'
import { createHttp } from '../../src/lib/net/http.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { systemClock } from '../../src/lib/time/clock.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from '../support/keys.ts'
import { toIso } from '../../src/model/time.ts'
import { MIGRATIONS } from '../../src/state/db/migrations.ts'
import { META } from '../../src/state/meta.ts'
import { openStore } from '../../src/state/store.ts'
import { EMPTY, silentLog } from '../support/sandbox.ts'

let directory: string
let sandbox: Sandbox
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-version-'))
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

it('opens and goes on: what was staged is released by its connector, once, and what was kept is known', async () => {
  const fixture = new URL('fixtures/state-6.db.gz', import.meta.url)
  writeFileSync(join(directory, 'tajo.db'), gunzipSync(readFileSync(fixture)), { mode: 0o600 })
  writeFileSync(join(directory, 'tajo.epoch'), '1\n')
  const http = createHttp()
  const engine = openEngine(
    {
      config: parseConfig(
        'connectors.yml',
        `brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    domain: fixture.gorgias.com
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
    lists: { all_support_contacts: 35, satisfied_customers: 36, dissatisfied_customers: 37 }
    field_mapping: { nb_tickets: TICKET_COUNT, name: FIRSTNAME }
    event_mapping: { ticket.closed: SUPPORT_TICKET_RESOLVED, ticket.created: SUPPORT_TICKET_OPENED }
`,
        {},
      ),
      stateDir: directory,
      credentials: {
        gorgias: {
          email: new Secret(SANDBOX_KEYS.GORGIAS_EMAIL),
          api_key: new Secret(SANDBOX_KEYS.GORGIAS_API_KEY),
        },
      },
      brevoKey: new Secret(SANDBOX_KEYS.BREVO_API_KEY),
    },
    { http, clock: systemClock, random: createSeededRandom(1), log: silentLog },
  )
  try {
    const { store } = engine
    expect(store.check()).toEqual([])
    expect(store.customers.count('gorgias').all).toBe(12)
    expect(store.meta.get(META.goLive('gorgias'))).toBeGreaterThan(0)
    expect(store.outboxEvents.counts('gorgias')).toEqual({ staged: 1, sent: 1 })

    await engine.sync('gorgias')

    const { events } = sandbox.brevo.account
    expect(events.map(({ name }) => name)).toEqual(['SUPPORT_TICKET_RESOLVED'])
    expect(store.outboxEvents.counts()).toEqual({ sent: 2 })
    // What is there to go back to.
    expect(existsSync(join(directory, `tajo.db.before-v${MIGRATIONS.length}`))).toBe(true)
  } finally {
    engine.close()
    http.close()
  }
})

it('what the version before the console kept is counted by day and by rule from then on', () => {
  const fixture = new URL('fixtures/state-11.db.gz', import.meta.url)
  writeFileSync(join(directory, 'tajo.db'), gunzipSync(readFileSync(fixture)), { mode: 0o600 })
  const store = openStore(directory)
  try {
    expect(store.keptCopy).toBe(join(directory, `tajo.db.before-v${MIGRATIONS.length}`))
    expect(store.check()).toEqual([])
    const runs = store.runs.page('gorgias', Number.MAX_SAFE_INTEGER, 10)
    expect(runs).toHaveLength(3)
    const day = toIso(runs[0]!.started_at).slice(0, 10)
    expect(store.runs.days('gorgias', day)).toMatchObject([
      { day, runs: 3, failed: 0, contacts: 12, events: 2 },
    ])
    expect(store.campaigns.days(0)).toMatchObject([
      { campaign: 'drops', state: 'dropped', rule: 'when', count: 1 },
      { campaign: 'fires', state: 'fired', rule: null, count: 1 },
    ])
    expect(store.campaigns.held()).toEqual([{ campaign: 'holds', rule: 'paused', count: 1 }])
    expect(store.consoleAccess.list()).toEqual([])
  } finally {
    store.close()
  }
})
