// A state that an earlier version wrote opens and goes on: fixtures/state-6.db.gz was written by the version before connectors had
// names of their own, and has an event that was staged and not released.
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
import { MIGRATIONS } from '../../src/state/db/migrations.ts'
import { META } from '../../src/state/meta.ts'
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
