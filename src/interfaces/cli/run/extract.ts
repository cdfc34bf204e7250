// tajo extract: the helpdesk as tables, in a file, a folder or a database.
import { loadConfig } from '../../../config/load.ts'
import { createSource, type Ports } from '../../../engine/engine.ts'
import { lookInto, openDestination } from '../../../extract/destinations/index.ts'
import { estimate, type TableEstimate } from '../../../extract/estimate.ts'
import { extract, type TableReport } from '../../../extract/extract.ts'
import { ownerOf } from '../../../extract/layouts.ts'
import { isAbort, TajoError } from '../../../lib/errors.ts'
import { formatCount, formatDuration, plural } from '../../../lib/human.ts'
import type { Http, HttpOutcome, HttpRequest } from '../../../lib/net/http.ts'
import type { Source } from '../../../sources/source.ts'
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
  const asked = readAsked(connector, options)
  const credentials = readCredentials(connector, isAlone(config, connector), options.stateDir, process.env)
  const opened = openPorts(config.log, Object.values(credentials))
  const stop = new AbortController()
  const interrupt = (): void => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    const http = new CountingHttp(opened.ports.http)
    const ports = { ...opened.ports, http }
    const source = createSource(connector, { credentials: { [name]: credentials } }, ports)
    if (options.dryRun !== true) return await write(source, asked, options, ports, stop.signal)
    const owner = ownerOf(name, asked.layoutName)
    const isAnew = options.full === true
    const estimates = await estimate(source, {
      tables: asked.tables,
      bounds: asked.bounds,
      cursors: isAnew ? new Map() : await lookInto(asked.to, asked.format, owner),
      pace: connector.pace,
      countRequests: () => http.count,
      signal: stop.signal,
    })
    return printEstimates(estimates, options)
  } catch (thrown) {
    if (!stop.signal.aborted || !isAbort(thrown)) throw thrown
    say('Interrupted; what was read is kept, and the next run goes on from there.')
    return INTERRUPTED
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    opened.close()
  }
}

async function write(
  source: Source,
  { to, format, tables, bounds, layout, layoutName, isAll }: ReadyToExtract,
  options: ExtractCommandOptions,
  ports: Ports,
  signal: AbortSignal,
): Promise<number> {
  const destination = await openDestination(to, { format, print })
  try {
    const asked = {
      owner: ownerOf(source.name, layoutName),
      tables,
      bounds,
      full: options.full === true,
      signal,
      onProgress: createCounter(),
    }
    const reports = await extract(source, destination, asked, ports)
    if (isAll) for (const { reason } of layout.lacks) say(reason)
    return report(reports, { to, json: options.json })
  } finally {
    await destination.close()
  }
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
  { to, json }: { to: string; json: boolean | undefined },
): number {
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
