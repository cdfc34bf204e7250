// Two accounts of one helpdesk in one connectors.yml, with people in common, and the one Brevo that both are kept in step with.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parseConfig } from '../../src/config/load.ts'
import { type Engine, openEngine } from '../../src/engine/engine.ts'
import { explainContact, type Explanation } from '../../src/explain/explain.ts'
import { Secret } from '../../src/lib/log/secret.ts'
import { createHttp } from '../../src/lib/net/http.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { systemClock } from '../../src/lib/time/clock.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from './keys.ts'
import type { Store } from '../../src/state/store.ts'
import { EMPTY, silentLog } from './sandbox.ts'

export interface TwoShops {
  /** The helpdesks, by connector. */
  main: Sandbox['world']
  outlet: Sandbox['world']
  brevo: Sandbox['brevo']
  /** What a helpdesk is asked meets a fault. */
  gorgias: Record<'main' | 'outlet', Sandbox['helpdesk']>
  sync(...connectors: ('main' | 'outlet')[]): Promise<void>
  open<T>(action: (engine: Engine) => Promise<T>): Promise<T>
  look<T>(action: (store: Store) => T): Promise<T>
  explain(email: string): Promise<Explanation>
  close(): Promise<void>
}

/** `lines`: what both connectors have; `own`: what one of them has; `top`: what stands above them. */
export async function openTwoShops(
  lines: string,
  own: Partial<Record<'main' | 'outlet', string>> = {},
  top = '',
): Promise<TwoShops> {
  const options = { size: EMPTY, helpdeskLimit: null, brevoLimit: null }
  const [first, second] = [await startSandbox(options), await startSandbox(options)]
  first.brevo.account.importDelayMs = 0
  const directory = mkdtempSync(join(tmpdir(), 'tajo-two-'))
  const block = (name: 'main' | 'outlet', { helpdeskUrl }: Sandbox): string => `  ${name}:
    source: gorgias
    base_url: "${helpdeskUrl}"
    rate_limit: { requests: 1000000, per_seconds: 1 }
${lines}${own[name] ?? ''}`
  const yaml = `brevo: { base_url: "${first.brevoUrl}" }
${top}connectors:
${block('main', first)}${block('outlet', second)}`
  const config = parseConfig('connectors.yml', yaml, {})
  const keys = {
    email: new Secret(SANDBOX_KEYS.GORGIAS_EMAIL),
    api_key: new Secret(SANDBOX_KEYS.GORGIAS_API_KEY),
  }
  const open: TwoShops['open'] = async (action) => {
    const http = createHttp()
    const engine = openEngine(
      {
        config,
        stateDir: join(directory, 'state'),
        credentials: { main: keys, outlet: keys },
        brevoKey: new Secret(SANDBOX_KEYS.BREVO_API_KEY),
      },
      { http, clock: systemClock, random: createSeededRandom(1), log: silentLog },
    )
    try {
      return await action(engine)
    } finally {
      engine.close()
      http.close()
    }
  }
  return {
    main: first.world,
    outlet: second.world,
    brevo: first.brevo,
    gorgias: { main: first.helpdesk, outlet: second.helpdesk },
    open,
    look: (action) => open(async ({ store }) => action(store)),
    explain: (email) => open(async ({ store }) => explainContact(store, config, email)!),
    sync: (...connectors) =>
      open(async (engine) => {
        for (const name of connectors) await engine.sync(name)
      }),
    async close() {
      await Promise.all([first.close(), second.close()])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
