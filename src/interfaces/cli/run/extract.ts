// tajo extract: the helpdesk as tables, in a file, a folder or a database.
import { parseSince } from '../../../config/since.ts'
import type { ConnectorConfig, LayoutName } from '../../../config/config.ts'
import { suggest } from '../../../config/schema/validate.ts'
import { loadConfig } from '../../../config/load.ts'
import { createSource } from '../../../engine/engine.ts'
import { FORMATS, openDestination } from '../../../extract/destinations/index.ts'
import { extract, type TableReport } from '../../../extract/extract.ts'
import { chooseTables, type Layout, layoutOf, ownerOf } from '../../../extract/layouts.ts'
import { isAbort, TajoError } from '../../../lib/errors.ts'
import { formatCount } from '../../../lib/human.ts'
import { parseInstant } from '../../../model/time.ts'
import { SOURCES } from '../../../sources/index.ts'
import type { TableDefinition } from '../../../sources/tables.ts'
import { type CommonOptions, isAlone, openPorts, readCredentials } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

export interface ExtractCommandOptions extends CommonOptions {
  to?: string
  tables?: string
  layout?: string
  format?: string
  since?: string
  until?: string
  full?: boolean
  json?: boolean
}

const INTERRUPTED = 130
/** What came without an id was left out. */
const SOME_LEFT_OUT = 3

export async function runExtract(name: string, options: ExtractCommandOptions): Promise<number> {
  const config = loadConfig(options.config, process.env)
  const connector = config.connectors.find((one) => one.name === name)
  if (connector === undefined)
    throw new TajoError('usage', `There is no connector ${name} in ${options.config}.`)
  const asked = withConfigured(connector, options)
  const layoutName = chooseLayout(asked.layout)
  const layout = requireLayout(connector, layoutName)
  const tables = readTables(connector, layout, asked)
  const format = chooseFormat(asked.format)
  const bounds = readBounds(layout, asked)
  const credentials = readCredentials(connector, isAlone(config, connector), options.stateDir, process.env)
  const opened = openPorts(config.log, Object.values(credentials))
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    const source = createSource(connector, { credentials: { [name]: credentials } }, opened.ports)
    const destination = await openDestination(asked.to, { format, print })
    try {
      const progress = createCounter()
      const reports = await extract(
        source,
        destination,
        {
          owner: ownerOf(name, layoutName),
          tables,
          bounds,
          full: options.full === true,
          signal: stop.signal,
          onProgress: progress,
        },
        opened.ports,
      )
      if (asked.tables === undefined) for (const { reason } of layout.lacks) say(reason)
      return report(reports, asked)
    } finally {
      await destination.close()
    }
  } catch (thrown) {
    if (!stop.signal.aborted || !isAbort(thrown)) throw thrown
    say('Interrupted; what was read is kept, and the next run goes on from there.')
    return INTERRUPTED
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    opened.close()
  }
}

type Asked = ExtractCommandOptions & { to: string }

/** What the command line does not say, connectors.yml may. */
function withConfigured(
  { name, extract: configured }: ConnectorConfig,
  options: ExtractCommandOptions,
): Asked {
  const { to } = options
  if (to !== undefined) return { ...options, to }
  if (configured === null)
    throw new TajoError('usage', 'Where do the tables go?', {
      hint: `--to duckdb://support.duckdb, say; or extract: { to: … } below ${name} in connectors.yml`,
    })
  const { tables, format, since, layout } = configured
  const known = {
    to: configured.to,
    format,
    since,
    layout,
    ...(tables === null ? {} : { tables: tables.join(',') }),
  }
  return { ...known, ...options, to: configured.to }
}

const LAYOUTS: readonly LayoutName[] = ['vendor', 'workforce']

function chooseLayout(layout: string = 'vendor'): LayoutName {
  const found = LAYOUTS.find((one) => one === layout)
  if (found === undefined)
    throw new TajoError('usage', `There is no layout ${layout}.${suggest(layout, LAYOUTS)}`, {
      hint: `There are ${LAYOUTS.join(' and ')}.`,
    })
  return found
}

