// One seed: a shop, a schedule of what happens and what goes wrong, lives of the daemon, and the oracle's verdict.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Log } from '../../src/lib/log/log.ts'
import { createSeededRandom, type Random } from '../../src/lib/random.ts'
import { createBrevo } from '../../src/sandbox/brevo/brevo.ts'
import { createGladly } from '../../src/sandbox/gladly/gladly.ts'
import { createGorgias } from '../../src/sandbox/gorgias/gorgias.ts'
import { createIntercom } from '../../src/sandbox/intercom/intercom.ts'
import type { World } from '../../src/sandbox/shop/world.ts'
import { THRESHOLDS, type Thresholds } from '../../src/outbox/delivery.ts'
import { openStoreReadOnly } from '../../src/state/store.ts'
import { Universe } from './clock.ts'
import { type Dialect, DIALECTS, GORGIAS, type HelpdeskName } from './dialect.ts'
import { createDirectServer, type DirectServer } from './direct-server.ts'
import { type Death, live, type Life, toYaml } from './life.ts'
import { type Fault, HELPDESK_URL, LIES, type Network, ODD_PAGES } from './network.ts'
import { findMissing, findUntold, judge, watchWrites } from './oracle.ts'
import type { Occurrence } from './occurrence.ts'
import { Shop } from './shop.ts'
import { META } from '../../src/state/meta.ts'
import { openOutlet } from './outlet.ts'

export interface Verdict {
  seed: number
  complaints: string[]
  counts: { lives: number; events: number; contacts: number; imports: number; requests: number }
  /** How often each kind of fault struck. */
  faults: Partial<Record<Fault, number>>
}

const START = Date.parse('2026-03-01T23:00:00Z')
const HOUR = 3_600_000
const FAULTS: readonly Fault[] = [
  'slow',
  'slow_down',
  'slow_down_untold',
  ...LIES,
  ...ODD_PAGES,
  'server_error',
  'server_error_applied',
  'html',
  'truncated',
  'refused',
  'reset',
  'reset_applied',
  'stalled',
  'stalled_applied',
  'applied_late',
  'old_page',
]
/** Where a process leaves nothing behind when the machine goes on: memory, if there is such a place. */
const SCRATCH = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

const silent: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  verbose: () => undefined,
  debug: () => undefined,
}

/** Most stories are short: half an hour of trouble. Three of ten are long, with more of everything at once. */
const isLong = (seed: number): boolean => seed % 10 >= 7
/** One in ten has a shop of more than 500 contacts, imports, and a fault of any kind in every fifth answer. */
export const isLarge = (seed: number): boolean => seed % 10 === 5
const LARGE = 620
/** More than an hour of short runs: the last of them has nothing to write any more. */
const SYNCS = 9
const SYNC_EVERY_MS = 7 * 60_000
/** A poll, a delivery, and three looks at what is in doubt. */
const TO_CATCH_UP = 70 * 60_000

/** One of them, or the second beside the first, with people in common. */
export type Helpdesks = 'intercom' | 'both' | 'gladly' | 'gladly_beside'

const PAIRS: Readonly<Record<Helpdesks, readonly [main: HelpdeskName, second: HelpdeskName | null]>> = {
  intercom: ['intercom', null],
  both: ['gorgias', 'intercom'],
  gladly: ['gladly', null],
  gladly_beside: ['gladly', 'gorgias'],
}

export interface Story {
  seed: number
  long?: boolean
  large?: boolean
  /** Absent: Gorgias, and now and then a second account of it. */
  helpdesks?: Helpdesks
}

export interface SimulationOptions extends Omit<Story, 'seed'> {
  log?: Log
}

