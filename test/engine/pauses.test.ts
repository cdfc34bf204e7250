// What was refused is tried again: after 15 seconds, ever more rarely, and at once when keys change.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { createPauses, noteKeysTested, type Pauses, readPauses } from '../../src/engine/pauses.ts'
import { createSeededRandom } from '../../src/lib/random.ts'
import { Secret } from '../../src/lib/log/secret.ts'
import { openStore, type Store } from '../../src/state/store.ts'
import { VirtualClock } from '../support/clock.ts'

let directory: string
let store: Store
let clock: VirtualClock
let pauses: Pauses
let key: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-pauses-'))
  store = openStore(directory)
  clock = new VirtualClock()
  key = 'old'
  const secrets = { credentials: { gorgias: {} }, brevoKey: new Secret(() => key) }
  pauses = createPauses(secrets, { store, clock, random: createSeededRandom(1) })
})
afterEach(() => {
  store.close()
  rmSync(directory, { recursive: true, force: true })
})

const refused = (): number => pauses.begin('gorgias', 'The key was refused.')
const waitUntilOver = (): Promise<void> => clock.run(pauses.over('gorgias', new AbortController().signal))

it('waits some 15 seconds, then twice as long each time, a quarter of an hour at most', async () => {
  const waits: number[] = []
  for (let index = 0; index < 9; index += 1) {
    waits.push(refused() / 1000)
    await waitUntilOver()
  }

  const ceilings = [15, 30, 60, 120, 240, 480, 900, 900, 900]
  for (const [index, ceiling] of ceilings.entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(ceiling / 2)
    expect(waits[index]).toBeLessThanOrEqual(ceiling)
  }
})

it('begins anew once it has worked', async () => {
  for (let index = 0; index < 5; index += 1) {
    refused()
    await waitUntilOver()
  }

  pauses.end('gorgias')

  expect(refused()).toBeLessThanOrEqual(15_000)
})

it.each([
  ['a key is replaced', () => void (key = 'new')],
  ['somebody saw that the keys work', () => noteKeysTested(store, 5)],
])('ends at once when %s', async (_, act) => {
  for (let index = 0; index < 6; index += 1) {
    refused()
    if (index < 5) await waitUntilOver()
  }
  const before = clock.monotonic()

  act()
  await waitUntilOver()

  expect(clock.monotonic() - before).toBeLessThanOrEqual(2_000)
  expect(refused()).toBeLessThanOrEqual(15_000)
})

it('is written down for status, and forgotten when it is over', async () => {
  refused()
  const { reason, until } = readPauses(store)['gorgias']!
  expect(reason).toBe('The key was refused.')
  expect(Date.parse(until)).toBeGreaterThan(clock.now())

  await waitUntilOver()

  expect(readPauses(store)).toEqual({})
})
