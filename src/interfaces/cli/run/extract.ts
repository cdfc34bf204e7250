// tajo extract: the helpdesk as tables, in a file, a folder or a database.
import { resolve } from 'node:path'

import type { ConnectorConfig } from '../../../config/config.ts'
import { loadConfig } from '../../../config/load.ts'
import { createSource } from '../../../engine/engine.ts'
import { lookInto } from '../../../extract/destinations/index.ts'
import { estimate, type EstimateOptions, type TableEstimate } from '../../../extract/estimate.ts'
import type { TableReport } from '../../../extract/extract.ts'
import { type Layout, ownerOf } from '../../../extract/layouts.ts'
import { type Extraction, runExtraction } from '../../../extract/run.ts'
import { isAbort, TajoError } from '../../../lib/errors.ts'
import { formatCount, formatDuration, plural } from '../../../lib/human.ts'
import type { Http, HttpOutcome, HttpRequest } from '../../../lib/net/http.ts'
import type { Source } from '../../../sources/source.ts'
import { isLocked } from '../../../state/db/lock.ts'
import { hereOrBeside } from '../terminal/beside.ts'
import { isAlone, openPorts, readCredentials } from '../terminal/session.ts'
import { createOccasion, paint, print, say } from '../terminal/terminal.ts'
import { type ExtractCommandOptions, readAsked, type ReadyToExtract } from './extract-asked.ts'

const INTERRUPTED = 130
/** What came without an id was left out. */
const SOME_LEFT_OUT = 3

export async function runExtract(name: string, options: ExtractCommandOptions): Promise<number> {
  const config = loadConfig(options.config, process.env)
  const connector = config.connectors.find((one) => one.name === name)
  if (connector === undefined)
    throw new TajoError('usage', `There is no connector ${name} in ${options.config}.`)
  const ready = readAsked(connector, options)
  const { extraction, layout } = ready
  const beside = options.dryRun === true ? null : await askDaemon(name, extraction, options.stateDir)
  if (beside !== null) return report(beside, layout, extraction, options)
  const credentials = readCredentials(connector, isAlone(config, connector), options.stateDir, process.env)
  const opened = openPorts(config.log, Object.values(credentials))
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    const http = new CountingHttp(opened.ports.http)
    const source = createSource(
      connector,
      { credentials: { [name]: credentials } },
      { ...opened.ports, http },
    )
    if (options.dryRun === true) {
      const counting = { countRequests: () => http.count, signal: stop.signal }
      return printEstimates(await estimateCost(connector, source, ready, counting), options)
    }
    const reports = await runExtraction(connector, source, extraction, {
      clock: opened.ports.clock,
      signal: stop.signal,
      print,
      onProgress: createCounter(),
    })
    return report(reports, layout, extraction, options)
  } catch (thrown) {
    if (!stop.signal.aborted || !isAbort(thrown)) throw thrown
    say('Interrupted; what was read is kept, and the next run goes on from there.')
    return INTERRUPTED
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    opened.close()
  }
}

/** A daemon reads it behind its own runs, so that both share the helpdesk's budget; null: there is none. */
async function askDaemon(
  connector: string,
  extraction: Extraction,
  stateDir: string,
): Promise<TableReport[] | null> {
  if (extraction.to === '-' || !isLocked(stateDir)) return null
  const isHeld = (): Promise<never> => Promise.reject(new TajoError('state_locked', 'A tajo is at work.'))
  say('tajo start is at work here: it reads the tables, behind its own runs.')
  const given = { ...extraction, connector, to: withWholePath(extraction.to) }
  try {
    return await hereOrBeside<TableReport[]>(stateDir, isHeld, 'extract', given)
  } catch (thrown) {
    // Whoever holds the state is no daemon, and lets it go soon.
    if (thrown instanceof TajoError && thrown.code === 'state_locked') return null
    throw thrown
  }
}

