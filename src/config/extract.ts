// `extract:` of a connector: what it may say, and what it means.
import { isValidSchedule } from '../lib/time/schedule.ts'
import { findSource } from '../sources/index.ts'
import type { SourceDefinition } from '../sources/source.ts'
import { WORKFORCE_TABLES } from '../sources/workforce.ts'
import { toBusinessHours } from './business-hours.ts'
import type { ConnectorConfig, ExtractConfig } from './config.ts'
import { forEachConnector, type RuleComplaint } from './rule.ts'
import type { RawConnector } from './schema/schema.ts'
import { suggest } from './schema/validate.ts'
import { mendDate } from './schema/values.ts'
import { parseSince } from './since.ts'

/** What its helpdesk has, and when. */
export const hasValidExtract = forEachConnector((connector, path) => {
  const { extract } = connector
  if (extract === undefined) return []
  const { schedule, since, to, tables = [], layout = 'vendor' } = extract
  const own = findSource(connector.source ?? path[1]!)?.tables?.definitions.map((one) => one.name) ?? []
  const known = layout === 'workforce' ? WORKFORCE_TABLES : own
  const complain = (key: string, message: string): RuleComplaint => ({
    path: [...path, 'extract', key],
    message,
  })
  return [
    ...(schedule === undefined || isValidSchedule(schedule)
      ? []
      : [
          complain('schedule', `"${schedule}" is no cron schedule. Every fifteen minutes is "*/15 * * * *".`),
        ]),
    ...(since === undefined || since === 'everything' || parseSince(since) !== null
      ? []
      : [complain('since', `"${since}" is no date.${mendDate(since)}`)]),
    ...(to === '-'
      ? [
          complain(
            'to',
            'standard output is for `tajo extract --to -`: a daemon needs a file, a folder or a database.',
          ),
        ]
      : []),
    ...tables
      .filter((one) => !known.includes(one))
      .map((one) =>
        complain('tables', `there is no table ${one}.${suggest(one, known)} There are ${known.join(', ')}.`),
      ),
  ]
})

/** `timezone`: of the whole file. */
export const toTables = (
  raw: RawConnector,
  source: SourceDefinition,
  timezone: string | undefined,
): Pick<ConnectorConfig, 'extract' | 'businessHours'> => ({
  extract: toExtract(raw.extract, source),
  businessHours: toBusinessHours(raw.business_hours, timezone),
})

function toExtract(extract: RawConnector['extract'], { tables }: SourceDefinition): ExtractConfig | null {
  if (extract === undefined || tables === undefined) return null
  return {
    to: extract.to,
    schedule: extract.schedule ?? tables.schedule,
    tables: extract.tables ?? null,
    format: extract.format ?? 'csv',
    since: extract.since ?? tables.since,
    layout: extract.layout ?? 'vendor',
    words: {
      channels: extract.channels ?? {},
      status: extract.status ?? {},
      states: extract.states ?? {},
    },
  }
}
