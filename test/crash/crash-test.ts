// npm run crash-test -- --kills N [--seed S] [--second gorgias|gladly]: the built binary, real files, real HTTP. The daemon is killed with SIGKILL, at
// random moments or (every other time, where strace is there) at the n-th call of a system call, while the helpdesks go on living and all
// three APIs misbehave: Brevo's, Gorgias's, and that of an Intercom (or of a second Gorgias, or a Gladly) that shares its people; then everything is let
// come to rest, and the oracle of the simulation judges.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { createSeededRandom } from '../../src/lib/random.ts'
import { createBrevo } from '../../src/sandbox/brevo/brevo.ts'
import { createGladly } from '../../src/sandbox/gladly/gladly.ts'
import { createGorgias } from '../../src/sandbox/gorgias/gorgias.ts'
import { createIntercom } from '../../src/sandbox/intercom/intercom.ts'
import type { Intercept } from '../../src/sandbox/faults.ts'
import { openStoreReadOnly, type Store } from '../../src/state/store.ts'
import type { Universe } from '../simulation/clock.ts'
import { DIALECTS, type HelpdeskName } from '../simulation/dialect.ts'
import { MAPPING, withoutSurveys } from '../simulation/life.ts'
import { type GoLive, judge, watchWrites } from '../simulation/oracle.ts'
import { openOutlet, OUTLET_MAPPING } from '../simulation/outlet.ts'
import { Shop } from '../simulation/shop.ts'
import { META } from '../../src/state/meta.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    second: { type: 'string', default: 'intercom' },
  },
})
const KILLS = Number(values.kills)
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
/** What a daemon asks the system for when it matters. */
const CALLS = ['pwrite64', 'fsync', 'fdatasync', 'write', 'sendto', 'openat', 'rename', 'connect']
const QUIET_MS = 120_000

const random = createSeededRandom(Number(values.seed))
const clock = {
  get now(): number {
    return Date.now()
  },
}
const shop = new Shop(clock as Universe, random, 0)
shop.account.importDelayMs = 50
shop.account.eventLagMs = 300
// A contact that is deleted by hand must have been told: nothing is certain while kills go on.
shop.calmSince = Number.POSITIVE_INFINITY
const { broken } = watchWrites(shop)
shop.seedPast(20)
const keys = { email: 'crash@shop.example', api_key: 'crash-key' }
const gorgias = createGorgias({ world: shop.world, keys, rateLimit: null })
const dialect = DIALECTS[values.second as HelpdeskName]
const second = {
  world: openOutlet(shop, clock as Universe, Number(values.seed) + 5, 0, dialect),
  rateLimit: null,
}
/** How its fake is made, and where it answers. */
const SECOND = {
  gorgias: () => ({ fake: createGorgias({ ...second, keys }), option: 'base_url', base: '/api' }),
  intercom: () => ({
    fake: createIntercom({ ...second, keys: { access_token: keys.api_key } }),
    option: 'api_url',
    base: '',
  }),
  gladly: () => ({
    fake: createGladly({ ...second, keys: { username: keys.email, api_key: keys.api_key } }),
    option: 'base_url',
    base: '/api/v1',
  }),
}
const { fake: outlet, option, base } = SECOND[dialect.helpdesk]()
const brevo = createBrevo({ account: shop.account, apiKey: 'crash-brevo', perSecond: null })
const directory = mkdtempSync(join(tmpdir(), 'tajo-crash-'))
const hasStrace = canTrace()

await gorgias.server.listen({ host: '127.0.0.1', port: 0 })
await outlet.server.listen({ host: '127.0.0.1', port: 0 })
await brevo.server.listen({ host: '127.0.0.1', port: 0 })
const READING = `    schedule: "* * * * * *"
    survey_schedule: "*/5 * * * * *"
    reconcile: "*/10 * * * * *"
    rate_limit: { requests: 100000, per_seconds: 1 }
`
const portOf = (server: typeof gorgias.server): number => (server.server.address() as AddressInfo).port
writeFileSync(
  join(directory, 'connectors.yml'),
  `server: { port: 0 }
brevo: { base_url: "http://127.0.0.1:${portOf(brevo.server)}/v3" }
events: { verify_after: 1s }
guards: { max_removals: 1000000 }
campaigns:
  echo: { on: ticket.closed, event: CAMPAIGN_ECHO, delay: 1s }
  thanks: { on: ticket.closed, event: CAMPAIGN_THANKS, guards: { cooldown: 30d } }
connectors:
  gorgias:
    base_url: "http://127.0.0.1:${portOf(gorgias.server)}/api"
${READING}${MAPPING}  outlet:
    source: ${dialect.helpdesk}
    ${option}: "http://127.0.0.1:${portOf(outlet.server)}${base}"
${READING}${dialect.hasSurveys ? OUTLET_MAPPING : withoutSurveys(OUTLET_MAPPING)}`,
)

const startedAt = performance.now()
// Go-live comes before anything happens: the first life is let get that far.
let child = start(null)
await ran(child)
child.kill('SIGKILL')
await over(child)

