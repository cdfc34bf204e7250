// The contract between tajo and a helpdesk. A source knows paging, limits and quirks of one API; it knows nothing of
// Brevo, mapping or SQL. Adding one: docs/add-a-source.md.
import type { OnTrouble } from '../lib/net/breaker.ts'
import type { Clock } from '../lib/time/clock.ts'
import type { Http, HttpOutcome, HttpRequest } from '../lib/net/http.ts'
import type { Log } from '../lib/log/log.ts'
import type { Random } from '../lib/random.ts'
import type { Secret } from '../lib/log/secret.ts'
import type {
  Directory,
  ObjectKind,
  RecordId,
  RecordStream,
  RequestedKind,
  SourceRecord,
  Stream,
} from '../model/records.ts'
import type { Instant } from '../model/time.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import type { Pace } from './rate-limit.ts'
import type { TableDefinition, TablePage, TableRequest } from './tables.ts'
import type { Workforce, WorkforceContext } from './workforce.ts'

/** A key of connectors.yml as JSON Schema, with its description; default and examples where there are some. */
export type OptionSchema = Readonly<Record<string, unknown>>

/** A key or a name that an account is opened with. */
export interface SecretField {
  /** Of the environment: `API_KEY` is SHOP_EU_API_KEY for the connector shop-eu. */
  variable: string
  /** On the command line: `--api-key`. */
  flag: string
  /** What it is, in a sentence: `the API key (Settings → REST API)`. */
  label: string
  /** False: a name, which may be seen while it is typed. */
  sensitive: boolean
}

/** How a stream is read; all durations are microseconds. */
export type Reading =
  /** A walk from the newest record down to a bound. */
  | { mode: 'newest_first'; settlesAfter?: Instant }
  /** Oldest first from an instant on; `overlap`: a record may show up so much later than its date. */
  | {
      mode: 'since'
      overlap: Instant
      /** It can't be asked for what is older than that: a longer gap is left to the windows of `tickets`, which name what changed in it. */
      reach?: Instant
      settlesAfter?: Instant
      /** Where its records are late by nature: how late, as a sentence. */
      late?: string
    }
  /** Time windows, each of which is read as a whole, in any order; the newest `lag` of time is not there yet. */
  | {
      mode: 'windows'
      length: Instant
      overlap: Instant
      lag: Instant
      /** Not read again before so much time has come to it; absent: with every run. */
      every?: Instant
      settlesAfter?: Instant
    }
  /** There is no list: each is asked for by its id, once another record names it. Customers alone. */
  | { mode: 'singly' }
  /** Its records stand in the pages of another stream. */
  | { mode: 'within'; stream: Stream }

/**
 * How an occurrence is known: `told` by a record of its own (an entry of the feed, a message, a rating, a customer that is new) or by the
 * object's own address (gone, merged); `derived` from two readings of a ticket or a customer; `opened`: by the entries and messages that
 * the ticket's own address gives and no list does. A ticket that has changed is opened, by one request, where such an occurrence is wanted.
 */
export type Telling = 'told' | 'derived' | 'opened'

/** What a helpdesk can tell; nothing else is read, offered or promised. */
export interface Supports {
  /**
   * By stream. `settlesAfter`: a record that is younger than that may still change without moving its date, so the time is read again
   * now and then; for surveys `survey_window` of connectors.yml takes its place (`defaults.surveyWindow`). Without `events` there is no event feed.
   */
  streams: Readonly<Partial<Record<Stream, Reading>>>
  directories: readonly Directory[]
  occurrences: Readonly<Partial<Record<OccurrenceType, Telling>>>
  /** `listed`: customers come with it; `singly`: a request for each customer; `none`: it has no phones. */
  phones: 'listed' | 'singly' | 'none'
  /** `managed`: made and mended through its API; `by_hand`: a person enters them; `none`: there are none. */
  webhooks: 'managed' | 'by_hand' | 'none'
  /** Whether it tells of the sessions of a ticket. */
  sessions?: boolean
}

