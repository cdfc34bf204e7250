// tajo extract through the built binary: what it makes, what it says, and what it leaves alone.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { ticketItem } from '../../src/sandbox/gorgias/json.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { open } from '../../src/state/db/sqlite.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

let directory: string
let sandbox: Sandbox
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-e2e-'))
  const size = { customers: 150, tickets: 250, messages: 500, surveys: 40 }
  sandbox = await startSandbox({ size, helpdeskLimit: null, brevoLimit: null })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
`,
  )
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

const extract = (...args: string[]) =>
  runTajo(['extract', 'gorgias', '--since', 'everything', ...args], directory)

function sqlite<T>(file: string, read: (database: ReturnType<typeof open>) => T): T {
  const database = open(join(directory, file))
  try {
    return read(database)
  } finally {
    database.close()
  }
}

const count = (file: string, table: string): unknown =>
  sqlite(file, (database) => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get())

it('the second run reads what changed, and --json says how much', async () => {
  await extract('--to', 'sqlite://a.sqlite')
  const { world } = sandbox
  const before = count('a.sqlite', 'tickets')
  world.addTicket({ customerId: [...world.customers.keys()][0]! })
  sandbox.helpdesk.requests.clear()

  const second = await extract('--to', 'sqlite://a.sqlite', '--json')

  const report = JSON.parse(second.stdout) as { tables: { table: string; rows: number }[] }
  const rows = new Map(report.tables.map(({ table, rows: read }) => [table, read]))
  expect(second.code).toBe(0)
  expect(count('a.sqlite', 'tickets')).toBe(Number(before) + 1)
  expect(rows.get('tickets')).toBeLessThan(5)
  expect(rows.get('customers')).toBeLessThan(5)
})

it('standard output is a line of JSON a row', async () => {
  const { stdout, code } = await extract('--to', '-', '--tables', 'tickets')
  const lines = stdout.trim().split('\n')
  expect(code).toBe(0)
  expect(lines).toHaveLength(sandbox.world.tickets.size)
  expect(JSON.parse(lines[0]!)).toMatchObject({ id: expect.any(String), _extra: expect.any(Object) })
})

it('a connection that is lost in the middle leaves what was read, and the next run goes on', async () => {
  let requests = 0
  sandbox.helpdesk.intercept = () => {
    requests += 1
    return requests > 4 ? { status: 403, body: '{"error":{"msg":"no"}}' } : null
  }
  const failed = await extract('--to', './out')
  const wasThere = existsSync(join(directory, 'out/tickets.csv'))
  sandbox.helpdesk.intercept = null
  const mended = await extract('--to', './out')

  expect(failed.code).toBe(1)
  expect(wasThere).toBe(false)
  expect(mended.code).toBe(0)
  expect(readFileSync(join(directory, 'out/tickets.csv'), 'utf8').trim().split('\n').length).toBeGreaterThan(
    250,
  )
})

describe('--dry-run', () => {
  it('says what it costs, and makes nothing', async () => {
    const { stdout, code } = await extract(
      '--since',
      '10y',
      '--to',
      'sqlite://a.sqlite',
      '--dry-run',
      '--json',
    )
    const told = JSON.parse(stdout) as { requests: number; tables: { table: string; requests: number }[] }
    sandbox.helpdesk.requests.clear()
    await extract('--since', '10y', '--to', './out')
    const asked = [...sandbox.helpdesk.requests.values()].reduce((sum, count) => sum + count, 0)

    expect(code).toBe(0)
    expect(existsSync(join(directory, 'a.sqlite'))).toBe(false)
    expect(told.tables.map(({ table }) => table)).toContain('tickets')
    // Of lists whose beginning is not known it takes the newest page for all of them.
    expect(told.requests).toBeGreaterThanOrEqual(asked * 0.5)
  })

  it('of what is kept fresh it is little', async () => {
    await extract('--to', 'sqlite://a.sqlite')
    const before = readFileSync(join(directory, 'a.sqlite'))
    const { stdout } = await extract('--to', 'sqlite://a.sqlite', '--dry-run')

    expect(stdout).toMatch(/together +\d+ requests, about/)
    expect(Number(/together +(\d+)/.exec(stdout)![1])).toBeLessThan(15)
    expect(readFileSync(join(directory, 'a.sqlite')).equals(before)).toBe(true)
  })
})

it('a field that the helpdesk has since the last time is told once, and kept', async () => {
  await extract('--to', 'sqlite://a.sqlite')
  const [id] = sandbox.world.tickets.keys()
  sandbox.world.closeTicket(id!)
  const item = { ...ticketItem(sandbox.world, sandbox.world.tickets.get(id!)!), sentiment: 'cross' }
  sandbox.helpdesk.intercept = ({ path }) =>
    path === '/api/tickets'
      ? {
          status: 200,
          body: JSON.stringify({ data: [item], meta: { next_cursor: null, prev_cursor: null } }),
        }
      : null
  const first = await extract('--to', 'sqlite://a.sqlite')
  const second = await extract('--to', 'sqlite://a.sqlite')

  expect(first.stderr).toContain('New in tickets: sentiment. It is kept in _extra.')
  expect(first.code).toBe(0)
  expect(second.stderr).not.toContain('New in')
  const extra = sqlite('a.sqlite', (database) =>
    database.prepare('SELECT _extra FROM tickets WHERE id = ?').pluck().get(String(id)),
  )
  expect(JSON.parse(String(extra))).toMatchObject({ sentiment: 'cross' })
})

it('a table of an earlier tajo gets its columns, and is read anew', async () => {
  await extract('--to', 'sqlite://a.sqlite')
  const emails = 'SELECT count(email) FROM customers'
  const before = sqlite('a.sqlite', (database) => database.prepare(emails).pluck().get())
  sqlite('a.sqlite', (database) => database.exec('ALTER TABLE customers DROP COLUMN email'))
  const { code } = await extract('--to', 'sqlite://a.sqlite')

  expect(code).toBe(0)
  expect(before).toBeGreaterThan(100)
  expect(sqlite('a.sqlite', (database) => database.prepare(emails).pluck().get())).toBe(before)
})

describe('--layout workforce', () => {
  it('is the same for whoever plans, beside a sentence for what Gorgias does not tell', async () => {
    const { code, stderr } = await extract('--layout', 'workforce', '--to', 'sqlite://p.sqlite')
    const tickets = sandbox.world.tickets.size

    expect(code).toBe(0)
    expect(stderr).toContain('Gorgias does not tell who is there')
    expect(count('p.sqlite', 'conversations')).toBe(tickets)
    expect(count('p.sqlite', 'conversations WHERE first_response_seconds > 0')).toBeGreaterThan(50)
    expect(count('p.sqlite', 'people')).toBe(sandbox.world.users.length)
  })

  it.each([
    [
      ['--tables', 'agent_states', '--to', 'sqlite://p.sqlite'],
      'There is no table agent_states. Gorgias does not',
    ],
    [['--tables', 'peple', '--to', 'sqlite://p.sqlite'], 'Did you mean "people"?'],
    [['--tables', 'conversations', '--to', '-'], 'worked out from several rows'],
  ])('%j is refused', async (args, said) => {
    const { code, stderr } = await extract('--layout', 'workforce', ...args)
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(said)
    expect(code).toBe(2)
  })
})

describe('connectors.yml says where to', () => {
  const say = (lines: string): void => {
    const file = join(directory, 'connectors.yml')
    writeFileSync(
      file,
      `server: { enabled: false }
