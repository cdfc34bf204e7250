// Facts that have no table of their own. Every key of the table `meta` stands here with what it holds, but those of the database
// itself (`opened`, `epoch`, `backup`). A key that a connector, a directory or a campaign has for itself carries its name.
import type { Attribute } from '../model/attributes.ts'
import type { ImportFormat } from '../model/destination.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import type { RecordStream, Directory } from '../model/records.ts'
import type { Instant } from '../model/time.ts'
import { Table } from './db/table.ts'

/** A row of `meta`, and how its value is written. */
export interface MetaKey<T> {
  readonly name: string
  toText(value: T): string
  fromText(text: string): T
}

export const textKey = (name: string): MetaKey<string> => ({
  name,
  toText: (value) => value,
  fromText: (text) => text,
})
const numberKey = (name: string): MetaKey<number> => ({ name, toText: String, fromText: Number })
const jsonKey = <T>(name: string): MetaKey<T> => ({
  name,
  toText: (value) => JSON.stringify(value),
  fromText: (text) => JSON.parse(text) as T,
})

/** What the account is called in event ids; `domain` as connectors.yml named it, null where it named only an address. */
export interface PinnedAccount {
  account: string
  domain: string | null
}

/** Something that was refused is not tried before then. */
export interface Pause {
  /** ISO 8601. */
  until: string
  reason: string
  /** What a person does about it. */
  hint?: string
}

/** An API does not answer. */
export interface Trouble {
  /** ISO 8601. */
  since: string
  reason: string
}

export interface InstalledWebhook {
  id: string
  url: string
  at: Instant
}

export type WebhookState = 'ok' | 'silent' | 'switched_off' | 'removed' | 'changed'

export interface WebhookHealth {
  state: WebhookState
  since: Instant
  /** When the helpdesk was last asked about it. */
  askedAt: Instant
}

/** A reconcile that is under way. */
export interface ReconcileProgress {
  startedAt: Instant
  /** Streams that were read to their end. */
  done: RecordStream[]
}

/** A changed connectors.yml that is not in force. */
export interface PendingConfig {
  /** `waiting` for `tajo approve`, or `faulty`. */
  state: 'waiting' | 'faulty'
  /** Of its text. */
  sha256: string
  /** ISO 8601. */
  at: string
  reasons: string[]
  contacts: { change: number; of: number } | null
}

/** What Brevo had when it was last asked. */
export interface BrevoSetup {
  at: Instant
  attributes: Attribute[]
  /** Id → name. */
  lists: Record<string, string>
}

/** Memberships that the removal guard holds back. */
export interface HeldRemovals {
  count: number
  limit: number
}

export type ImportedKind = 'false' | 'true' | 'number' | 'text' | 'list'

/** For each kind of value that was tried: whether it arrives. */
export type ImportLessons = Record<ImportFormat, Partial<Record<ImportedKind, boolean>>>

/** Requests used at the helpdesk; requests left at Brevo, by bucket. */
export interface RateLimits {
  helpdesk: { used: number; limit: number } | null
  brevo: Record<string, number>
}

/** What the event feed no longer told. */
export interface FeedGap {
  from: Instant
  until: Instant
}

/** How fresh the tables of a connector are where connectors.yml sends them. */
export interface TablesFreshness {
  /** Where, without a password. */
  to: string
  /** When the last reading that came through began, ISO 8601; null: none has. */
  freshAt: string | null
  /** Since when it does not come through. */
  trouble: Trouble | null
}

/** Something that is not well, and who was told of it. */
export interface OpenAlert {
  severity: 'critical' | 'warning'
  summary: string
  action: string
  /** ISO 8601. */
  since: string
  /** Targets that know of it, by a digest of what connectors.yml says of each. */
  told: string[]
  /** How often in a row it was well again. */
  wellLooks: number
}

/** A first sync that is under way, as it was a few seconds ago. */
export interface FirstSync {
  /** Records that are known, by what they are. */
  read: { customers: number; tickets: number; surveys: number }
  recordsPerSecond: number
  /** All that there is has been read; before that no helpdesk says how much there is. */
  isRead: boolean
  /** Contacts in Brevo, and those that wait. */
  written: number
  waiting: number
  contactsPerSecond: number
  /** Until those that wait are written; null while it can't be said. */
  secondsLeft: number | null
}

/** A day of UTC: how often it was looked whether the objective is kept, and how often it was. */
export interface ObjectiveDay {
  day: string
  looks: number
  kept: number
}

