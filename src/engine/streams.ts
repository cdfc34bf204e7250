// Which connectors run, and what of each is read: known from connectors.yml alone.
import type { SyncOptions } from './options.ts'
import type { Resource } from '../model/requests.ts'
import type { Config, ConnectorConfig } from '../config/config.ts'
import { needsMessages, needsPhone } from '../mapping/compile.ts'
import { SURVEY_FIELDS } from '../mapping/fields.ts'
import type { RecordStream, Stream } from '../model/records.ts'
import { fromMs, type Instant } from '../model/time.ts'
import { toOwnStreams } from '../sync/context.ts'
import type { ReadOptions } from '../sync/read/read.ts'
import type { Reading } from '../sources/source.ts'
import type { Store } from '../state/store.ts'

export function enabled(config: Config): ConnectorConfig[] {
  return config.connectors.filter((connector) => connector.enabled)
}

/** What says which streams are read; without `sync` all are, without `rules` no messages. */
export type StreamsSubject = Pick<ConnectorConfig, 'supports'> &
  Partial<Pick<ConnectorConfig, 'sync' | 'rules'>>

const ALL = { customers: true, tickets: true, satisfactionSurveys: true }

/** What of a connector's records is kept, in the order in which it is read: tickets name customers, surveys name tickets. */
export function toKept(connector: StreamsSubject, resources?: readonly Resource[]): RecordStream[] {
  const { sync = ALL, rules } = connector
  const wants = (resource: Resource): boolean => resources === undefined || resources.includes(resource)
  const kept: RecordStream[] = []
  if (sync.customers && wants('customers')) kept.push('customers')
  if (sync.tickets && wants('tickets')) {
    kept.push('tickets')
    if (rules !== undefined && needsMessages(rules)) kept.push('messages')
  }
  if (sync.satisfactionSurveys && wants('satisfaction_surveys')) kept.push('satisfaction_surveys')
  const { streams } = connector.supports
  return kept.filter((stream) => streams[stream] !== undefined)
}

/** Which streams are read for it: some come within the pages of another. */
export function toStreams(
  connector: StreamsSubject,
  resources: readonly Resource[] | undefined,
): RecordStream[] {
  return toOwnStreams(connector.supports, toKept(connector, resources)).filter(
    (stream) => stream !== 'events' && stream !== 'agent_states',
  )
}

/** Everything that had changed by then has been read and delivered; null before the first sync has come through, and while nothing is known. */
export function readFreshness(
  store: Store,
  connector: StreamsSubject & { name: string },
  { settled } = { settled: false },
): Instant | null {
  const { name } = connector
  const firstSyncEnded = store.cursors.backfilledAt(name, toStreams(connector, undefined))
  return firstSyncEnded === null ? null : store.runs.deliveredAsOf(name, firstSyncEnded, settled)
}

/** The same of one attribute: scores come late, so a value that is made of them is as fresh as the last run that read them again. */
export function readAttributeFreshness(
  store: Store,
  connector: ConnectorConfig,
  attribute: string,
): Instant | null {
  const rule = connector.rules.fields.find((one) => one.attribute === attribute)
  const names = rule?.value === undefined ? [rule?.field ?? ''] : [...rule.value.uses]
  return readFreshness(store, connector, { settled: names.some((name) => SURVEY_FIELDS.has(name)) })
}

/** By stream: how long its records may still change without moving their date. */
function toSettling(connector: ConnectorConfig): Partial<Record<Stream, Instant>> {
  return Object.fromEntries(
    Object.entries(connector.supports.streams).flatMap(([stream, reading]) => {
      if (!('settlesAfter' in reading) || reading.settlesAfter === undefined) return []
      const isOwn = stream === 'satisfaction_surveys'
      return [[stream, isOwn ? fromMs(connector.surveyWindowMs) : reading.settlesAfter]]
    }),
  )
}

/** Phones cost a request for each customer. */
const asksForPhones = (connector: ConnectorConfig): boolean => connector.supports.phones === 'singly'

/** A helpdesk that has no list of customers has none that are newest. */
export function readingOfCustomers(connector: ConnectorConfig): Reading {
  return connector.supports.streams.customers ?? { mode: 'newest_first' }
}

/** What a run reads, from what connectors.yml says and what the caller asks for. `read` counts the records of each stream. */
export function toReadOptions(
  connector: ConnectorConfig,
  sync: SyncOptions,
  read: Record<string, number>,
  signal: AbortSignal | undefined,
): ReadOptions {
  return {
    streams: toStreams(connector, sync.resources),
    backfillSince: connector.backfillSince,
    since: sync.since ?? null,
    settlesAfter: sync.settling === false ? {} : toSettling(connector),
    phones:
      connector.sync.customers && needsPhone(connector.rules) && asksForPhones(connector)
        ? { defaultCountry: connector.defaultCountry }
        : null,
    liveOnly: sync.liveOnly ?? sync.contact !== undefined,
    requested: [],
    onPage(stream, records) {
      read[stream] = (read[stream] ?? 0) + records
      sync.onProgress?.({ phase: 'reading', read })
    },
    signal,
  }
}
