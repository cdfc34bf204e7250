// The shop of one test: a helpdesk and a Brevo in this process, in a time of its own.
import type { Clock } from '../lib/time/clock.ts'
import { IdleClock } from './idle-clock.ts'
import type { Http } from '../lib/net/http.ts'
import type { MappingTest } from '../config/schema/schema-tests.ts'
import { type Instant, parseDurationMs } from '../model/time.ts'
import { BrevoAccount } from '../sandbox/brevo/account.ts'
import { createBrevo } from '../sandbox/brevo/brevo.ts'
import type { HelpdeskSandbox } from '../sandbox/helpdesk.ts'
import { startOf, TestShop, toMoment } from './shop.ts'

const HELPDESK_URL = 'https://helpdesk.test'
export const BREVO_URL = 'https://brevo.test/v3'
export const BREVO_KEY = 'test'
const STEP_MS = 5 * 60_000
const HOUR_MS = 3_600_000

export interface TestWorld {
  /** Nothing in the helpdesk is older. */
  since: Instant
  /** Where the helpdesk's API is. */
  helpdeskUrl: string
  account: BrevoAccount
  http: Http
  clock: Clock
  /** Moves time to the next thing that happens, and lets it happen; false after the last. */
  next(): boolean
  /** Lets the time of `wait` pass. */
  wait(): void
  close(): Promise<void>
}

export function openTestWorld(test: MappingTest, definition: HelpdeskSandbox): TestWorld {
  const start = startOf(test)
  const clock = new IdleClock(start - HOUR_MS)
  const shop = new TestShop(test, clock)
  const account = new BrevoAccount(() => clock.now())
  account.importDelayMs = 0
  clock.at = start
  const helpdesk = definition.create({ world: shop.world, rateLimit: null })
  const brevo = createBrevo({ account, apiKey: BREVO_KEY, perSecond: null })
  const happenings = [...(test.happens ?? [])]

  return {
    since: shop.since,
    helpdeskUrl: `${HELPDESK_URL}${definition.base}`,
    account,
    clock,
    http: createInjectedHttp(clock, (url) => {
      const { origin } = new URL(url)
      if (url.startsWith(BREVO_URL)) return brevo.server
      return origin === HELPDESK_URL ? helpdesk.server : null
    }),
    next() {
      const one = happenings.shift()
      if (one === undefined) return false
      clock.at = Math.max(clock.at, one.at === undefined ? clock.at + STEP_MS : toMoment(one.at, clock.at))
      shop.happen(one)
      clock.at += 60_000
      return true
    },
    wait() {
      clock.at += parseDurationMs(test.wait ?? '5m')!
    },
    async close() {
      await Promise.all([helpdesk.server.close(), brevo.server.close()])
    },
  }
}

type Server = ReturnType<HelpdeskSandbox['create']>['server']

/** Requests go to a server in this process; null: nobody is asked. */
function createInjectedHttp(clock: IdleClock, serverOf: (url: string) => Server | null): Http {
  return {
    async send({ method, url, headers, body }) {
      const server = serverOf(url)
      if (server === null) return { outcome: 'never_left', reason: 'a test asks nobody' }
      const { pathname, search } = new URL(url)
      const payload = body === undefined ? {} : { payload: body }
      const answer = await clock.busy(
        server.inject({ method, url: `${pathname}${search}`, headers, ...payload }),
      )
      const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const)
      const date = new Date(clock.now()).toUTCString()
      return {
        outcome: 'answer',
        status: answer.statusCode,
        headers: { ...Object.fromEntries(flat), date },
        body: answer.body,
      }
    },
    close: () => undefined,
  }
}
