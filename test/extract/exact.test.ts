// What is extracted is what the helpdesk holds, whatever happens while it is read and wherever the reading ends.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'

import { extract } from '../../src/extract/extract.ts'
import type { Destination } from '../../src/extract/destination.ts'
import { openDestination } from '../../src/extract/destinations/index.ts'
import { createSeededRandom, type Random } from '../../src/lib/random.ts'
import {
  customerItem,
  eventItem,
  messageItem,
  surveyItem,
  ticketItem,
} from '../../src/sandbox/gorgias/json.ts'
import type { World } from '../../src/sandbox/shop/world.ts'
import { requireSource } from '../../src/sources/index.ts'
import { open } from '../../src/state/db/sqlite.ts'
import { type Bench, openBench, requireSubject } from '../conformance/helpdesk.ts'
import { silentLog } from '../support/sandbox.ts'

const { tables } = requireSource('gorgias')
const SEED = Number(process.env['TAJO_TEST_SEED'] ?? 1) * 100

it.each(Array.from({ length: 12 }, (_, index) => SEED + index))('seed %i', async (seed) => {
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

    expect(readAll(file)).toEqual(expectAll(bench.world))
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
  const ports = { clock: { monotonic: () => bench.universe.now } as never, log: silentLog }
  const asked = {
    tables: tables!.definitions,
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

/** One thing that happens in the shop. */
function live(world: World, random: Random): void {
  const pick = <T>(map: ReadonlyMap<number, T>): T | undefined =>
    [...map.values()][Math.floor(random.next() * map.size)]
  const [customer, ticket] = [pick(world.customers), pick(world.tickets)]
  const dice = random.next()
  if (dice < 0.15 || customer === undefined)
    world.addCustomer({
      email: `p${Math.floor(random.next() * 1e9)}@example.com`,
      name: 'Zoë "Z" O’Neil,\n\tJr. \\',
    })
  else if (dice < 0.35 || ticket === undefined) world.addTicket({ customerId: customer.id, subject: null })
  else if (dice < 0.55) world.addMessage(ticket.id, { fromAgent: random.next() < 0.5 })
  else if (dice < 0.65) world.addSurvey(ticket.id, { score: null })
  else if (dice < 0.75) {
    const survey = pick(world.surveys)
    if (survey?.score === null) world.scoreSurvey(survey.id, 1 + Math.floor(random.next() * 5))
  } else if (dice < 0.85 && ticket.status === 'open') world.closeTicket(ticket.id)
  else if (dice < 0.9) world.changeCustomer(customer.id, { note: `note ${random.next()}` })
  else if (dice < 0.93) world.deleteTicket(ticket.id)
  else if (dice < 0.96) {
    const other = pick(world.customers)!
    if (other !== customer) world.mergeCustomers(other.id, customer.id)
  } else if ([...world.tickets.values()].every((one) => one.customerId !== customer.id))
    world.deleteCustomer(customer.id)
}

type Table = Record<string, Record<string, unknown>>

/** What is there: neither deleted nor merged. */
function readAll(file: string): Record<string, Table> {
  const database = open(file, { readonly: true })
  const all = Object.fromEntries(
    Object.keys(ITEMS).map((name) => [
      name,
      Object.fromEntries(
        database
          .prepare<[], Record<string, unknown>>(`SELECT * FROM ${name} WHERE _deleted_at IS NULL`)
          .all()
          .map(({ _deleted_at, _merged_into, _extra, ...row }) => [
            row['id'],
            { ...row, _extra: toExtra(_extra) },
          ]),
      ),
    ]),
  )
  database.close()
  return all
}

const ITEMS: Record<string, (world: World) => Record<string, unknown>[]> = {
  customers: (world) => [...world.customers.values()].map((one) => customerItem(one)),
  tickets: (world) => [...world.tickets.values()].map((one) => ticketItem(world, one)),
  ticket_messages: (world) => [...world.messages.values()].map((one) => messageItem(one)),
  satisfaction_surveys: (world) => [...world.surveys.values()].map((one) => surveyItem(one)),
  events: (world) => [...world.events.page('asc', null, 100_000)].map((one) => eventItem(one)),
}

/** From the shop itself, by a reading of its own. */
function expectAll(world: World): Record<string, Table> {
  return Object.fromEntries(
    Object.entries(ITEMS).map(([name, items]) => {
      const types = tables!.definitions.find((one) => one.name === name)!.columns
      const rows = items(world).map((item) => {
        const rest = { ...item }
        const row = Object.fromEntries(
          types.map(({ name: column, type, path = column }) => {
            delete rest[path]
            const value = path.split('.').reduce<unknown>((at, key) => (at as never)?.[key], item) ?? null
            return [column, value === null ? null : VALUES[type]!(value)]
          }),
        )
        return [String(item['id']), { ...row, _extra: toExtra(JSON.stringify(rest)) }]
      })
      return [name, Object.fromEntries(rows) as Table]
    }),
  )
}

/** What a ticket tells of its customer is as old as the ticket. */
function toExtra(text: unknown): Record<string, unknown> {
  const { customer: _, ...rest } = JSON.parse((text as string | null) ?? '{}') as Record<string, unknown>
  return rest
}

const VALUES: Record<string, (value: unknown) => unknown> = {
  text: String,
  integer: Number,
  number: Number,
  boolean: Number,
  json: (value) => JSON.stringify(value),
  time: (value) =>
    String(value)
      .replace('+00:00', '')
      .replace(/(\.\d+)?$/, (found) => `${(found || '.').padEnd(7, '0')}Z`),
}
