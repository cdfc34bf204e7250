// A connectors.yml that is saved while the daemon runs: faulty, small, too large to go unasked; and nothing lost or doubled.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { Sqlite } from '../support/sqlite.ts'
import * as fc from 'fast-check'

import { parseConfig } from '../../src/config/load.ts'
import { Meters } from '../../src/daemon/meters.ts'
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts'
import { TajoError } from '../../src/lib/errors.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { type Prepared, startReloading } from '../../src/daemon/reload/reload.ts'
import {
  approve,
  type PendingConfig,
  readInForce,
  readPending,
} from '../../src/state/reading/applied-config.ts'
import { openStoreBeside, openStoreReadOnly, type Store } from '../../src/state/store.ts'
import { ProcessClock } from '../simulation/clock.ts'
import { startVirtualSchedule, toYaml } from '../simulation/life.ts'
import { createHttpFor } from '../simulation/network.ts'
import { judge, watchWrites, oneShop } from '../simulation/oracle.ts'
import { silentLog } from '../support/sandbox.ts'
import { openVirtualWorld, VIRTUAL_KEYS } from '../support/virtual.ts'
import { META } from '../../src/state/meta.ts'

/** A shop, a file, and a daemon that follows the file. */
function openWorld(seed = 1) {
  const { universe, shop, network } = openVirtualWorld(seed)
  const stateDir = mkdtempSync(join(tmpdir(), 'tajo-reload-'))
  const clock = new ProcessClock(universe, { offsetMs: 0 }, () => undefined)
  const first = toYaml({
    schedule: '*/5 * * * *',
    reconcile: '0 3 * * *',
    rateLimit: '{ requests: 100000, per_seconds: 1 }',
    importList: false,
    create: 'always',
    policy: 'verify',
    campaigns: true,
  })
  const file = {
    text: first as string | null,
    complaints: [] as string[],
    /** What keeps both sides from being asked. */
    failure: null as Error | null,
    /** What SQLite says where it finds no room. */
    full: null as Error | null,
  }
  const started: string[] = []
  const said = { isAlive: (): boolean => false }

  function prepare(text: string): Prepared {
    const config = parseConfig('connectors.yml', text, {})
    return {
      text,
      config,
      close: () => undefined,
      start(onAccepted) {
        started.push(text)
        return startDaemon(
          {
            config,
            stateDir,
            ...VIRTUAL_KEYS,
          },
          {
            http: createHttpFor(network, { step: () => undefined, isDead: () => false }),
            clock,
            random: createSeededRandom(3),
            log: silentLog,
            meters: new Meters('test', clock.now()),
            startSchedule: (expression, run) => startVirtualSchedule(network, expression, run),
            async serve() {
              if (text.includes('# port taken')) throw new TajoError('server_port', 'The port is taken.')
              if (file.full !== null) throw file.full
              return null
            },
          },
          {
            onAccepted,
            onReady(isAlive) {
              said.isAlive = isAlive
            },
          },
        )
      },
    }
  }

  let daemon: Pick<Daemon, 'ended' | 'stop'> | null = null
  const look = <T>(action: (store: Store) => T): T => {
    const store = openStoreReadOnly(stateDir)!
    try {
      return action(store)
    } finally {
      store.close()
    }
  }
  return {
    shop,
    universe,
    first,
    file,
    started,
    said,
    look,
    pending: (): PendingConfig | null => look((store) => readPending(store)),
    approve() {
      const store = openStoreBeside(stateDir)!
      approve(store, readPending(store)!.sha256)
      store.close()
    },
    async start() {
      const starting = startReloading({
        file: 'connectors.yml',
        clock,
        log: silentLog,
        env: {},
        read: () => file.text,
        prepare,
        async check() {
          if (file.failure !== null) throw file.failure
          return file.complaints
        },
        async peek(action) {
          const store = openStoreReadOnly(stateDir)
          if (store === null) return null
          const result = await action(store)
          store.close()
          return result
        },
        pause: async () => undefined,
      })
      daemon = await starting
      await universe.run(universe.now + 60_000)
    },
    pass: (minutes: number) => universe.run(universe.now + minutes * 60_000),
    async stop() {
      daemon?.stop()
      const ended = daemon?.ended
      await universe.run(universe.now + 60_000)
      await ended
      daemon = null
    },
    close: () => rmSync(stateDir, { recursive: true, force: true }),
  }
}

let world: ReturnType<typeof openWorld>
beforeEach(async () => {
  world = openWorld()
  world.shop.seedPast(6)
  await world.start()
})
afterEach(async () => {
  await world.stop()
  world.close()
})

const sent = (name: string): number => world.shop.account.events.filter((one) => one.name === name).length

/** Changes nothing of any contact. */
const small = (yaml: string): string =>
  yaml.replace('ticket.created: TICKET_CREATED', 'ticket.created: TICKET_OPENED')
