// What one connector's reading works with.
import type { Clock } from '../lib/time/clock.ts'
import type { Log } from '../lib/log/log.ts'
import type { CampaignRule } from '../mapping/campaigns.ts'
import type { MappingRules } from '../mapping/compile.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import type { SourceEventType, Stream } from '../model/records.ts'
import type { Instant } from '../model/time.ts'
import type { Freshness } from './read/freshness.ts'
import type { Reading, Source, Supports } from '../sources/source.ts'
import type { OutboxPriority } from '../state/delivery/outbox-contacts.ts'
import type { Store } from '../state/store.ts'
import { META } from '../state/meta.ts'

export interface SyncContext {
  source: Source
  store: Store
  clock: Clock
  log: Log
  /** Names the account in event ids. */
  account: string
  /** Which helpdesk the connector is of. */
  helpdesk: string
  /** All that run: guards look at what each of them knows. */
  connectors: readonly string[]
  rules: MappingRules
  campaigns: readonly CampaignRule[]
  /** What is sent, or asked for by a campaign or a handler; nothing else is looked for. */
  wants: ReadonlySet<OccurrenceType>
  /** `sync.tags`: whether events name the tags of their ticket. */
  withTags: boolean
  /** Of which streams this connector keeps records, also those that come within another one. */
  streams: ReadonlySet<Stream>
  /** National phone numbers are read as of this country. */
  defaultCountry: string | undefined
  /** What the helpdesk can tell, and how. */
  supports: Supports
  /** What handlers of the SDK wait for. */
  handled: ReadonlySet<OccurrenceType>
  /** The start of the first sync: what happened before fires no event. */
  goLive: Instant
  /** What happened earlier fires nothing: whether it was sent is not remembered (`retention.events`). */
  eventHorizon: Instant
  /** How soon the contacts that a reading concerns are written. */
  priority: OutboxPriority
  /** Shared by the readings of one connector. */
  freshness: Freshness
}

/** Enough to read directories: go-live is not known before the helpdesk has told its time. */
export type DirectoryContext = Omit<SyncContext, 'goLive'>

/** Remembers the start of the first sync, by the helpdesk's clock, once and for all. */
export function findGoLive({ store, source }: Pick<SyncContext, 'store' | 'source'>): Instant {
  const known = store.meta.get(META.goLive(source.name))
  if (known !== null) return known
  const now = source.now()
  store.meta.set(META.goLive(source.name), now)
  return now
}

/**
 * Remembers since when each occurrence that a ticket is opened for is wanted: a ticket's history goes back to its beginning, and what
 * happened before somebody mapped it is no news. At the first sync that is go-live.
 */
export function noteOpenedSince({ store, source, supports, wants }: DirectoryContext, now: Instant): void {
  const key = META.openedSince(source.name)
  const known = store.meta.get(key) ?? {}
  const opened = [...wants].filter((type) => supports.occurrences[type] === 'opened')
  const isSame =
    opened.length === Object.keys(known).length && opened.every((type) => known[type] !== undefined)
  if (!isSame) store.meta.set(key, Object.fromEntries(opened.map((type) => [type, known[type] ?? now])))
}

/** In whose pages these streams come: each in its own, or in those of another. */
export function toOwnStreams({ streams }: Supports, wanted: readonly Stream[]): Stream[] {
  const own = wanted.map((stream) => {
    const reading = streams[stream]
    return reading?.mode === 'within' ? reading.stream : stream
  })
  return [...new Set(own)].filter((stream) => streams[stream]?.mode !== 'singly')
}

/** Customers have no list: each is asked for once something names them. */
export const isSingly = ({ supports }: Pick<SyncContext, 'supports'>): boolean =>
  supports.streams.customers?.mode === 'singly'

/** Only the ticket's own address tells its history. */
export const tellsOwnHistory = ({ supports }: Pick<SyncContext, 'supports'>): boolean =>
  supports.occurrences['ticket.closed'] === 'opened'

/** How a stream is read. */
export function readingOf(
  { supports, source }: Pick<SyncContext, 'supports' | 'source'>,
  stream: Stream,
): Reading {
  const reading = supports.streams[stream]
  if (reading === undefined) throw new Error(`${source.name} has no ${stream}`)
  return reading
}

/** Which stream an entry concerns, and what it is needed for if it only tells of something. */
const ENTRIES: Record<SourceEventType, { stream: Stream; tells?: OccurrenceType } | null> = {
  ticket_closed: { stream: 'tickets' },
  ticket_reopened: { stream: 'tickets' },
  ticket_gone: { stream: 'tickets' },
  ticket_snoozed: { stream: 'tickets' },
  ticket_unsnoozed: { stream: 'tickets' },
  ticket_to_open: { stream: 'tickets' },
  ticket_updated: { stream: 'tickets', tells: 'ticket.updated' },
  ticket_assigned: { stream: 'tickets', tells: 'ticket.assigned' },
  ticket_tagged: { stream: 'tickets', tells: 'ticket.tagged' },
  ticket_untagged: { stream: 'tickets', tells: 'ticket.untagged' },
  ticket_handed_over: { stream: 'tickets', tells: 'ticket.handed_over' },
  customer_gone: { stream: 'customers' },
  customer_merged: { stream: 'customers' },
  customer_changed: { stream: 'customers' },
  customer_updated: { stream: 'customers', tells: 'customer.updated' },
  survey_changed: { stream: 'satisfaction_surveys' },
  ticket_survey_changed: { stream: 'satisfaction_surveys' },
  ticket_survey_skipped: { stream: 'satisfaction_surveys' },
  ignored: null,
}

/** True for entries of the event feed that concern what is read and sent. */
export function isConcerned({ streams, wants }: SyncContext, type: SourceEventType): boolean {
  const entry = ENTRIES[type]
  return entry !== null && streams.has(entry.stream) && (entry.tells === undefined || wants.has(entry.tells))
}

/** What an entry that only tells of something tells. */
export function occurrenceOf(type: SourceEventType): OccurrenceType | null {
  return ENTRIES[type]?.tells ?? null
}