/** A helpdesk: all that the rest of tajo knows of it. Collected in sources/index.ts. `Options`: what connectors.yml may say of it. */
export interface SourceDefinition<Options = Readonly<Record<string, unknown>>> {
  /** As in connectors.yml, in small letters. */
  readonly name: string
  /** In a sentence. */
  readonly label: string
  /** Its own names for fields of field_mapping (mapping/fields.ts): `conversation_count` → `nb_tickets`. */
  readonly aliases?: Readonly<Record<string, string>>
  /** The attribute that holds the customer's id: `<NAME>_ID`. */
  readonly idAttribute: string
  /** What connectors.yml says of an account, beyond what every connector has. */
  readonly options: Readonly<Record<string, OptionSchema>>
  /** Of the keys that every connector has, where connectors.yml says nothing. */
  readonly defaults: {
    schedule: string
    surveySchedule: string
    surveyWindow: string
    /** How far back the first sync reads: `2y`; absent: everything there is. */
    backfill?: string
  }
  readonly secrets: Readonly<Record<string, SecretField>>
  /** Absent: it is let in by a key alone. */
  readonly oauth?: OAuth<Options>
  readonly supports: Supports
  /** What of it can be had as tables, and how far back and how often by default; absent: nothing so far. */
  readonly tables?: {
    definitions: readonly TableDefinition[]
    workforce(context: WorkforceContext): Workforce
    since: string
    schedule: string
  }
  /** How its deliveries are understood; null where there are no webhooks. */
  readonly receiver: WebhookReceiver | null
  /** The option by which `init` and `install` ask for the account, and an example of it. */
  readonly address: { option: string; label: string; example: string; base: string }
  /** What its API takes, for estimates. */
  pace(options: Options): Pace
  /**
   * What names the account in event ids, for ever: another account must have another name, and a key may be replaced. Where neither a
   * host nor a name tells accounts apart, an option has to.
   */
  account(options: Options): string
  /** What this account does not have, by its options, though its helpdesk may; with the reason, as a sentence. */
  lacks?(options: Options): Lacking | null
  /** What the schema of the options can't say. `key` null: the block as a whole. */
  findMistakes(options: Options): { key: string | null; message: string }[]
  /** The rule of an option that does not fit its pattern, and the value that was meant, null where that can't be told. */
  mend(option: string, value: string): { rule: string; meant: string | null } | null
  /** `connector`: what the account is called in connectors.yml, and in the state. */
  create(connector: string, options: Options, credentials: Credentials, ports: SourcePorts): Source
}

/** Streams that are not read, and occurrences that are not told. */
export interface Lacking {
  streams: readonly Stream[]
  occurrences: readonly OccurrenceType[]
  reason: string
}

/** How a person lets an app in with their browser: `tajo connectors install <name> --oauth`. */
export interface OAuth<Options = Readonly<Record<string, unknown>>> {
  /** Which of the secrets it gives. */
  gives: string
  /** What the app is known by. */
  client: { id: SecretField; secret: SecretField }
  /** What has to be entered at the helpdesk beforehand, in a sentence. */
  allowHint: string
  /** Where the person goes. `callback`: where they are sent back to, with `code` and `state`. */
  authorizeUrl(options: Options, asked: { clientId: string; state: string; callback: string }): string
  /** What gives the token for a code. */
  exchange(options: Options, given: { code: string; clientId: string; clientSecret: Secret }): HttpRequest
  /** The token. Throws `source_unauthorized` where there is none. */
  readToken(outcome: HttpOutcome): string
}

export interface ReadRequest {
  /** Where an earlier read of the same bounds stopped; null starts anew. */
  token: string | null
  /** Lower bound by the stream's own date, inclusive: `newest_first` may stop below it, the others begin there. Null: none. */
  from: Instant | null
  /** Upper bound of a window, exclusive; null: up to now. */
  until: Instant | null
}

export interface Page {
  /** Of any kind: a conversation may come with its ratings. What names another record comes after it. */
  records: SourceRecord[]
  /** Items that could not be understood: set aside by the caller, never a reason to stop. `stream`: where it is not the page's. */
  invalid: { id: RecordId; reason: string; stream?: Stream }[]
  /** Greatest and least sort key of the page, over all its items, understood or not. Null on an empty page. */
  newest: Instant | null
  oldest: Instant | null
  /** Where to go on; null at the end of the list. */
  next: string | null
}

/** What reading one object again showed. `merged`: another one took its place. */
export type Refetched =
  | { found: 'record'; records: SourceRecord[] }
  | { found: 'merged'; into: RecordId }
  | { found: 'gone' }

export interface Check {
  /** `API authentication successful` */
  label: string
  run(signal?: AbortSignal): Promise<void>
}

/** A webhook as the helpdesk has it. */
export interface Webhook {
  id: string
  url: string
  /** False where the helpdesk has switched it off. */
  active: boolean
  /** What of it is not as tajo would make it, each a sentence. */
  differences: string[]
}

/** "Read this object again"; an agent: what they are doing now. */
export interface RefreshRequest {
  kind: RequestedKind
  id: RecordId
}

/** A request to /webhooks/<connector> as it came. */
export interface Delivery {
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Buffer
}

