// What bounds, chosen tables and a helpdesk's late words must not lose: each of these was once wrong.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, describe, expect, it } from '@jest/globals'

import { parseConfig } from '../../src/config/load.ts'
import { openDestination } from '../../src/extract/destinations/index.ts'
import { extract } from '../../src/extract/extract.ts'
import { chooseTables, layoutOf } from '../../src/extract/layouts.ts'
import type { Bounds } from '../../src/extract/walk.ts'
import { Reports } from '../../src/sources/gladly/reports/reports.ts'
import { column, type TableDefinition, toRow } from '../../src/sources/tables.ts'
import { open } from '../../src/state/db/sqlite.ts'
import { type Bench, openBench, requireSubject } from '../conformance/helpdesk.ts'

const DAY_S = 86_400
const DAY = DAY_S * 1_000_000
const EVERYTHING: Bounds = { since: null, until: null }

let closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

function setUp(name: string) {
  const helpdesk = requireSubject(name)
  const bench = openBench(helpdesk)
  const directory = mkdtempSync(join(tmpdir(), 'tajo-bounds-'))
  closing.push(async () => {
    rmSync(directory, { recursive: true, force: true })
    await bench.close()
  })
  const file = join(directory, 'out.sqlite')
  const layout = helpdesk.definition.tables!.definitions
  async function run(tables: readonly TableDefinition[], bounds = EVERYTHING, all = layout): Promise<void> {
    const destination = await openDestination(`sqlite://${file}`, { format: 'csv', print: () => undefined })
    const others = all.filter((one) => !tables.includes(one))
    const asked = { owner: 'shop', tables, others, bounds, full: false, onProgress: () => undefined }
    const ports = { clock: { monotonic: () => bench.universe.now } as never }
    try {
      await bench.drive(extract(bench.source({ retries: 0 }), destination, asked, ports))
    } finally {
      await destination.close()
    }
  }
  function query(sql: string): Record<string, unknown>[] {
    const database = open(file, { readonly: true })
    try {
      return database.prepare<[], Record<string, unknown>>(sql).all()
    } finally {
      database.close()
    }
  }
  const count = (table: string): unknown => query(`SELECT count(*) AS n FROM ${table}`)[0]!['n']
  return {
    bench,
    run,
    query,
    count,
    layout,
    named: (table: string) => layout.filter((one) => one.name === table),
  }
}

function workforceOf(name: string, line: string): readonly TableDefinition[] {
  const yaml = `connectors:\n  ${name}:\n    ${line}\n    extract: { to: out, layout: workforce }\n`
  return layoutOf(parseConfig('connectors.yml', yaml, {}).connectors[0]!, 'workforce')!.tables
}

const now = (bench: Bench): number => bench.universe.now * 1000

async function addDaily(bench: Bench, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    bench.world.addCustomer({ email: `p${bench.world.customers.size}@example.com`, name: 'x' })
    await bench.pass(DAY_S)
  }
}

describe('bounds leave no gap behind that is taken for read', () => {
  it('an earlier time that ended before what was read', async () => {
    const { bench, run, count, named } = setUp('gorgias')
    const start = now(bench)
    await addDaily(bench, 10)
    await run(named('customers'), { since: start + 7 * DAY, until: null })
    await run(named('customers'), { since: start, until: start + 3 * DAY })
    await run(named('customers'), { since: start, until: null })
    expect(count('customers')).toBe(10)
  })

  it('a beginning that moves on, as 8w does', async () => {
    const { bench, run, count, named } = setUp('gorgias')
    const start = now(bench)
    await addDaily(bench, 3)
    await run(named('customers'), { since: start, until: null })
    await addDaily(bench, 7)
    await run(named('customers'), { since: start + 8 * DAY, until: null })
    await run(named('customers'), { since: start, until: null })
    expect(count('customers')).toBe(10)
  })

  it('a reading that died, and is gone on with under another bound', async () => {
    const { bench, run, count, named } = setUp('gorgias')
    const start = now(bench)
    for (let index = 0; index < 3_000; index += 1) {
      bench.world.addCustomer({ email: `p${index}@example.com`, name: 'x' })
      bench.universe.now += 1_000
    }
    let requests = 0
    bench.meet(async (_, answer) => {
      requests += 1
      return requests > 15 ? { outcome: 'never_left', reason: 'it died' } : await answer()
    })
    await run(named('customers')).catch(() => undefined)
    bench.meet(null)
    await run(named('customers'), { since: null, until: start + 1_000 * 1_000_000 })
    await run(named('customers'))
    expect(count('customers')).toBe(3_000)
  })

  it('a reading up to a bound that died, and is gone on with without one', async () => {
    const { bench, run, count, named } = setUp('gorgias')
    const start = now(bench)
    for (let index = 0; index < 3_000; index += 1) {
      bench.world.addCustomer({ email: `p${index}@example.com`, name: 'x' })
      bench.universe.now += 60_000
    }
    const minute = 60 * 1_000_000
    await run(named('customers'), { since: start + 2_500 * minute, until: null })
    let requests = 0
    bench.meet(async (_, answer) => {
      requests += 1
      return requests > 25 ? { outcome: 'never_left', reason: 'it died' } : await answer()
    })
    await run(named('customers'), { since: start, until: start + 2_000 * minute }).catch(() => undefined)
    bench.meet(null)
    await run(named('customers'), { since: start, until: null })
    await run(named('customers'), { since: start, until: null })
    expect(count('customers')).toBe(3_000)
  })

  it('--until bounds what reports tell', async () => {
    const { bench, run, query, named } = setUp('gladly')
    const start = now(bench)
    const { id } = bench.world.addCustomer({ email: 'p@example.com', name: 'x' })
    for (let day = 0; day < 12; day += 1) {
      bench.world.addMessage(bench.world.addTicket({ customerId: id }).id)
      await bench.pass(DAY_S)
    }
    const tables = [...named('conversations'), ...named('contacts'), ...named('conversation_items')]
    await run(tables, { since: start, until: start + 5 * DAY })
    const last = new Date((start + 5 * DAY) / 1000).toISOString()
    for (const [table, at] of [
      ['conversations', 'created_at'],
      ['contacts', 'queued_at'],
      ['conversation_items', 'timestamp'],
    ])
      expect(query(`SELECT count(*) AS n, max(${at}) < '${last}' AS ok FROM ${table}`)).toEqual([
        { n: 5, ok: 1 },
      ])
  })
})

