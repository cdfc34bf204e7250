// An engine against the two fakes in virtual time: hours pass in no time, and a test says which request meets which fault.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { parseConfig } from '../../src/config/load.ts'
import {
  type Engine,
  type EngineOptions,
  openEngine,
  type SyncOptions,
  type SyncReport,
} from '../../src/engine/engine.ts'
import type { HttpRequest } from '../../src/lib/net/http.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { Secret } from '../../src/lib/log/secret.ts'
import type { PlanFile } from '../../src/dry-run/plan.ts'
import { dryRun } from '../../src/dry-run/dry-run.ts'
import { type DryRunOptions } from '../../src/dry-run/report.ts'
import { createBrevo } from '../../src/sandbox/brevo/brevo.ts'
import { createGorgias } from '../../src/sandbox/gorgias/gorgias.ts'
import { Killed, ProcessClock, Universe } from '../simulation/clock.ts'
import { createDirectServer } from '../simulation/direct-server.ts'
import { toYaml } from '../simulation/life.ts'
import { createHttpFor, type Fault, HELPDESK_URL, type Network } from '../simulation/network.ts'
import { Shop } from '../simulation/shop.ts'
import { openStore } from '../../src/state/store.ts'
import { silentLog } from './sandbox.ts'

export interface VirtualShop extends Pick<Shop, 'world' | 'account'> {
  /** What happens in it by itself. */
  shop: Shop
  universe: Universe
  stateDir: string
  /** Asked for each request: which fault it meets. */
  meet(script: ((request: HttpRequest, side: 'helpdesk' | 'brevo') => Fault | null) | null): void
  /** This object is not given any more, until it is mended (null): `customers/42`. */
  poison(object: string, fault: Fault | null): void
  /** Opens the state, does something, closes it. */
  open<T>(action: (engine: Engine) => Promise<T>, yaml?: string): Promise<T>
  sync(options?: SyncOptions, yaml?: string): Promise<SyncReport>
  /** What a sync would do. */
  plan(yaml?: string, options?: Partial<DryRunOptions>): Promise<PlanFile>
  /** As a process that is killed when a request of this kind has left. */
  killAt(matches: (request: HttpRequest) => boolean, yaml?: string): Promise<void>
  pass(minutes: number): Promise<void>
  /** Within an action: so many minutes later. */
  later(minutes: number): Promise<void>
  yaml(policy?: string, more?: Partial<Parameters<typeof toYaml>[0]>): string
  close(): void
}

const START = Date.parse('2026-03-01T08:00:00Z')

/** A shop, its helpdesk and its Brevo, on a network without faults. */
export function openVirtualWorld(seed = 1): { universe: Universe; shop: Shop; network: Network } {
  const universe = new Universe(START)
  const shop = new Shop(universe, createSeededRandom(seed), 0)
  shop.account.importDelayMs = 0
  const servers = { helpdesk: createDirectServer(), brevo: createDirectServer() }
  createGorgias({
    server: servers.helpdesk.routes,
    world: shop.world,
    keys: { email: 'sim@shop.example', api_key: 'sim-key' },
    rateLimit: { requests: 40, windowMs: 20_000 },
  })
  createBrevo({ server: servers.brevo.routes, account: shop.account, apiKey: 'sim-brevo', perSecond: 10 })
  const network: Network = {
    universe,
    random: createSeededRandom(2),
    weather: { share: 0, faults: [], down: { helpdesk: false, brevo: false } },
    servers,
    sourceOffsetMs: 0,
    counts: {},
    poisoned: new Map(),
    requests: 0,
    writes: 0,
    script: null,
    onWebhook: null,
    lastLeftAt: () => shop.lastLeftAt,
  }
  return { universe, shop, network }
}

export const VIRTUAL_KEYS = {
  credentials: { gorgias: { email: new Secret('sim@shop.example'), api_key: new Secret('sim-key') } },
  brevoKey: new Secret('sim-brevo'),
}