export async function simulate(
  seed: number,
  { log = silent, long = isLong(seed), large = isLarge(seed), helpdesks }: SimulationOptions = {},
): Promise<Verdict> {
  // Half of them far from UTC, and not by whole hours.
  process.env['TZ'] = seed % 2 === 0 ? 'UTC' : 'Pacific/Chatham'
  const random = createSeededRandom(seed * 2_654_435_761)
  const chance = (share: number): boolean => random.next() < share
  const universe = new Universe(START)
  const sourceOffsetMs = chance(0.2) ? (random.next() - 0.5) * 240_000 : 0
  const [main, beside] = helpdesks === undefined ? (['gorgias', null] as const) : PAIRS[helpdesks]
  const shop = new Shop(universe, createSeededRandom(seed + 1), sourceOffsetMs, DIALECTS[main])
  shop.account.importDropsFalse = { json: seed % 4 !== 0, file: seed % 3 === 0 }
  shop.account.importDelayMs = random.next() * 20_000
  shop.account.eventLagMs = random.next() * 1.5 * 60_000
  shop.account.liftsBlockOnRename = chance(0.5)
  const limited = chance(0.3)
  const servers = {
    helpdesk: createDirectServer(),
    outlet: createDirectServer(),
    brevo: createDirectServer(),
  }
  const index = drawIndex(createSeededRandom(seed + 11))
  openFake(shop.dialect, servers.helpdesk, shop.world, limited, index)
  createBrevo({
    server: servers.brevo.routes,
    account: shop.account,
    apiKey: 'sim-brevo',
    perSecond: limited ? 10 : null,
  })
  const { broken, looked } = watchWrites(shop)
  const usesOldPages = chance(0.2)
  // Every other large one meets nothing but lies, and no look at everything mends what was believed.
  const onlyLies = large && seed % 20 === 5
  const network: Network = {
    universe,
    random: createSeededRandom(seed + 2),
    weather: {
      share: onlyLies ? 0.35 : large ? 0.2 : chance(0.2) ? 0 : random.next() * 0.15,
      faults: FAULTS.filter(
        (fault) => (fault !== 'old_page' || usesOldPages) && (large || chance(0.7)),
      ).filter((fault) => !onlyLies || (LIES as readonly Fault[]).includes(fault)),
      down: { helpdesk: false, brevo: false },
    },
    servers,
    sourceOffsetMs,
    counts: {},
    poisoned: new Map(),
    requests: 0,
    writes: 0,
    script: null,
    onWebhook: null,
    onLook: looked,
    trace: (said) => log.debug('Brevo', said),
    lastLeftAt: () => shop.lastLeftAt,
  }
  const webhooks = chance(0.4)
  if (webhooks) callWebhooks(shop, network, random)
  const wall = { offsetMs: 0 }
  // What was misread shows in contacts that are missing.
  const create = chance(0.85) || onlyLies
  const nightly = (chance(0.5) && long) || onlyLies
  // Longer than its feed reaches back, and no look at everything mends what was missed.
  const isDark = main === 'gladly' && seed % 3 === 0
  const extId = seed % 3 === 0
  const two = beside !== null || (helpdesks === undefined && seed % 5 === 2)
  const yaml = toYaml({
    helpdesk: shop.dialect.helpdesk,
    second: beside ?? 'gorgias',
    schedule: '*/30 * * * *',
    reconcile: isDark ? null : nightly ? '30 1 * * *' : '0 * * * *',
    rateLimit: limited ? '{ requests: 40, per_seconds: 20 }' : '{ requests: 100000, per_seconds: 1 }',
    importList: large || chance(0.5),
    create: create ? 'always' : 'never',
    policy: 'verify',
    verifyAfter: '2m',
    campaigns: true,
    extId,
    outlet: two,
  })
  const stateDir = mkdtempSync(join(SCRATCH, 'tajo-sim-'))
  shop.seedPast(
    large ? LARGE + Math.floor(random.next() * 100) : long ? 2 + Math.floor(random.next() * 5) : 2,
  )

  if (two) {
    const dialect = beside === null ? GORGIAS : DIALECTS[beside]
    openFake(
      dialect,
      servers.outlet,
      openOutlet(shop, universe, seed + 5, sourceOffsetMs, dialect),
      limited,
      index,
    )
  }

  // What happens, and when.
  const dark = isDark ? planDarkness(network, createSeededRandom(seed + 13), shop) : 0
  const until = START + (long ? 0.75 + random.next() * 1.25 : 0.25 + random.next() * 0.4) * HOUR + dark
  let events = long ? 6 + Math.floor(random.next() * 26) : 3 + Math.floor(random.next() * 10)
  for (; events > 0; events -= 1)
    universe.at(START + random.next() * (until - START), () => {
      shop.act()
      log.debug('The shop', {
        at: new Date(universe.now).toISOString(),
        log: shop.world.events.page('desc', null, 2).map((one) => `${one.type} ${one.objectId}`),
      })
    })
  // Its events show up to 15 s late: somebody who comes just before a poll may come too late for it.
  if (main === 'gladly' && seed % 4 === 2)
    universe.at(START + HOUR / 2 - (1 + (seed % 9)) * 1_000, () => shop.newCustomer())
  // One that is dark for a day is not well in between.
  if (!isDark) planTrouble(network, wall, random, until, chance, shop)
  const poisons = seed % 4 === 1 && !onlyLies && main === 'gorgias'
  if (poisons) planPoison(network, createSeededRandom(seed + 9), until, shop)

  // Few contacts and events go the ways of the many, too: imports, list additions, batches.
  const thresholds: Thresholds =
    !large && chance(0.5) ? { bulkFrom: 3, minImport: 1, trial: 1, batchFrom: 2, batchSize: 3 } : THRESHOLDS
  const usesSync = !large && !nightly && chance(0.25)
  let lives = 0
  let life: Life | null = null
  let late: Occurrence[] = []
  const crashes = chance(0.7)
  const begin = (): Life => {
    lives += 1
    const mayDie = crashes && universe.now < until && lives < 6
    return live({
      network,
      wall,
      stateDir,
      yaml,
      seed: seed + lives,
      webhooks,
      helpdesk: shop.dialect.helpdesk,
      thresholds,
      death: mayDie ? drawDeath(random) : null,
      log,
    })
  }
  try {
    life = begin()
    // A minute at a time while things may go wrong, so that a process that died is followed by another.
    while (universe.now < until) {
      await universe.run(Math.min(until, universe.now + 5 * 60_000))
      if (life.isOver()) {
        shop.calmSince = universe.now
        await life.over
        life = begin()
      }
    }
    network.weather.share = 0
    network.weather.down = { helpdesk: false, brevo: false }
    // Killed a moment ago, it may not have fallen yet.
    while (life.isDead() && !life.isOver()) await universe.run(universe.now + 1_000)
    if (usesSync) {
      // As `tajo sync` from cron: each process lives for a moment, and finds what the one before it left.
      life.stop()
      for (let process = 1; process <= SYNCS; process += 1) {
        await universe.run(universe.now + SYNC_EVERY_MS)
        const written = network.writes
        life = begin()
        life.spare()
        await universe.run(universe.now + 2 * 60_000)
        life.stop()
        await universe.run(universe.now + 60_000)
        if (process === SYNCS && network.writes > written)
          broken.push(
            `one short run after the other writes, ${network.writes - written} requests the last time`,
          )
      }
    }
    if (life.isOver()) life = begin()
    life.spare()
    // Long enough for three looks at what is in doubt, for what was refused, and for another reconcile.
    const calm = universe.now
    if (nightly && nextReconcile(calm, nightly) > calm + TO_CATCH_UP + 5 * 60_000) {
      // What was misread must not wait for the night to be read again.
      await universe.run(calm + TO_CATCH_UP)
      late = findUntold(shop, calm * 1_000)
      if (create && !poisons) broken.push(...findMissing(shop, life.setAside()))
    }
    // After a gap everybody is asked for once more.
    const more = isDark ? 1.5 * HOUR : 0
    await universe.run(Math.max(nextReconcile(calm, nightly), calm + 0.2 * HOUR) + 0.6 * HOUR + more)
    // Whom only an address of their own tells, and it did not twice, is asked for after four hours.
    if (main === 'gladly' && life.setAside().size > 0) await universe.run(universe.now + 5 * HOUR)
    if (life.isOver()) broken.push('the daemon ended by itself')
    life.stop()
    await universe.run(universe.now + 5 * 60_000)
    if (!life.isOver()) broken.push('the daemon did not stop')
    // Everything has come to rest: whoever starts now finds nothing to do.
    const written = network.writes
    const mayRetry = hasRefused(stateDir)
    life = begin()
    await universe.run(universe.now + 10 * 60_000)
    life.stop()
    await universe.run(universe.now + 5 * 60_000)
    if (network.writes > written && !mayRetry)
      broken.push(`at rest, ${network.writes - written} requests wrote something`)
    const store = openStoreReadOnly(stateDir)!
    const goLiveOf = {
      main: store.meta.get(META.goLive(shop.dialect.helpdesk)) ?? Number.POSITIVE_INFINITY,
      outlet: store.meta.get(META.goLive('outlet')) ?? Number.POSITIVE_INFINITY,
    }
    const counts = store.outboxEvents.counts()
    log.debug('At the end', {
      counts,
      letters: store.deadLetters.list(),
      next: [store.backlog.nextLookAt(), universe.now * 1000],
      offset: wall.offsetMs,

      known: store.recordsOf(shop.dialect.helpdesk, process.env['EMAIL'] ?? ''),
      told: store.contacts.lastSent(process.env['EMAIL'] ?? ''),
    })
    store.close()
    for (const state of ['found', 'staged', 'pending', 'sending', 'uncertain'] as const) {
      if ((counts[state] ?? 0) > 0) broken.push(`${counts[state]} events are still ${state}`)
    }
    return {
      seed,
      complaints: [
        ...broken,
        ...(create ? late.filter((one) => one.at >= goLiveOf[one.connector]) : []).map(
          ({ event, about }) => `${event} of ${about.join(' ')} waited for the next look at everything`,
        ),
        ...judge(shop, {
          goLiveOf,
          create,
          extId,
          // What happened in one second has no order where dates are whole seconds.
          inOrder: !usesOldPages && !poisons && wall.offsetMs === 0 && helpdesks === undefined,
        }),
      ],
      counts: {
        lives,
        events: shop.account.events.length,
        contacts: shop.account.contacts.size,
        imports: shop.account.processes.size,
        requests: network.requests,
      },
      faults: network.counts,
    }
  } finally {
    life?.kill()
    rmSync(stateDir, { recursive: true, force: true })
  }
}

