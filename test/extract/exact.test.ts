// What is extracted is what the helpdesk holds, whatever happens while it is read and wherever the reading ends.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'

import { extract } from '../../src/extract/extract.ts'
import type { Destination } from '../../src/extract/destination.ts'
import { openDestination } from '../../src/extract/destinations/index.ts'
import { createSeededRandom, type Random } from '../../src/lib/random.ts'
import { type Bench, openBench, requireSubject } from '../conformance/helpdesk.ts'
import { expectAll, live, TABLES } from './oracle.ts'
import { readSqlite } from './readers.ts'

const SEED = Number(process.env['TAJO_TEST_SEED'] ?? 1) * 100

it.each(Array.from({ length: 6 }, (_, index) => SEED + index))('seed %i', async (seed) => {
  const random = createSeededRandom(seed)
  const bench = openBench(requireSubject('gorgias'))
  const directory = mkdtempSync(join(tmpdir(), 'tajo-extract-'))
  const file = join(directory, 'out.sqlite')
  try {
    for (let count = 0; count < 1_500; count += 1) live(bench.world, random)
    for (let run = 0; run < 6; run += 1) {
      await bench.pass(Math.floor(random.next() * 4_000))
      await runOnce(bench, file, random, true)
    }
    bench.meet(null)
    await bench.pass(60)
    await runOnce(bench, file, random, false)
    await runOnce(bench, file, random, false)

    expect(readSqlite(file)).toEqual(expectAll(bench.world))
  } finally {
    rmSync(directory, { recursive: true, force: true })
    await bench.close()
  }
})

/** The shop goes on between two requests; some runs end in the middle of one, or of what they store. */
async function runOnce(bench: Bench, file: string, random: Random, isTroubled: boolean): Promise<void> {
  const deadAt = isTroubled && random.next() < 0.6 ? Math.floor(random.next() * 25) : Number.POSITIVE_INFINITY
  let requests = 0
  bench.meet(async (_, answer) => {
    requests += 1
    if (requests > deadAt) return { outcome: 'never_left', reason: 'the process died' }
    if (isTroubled && random.next() < 0.5) live(bench.world, random)
    // A list may be read for longer than it is read again for.
    if (isTroubled) await bench.universe.wait(Math.floor(random.next() * 10 * 60_000))
    const given = await answer()
    if (isTroubled && random.next() < 0.3) live(bench.world, random)
    return given
  })
  const destination = await openDestination(`sqlite://${file}`, { format: 'csv', print: () => undefined })
  const dying =
    isTroubled && random.next() < 0.3 ? dieInStore(destination, Math.floor(random.next() * 5)) : destination
  const ports = { clock: { monotonic: () => bench.universe.now } as never }
  const asked = {
    tables: TABLES,
    bounds: { since: null, until: null },
    full: false,
    onProgress: () => undefined,
  }
  const done = extract(bench.source({ retries: 0 }), dying, asked, ports)
  if (isTroubled) await bench.drive(done).catch(() => undefined)
  else await bench.drive(done)
  await destination.close()
}

/** Nothing of the batch is there: its transaction did not end. */
function dieInStore(destination: Destination, after: number): Destination {
  let stores = 0
  return {
    open: (connector, definitions) => destination.open(connector, definitions),
    store: async (table, batch) => {
      stores += 1
      if (stores > after) throw new Error('the process died')
      await destination.store(table, batch)
    },
    finish: () => destination.finish(),
    close: () => destination.close(),
  }
}