brevo: { base_url: "${sandbox.brevoUrl}" }
${readFileSync(file, 'utf8')}    schedule: "* * * * * *"
    field_mapping: { nb_tickets: TICKET_COUNT }
    extract: ${lines}
`,
    )
  }

  it('a daemon keeps it fresh, and the command needs no --to', async () => {
    say('{ to: sqlite://a.sqlite, schedule: "* * * * * *", since: everything, tables: [tickets] }')
    const daemon = startTajo(['start'], directory)
    await daemon.until('Tables are fresh')
    const before = count('a.sqlite', 'tickets')
    sandbox.world.addTicket({ customerId: [...sandbox.world.customers.keys()][0]! })
    daemon.child.kill('SIGTERM')
    const { code } = await daemon.ended
    const status = await runTajo(['status'], directory)
    const privacy = await runTajo(['privacy'], directory)
    const again = await runTajo(['extract', 'gorgias'], directory)

    expect(code).toBe(0)
    expect(again.code).toBe(0)
    expect(status.stdout).toMatch(/tables +in sqlite:\/\/a\.sqlite, as of \d{4}-/)
    expect(privacy.stdout).toContain('Copied to sqlite://a.sqlite')
    expect([before, count('a.sqlite', 'tickets')]).toEqual([
      sandbox.world.tickets.size - 1,
      sandbox.world.tickets.size,
    ])
  })

  it('beside a daemon the command has it read, on the budget that its runs leave', async () => {
    say('{ to: sqlite://a.sqlite, schedule: "0 0 1 1 *" }')
    const daemon = startTajo(['start'], directory)
    await daemon.until('Run ended')
    const given = await extract('--to', 'sqlite://c.sqlite', '--json')
    daemon.child.kill('SIGTERM')
    await daemon.ended

    expect(given.stderr).toContain('it reads the tables, behind its own runs')
    expect(given.code).toBe(0)
    const { tables } = JSON.parse(given.stdout) as { tables: { table: string; rows: number }[] }
    expect(tables.find(({ table }) => table === 'tickets')!.rows).toBe(sandbox.world.tickets.size)
    expect(count('c.sqlite', 'tickets')).toBe(sandbox.world.tickets.size)
  })

  it.each([
    ['{ to: a, tables: [ticket] }', 'Did you mean "tickets"?'],
    ['{ to: a, schedule: often }', 'is no cron schedule'],
    ['{ to: a, since: soon }', '"soon" is no date.'],
    ['{ to: "-" }', 'a daemon needs a file'],
    ['{ to: a, format: excel }', 'excel'],
  ])('%s is a mistake', async (lines, said) => {
    say(lines)
    const { code, stdout, stderr } = await runTajo(['validate'], directory)
    expect(`${stdout}${stderr}`.replaceAll(/\s+/g, ' ')).toContain(said)
    expect(code).toBe(2)
  })
})

describe('is refused, and nothing is touched', () => {
  it.each([
    [['--to', './out', '--tables', 'tickets,custmers'], 2, 'Did you mean "customers"?'],
    [['--to', './out', '--format', 'parqet'], 2, 'Did you mean "parquet"?'],
    [['--to', 'tickets.csv'], 2, 'Name a folder'],
    [['--to', '-'], 2, 'Standard output takes one table.'],
    [['--to', 'mysql://host/db'], 2, 'There is no destination of the kind mysql.'],
    [['--to', './out', '--until', 'soon'], 2, '"soon" is no date.'],
    [['--to', 'sqlite://connectors.yml'], 1, 'Is it a SQLite file'],
    [['--to', 'sqlite://nowhere/a.sqlite'], 1, "can't be written"],
    [['--to', 'duckdb://connectors.yml'], 1, 'Is it a DuckDB file'],
    [['--to', 'postgres://127.0.0.1:1/db'], 1, 'is the server up'],
    [['--to', 'postgres://me:p@ss:word@host:port/db'], 2, 'The address of Postgres is none.'],
    [['--to', './connectors.yml/out'], 1, "can't be made"],
  ])('%j', async (args, code, said) => {
    const before = readFileSync(join(directory, 'connectors.yml'), 'utf8')
    const given = await extract(...args)
    expect(given.stderr.replaceAll(/\s+/g, ' ')).toContain(said)
    expect(given.code).toBe(code)
    expect(readFileSync(join(directory, 'connectors.yml'), 'utf8')).toBe(before)
  })

  it('a table that tajo did not make', async () => {
    sqlite('b.sqlite', (database) => {
      database.exec("CREATE TABLE tickets (mine TEXT); INSERT INTO tickets VALUES ('kept')")
    })
    const before = readFileSync(join(directory, 'b.sqlite'))
    const given = await extract('--to', 'sqlite://b.sqlite')
    expect(given.code).toBe(4)
    expect(given.stderr).toContain('that tajo did not make')
    expect(readFileSync(join(directory, 'b.sqlite')).equals(before)).toBe(true)
  })

  it('a file that tajo did not make', async () => {
    const folder = join(directory, 'mine')
    mkdirSync(folder)
    writeFileSync(join(folder, 'tickets.csv'), 'mine\n')
    const given = await extract('--to', './mine')
    expect(given.code).toBe(4)
    expect(readFileSync(join(folder, 'tickets.csv'), 'utf8')).toBe('mine\n')
  })

  it('a table that another connector fills', async () => {
    await extract('--to', 'sqlite://a.sqlite')
    const yaml = readFileSync(join(directory, 'connectors.yml'), 'utf8')
    writeFileSync(
      join(directory, 'connectors.yml'),
      yaml.replace('  gorgias:\n', '  other:\n    source: gorgias\n'),
    )
    const given = await runTajo(['extract', 'other', '--to', 'sqlite://a.sqlite'], directory)
    expect(given.code).toBe(4)
    expect(given.stderr).toContain('is filled by the connector gorgias')
  })
})