/** Changes all of them. */
const large = (yaml: string): string =>
  yaml.replace('nb_tickets: TICKET_COUNT', 'TICKET_COUNT: { value: nb_tickets + 100, type: number }')

function refusalOfAFullDisk(): Error {
  const database = new Sqlite(':memory:')
  database.exec('PRAGMA max_page_count = 1')
  try {
    database.exec('CREATE TABLE t (x)')
  } catch (thrown) {
    return thrown as Error
  } finally {
    database.close()
  }
  throw new Error('there was room')
}

function newTicket(): void {
  const { id } = [...world.shop.world.customers.values()].find(
    (one) => one.email?.includes('erson') === true,
  )!
  world.shop.world.addTicket({ customerId: id })
}

describe('a connectors.yml that is saved while the daemon runs', () => {
  it('that does not work once it is in force gives way to the one before, for good', async () => {
    world.file.text = `${world.first}# port taken\n`
    await world.pass(10)

    expect(world.pending()).toMatchObject({ state: 'faulty', reasons: ['The port is taken.'] })
    expect(world.started).toEqual([world.first, world.file.text, world.first])
    expect(world.look((store) => readInForce(store))).toBe(world.first)
    newTicket()
    await world.pass(10)
    expect(sent('TICKET_CREATED')).toBe(1)
  })

  it('and a disk that is full are waited for: the daemon goes on once there is room', async () => {
    world.file.full = refusalOfAFullDisk()
    world.file.text = small(world.first)
    await world.pass(5)
    expect(new Set(world.started)).toEqual(new Set([world.first, world.file.text]))
    // Who supervises it has no reason to end it.
    expect(world.said.isAlive()).toBe(true)
    const before = world.started.length
    world.file.full = null
    for (let minutes = 0; world.started.length === before && minutes < 60; minutes += 1) await world.pass(1)

    newTicket()
    await world.pass(10)
    expect(world.started).toHaveLength(before + 1)
    expect(sent('TICKET_OPENED')).toBe(1)
  })

  it('is ended on request while it waits for room', async () => {
    world.file.full = refusalOfAFullDisk()
    world.file.text = small(world.first)
    await world.pass(5)

    await expect(world.stop()).resolves.toBeUndefined()
  })

  it('is looked at again where what was missing is put right outside the file, or an API answers again', async () => {
    world.file.complaints = ['There is no list 44 in Brevo.']
    world.file.text = small(world.first)
    await world.pass(1)
    expect(world.pending()).toMatchObject({ state: 'faulty' })
    world.file.complaints = []
    world.file.failure = new TajoError('source_unauthorized', 'Gorgias refused the API key (401).')
    await world.pass(2)
    expect(world.pending()).toMatchObject({ reasons: ['Gorgias refused the API key (401).'] })
    world.file.failure = new TajoError('brevo_unavailable', 'Brevo does not answer.')
    await world.pass(2)
    expect(world.started).toHaveLength(1)
    world.file.failure = null
    await world.pass(2)

    expect(world.started).toEqual([world.first, world.file.text])
    expect(world.pending()).toBeNull()
  })

  it('needs an approval of its own each time', async () => {
    world.file.text = large(world.first)
    await world.pass(1)
    world.approve()
    await world.pass(1)
    world.file.text = world.first
    await world.pass(1)
    world.approve()
    await world.pass(1)
    world.file.text = large(world.first)
    await world.pass(1)

    expect(world.started).toHaveLength(3)
    expect(world.pending()).toMatchObject({ state: 'waiting' })
  })

  it('does not raise the limit for itself', async () => {
    world.file.text = `guards: { max_change: 100% }\n${large(world.first)}`
    await world.pass(1)

    expect(world.pending()).toMatchObject({ state: 'waiting' })
  })

  it('goes live by itself where it changes little', async () => {
    world.file.text = small(world.first)
    await world.pass(1)
    newTicket()
    await world.pass(10)

    expect(world.pending()).toBeNull()
    expect(world.look((store) => readInForce(store))).toBe(world.file.text)
    expect([sent('TICKET_OPENED'), sent('TICKET_CREATED')]).toEqual([1, 0])
  })

  it('with mistakes is reported with its place, and the last good one stays in force', async () => {
    world.file.text = world.first.replace('schedule:', 'shedule:')
    await world.pass(1)
    newTicket()
    await world.pass(10)

    expect(world.pending()).toMatchObject({
      state: 'faulty',
      reasons: [expect.stringMatching(/^connectors\.yml:\d+:\d+ .*Did you mean "schedule"/)],
    })
    expect(sent('TICKET_CREATED')).toBe(1)
  })

  it('that asks Brevo for what it does not have is a mistake, too', async () => {
    world.file.complaints = ['connectors.yml:12:7: Brevo has no attribute TIER2.']
    world.file.text = small(world.first)
    await world.pass(1)

    expect(world.pending()).toMatchObject({ state: 'faulty', reasons: world.file.complaints })
    expect(world.started).toHaveLength(1)
  })

  it('that would touch too many contacts waits for an approval, and goes live with it', async () => {
    const counts = (): unknown[] =>
      [...world.shop.account.contacts.values()].map((one) => Number(one.attributes['TICKET_COUNT']) >= 100)
    world.file.text = large(world.first)
    await world.pass(10)
    expect(world.pending()).toMatchObject({
      state: 'waiting',
      reasons: [expect.stringContaining('contacts would change')],
    })
    expect(counts()).not.toContain(true)

    world.approve()
    await world.pass(2)

    expect(world.pending()).toBeNull()
    expect(counts()).not.toContain(false)
  })

  it('that changes a campaign waits, however few contacts there are', async () => {
    world.file.text = world.first.replace('delay: 7m', 'delay: 8m')
    await world.pass(1)

    expect(world.pending()).toMatchObject({ state: 'waiting', reasons: ['the campaign echo is changed'] })
  })

  it.each([
    [
      'the line of an event',
      /\n +ticket.closed: [^\n]*/,
      'the event of ticket.closed is no longer sent (gorgias)',
    ],
    [
      'a list',
      /, dissatisfied_customers: 37/,
      'the list 37 of dissatisfied_customers is no longer filled (gorgias)',
    ],
    [
      'its second half',
      /\n +satisfaction_survey.created[^]*$/,
      'the event of satisfaction_survey.created is no longer sent (gorgias)',
    ],
  ])('that has lost %s waits for an approval', async (_, part, reason) => {
    const text = world.first.replace(part, part.source.startsWith(',') ? '' : '\n')
    expect(text).not.toBe(world.first)
    world.file.text = text
    await world.pass(1)
    expect(world.pending()).toMatchObject({ state: 'waiting', reasons: expect.arrayContaining([reason]) })
    newTicket()
    world.file.text = world.first
    await world.pass(10)

    expect(sent('TICKET_CREATED')).toBe(1)
    expect(world.started).toEqual([world.first])
  })

  it('is taken once it is still', async () => {
    for (let second = 0; second < 10; second += 1) {
      world.file.text = `${small(world.first)}# ${'.'.repeat(second)}\n`
      await world.universe.run(world.universe.now + 1_900)
    }
    expect(world.started).toEqual([world.first])

    await world.pass(1)

    expect(world.started).toEqual([world.first, world.file.text])
  })

  it('is forgotten where it is taken back', async () => {
    world.file.text = large(world.first)
    await world.pass(1)
    world.file.text = world.first
    await world.pass(1)

    expect(world.pending()).toBeNull()
    expect(world.started).toHaveLength(1)
  })

  it('that waits waits on after a restart', async () => {
    world.file.text = large(world.first)
    await world.pass(1)
    await world.stop()
    await world.start()

    expect(world.started.at(-1)).toBe(world.first)
    await world.pass(1)
    expect(world.pending()).toMatchObject({ state: 'waiting' })
    world.approve()
    await world.pass(1)
    expect(world.started.at(-1)).toBe(world.file.text)
  })

  it('half of which is written is not looked at', async () => {
    world.file.text = world.first.slice(0, 200)
    await world.universe.run(world.universe.now + 1_100)
    world.file.text = small(world.first)
    await world.pass(1)

    expect(world.pending()).toBeNull()
    expect(world.started).toEqual([world.first, world.file.text])
  })
})

it('no event is lost or doubled, whatever is reloaded when', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
      const other = openWorld(seed)
      const random = createSeededRandom(seed + 7)
      const { broken } = watchWrites(other.shop)
      other.shop.seedPast(3)
      await other.start()
      const until = other.universe.now + 40 * 60_000
      for (let count = 0; count < 15; count += 1) {
        other.universe.at(other.universe.now + random.next() * 40 * 60_000, () => other.shop.act())
        other.universe.at(
          other.universe.now + random.next() * 40 * 60_000,
          () => (other.file.text = `${other.first}# saved ${count} times\n`),
        )
      }
      await other.universe.run(until)
      await other.pass(45)
      const goLive = other.look((store) => store.meta.get(META.goLive('gorgias'))!)
      await other.stop()
      other.close()

      expect(other.started.length).toBeGreaterThan(2)
      const history = { goLiveOf: oneShop(goLive), create: true, inOrder: true }
      expect(
        [...broken, ...judge(other.shop, history)].filter((one) => !WITHOUT_RECONCILE.test(one)),
      ).toEqual([])
    }),
    { numRuns: 8 },
  )
})

/** Custom fields move nothing that a poll sees; the nightly reconcile does not come in this hour. */
const WITHOUT_RECONCILE = /: TIER is/
