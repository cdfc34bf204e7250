// A shop that goes on while its tables are read, with runs that die anywhere; then it is let come to its end.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { Destination } from '../../src/extract/destination.ts'
import { openDestination } from '../../src/extract/destinations/index.ts'
import { extract } from '../../src/extract/extract.ts'
import type { Bounds } from '../../src/extract/walk.ts'
import { createSeededRandom, type Random } from '../../src/lib/random.ts'
import type { TableDefinition } from '../../src/sources/tables.ts'
import { type Bench, openBench, requireSubject, settledOf } from '../conformance/helpdesk.ts'
import { live, type Subject } from './oracle.ts'

const SEED = Number(process.env['TAJO_TEST_SEED'] ?? 1) * 100
export const seeds = (subject: Subject, count: number): [string, number, Subject][] =>
  Array.from({ length: count }, (_, index) => [subject.name, SEED + index, subject])

export async function torture(
  subject: Subject,
  seed: number,
  tables: readonly TableDefinition[],
  check: (file: string, bench: Bench) => void,
  /** What happens besides, now and then. */
  more: (bench: Bench, random: Random) => void = () => undefined,
): Promise<void> {
  const random = createSeededRandom(seed)
  const helpdesk = requireSubject(subject.name)
  const bench = openBench(helpdesk)
  const directory = mkdtempSync(join(tmpdir(), 'tajo-extract-'))
  const file = join(directory, 'out.sqlite')
  const run = (isTroubled: boolean): Promise<void> =>
    runOnce(bench, { file, random, subject, tables, isTroubled })
  try {
    for (let count = 0; count < SIZE[subject.name]!; count += 1) {
      live(bench.world, random, subject)
      more(bench, random)
      bench.universe.now += 5_000
    }
    for (let count = 0; count < 6; count += 1) {
      await bench.pass(Math.floor(random.next() * 4_000))
      if (count === 3) {
        bench.meet(null)
        await bench.pass(settledOf(helpdesk))
        await run(false)
        await goDark(bench, random)
      }
      more(bench, random)
      await run(true)
    }
    bench.meet(null)
    await bench.pass(settledOf(helpdesk))
    await run(false)
    await run(false)
    check(file, bench)
  } finally {
    rmSync(directory, { recursive: true, force: true })
    await bench.close()
  }
}

const SIZE: Readonly<Record<string, number>> = { gorgias: 1_500, intercom: 700, gladly: 500 }
/** A run that dies does so within so many requests. */
const DEAD_AT: Readonly<Record<string, number>> = { gorgias: 25, intercom: 200, gladly: 400 }
/** How long a list may take to be answered, in minutes: where each customer costs a request, a reading must not take days. */
const WAITS: Readonly<Record<string, number>> = { gorgias: 10, intercom: 1, gladly: 0.1 }

/** More than a day, in which tickets are opened, answered and closed: what nobody could know afterwards does not happen. */
async function goDark({ world, pass }: Bench, random: Random): Promise<void> {
  for (let hour = 0; hour < 30; hour += 1) {
    await pass(3_600)
    const open = [...world.tickets.values()].filter(({ status }) => status === 'open')
    const one = open[Math.floor(random.next() * open.length)]
    if (one === undefined || hour % 5 === 0)
      world.addTicket({ customerId: [...world.customers.values()][0]!.id })
    else if (hour % 2 === 0) world.addMessage(one.id, { fromAgent: hour % 4 === 0 })
    else world.closeTicket(one.id)
  }
}

/** Now and then only a part is asked for: what lies beside it must not be taken for read. */
function pickBounds({ world }: Bench, random: Random): Bounds {
  const back = (): number => world.now() - Math.floor(random.next() * 3 * 86_400_000_000)
  const [one, other] = [back(), back()]
  const since = random.next() < 0.6 ? null : Math.min(one, other)
  return { since, until: random.next() < 0.8 ? null : Math.max(one, other) }
}

interface Run {
  file: string
  random: Random
  subject: Subject
  tables: readonly TableDefinition[]
  isTroubled: boolean
}

/** The shop goes on between two requests; some runs end in the middle of one, or of what they store. */
async function runOnce(bench: Bench, { file, random, subject, tables, isTroubled }: Run): Promise<void> {
  const deadAt =
    isTroubled && random.next() < 0.6
      ? Math.floor(random.next() * DEAD_AT[subject.name]!)
      : Number.POSITIVE_INFINITY
  let requests = 0
  bench.meet(async (_, answer) => {
    requests += 1
    if (requests > deadAt) return { outcome: 'never_left', reason: 'the process died' }
    if (isTroubled && random.next() < 0.5) live(bench.world, random, subject)
    // A list may be read for longer than it is read again for.
    if (isTroubled) await bench.universe.wait(Math.floor(random.next() * WAITS[subject.name]! * 60_000))
    const given = await answer()
    if (isTroubled && random.next() < 0.3) live(bench.world, random, subject)
    return given
  })
  const destination = await openDestination(`sqlite://${file}`, { format: 'csv', print: () => undefined })
  const dying =
    isTroubled && random.next() < 0.3 ? dieInStore(destination, Math.floor(random.next() * 5)) : destination
  const ports = { clock: { monotonic: () => bench.universe.now } as never }
  const asked = {
    owner: 'shop',
    tables,
    bounds: isTroubled ? pickBounds(bench, random) : { since: null, until: null },
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
