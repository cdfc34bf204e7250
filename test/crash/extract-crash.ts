// npm run extract-crash -- --kills N [--seed S] [--to duckdb,sqlite,csv,jsonl,parquet,postgres]: the built binary, real files, real HTTP. `tajo
// extract` is killed with SIGKILL at random moments while the shop goes on; then it is let come to its end, and each destination is read by
// its own means and held against the shop, row for row and value for value.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, parseArgs } from 'node:util'

import { createSeededRandom } from '../../src/lib/random.ts'
import { createGorgias } from '../../src/sandbox/gorgias/gorgias.ts'
import { World } from '../../src/sandbox/shop/world.ts'
import { expectAll, type Held, live } from '../extract/oracle.ts'
import { readCsv, readDuckdb, readJsonl, readPostgres, readSqlite } from '../extract/readers.ts'
import { startPostgres } from '../support/postgres.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    to: { type: 'string', default: 'sqlite,duckdb,csv,jsonl,parquet,postgres' },
  },
})
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const random = createSeededRandom(Number(values.seed))
const directory = mkdtempSync(join(tmpdir(), 'tajo-extract-crash-'))
// Minutes lie between two things that happen: what is lost must not be read again only because it is young.
const STEP = 3 * 60_000_000
let last = (Date.now() - 120 * 86_400_000) * 1000
const world = new World(() => Math.min((last += Math.floor(STEP * random.next())), Date.now() * 1000))
const keys = { email: 'crash@shop.example', api_key: 'crash-key' }
const gorgias = createGorgias({ world, keys, rateLimit: null })
await gorgias.server.listen({ host: '127.0.0.1', port: 0 })
const { port } = gorgias.server.server.address() as AddressInfo
writeFileSync(
  join(directory, 'connectors.yml'),
  `connectors:
  gorgias:
    base_url: "http://127.0.0.1:${port}/api"
    rate_limit: { requests: 100000, per_seconds: 1 }
`,
)
for (let count = 0; count < 6_000; count += 1) live(world, random)

const postgres = values.to.includes('postgres') ? await startPostgres() : null
const at = (name: string): string => join(directory, name)
const DESTINATIONS: Record<string, { args: string[]; read(): Held | Promise<Held> } | null> = {
  sqlite: { args: [`sqlite://${at('a.sqlite')}`], read: () => readSqlite(at('a.sqlite')) },
  duckdb: { args: [`duckdb://${at('a.duckdb')}`], read: () => readDuckdb({ file: at('a.duckdb') }) },
  csv: { args: [at('csv'), '--format', 'csv'], read: () => readCsv(at('csv')) },
  jsonl: { args: [at('jsonl'), '--format', 'jsonl'], read: () => readJsonl(at('jsonl')) },
  parquet: {
    args: [at('parquet'), '--format', 'parquet'],
    read: () => readDuckdb({ folder: at('parquet') }),
  },
  postgres:
    postgres === null
      ? null
      : {
          args: [`${postgres.address}?schema=crash`],
          read: () => readPostgres(`${postgres.address}?schema=crash`),
        },
}

let wrong = 0
for (const name of values.to.split(',')) {
  const destination = DESTINATIONS[name]
  if (destination == null) {
    process.stdout.write(`${name}: not here; apt-get install postgresql, or TAJO_POSTGRES=postgres://…\n`)
    continue
  }
  wrong += await torture(name, destination)
}
await gorgias.server.close()
postgres?.stop()
if (wrong === 0) rmSync(directory, { recursive: true, force: true })
else process.stdout.write(`Everything is left in ${directory}\n`)
process.exit(wrong === 0 ? 0 : 1)

async function torture(
  name: string,
  { args, read }: { args: string[]; read(): Held | Promise<Held> },
): Promise<number> {
  const living = setInterval(() => live(world, random), 40)
  let killed = 0
  for (let kill = 0; kill < Number(values.kills); kill += 1) {
    // It has to be far enough to write something, and not always at its end.
    const ended = await run(args, 250 + random.next() ** 1.5 * 1_500)
    if (ended === 'killed') killed += 1
    // Much has changed since.
    for (let count = 0; count < 100; count += 1) live(world, random)
  }
  clearInterval(living)
  const codes = [await run(args, null), await run(args, null)]
  const [held, expected] = [await read(), expectAll(world)]
  const complaints = Object.keys(expected).flatMap((table) => compare(table, held[table]!, expected[table]!))
  if (codes.some((code) => code !== 0)) complaints.push(`it ended with ${codes.join(' and ')}`)
  const rows = Object.values(expected).reduce((sum, table) => sum + Object.keys(table).length, 0)
  process.stdout.write(
    `${name}: ${values.kills} runs, ${killed} killed; ${rows} rows, ${complaints.length} lost, doubled or wrong\n`,
  )
  for (const complaint of complaints.slice(0, 5)) process.stdout.write(`  ${complaint}\n`)
  return complaints.length
}

function compare(table: string, held: Held[string], expected: Held[string]): string[] {
  return [...new Set([...Object.keys(held), ...Object.keys(expected)])].flatMap((id) => {
    if (held[id] === undefined) return [`${table} ${id} is lost`]
    if (expected[id] === undefined) return [`${table} ${id} is gone, and there`]
    if (isDeepStrictEqual(held[id], expected[id])) return []
    return [`${table} ${id} is ${JSON.stringify(held[id])} and should be ${JSON.stringify(expected[id])}`]
  })
}

async function run(args: string[], killAfterMs: number | null): Promise<number | 'killed'> {
  const child = spawn(
    process.execPath,
    [CLI, 'extract', 'gorgias', '--since', 'everything', '--to', ...args],
    {
      cwd: directory,
      env: { PATH: process.env['PATH'] ?? '', GORGIAS_EMAIL: keys.email, GORGIAS_API_KEY: keys.api_key },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<number | 'killed'>((resolve) =>
    child.once('close', (code, signal) => resolve(signal === null ? (code ?? 0) : 'killed')),
  )
  if (killAfterMs !== null) {
    await Promise.race([ended, delay(killAfterMs)])
    child.kill('SIGKILL')
  }
  const code = await ended
  if (code !== 'killed' && code !== 0) process.stdout.write(`  exit ${code}: ${said.slice(-300)}\n`)
  return code
}