/** What a delivery is about. A ping only wants an answer. */
export type Heard = 'ping' | readonly RefreshRequest[]

export interface WebhookReceiver {
  /** Whether the helpdesk looks whether the address is there with a HEAD request, which carries no secret. */
  readonly answersHead?: boolean
  /** True if it was made with one of the secrets; takes as long whichever it is (lib/net/signature.ts). */
  isAuthentic(delivery: Delivery, secrets: readonly string[]): boolean
  /** Only where `supports.webhooks` is `by_hand`: what a person does to make it call `url`, a sentence each. */
  readonly byHand?: {
    /** `ours`: tajo makes the secret, which is entered there; `theirs`: the helpdesk shows it, and it is given to tajo. */
    secret: 'ours' | 'theirs'
    steps(url: string): readonly string[]
    /** What a person does to have it call at once, in a sentence. */
    ask: string
  }
  /** What a delivery that was taken is answered with; default: 202. */
  readonly accepts?: 200 | 202
  /** What it names, from its JSON or form; `options`: of the connector. What it says of the object is not believed. */
  hear(fields: Readonly<Record<string, unknown>>, options: Readonly<Record<string, unknown>>): Heard
}

/** Only where `supports.webhooks` is `managed`. */
export interface WebhookApi {
  /** The one that was installed, else the one that calls this address; never another tajo's. */
  find(ours: { id: string | null; url: string | null }, signal?: AbortSignal): Promise<Webhook | null>
  /** Makes it, or makes the existing one as it must be, switched on. Its id. */
  install(url: string, secret: string, existing: Webhook | null, signal?: AbortSignal): Promise<string>
  remove(id: string, signal?: AbortSignal): Promise<void>
}

/** How much of the API's budget is used, as it last said itself. */
export interface Budget {
  used: number
  limit: number
}

/** Streams that can be asked for one address, one customer, or one ticket. */
export type Related = RecordStream

export interface Source {
  /** Of the connector. */
  readonly name: string

  /**
   * Pages of a stream, each pulled when the caller asks for it; the caller may stop after any page. Their order is that of
   * `supports.streams`, by the instant that `Page.newest` tells. Throws TajoError: `source_cursor_refused` if the token is no
   * good (start anew), `transient` after its own retries are used up, `fatal` where only a person helps. `signal` ends waits and
   * requests at once.
   */
  read(stream: Stream, request: ReadRequest, signal?: AbortSignal): AsyncGenerator<Page, void, void>

  /** All pages of a directory. */
  readDirectory(directory: Directory, signal?: AbortSignal): AsyncGenerator<Page, void, void>

  /** Pages of a table, as the API gives them. Only where the definition has `tables`. */
  readTable?(
    table: TableDefinition,
    request: TableRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<TablePage, void, void>

  /** What reading a table costs, where its first page does not tell. */
  estimateTable?(
    table: TableDefinition,
    request: TableRequest,
    signal?: AbortSignal,
  ): Promise<{ requests: number; minutes: number } | null>

  /** One customer, ticket or survey as it is now; used where a list does not tell (deletions, merges). */
  refetch(kind: ObjectKind, id: RecordId, signal?: AbortSignal): Promise<Refetched>

  /**
   * All customers with an address, all tickets of one customer, or all messages or surveys of one ticket; empty where there is
   * no such thing, or its owner is gone. A page of its own each time; its bounds are not looked at.
   */
  readOf(stream: Related, id: RecordId, signal?: AbortSignal): Promise<Page>

  /**
   * The preferred phone of a customer as typed, or null: only where `supports.phones` is `singly`. Merged and deleted customers have
   * none.
   */
  readPhone(customerId: RecordId, signal?: AbortSignal): Promise<string | null>

  /**
   * Options of the connector that the account tells of itself, to be written into a new connectors.yml: its name, where it has one. Null:
   * nothing.
   */
  identify?(signal?: AbortSignal): Promise<Record<string, string> | null>

  /** What `tajo connectors test` tries, in order. */
  checks(): Check[]

  budget(): Budget | null

  /** What time it is there, by what its answers tell of its clock; ours where that does not differ. */
  now(): Instant

  /** Null where they are not managed by its API. */
  readonly webhooks: WebhookApi | null

  /** The same source, whose requests leave the budget to those of others: for what can wait. */
  inBackground(): Source
}

/** What every source is given. */
export interface SourcePorts {
  http: Http
  clock: Clock
  random: Random
  log: Log
  /** How often a request is tried again; fewer where someone sits and waits. Default: the source's own patience. */
  retries?: number
  onTrouble?: OnTrouble | undefined
}

export type Credentials = Record<string, Secret>