export const META = {
  /** The start of the first sync, by the helpdesk's clock: what happened before fires no event. */
  goLive: (connector: string) => numberKey(`go_live:${connector}`),
  /** Everything that happened up to then is known. */
  readUpTo: (connector: string) => numberKey(`read_up_to:${connector}`),
  /** Since when each occurrence that a ticket is opened for is wanted: its history goes further back. */
  openedSince: (connector: string) =>
    jsonKey<Partial<Record<OccurrenceType, Instant>>>(`opened_since:${connector}`),
  /** The last time that the event feed did not reach back to where it was read up to. */
  feedGap: (connector: string) => jsonKey<FeedGap>(`feed_gap:${connector}`),
  /** After a gap each customer is asked for once more; up to this id they were. */
  customersInDoubt: (connector: string) => textKey(`customers_in_doubt:${connector}`),
  /** Everybody whom records name was asked for, where customers have no list. */
  customersResolved: (connector: string) => numberKey(`customers_resolved:${connector}`),
  /** Of the log of what the shop's people did, everything up to then was looked at. */
  agentsReadUpTo: (connector: string) => numberKey(`agents_read_up_to:${connector}`),
  account: (connector: string) => jsonKey<PinnedAccount>(`account:${connector}`),
  directoryReadAt: (connector: string, directory: Directory) =>
    numberKey(`directory:${connector}:${directory}`),
  reconcile: (connector: string) => jsonKey<ReconcileProgress>(`reconcile:${connector}`),
  /** When the last reconcile that came through began. */
  reconciledAt: (connector: string) => numberKey(`reconciled:${connector}`),
  objective: (connector: string) => jsonKey<ObjectiveDay[]>(`objective:${connector}`),
  firstSync: (connector: string) => jsonKey<FirstSync>(`first_sync:${connector}`),
  tables: (connector: string) => jsonKey<TablesFreshness>(`tables:${connector}`),
  rateLimits: (connector: string) => jsonKey<RateLimits>(`rate_limit:${connector}`),
  webhook: (connector: string) => jsonKey<InstalledWebhook>(`webhook:${connector}`),
  webhookHealth: (connector: string) => jsonKey<WebhookHealth>(`webhook_health:${connector}`),
  campaignPaused: (campaign: string) => textKey(`campaign_paused:${campaign}`),
  /** By connector, or `brevo`. */
  pauses: jsonKey<Record<string, Pause>>('pauses'),
  /** When `tajo connectors test` last came through. */
  keysTested: textKey('keys_tested'),
  /** By connector, or `brevo`. */
  troubles: jsonKey<Record<string, Trouble>>('troubles'),
  /** When each schedule runs next, ISO 8601. */
  daemon: jsonKey<{ nextRun?: Record<string, string> }>('daemon'),
  /** What handlers of the SDK wait for. */
  handled: jsonKey<OccurrenceType[]>('handled'),
  /** Fingerprint of the mappings of all connectors, as compiled last. */
  mapping: textKey('mapping'),
  brevoSetup: jsonKey<BrevoSetup>('brevo_setup'),
  heldRemovals: jsonKey<HeldRemovals | null>('held_removals'),
  importLessons: jsonKey<ImportLessons>('import_lessons'),
  /** The number that Brevo gave an import which is under way. */
  importUnderWay: numberKey('import_under_way'),
  configInForce: textKey('config_in_force'),
  configPending: jsonKey<PendingConfig>('config_pending'),
  /** SHA-256 of the text that a person has approved. */
  configApproved: textKey('config_approved'),
  /** By what it is about. */
  alerts: jsonKey<Record<string, OpenAlert>>('alerts'),
  /** What addresses in links of the console are encrypted by. */
  consoleKey: textKey('console_key'),
  /** Where the daemon that runs, or ran last, is served. */
  served: textKey('served'),
  /** When it was last tried whether the state can be written. */
  probe: textKey('probe'),
  /** Events dated up to here may have been sent by a state that was lost. */
  verifyUntil: numberKey('verify_until'),
} as const

export class Meta extends Table {
  readonly #select = this.database.prepare<[string], { value: string }>(
    'SELECT value FROM meta WHERE key = ?',
  )

  get<T>(key: MetaKey<T>): T | null {
    const row = this.#select.get(key.name)
    return row === undefined ? null : key.fromText(row.value)
  }

  readonly #upsert = this.database.prepare(
    'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )

  set<T>(key: MetaKey<T>, value: T): void {
    this.#upsert.run(key.name, key.toText(value))
  }

  readonly #remove = this.database.prepare('DELETE FROM meta WHERE key = ?')

  remove({ name }: Pick<MetaKey<unknown>, 'name'>): void {
    this.#remove.run(name)
  }
}