/** Searches are behind by up to five minutes, and give little at once: rows move from one page to another meanwhile. */
function drawIndex(random: Random): { lagMs: number; mostPerPage: number } {
  const lagMs = random.next() < 0.6 ? random.next() * 300_000 : 0
  return { lagMs, mostPerPage: random.next() < 0.5 ? 2 + Math.floor(random.next() * 5) : 150 }
}

function openFake(
  { helpdesk }: Dialect,
  { routes: server }: DirectServer,
  world: World,
  limited: boolean,
  index: { lagMs: number; mostPerPage: number },
): void {
  const rateLimit = limited ? { requests: 40, windowMs: 20_000 } : null
  // Its events are up to 15 s behind.
  if (helpdesk === 'gladly')
    createGladly({
      server,
      world,
      keys: { username: 'sim@shop.example', api_key: 'sim-key' },
      rateLimit: null,
      index: { ...index, lagMs: index.lagMs / 20 },
    })
  else if (helpdesk === 'intercom')
    createIntercom({ server, world, keys: { access_token: 'sim-token' }, rateLimit, index })
  else createGorgias({ server, world, keys: { email: 'sim@shop.example', api_key: 'sim-key' }, rateLimit })
}

/** Brevo refused something that is tried again when its time comes: an id that somebody else holds. */
function hasRefused(stateDir: string): boolean {
  const store = openStoreReadOnly(stateDir)!
  const letters = store.deadLetters.list()
  store.close()
  return letters.some((one) => one.kind === 'identifier')
}