function requireLayout(connector: ConnectorConfig, name: LayoutName): Layout {
  const layout = layoutOf(connector, name)
  if (layout !== null) return layout
  throw new TajoError('usage', `The tables of ${connector.label} can't be had so far.`, {
    hint: `Those of ${SOURCES.flatMap((one) => (one.tables === undefined ? [] : one.label)).join(' and ')} can.`,
  })
}

function readTables(
  { name, label }: ConnectorConfig,
  { tables, names: known, lacks }: Layout,
  { tables: asked, to }: Asked,
): TableDefinition[] {
  const names = asked?.split(',').map((one) => one.trim()) ?? known
  if (to === '-' && names.length !== 1)
    throw new TajoError('usage', 'Standard output takes one table.', {
      hint: `Name it: tajo extract ${name} --to - --tables ${known[0]!}`,
    })
  const unknown = names.find((one) => !known.includes(one))
  if (unknown !== undefined)
    throw new TajoError('usage', `${label} has no table ${unknown}.${suggest(unknown, known)}`, {
      hint: `There are ${known.join(', ')}.`,
    })
  const lacking = asked === undefined ? undefined : lacks.find(({ table }) => names.includes(table))
  if (lacking !== undefined)
    throw new TajoError('usage', `There is no table ${lacking.table}. ${lacking.reason}`, {
      hint: `There are ${known.filter((one) => one !== lacking.table).join(', ')}.`,
    })
  if (to !== '-') return chooseTables(tables, names)
  const alone = tables.filter((one) => one.name === names[0])
  if (alone.some((one) => one.columns.some(({ derived }) => derived)))
    throw new TajoError(
      'usage',
      `${names[0]} is worked out from several rows, which a destination has to hold.`,
      {
        hint: `Such as tajo extract ${name} --layout workforce --to sqlite://planning.sqlite`,
      },
    )
  return alone
}

function chooseFormat(format: string = 'csv'): (typeof FORMATS)[number] {
  const found = FORMATS.find((one) => one === format)
  if (found === undefined)
    throw new TajoError('usage', `There is no format ${format}.${suggest(format, FORMATS)}`, {
      hint: `There are ${FORMATS.join(', ')}.`,
    })
  return found
}

function readBounds(
  { since: byDefault }: Layout,
  { since, until }: Asked,
): { since: number | null; until: number | null } {
  const from = since ?? byDefault
  const bounds = {
    since: from === 'everything' ? null : parseSince(from),
    until: until === undefined ? null : parseInstant(until),
  }
  if (since !== undefined && since !== 'everything' && bounds.since === null)
    throw new TajoError('usage', `"${since}" is no date.`, {
      hint: 'Such as 2024-06-19, 8w, 2y, or everything.',
    })
  if (until !== undefined && bounds.until === null)
    throw new TajoError('usage', `"${until}" is no date.`, { hint: 'Such as 2024-06-19.' })
  if (bounds.since !== null && bounds.until !== null && bounds.since >= bounds.until)
    throw new TajoError('usage', 'Nothing lies between --since and --until.')
  return bounds
}

const NEXT_LINE_MS = 2_000

/** A line now and then, on standard error. */
function createCounter(): (table: string, rows: number) => void {
  const startedAt = performance.now()
  let dueAt = startedAt + NEXT_LINE_MS
  return (table, rows) => {
    const now = performance.now()
    if (now < dueAt) return
    dueAt = now + NEXT_LINE_MS
    say(`Reading  ${table} ${formatCount(rows)}`)
  }
}

function report(reports: readonly TableReport[], { to, json }: Asked): number {
  const invalid = reports.reduce((sum, one) => sum + one.invalid, 0)
  if (json === true && to !== '-') print(JSON.stringify({ version: 1, tables: reports }))
  else
    for (const { table, rows } of reports)
      say(`${paint('green', '✓', process.stderr)} ${table.padEnd(22)} ${formatCount(rows)} rows`)
  if (invalid > 0) say(`${formatCount(invalid)} items came without an id and were left out.`)
  return invalid > 0 ? SOME_LEFT_OUT : 0
}