/** The daemon may work in another folder. */
function withWholePath(to: string): string {
  const [, scheme, file = ''] = /^(duckdb|sqlite):\/\/(.*)$/i.exec(to) ?? []
  if (scheme !== undefined) return `${scheme}://${resolve(file)}`
  return to.includes('://') ? to : resolve(to)
}

async function estimateCost(
  connector: ConnectorConfig,
  source: Source,
  { extraction, tables }: ReadyToExtract,
  counting: Pick<EstimateOptions, 'countRequests' | 'signal'>,
): Promise<TableEstimate[]> {
  const { to, format, layout, bounds, full } = extraction
  const cursors = full ? new Map() : await lookInto(to, format, ownerOf(connector.name, layout))
  return await estimate(source, { tables, bounds, cursors, pace: connector.pace, ...counting })
}

/** Before that nothing can be said of what is left. */
const LEAST_SHARE = 0.02

/** A line on standard error now and then: where it is, how fast, and how long this table still takes. */
function createCounter(): (table: string, rows: number, share: number | null) => void {
  const sayNow = createOccasion()
  let began = { table: '', at: 0 }
  return (table, rows, share) => {
    const now = performance.now()
    if (began.table !== table) began = { table, at: now }
    const ms = now - began.at
    sayNow(() => {
      const rate = ms < 1_000 ? '' : `, ${formatCount(Math.round(rows / (ms / 1_000)))} a second`
      const left =
        share === null || share < LEAST_SHARE || share >= 1
          ? ''
          : `, ${formatDuration((ms * (1 - share)) / share)} left of this table`
      return `Reading  ${table} ${formatCount(rows)}${rate}${left}`
    })
  }
}

function printEstimates(estimates: readonly TableEstimate[], { json }: ExtractCommandOptions): number {
  const known = estimates.flatMap(({ requests, minutes }) =>
    requests === null || minutes === null ? [] : [{ requests, minutes }],
  )
  const requests = known.reduce((sum, one) => sum + one.requests, 0)
  const minutes = known.reduce((sum, one) => sum + one.minutes, 0)
  if (json === true) {
    print(JSON.stringify({ version: 1, tables: estimates, requests, minutes }))
    return 0
  }
  for (const one of estimates)
    print(
      one.requests === null
        ? `${one.table.padEnd(24)} nobody can tell: how far back it goes is not known (--since bounds it)`
        : `${one.table.padEnd(24)} ${toCost(one.requests, one.minutes ?? 0)}`,
    )
  const atLeast = known.length < estimates.length ? 'at least ' : ''
  print(`${'together'.padEnd(24)} ${atLeast}${toCost(requests, minutes)}`)
  print('Nothing was written.')
  return 0
}

const toCost = (requests: number, minutes: number): string =>
  `${plural(requests, 'request')}, about ${formatDuration(minutes * 60_000)}`

/** Counts what leaves. */
class CountingHttp implements Http {
  readonly #http: Http
  count = 0

  constructor(http: Http) {
    this.#http = http
  }

  send(request: HttpRequest): Promise<HttpOutcome> {
    this.count += 1
    return this.#http.send(request)
  }

  close(): void {
    this.#http.close()
  }
}

function report(
  reports: readonly TableReport[],
  { lacks }: Layout,
  { to, tables }: Extraction,
  { json }: ExtractCommandOptions,
): number {
  if (tables === null) for (const { reason } of lacks) say(reason)
  const invalid = reports.reduce((sum, one) => sum + one.invalid, 0)
  if (json === true && to !== '-') print(JSON.stringify({ version: 1, tables: reports }))
  else
    for (const { table, rows } of reports)
      say(`${paint('green', '✓', process.stderr)} ${table.padEnd(22)} ${formatCount(rows)} rows`)
  for (const one of reports)
    if (one.new_fields.length > 0)
      say(`New in ${one.table}: ${one.new_fields.join(', ')}. It is kept in _extra.`)
  if (invalid > 0) say(`${formatCount(invalid)} items came without an id and were left out.`)
  return invalid > 0 ? SOME_LEFT_OUT : 0
}