/** A third of them anywhere, a third between two statements of what one answer of the helpdesk causes, a third between two changes. */
function drawDeath(random: Random): Death {
  const dice = random.next() * 3
  const page = Math.floor(1 + random.next() * 60)
  if (dice < 1) return { steps: Math.floor(1 + random.next() ** 2 * 1_500), afterPage: 0, changes: false }
  if (dice < 2) return { steps: Math.floor(1 + random.next() * 40), afterPage: page, changes: false }
  return { steps: Math.floor(1 + random.next() * 12), afterPage: page, changes: true }
}

/** Lost, doubled, late and in another order. */
function callWebhooks({ world }: Shop, network: Network, random: Random): void {
  world.onLog = ({ objectType, objectId }) => {
    if (objectType !== 'Ticket' || random.next() < 0.2) return
    const call = (): void =>
      void network.universe.at(network.universe.now + random.next() ** 3 * 60_000, () =>
        network.onWebhook?.(objectId),
      )
    call()
    if (random.next() < 0.2) call()
  }
}

/** One schedule has one every hour, the other one at half past one in the morning. */
function nextReconcile(time: number, nightly: boolean): number {
  return nightly ? START + 2.5 * HOUR : Math.ceil(time / HOUR) * HOUR
}

/** More than a day without the helpdesk, in which things happen. How long it is. */
function planDarkness({ universe, weather }: Network, random: Random, shop: Shop): number {
  const length = (25 + random.next() * 15) * HOUR
  const from = START + (0.1 + random.next() * 0.1) * HOUR
  universe.at(from, () => {
    weather.down.helpdesk = true
    shop.calmSince = Number.POSITIVE_INFINITY
  })
  universe.at(from + length, () => {
    weather.down.helpdesk = false
    shop.calmSince = universe.now
    shop.doubtUnheard(from * 1000)
  })
  return length
}

