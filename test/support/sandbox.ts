// A sandbox and an engine that works against it over real HTTP, with its state in a directory of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parseConfig } from '../../src/config/load.ts'
import {
  type Engine,
  type EngineOptions,
  openEngine,
  type Ports,
  type SyncOptions,
  type SyncReport,
} from '../../src/engine/engine.ts'
import { systemClock } from '../../src/lib/time/clock.ts'
import { createHttp } from '../../src/lib/net/http.ts'
import type { Log } from '../../src/lib/log/log.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { Secret } from '../../src/lib/log/secret.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from './keys.ts'

export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  verbose: () => undefined,
  debug: () => undefined,
}

export interface Shop {
  sandbox: Sandbox
  directory: string
  /** Opens the state, syncs once, closes it: as the command does. */
  sync(options?: SyncOptions, yaml?: string): Promise<SyncReport>
  /** Requests since the last call, by template: Gorgias's as `/api/…`, Brevo's as `METHOD /v3/…`. */
  takeRequests(): { gorgias: Map<string, number>; brevo: Map<string, number> }
  open(yaml?: string, ports?: Partial<Ports>): { engine: Engine; close(): void }
  yaml(lines?: string): string
  close(): Promise<void>
}

export const EMPTY = { customers: 0, tickets: 0, messages: 0, surveys: 0 }

export const MAPPING = `
    field_mapping:
      id: GORGIAS_ID
      email: email
      name: FIRSTNAME
      nb_tickets: TICKET_COUNT
      last_ticket_date: LAST_SUPPORT_DATE
      last_ticket_channel: LAST_SUPPORT_CHANNEL
      avg_response_time: AVG_RESPONSE_TIME
      last_satisfaction_score: CSAT_SCORE
      satisfaction_count: CSAT_RESPONSES
      customer_type: CUSTOMER_TYPE
      vip_status: VIP_STATUS
    event_mapping:
      ticket.created: SUPPORT_TICKET_OPENED
      ticket.closed: SUPPORT_TICKET_RESOLVED
      ticket.reopened: SUPPORT_TICKET_REOPENED
      satisfaction_survey.created: CSAT_SURVEY_SENT
      satisfaction_survey.responded: CSAT_SUBMITTED
      customer.created: SUPPORT_CUSTOMER_CREATED`

export const LISTS = `
    lists: { all_support_contacts: 35, satisfied_customers: 36, dissatisfied_customers: 37 }
    tag_lists: { vip: 40, wholesale: 41 }`

/** Few contacts go the way of the many, too: an import, lists filled at once. */
export const SMALL = { bulkFrom: 20, minImport: 2, trial: 2, batchFrom: 300, batchSize: 200 }

/** An empty shop unless a size is given; without limits unless they are asked for. */
export async function openShop(
  options: SandboxOptions = {},
  more: Pick<EngineOptions, 'thresholds'> = {},
): Promise<Shop> {
  const sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null, ...options })
  sandbox.brevo.account.importDelayMs = 0
  const directory = mkdtempSync(join(tmpdir(), 'tajo-test-'))
  const opened = new Set<() => void>()

  const toYaml = (lines = `${LISTS}${MAPPING}`): string => `brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 1000000, per_seconds: 1 }${lines}
`
  const open: Shop['open'] = (yaml = toYaml(), ports = {}) => {
    const http = createHttp()
    const file = join(directory, 'connectors.yml')
    writeFileSync(file, yaml)
    const engine = openEngine(
      {
        config: parseConfig('connectors.yml', yaml, {}),
        stateDir: join(directory, 'state'),
        credentials: {
          gorgias: {
            email: new Secret(SANDBOX_KEYS.GORGIAS_EMAIL),
            api_key: new Secret(SANDBOX_KEYS.GORGIAS_API_KEY),
          },
        },
        brevoKey: new Secret(SANDBOX_KEYS.BREVO_API_KEY),
        ...more,
      },
      { http, clock: systemClock, random: createSeededRandom(1), log: silentLog, ...ports },
    )
    const close = (): void => {
      if (!opened.delete(close)) return
      engine.close()
      http.close()
    }
    opened.add(close)
    return { engine, close }
  }

  return {
    sandbox,
    directory,
    open,
    yaml: toYaml,
    async sync(sync, yaml) {
      const { engine, close } = open(yaml)
      try {
        return await engine.sync('gorgias', sync)
      } finally {
        close()
      }
    },
    takeRequests() {
      const taken = { gorgias: new Map(sandbox.helpdesk.requests), brevo: new Map(sandbox.brevo.requests) }
      sandbox.helpdesk.requests.clear()
      sandbox.brevo.requests.clear()
      return taken
    },
    async close() {
      for (const close of opened) close()
      await sandbox.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export function sum(counts: Map<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0)
}

/** Requests that change something at Brevo. */
export function countWrites(requests: Map<string, number>): number {
  return sum(new Map([...requests].filter(([name]) => !name.startsWith('GET '))))
}