export function openVirtualShop(seed = 1, more: Partial<EngineOptions> = {}): VirtualShop {
  const { universe, shop, network } = openVirtualWorld(seed)
  const stateDir = mkdtempSync(join(tmpdir(), 'tajo-virtual-'))
  const yaml: VirtualShop['yaml'] = (policy = 'verify', more = {}) =>
    toYaml({
      schedule: '*/5 * * * *',
      reconcile: '0 3 * * *',
      rateLimit: '{ requests: 40, per_seconds: 20 }',
      importList: false,
      create: 'always',
      policy,
      ...more,
    })

  const toOptions = (file: string): EngineOptions => ({
    config: parseConfig('connectors.yml', file, {}),
    stateDir,
    ...VIRTUAL_KEYS,
    webhookSecrets: { gorgias: new Secret('sim-webhook-secret') },
    ...more,
  })

  function start(file: string): { engine: Engine; kill(): void; isDead(): boolean } {
    let dead = false
    let abandon = (): void => undefined
    const process = { step: () => undefined, isDead: () => dead }
    const clock = new ProcessClock(universe, { offsetMs: 0 }, () => {
      if (dead) throw new Killed()
    })
    const engine = openEngine(toOptions(file), {
      http: createHttpFor(network, process),
      clock,
      random: createSeededRandom(3),
      log: silentLog,
      openStore: (directory) =>
        openStore(directory, {
          step: () => {
            if (dead) throw new Killed()
          },
          opened: (close) => {
            abandon = close
          },
        }),
    })
    const kill = (): void => {
      dead = true
      abandon()
      clock.kill()
    }
    return { engine, kill, isDead: () => dead }
  }

  /** Lets time pass until it is done. */
  async function drive<T>(action: Promise<T>): Promise<T> {
    const state = { done: false }
    const watched = action.finally(() => (state.done = true))
    watched.catch(() => undefined)
    for (let minutes = 0; !state.done && minutes < 6_000; minutes += 1)
      await universe.run(universe.now + 60_000)
    if (!state.done) throw new Error('a hundred hours were not enough')
    return await watched
  }

  const open: VirtualShop['open'] = async (action, file = yaml()) => {
    const { engine } = start(file)
    try {
      return await drive(action(engine))
    } finally {
      engine.close()
    }
  }

  return {
    shop,
    world: shop.world,
    account: shop.account,
    universe,
    stateDir,
    yaml,
    open,
    poison(object, fault) {
      const path = `${new URL(HELPDESK_URL).pathname}/${object}`
      if (fault === null) network.poisoned.delete(path)
      else network.poisoned.set(path, fault)
    },
    meet(script) {
      network.script = script
    },
    sync: (options, file) => open((engine) => engine.sync('gorgias', options), file),
    async killAt(matches, file = yaml()) {
      const life = start(file)
      network.script = (request) => {
        if (!matches(request)) return null
        // It has left and arrives; nobody is there to hear of it.
        queueMicrotask(() => life.kill())
        return null
      }
      const ended = life.engine.sync('gorgias').catch(() => undefined)
      for (let minute = 0; !life.isDead() && minute < 600; minute += 1)
        await universe.run(universe.now + 1_000)
      await universe.run(universe.now + 1_000)
      await ended
      network.script = null
    },
    later: (minutes) => universe.wait(minutes * 60_000),
    pass: (minutes) => universe.run(universe.now + minutes * 60_000),
    plan(file = yaml(), more = {}) {
      const process = { step: () => undefined, isDead: () => false }
      const clock = new ProcessClock(universe, { offsetMs: 0 }, () => undefined)
      const ports = { http: createHttpFor(network, process), clock, random: createSeededRandom(3) }
      return drive(
        dryRun(
          toOptions(file),
          { ...ports, log: silentLog },
          { connectors: ['gorgias'], text: file, acceptRemovals: false, sample: null, limit: 10, ...more },
        ),
      )
    },
    close() {
      rmSync(stateDir, { recursive: true, force: true })
    },
  }
}