/** Outages of hours, and a clock that somebody sets. */
function planTrouble(
  { universe, weather }: Network,
  wall: { offsetMs: number },
  random: Random,
  until: number,
  chance: (share: number) => boolean,
  shop: Shop,
): void {
  const moment = (): number => START + random.next() * (until - START)
  for (const side of ['helpdesk', 'brevo'] as const) {
    if (!chance(0.3)) continue
    const from = moment()
    universe.at(from, () => (weather.down[side] = true))
    universe.at(from + random.next() * 1.2 * HOUR, () => {
      weather.down[side] = false
      shop.calmSince = universe.now
    })
  }
  if (chance(0.15)) {
    const jump = (random.next() - 0.5) * 48 * HOUR
    universe.at(moment(), () => (wall.offsetMs += jump))
  }
}

/** Some tickets and customers are not given by their own address for a while, each in one way. */
function planPoison(network: Network, random: Random, until: number, shop: Shop): void {
  const { universe, poisoned } = network
  const base = new URL(HELPDESK_URL).pathname
  for (let count = 1 + Math.floor(random.next() * 4); count > 0; count -= 1)
    universe.at(START + random.next() * (until - START), () => {
      const { tickets, customers } = shop.world
      const [kind, ids] =
        random.next() < 0.5
          ? (['tickets', [...tickets.keys()]] as const)
          : (['customers', [...customers.keys()]] as const)
      // The newest are those that somebody asks for.
      const id = ids[ids.length - 1 - Math.floor(random.next() ** 2 * ids.length)]
      const fault = (['server_error', 'forbidden', 'reset'] as const)[Math.floor(random.next() * 3)]!
      if (id !== undefined) poisoned.set(`${base}/${kind}/${id}`, fault)
    })
  universe.at(until, () => poisoned.clear())
}
