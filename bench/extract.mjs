// What a million rows cost each destination of `tajo extract`, through the built binary: rows per second of tajo's own CPU, peak memory, requests.
import { prepareWorkspace, runTajo, startSandbox } from './lib.mjs'
import { startPostgres } from '../test/support/postgres.ts'

export async function measureExtract(note, flags, scale) {
  const size = {
    customers: 100_000 * scale,
    tickets: 200_000 * scale,
    messages: 670_000 * scale,
    surveys: 30_000 * scale,
  }
  const sandbox = await startSandbox(['--no-limits', ...flags(size)])
  const postgres = await startPostgres()
  const workspace = prepareWorkspace(
    sandbox,
    '{ requests: 1000000, per_seconds: 1 }',
    '\n    log_api_calls: true',
  )
  const only = process.env['TAJO_BENCH_TO']
  const destinations = {
    SQLite: ['sqlite://a.sqlite'],
    CSV: ['./csv'],
    'JSON Lines': ['./jsonl', '--format', 'jsonl'],
    DuckDB: ['duckdb://a.duckdb'],
    Parquet: ['./parquet', '--format', 'parquet'],
    ...(postgres === null ? {} : { Postgres: [`${postgres.address}?schema=bench`] }),
  }
  for (const [name, to] of Object.entries(destinations)) {
    if (only !== undefined && !only.split(',').includes(name)) continue
    const args = ['extract', 'gorgias', '--since', 'everything', '--json', '--to', ...to]
    const first = await runTajo(workspace.directory, args)
    const { tables } = JSON.parse(first.output)
    const rows = tables.reduce((sum, one) => sum + one.rows, 0)
    const least = tables.reduce((sum, one) => sum + Math.ceil(one.rows / 100), 0)
    const rate = Math.round(rows / (first.cpuMs / 1000)).toLocaleString('en-US')
    note(
      `extract, ${name}: rows a second of CPU (rows, wall)`,
      `${rate} (${rows.toLocaleString('en-US')}, ${(first.wallMs / 1000).toFixed(0)} s)`,
    )
    note(`extract, ${name}: peak memory`, `${Math.round(first.peakMb)} MB`)
    note(`extract, ${name}: requests (⌈rows / 100⌉ a table)`, `${first.requests.gorgias} (${least})`)
    const again = await runTajo(workspace.directory, args)
    note(
      `extract, ${name}: again, nothing new: requests, CPU`,
      `${again.requests.gorgias}, ${(again.cpuMs / 1000).toFixed(1)} s`,
    )
  }
  postgres?.stop()
  workspace.remove()
  sandbox.stop()
}
