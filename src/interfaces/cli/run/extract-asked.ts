// What `tajo extract` is asked for: the command line, and what connectors.yml says where it is silent.
import { parseSince } from '../../../config/since.ts'
import type { ConnectorConfig, LayoutName } from '../../../config/config.ts'
import { suggest } from '../../../config/schema/validate.ts'
import { FORMATS } from '../../../extract/destinations/index.ts'
import { chooseTables, type Layout, layoutOf } from '../../../extract/layouts.ts'
import type { Extraction } from '../../../extract/run.ts'
import { TajoError } from '../../../lib/errors.ts'
import { parseInstant } from '../../../model/time.ts'
import { SOURCES } from '../../../sources/index.ts'
import type { TableDefinition } from '../../../sources/tables.ts'
import type { CommonOptions } from '../terminal/session.ts'

export interface ExtractCommandOptions extends CommonOptions {
  to?: string
  tables?: string
  layout?: string
  format?: string
  since?: string
  until?: string
  full?: boolean
  dryRun?: boolean
  json?: boolean
}

export interface ReadyToExtract {
  extraction: Extraction
  layout: Layout
  tables: TableDefinition[]
}

/** Throws `usage`. */
export function readAsked(connector: ConnectorConfig, options: ExtractCommandOptions): ReadyToExtract {
  const asked = withConfigured(connector, options)
  const layoutName = chooseLayout(asked.layout)
  const layout = requireLayout(connector, layoutName)
  return {
    extraction: {
      to: asked.to,
      format: chooseFormat(asked.format),
      layout: layoutName,
      tables: toNames(asked.tables),
      bounds: readBounds(layout, asked),
      full: asked.full === true,
    },
    layout,
    tables: readTables(connector, layout, asked),
  }
}

const toNames = (tables: string | undefined): string[] | null =>
  tables?.split(',').map((one) => one.trim()) ?? null

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
  const names = toNames(asked) ?? known
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