it('a deletion is marked in tables that are not read at that time', async () => {
  const { bench, run, query, layout } = setUp('gorgias')
  const [ticket] = await bench.fill(3)
  await run(layout)
  bench.world.deleteTicket(ticket!.id)
  await bench.pass(3_600)
  await run(chooseTables(layout, ['tags']))
  await bench.pass(3_600)
  await run(layout)
  const [row] = query(`SELECT _deleted_at FROM tickets WHERE id = '${ticket!.id}'`)
  expect(row!['_deleted_at']).not.toBeNull()
})

describe('the workforce layout', () => {
  it('says nothing of the first response of a ticket that began before what was read', async () => {
    const { bench, run, query } = setUp('gorgias')
    const { world } = bench
    const tables = workforceOf('gorgias', 'domain: shop.gorgias.com')
    const { id } = world.addTicket({
      customerId: world.addCustomer({ email: 'p@example.com', name: 'x' }).id,
    })
    world.addMessage(id)
    await bench.pass(60)
    world.addMessage(id, { fromAgent: true })
    await bench.pass(100 * DAY_S)
    world.addMessage(id)
    await bench.pass(3_600)
    world.addMessage(id, { fromAgent: true })
    await bench.pass(600)
    const told = () => query('SELECT first_response_seconds AS s, status FROM conversations')

    await run(tables, { since: now(bench) - 56 * DAY, until: null }, tables)
    expect(told()).toEqual([{ s: null, status: 'waiting' }])
    await run(tables, { since: now(bench) - 200 * DAY, until: null }, tables)
    expect(told()[0]!['s']).toBeCloseTo(60, 1)
  })

  it('a topic of an old conversation of Gladly comes to its contacts', async () => {
    const { bench, run, query } = setUp('gladly')
    const { world } = bench
    const tables = workforceOf('gladly', 'domain: shop.gladly.com')
    const { id } = world.addTicket({
      customerId: world.addCustomer({ email: 'p@example.com', name: 'x' }).id,
    })
    world.addMessage(id)
    await bench.pass(40 * DAY_S)
    await run(tables, EVERYTHING, tables)
    await bench.pass(4 * 3_600)
    await run(tables, EVERYTHING, tables)
    world.addTag(id, 'Fresh')
    for (let hour = 0; hour < 4; hour += 1) {
      await bench.pass(3_600)
      await run(tables, EVERYTHING, tables)
    }
    expect(query('SELECT tags FROM conversations')).toEqual([{ tags: '["Fresh"]' }])
  })
})

it('whoever another customer of Gladly was merged into is read again', async () => {
  const { bench, run, layout } = setUp('gladly')
  const { world } = bench
  const [one, other] = ['a', 'b'].map((name) => world.addCustomer({ email: `${name}@example.com`, name }))
  for (const { id } of [one!, other!]) world.addMessage(world.addTicket({ customerId: id }).id)
  await bench.pass(5 * 3_600)
  await run(layout)
  await bench.pass(3_600)
  world.mergeCustomers(one!.id, other!.id)
  bench.requests.length = 0
  await bench.pass(3_600)
  await run(layout)
  expect(bench.requests.some(({ url }) => url.includes('/customer-profiles/'))).toBe(true)
})

it('a report of what agents did that is nearly cut off is read by halves', async () => {
  const spans: string[] = []
  const client = {
    ask({ body }: { body?: object }) {
      const { startAt, endAt } = body as Record<string, string>
      spans.push(`${startAt!.slice(8)}-${endAt!.slice(8)}`)
      const days = Number(endAt!.slice(8)) - Number(startAt!.slice(8)) + 1
      const rows = Array.from(
        { length: 2 * days },
        (_, index) => `2026-02-01T08:00:0${index % 10}Z,LOGGED_IN,a`,
      )
      const text = ['Timestamp,Type,Agent ID', ...rows].join('\n')
      return Promise.resolve({ status: 200, json: null, text, into: null, isLimited: false })
    },
  }
  const [from, until] = ['2026-02-01', '2026-02-05'].map((day) => Date.parse(day) * 1000)
  const rows = await new Reports(client, { nearCut: 5 }).agentTimes({ from: from!, until: until! })
  expect(spans).toEqual(['01-04', '01-02', '03-04'])
  expect(rows).toHaveLength(8)
})

it('half of a character is none, which every database takes', () => {
  const table: TableDefinition = {
    name: 't',
    description: '',
    reading: { mode: 'whole' },
    columns: [column.id, column.json('tags', '')],
  }
  const item = { id: '1', tags: ['cut \ud83d', 'whole 😀', String.raw`\ud83d as words`], more: 'cut \ude00' }
  const { values } = toRow(table, item)!
  expect(values.map((one) => JSON.parse(String(one)) as unknown)).toEqual([
    1,
    ['cut \uFFFD', 'whole 😀', String.raw`\ud83d as words`],
    { more: 'cut \uFFFD' },
  ])
})