gorgias.intercept = outlet.intercept = brevo.intercept = misbehave
const living = setInterval(() => shop.act(), 250)
let atCalls = 0
for (let kill = 0; kill < KILLS; kill += 1) {
  const call = hasStrace && kill % 2 === 1 ? CALLS[Math.floor(random.next() * CALLS.length)]! : null
  child = start(
    call === null ? null : `${call}:signal=SIGKILL:when=${1 + Math.floor(random.next() ** 2 * 400)}`,
  )
  const ended = over(child)
  // Half of them anywhere from the start on, half of them once it works.
  if (kill % 4 >= 2) await Promise.race([ended, ran(child)])
  await Promise.race([ended, delay(100 + random.next() ** 2 * 2_000)])
  if (child.signalCode === null && child.exitCode === null) killTree(child)
  else if (call !== null) atCalls += 1
  await ended
  if ((kill + 1) % 50 === 0) process.stderr.write(`${kill + 1} kills, ${shop.account.events.length} events\n`)
}
clearInterval(living)
gorgias.intercept = outlet.intercept = brevo.intercept = null

child = start(null)
const ended = over(child)
let verdict = await rest()
child.kill('SIGTERM')
await ended
const store = openStoreReadOnly(join(directory, 'state'))!
const damage = store.check()
const goLiveOf = readGoLive(store)
store.close()
verdict = [...damage, ...broken, ...judge(shop, { goLiveOf, create: true, inOrder: false })]
await Promise.all([gorgias.server.close(), outlet.server.close(), brevo.server.close()])
for (const complaint of verdict.slice(0, 20)) process.stdout.write(`  ${complaint}\n`)
const musts = shop.occurrences.filter((one) => one.must && one.at >= goLiveOf[one.connector]).length
process.stdout.write(
  `${KILLS} kills (${atCalls} at a system call), ${shop.account.events.length} events (${musts} certain to be told), ${shop.account.contacts.size} contacts; ` +
    `${verdict.filter((one) => one.includes('never arrived')).length} lost, ${verdict.filter((one) => one.includes('times')).length} doubled, ` +
    `${verdict.filter((one) => !one.includes('never arrived') && !one.includes('times')).length} wrong; ${Math.round((performance.now() - startedAt) / 1000)} s\n`,
)
if (verdict.length === 0) rmSync(directory, { recursive: true, force: true })
else process.stdout.write(`The state is left in ${directory}\n`)
process.exit(verdict.length === 0 ? 0 : 1)

/** Waits until nothing is left to do and the oracle is content, or until patience ends. */
async function rest(): Promise<string[]> {
  let complaints: string[] = []
  for (const until = Date.now() + QUIET_MS; Date.now() < until;) {
    await delay(2_000)
    const looking = openStoreReadOnly(join(directory, 'state'))!
    const live = readGoLive(looking)
    const counts = looking.outboxEvents.counts()
    const open = looking.outboxContacts.count()
    looking.close()
    const left =
      (counts.pending ?? 0) +
      (counts.sending ?? 0) +
      (counts.uncertain ?? 0) +
      (counts.staged ?? 0) +
      (counts.found ?? 0)
    complaints = judge(shop, { goLiveOf: live, create: true, inOrder: false })
    if (left + open === 0 && complaints.length === 0) break
    if (child.exitCode !== null) {
      complaints.push('the daemon ended by itself')
      break
    }
  }
  return complaints
}

function readGoLive(from: Pick<Store, 'meta'>): GoLive {
  const of = (connector: string): number => from.meta.get(META.goLive(connector)) ?? Number.POSITIVE_INFINITY
  return { main: of('gorgias'), outlet: of('outlet') }
}

function start(inject: string | null): ChildProcess {
  const command = [process.execPath, CLI, 'start']
  const [program, ...args] =
    inject === null
      ? command
      : [
          'strace',
          '-f',
          '-q',
          '-o',
          '/dev/null',
          '-e',
          `trace=${inject.split(':')[0]}`,
          '-e',
          `inject=${inject}`,
          ...command,
        ]
  const spawned = spawn(program!, args, {
    cwd: directory,
    env: {
      PATH: process.env['PATH'] ?? '',
      GORGIAS_EMAIL: keys.email,
      GORGIAS_API_KEY: keys.api_key,
      OUTLET_EMAIL: keys.email,
      OUTLET_API_KEY: keys.api_key,
      OUTLET_USERNAME: keys.email,
      OUTLET_ACCESS_TOKEN: keys.api_key,
      BREVO_API_KEY: 'crash-brevo',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  spawned.stderr.resume()
  return spawned
}

/** strace and what it traces. */
function killTree(process_: ChildProcess): void {
  try {
    process.kill(-process_.pid!, 'SIGKILL')
  } catch {
    process_.kill('SIGKILL')
  }
}

/** A run of the daemon came through. */
function ran(process_: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    process_.stderr!.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('Run ended')) resolve()
    })
  })
}

function over(process_: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (process_.exitCode !== null || process_.signalCode !== null) return resolve()
    process_.once('close', () => resolve())
  })
}

function misbehave(_request: Parameters<Intercept>[0]): ReturnType<Intercept> {
  const dice = random.next()
  if (dice < 0.02) return { cut: true }
  if (dice < 0.04) return { cut: true, applied: true }
  if (dice < 0.05) return { status: 503, body: '{"error":{"msg":"An external service had an issue."}}' }
  if (dice < 0.06) return { status: 502, body: '<html>Bad gateway</html>' }
  if (dice < 0.07)
    return {
      status: 429,
      body: '{"error":{"msg":"Too many requests."}}',
      headers: { 'retry-after': '1', 'x-sib-ratelimit-reset': '1' },
    }
  return dice < 0.12 ? { delayMs: random.next() * 300 } : null
}

function canTrace(): boolean {
  try {
    execFileSync('strace', ['-f', '-q', '-o', '/dev/null', '-e', 'trace=write', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
