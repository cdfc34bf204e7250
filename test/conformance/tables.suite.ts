// The tables of a helpdesk: what is kept fresh is what a reading from the beginning gives, and it is what the shop holds.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { extract } from '../../src/extract/extract.ts'
import { openDestination } from '../../src/extract/destinations/index.ts'
import { open } from '../../src/state/db/sqlite.ts'
import { type Bench, HELPDESKS, openBench, settledOf } from './helpdesk.ts'

const WITH_TABLES = HELPDESKS.filter(({ definition }) => definition.tables !== undefined)

/** Conversations of these are never deleted. */
const KEEPS_ALL = new Set(['gladly'])

it('tables are declared with an id first, and no name twice', () => {
  for (const { definition } of WITH_TABLES) {
    const tables = definition.tables!.definitions
    expect(new Set(tables.map(({ name }) => name)).size).toBe(tables.length)
    for (const { columns, version } of tables) {
      const names = columns.map(({ name }) => name)
      expect([names[0], new Set(names).size]).toEqual(['id', names.length])
      expect(version === undefined || names.includes(version)).toBe(true)
    }
  }
})

// Of a run of one helpdesk there may be none, which `describe.each` refuses.
for (const helpdesk of WITH_TABLES)
  describe(`tables of ${helpdesk.name}`, () => {
    const { definition } = helpdesk
    /** So long after something happened every list shows it. */
    const settledS = settledOf(helpdesk) + 5 * 60
    let bench: Bench
    let directory: string
    beforeEach(async () => {
      bench = openBench(helpdesk)
      directory = mkdtempSync(join(tmpdir(), 'tajo-tables-'))
      // More than any page holds.
      await bench.fill(170)
      await bench.pass(settledS)
    })
    afterEach(async () => {
      rmSync(directory, { recursive: true, force: true })
      await bench.close()
    })

    async function run(file: string, since: number | null = null): Promise<void> {
      const destination = await openDestination(`sqlite://${join(directory, file)}`, {
        format: 'csv',
        print: () => undefined,
      })
      const ports = { clock: { monotonic: () => bench.universe.now } as never }
      const tables = definition.tables!.definitions
      const asked = {
        owner: 'shop',
        tables,
        bounds: { since, until: null },
        full: false,
        onProgress: () => undefined,
      }
      await bench.drive(extract(bench.source(), destination, asked, ports))
      await destination.close()
    }

    function read(file: string): Record<string, unknown[]> {
      const database = open(join(directory, file), { readonly: true })
      const found = definition.tables!.definitions.map(({ name: table }) => [
        table,
        database.prepare(`SELECT * FROM ${table} WHERE _deleted_at IS NULL ORDER BY id`).all(),
      ])
      database.close()
      return Object.fromEntries(found) as Record<string, unknown[]>
    }

    function change(): void {
      const { world } = bench
      const [customer] = world.customers.values()
      const [first, second, third] = [...world.tickets.values()].filter((one) => one.status === 'open')
      world.changeCustomer(customer!.id, { name: 'Another name' })
      world.closeTicket(first!.id)
      world.addMessage(second!.id, { fromAgent: true })
      if (!KEEPS_ALL.has(helpdesk.name)) world.deleteTicket(third!.id)
      world.addTicket({ customerId: customer!.id })
    }

    it('is the same, kept fresh or read anew', async () => {
      await run('kept.sqlite')
      for (let round = 0; round < 3; round += 1) {
        change()
        await bench.pass(settledS)
        await run('kept.sqlite')
      }
      await run('anew.sqlite')

      const [kept, anew] = [read('kept.sqlite'), read('anew.sqlite')]
      const { world } = bench
      expect(kept).toEqual(anew)
      const [people, tickets] = Object.values(kept)
      expect(people).toHaveLength(world.customers.size)
      expect(tickets).toHaveLength(world.tickets.size)
    })

    it('whoever asks for what is earlier than before gets it', async () => {
      const late = bench.world.now() - settledS * 1_000_000 - 600_000_000
      await run('kept.sqlite', late)
      const part = Object.values(read('kept.sqlite'))[1]!.length
      await run('kept.sqlite')
      await run('anew.sqlite')

      expect(part).toBeLessThan(bench.world.tickets.size)
      expect(read('kept.sqlite')).toEqual(read('anew.sqlite'))
    })

    it('a second run asks for little', async () => {
      // Long after everything else, so that little lies just before it.
      await bench.pass(60 * 60)
      change()
      await bench.pass(settledS)
      await run('kept.sqlite')
      bench.requests.length = 0
      await run('kept.sqlite')
      expect(bench.requests.length).toBeLessThan(30)
    })
  })
