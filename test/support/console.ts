// The console over real HTTP, on a state of the test's own; requests that can say anything of themselves.
import { request as httpRequest } from 'node:http'

import type { Config } from '../../src/config/config.ts'
import type { ConfigFile } from '../../src/config/text/file.ts'
import { readStatus } from '../../src/engine/status.ts'
import { enabled } from '../../src/engine/streams.ts'
import { installConsole } from '../../src/interfaces/console/console.ts'
import type { Finding } from '../../src/interfaces/console/door.ts'
import { createServer } from '../../src/interfaces/server/server.ts'
import { TajoError } from '../../src/lib/errors.ts'
import { systemClock } from '../../src/lib/time/clock.ts'
import type { Log } from '../../src/lib/log/log.ts'
import { fromMs } from '../../src/model/time.ts'
import type { Role } from '../../src/state/console/access.ts'
import type { Store } from '../../src/state/store.ts'

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
}

export interface Asked {
  method?: string
  headers?: Record<string, string>
  /** Sent as a form, as a browser sends it from a page of the console, unless `headers` say otherwise. */
  form?: Record<string, string> | URLSearchParams
}

export interface OpenConsole {
  address: string
  /** What was asked of the daemon. */
  synced: { connector: string; acceptRemovals: boolean }[]
  logged: string[]
  ask(path: string, asked?: Asked): Promise<Answer>
  /** The header of whoever is signed in. */
  signIn(role?: Role, more?: { isMasked?: boolean; name?: string }): Promise<{ cookie: string }>
  close(): Promise<void>
}

export const NO_FILE: ConfigFile = {
  path: 'connectors.yml',
  read: () => null,
  mayWrite: () => false,
  replace: () => false,
}

export async function openConsole(
  store: Store,
  config: Config,
  {
    file = NO_FILE,
    findings = [],
    publicUrl = null,
    fails = false,
  }: { file?: ConfigFile; findings?: Finding[]; publicUrl?: string | null; fails?: boolean } = {},
): Promise<OpenConsole> {
  const server = createServer({ host: '127.0.0.1', port: 0 })
  const synced: OpenConsole['synced'] = []
  const logged: string[] = []
  const note = (message: string, fields?: object): void => {
    logged.push(`${message} ${JSON.stringify(fields ?? {})}`)
  }
  const log: Log = { error: note, warn: note, info: note, verbose: note, debug: note }
  const settings = { host: '127.0.0.1', port: 0, publicUrl, console: true }
  installConsole(server.routes, settings, {
    store,
    config,
    file,
    env: {},
    clock: systemClock,
    log,
    statuses() {
      if (fails) throw new TajoError('state_unusable', 'The disk is <gone>.', { hint: 'Look at the disk.' })
      return {
        connectors: new Map(enabled(config).map((one) => [one.name, readStatus(store, one, true)])),
        at: systemClock.now(),
      }
    },
    findings: () => findings,
    sync: (connector, { acceptRemovals = false }) => void synced.push({ connector, acceptRemovals }),
    pause: async () => undefined,
  })
  const address = await server.listen()

  const ask = (path: string, { method, headers = {}, form }: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const body = form === undefined ? null : new URLSearchParams(form).toString()
      const isPost = (method ?? (form === undefined ? 'GET' : 'POST')) === 'POST'
      const request = httpRequest(
        `${address}${path}`,
        {
          method: method ?? (form === undefined ? 'GET' : 'POST'),
          headers: {
            ...(isPost && headers['sec-fetch-site'] === undefined && headers['origin'] === undefined
              ? { 'sec-fetch-site': 'same-origin' }
              : {}),
            ...(body === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
            ...headers,
          },
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => (text += chunk))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          )
        },
      )
      request.on('error', reject)
      request.end(body ?? undefined)
    })

  return {
    address,
    synced,
    logged,
    ask,
    async signIn(role = 'editor', { isMasked = false, name = 'Ann' } = {}) {
      const now = fromMs(systemClock.now())
      const expiresAt = now + fromMs(3_600_000)
      const { secret } = store.transaction(() =>
        store.consoleAccess.make({ name, role, isMasked, isSingle: false, expiresAt }, now),
      )
      const answer = await ask('/console/sign-in', { form: { token: secret } })
      return { cookie: String(answer.headers['set-cookie']).split(';')[0]! }
    },
    close: () => server.close(),
  }
}
