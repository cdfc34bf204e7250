// What one connector's reading works with.
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { MappingRules } from '../mapping/compile.ts'
import type { SourceEventType, Stream } from '../model/records.ts'
import type { Instant } from '../model/time.ts'
import type { Freshness } from './freshness.ts'
import type { Source } from '../sources/source.ts'
import type { Lane } from '../state/outbox-contacts.ts'
import type { Store } from '../state/store.ts'

export interface SyncContext {
  source: Source
  store: Store
  clock: Clock
  log: Log
  /** Names the account in event ids. */
  account: string
  rules: MappingRules
  /** `sync.tags`: whether events name the tags of their ticket. */
  withTags: boolean
  /** Which streams this connector reads; entries of the event feed about others are not kept. */
  streams: ReadonlySet<Stream>
  /** The start of the first sync: what happened before fires no event. */
  goLive: Instant
  /** What happened earlier fires nothing: whether it was told is not remembered (`retention.events`). */
  eventHorizon: Instant
  /** How soon the contacts that a reading concerns are written. */
  lane: Lane
  /** Shared by the readings of one connector. */
  freshness: Freshness
}

/** Enough to read directories: go-live is not known before the helpdesk has told its time. */
export type DirectoryContext = Omit<SyncContext, 'goLive'>

/** Remembers the start of the first sync, by the helpdesk's clock, once and for all. */
export function findGoLive({ store, source }: Pick<SyncContext, 'store' | 'source'>): Instant {
  const key = `go_live:${source.name}`
  const known = store.meta.read(key)
  if (known !== null) return Number(known)
  const now = source.now()
  store.meta.write(key, String(now))
  return now
}

const STREAM_OF: Record<SourceEventType, Stream | null> = {
  ticket_closed: 'tickets',
  ticket_reopened: 'tickets',
  ticket_gone: 'tickets',
  customer_gone: 'customers',
  customer_merged: 'customers',
  survey_changed: 'satisfaction_surveys',
  ticket_survey_changed: 'satisfaction_surveys',
  ignored: null,
}

/** True for entries of the event feed that concern what is read. */
export function isConcerned({ streams }: SyncContext, type: SourceEventType): boolean {
  const stream = STREAM_OF[type]
  return stream !== null && streams.has(stream)
}
