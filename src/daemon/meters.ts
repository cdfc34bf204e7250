// What a daemon counts and tells of itself: names, units and labels by the conventions of Prometheus. Nothing of a person is in it, and no label
// has values that grow with the shop. docs/metrics.md is made from here.
import { Registry } from '../lib/metrics/registry.ts'
import type { SyncReport } from '../engine/engine.ts'
import type { ConnectorStatus } from '../engine/status.ts'
import type { HttpOutcome } from '../lib/net/http.ts'

const RUN_SECONDS = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900]
const REQUEST_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const ACK_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

/** What is true of the process and its state at one moment. */
export interface Snapshot {
  connectors: ReadonlyMap<string, ConnectorStatus>
  /** By kind. */
  deadLetters: Readonly<Record<string, number>>
  stateBytes: number
  walBytes: number
  /** When the oldest event happened that is to be sent, milliseconds since the epoch; null: none is. */
  oldestEvent: number | null
  /** What connectors.yml has become since: waiting for a person, or faulty. */
  pendingConfig: 'waiting' | 'faulty' | null
  /** Milliseconds since the epoch. */
  now: number
}

/** Outlives the engines that a changed connectors.yml brings. */
export class Meters {
  readonly registry = new Registry()
  readonly #r = this.registry

  readonly #build = this.#r.gauge('tajo_build_info', 'Which tajo this is; always 1.', ['version', 'node'])
  readonly #started = this.#r.gauge('tajo_start_time_seconds', 'When the process started, since 1970.')
  readonly #pending = this.#r.gauge(
    'tajo_config_pending',
    '1 where connectors.yml was changed and is not in force: it waits for tajo approve, or is faulty.',
    ['state'],
  )
  readonly #up = this.#r.gauge(
    'tajo_connector_up',
    '1 where the last run came through and both sides answer.',
    ['connector'],
  )
  readonly #attention = this.#r.gauge(
    'tajo_connector_needs_attention',
    '1 where only a person can mend it: a key, a permission, an address.',
    ['connector'],
  )
  readonly #fresh = this.#r.gauge(
    'tajo_freshness_seconds',
    'Everything in the helpdesk that is older than this has reached Brevo.',
    ['connector'],
  )
  readonly #readUpTo = this.#r.gauge(
    'tajo_stream_read_up_to_timestamp_seconds',
    'Up to when a stream has been read, since 1970.',
    ['connector', 'stream'],
  )
  readonly #backfilled = this.#r.gauge(
    'tajo_backfill_complete',
    '1 where the first reading of a stream is done.',
    ['connector', 'stream'],
  )
  readonly #contactsDue = this.#r.gauge('tajo_outbox_contacts', 'Contacts that are still to be written.')
  readonly #events = this.#r.gauge(
    'tajo_events',
    'Events that the state remembers, by where they are: found, staged, pending, sending, uncertain, sent, refused, skipped, parked.',
    ['connector', 'state'],
  )
  readonly #eventsSent = this.#r.counter(
    'tajo_events_sent_total',
    'Events that runs of a connector have sent.',
    ['connector'],
  )
  readonly #letters = this.#r.gauge('tajo_dead_letters', 'What was set aside, by what it is.', ['kind'])
  readonly #held = this.#r.gauge(
    'tajo_removals_held',
    'List memberships that a guard holds back, of all connectors: tajo sync --accept-removals.',
  )
  readonly #customers = this.#r.gauge('tajo_customers', 'Customers that are known.', ['connector'])
  readonly #budget = this.#r.gauge(
    'tajo_rate_limit_used_ratio',
    'How much of the helpdesk’s budget was used when it last answered.',
    ['connector'],
  )
  readonly #tablesFresh = this.#r.gauge(
    'tajo_tables_fresh_timestamp_seconds',
    'As of when the extracted tables are, since 1970.',
    ['connector'],
  )
  readonly #tablesUp = this.#r.gauge(
    'tajo_tables_up',
    '1 where the last extraction of tables came through.',
    ['connector'],
  )
  readonly #objective = this.#r.gauge(
    'tajo_objective_kept_ratio',
    'In how much of the time the freshness objective was kept.',
    ['connector', 'days'],
  )
  readonly #attributeObjective = this.#r.gauge(
    'tajo_attribute_objective_kept_ratio',
    'The same of an attribute that has an objective of its own.',
    ['connector', 'attribute', 'days'],
  )
  readonly #brevoLeft = this.#r.gauge(
    'tajo_rate_limit_remaining_requests',
    'Requests that Brevo still takes, as it last told, by what they are for.',
    ['bucket'],
  )
  readonly #oldestEvent = this.#r.gauge(
    'tajo_outbox_oldest_event_age_seconds',
    'How long ago the oldest event happened that is to be sent and was not yet; 0 where none is.',
  )
  readonly #stateBytes = this.#r.gauge('tajo_state_bytes', 'Size of the state file.')
  readonly #walBytes = this.#r.gauge('tajo_state_wal_bytes', 'Size of its write-ahead log.')

  readonly #runs = this.#r.counter('tajo_runs_total', 'Runs by how they ended.', ['connector', 'result'])
  readonly #runSeconds = this.#r.histogram(
    'tajo_run_duration_seconds',
    'How long runs took.',
    ['connector'],
    RUN_SECONDS,
  )
  readonly #read = this.#r.counter(
    'tajo_records_read_total',
    'Records read, those included that were known.',
    ['connector', 'stream'],
  )
  readonly #written = this.#r.counter(
    'tajo_contacts_written_total',
    'Contacts written by runs of a connector.',
    ['connector'],
  )
  readonly #requests = this.#r.counter('tajo_http_requests_total', 'Requests by what was answered.', [
    'api',
    'code',
  ])
  readonly #requestSeconds = this.#r.histogram(
    'tajo_http_request_duration_seconds',
    'How long answers took.',
    ['api'],
    REQUEST_SECONDS,
  )
  readonly #webhooks = this.#r.counter(
    'tajo_webhooks_received_total',
    'Deliveries of webhooks by what became of them.',
    ['connector', 'outcome'],
  )
  readonly #ackSeconds = this.#r.histogram(
    'tajo_webhook_ack_duration_seconds',
    'Until a delivery was on disk and answered.',
    ['connector'],
    ACK_SECONDS,
  )

  readonly #cpu = this.#r.counter('process_cpu_seconds_total', 'CPU time of the process.')
  readonly #rss = this.#r.gauge('process_resident_memory_bytes', 'Resident memory of the process.')
  readonly #heap = this.#r.gauge('nodejs_heap_size_used_bytes', 'Heap that is used.')

  /** Milliseconds since the epoch. */
  readonly startedAtMs: number
  #collect: () => number

  constructor(version: string, startedAtMs: number) {
    this.startedAtMs = startedAtMs
    this.#collect = () => startedAtMs
    this.#build.set([version, process.version], 1)
    this.#started.set([], startedAtMs / 1000)
  }

  /** From now on `collect` brings the numbers up to date that are read from the state, and gives the time of it. */
  follow(collect: () => number): void {
    this.#collect = collect
  }

  /** As of when the numbers are, milliseconds since the epoch. */
  refresh(): number {
    return this.#collect()
  }

  request(api: string, outcome: HttpOutcome, seconds: number): void {
    this.#requests.add([api, codeOf(outcome)])
    if (outcome.outcome === 'answer') this.#requestSeconds.observe([api], seconds)
  }

  run(connector: string, result: 'done' | 'failed', seconds: number): void {
    this.#runs.add([connector, result])
    this.#runSeconds.observe([connector], seconds)
  }

  report({ connector, read, contacts, events }: SyncReport): void {
    for (const [stream, count] of Object.entries(read)) this.#read.add([connector, stream], count)
    this.#written.add([connector], contacts.written)
    this.#eventsSent.add([connector], events.sent + events.confirmed)
  }

  webhook(connector: string, outcome: string, seconds: number | null): void {
    this.#webhooks.add([connector, outcome])
    if (seconds !== null) this.#ackSeconds.observe([connector], seconds)
  }

  /** In the text format of Prometheus. */
  render(snapshot: Snapshot): string {
    const { connectors, deadLetters, stateBytes, walBytes, pendingConfig } = snapshot
    // What is no more, such as a connector that was removed, is not told for ever.
    this.registry.clearGauges(['connector', 'kind', 'bucket'])
    for (const state of ['waiting', 'faulty']) this.#pending.set([state], pendingConfig === state ? 1 : 0)
    for (const [kind, count] of Object.entries(deadLetters)) this.#letters.set([kind], count)
    const { oldestEvent, now } = snapshot
    this.#oldestEvent.set([], oldestEvent === null ? 0 : Math.max(0, (now - oldestEvent) / 1000))
    this.#stateBytes.set([], stateBytes)
    this.#walBytes.set([], walBytes)
    for (const [name, status] of connectors) this.#tell(name, status, snapshot.now)
    const { rss, heapUsed } = process.memoryUsage()
    const { user, system } = process.cpuUsage()
    this.#cpu.setTotal([], (user + system) / 1e6)
    this.#rss.set([], rss)
    this.#heap.set([], heapUsed)
    return this.registry.render()
  }

  #tell(connector: string, status: ConnectorStatus, now: number): void {
    const ofConnector = [connector]
    this.#up.set(ofConnector, Number(status.connected))
    this.#attention.set(ofConnector, Number(status.needsAttention))
    if (status.freshAsOf !== null)
      this.#fresh.set(ofConnector, Math.max(0, (now - Date.parse(status.freshAsOf)) / 1000))
    for (const [stream, { readUpTo, backfilled }] of Object.entries(status.cursors)) {
      if (readUpTo !== null) this.#readUpTo.set([connector, stream], Date.parse(readUpTo) / 1000)
      this.#backfilled.set([connector, stream], Number(backfilled))
    }
    this.#contactsDue.set([], status.backlog.contacts)
    for (const [state, count] of Object.entries(status.events)) this.#events.set([connector, state], count)
    this.#held.set([], status.heldRemovals?.count ?? 0)
    this.#customers.set(ofConnector, status.customersCount)
    const budget = status.rateLimit?.helpdesk
    if (budget != null) this.#budget.set(ofConnector, budget.used / budget.limit)
    for (const { days, kept } of status.objective?.kept ?? [])
      if (kept !== null) this.#objective.set([connector, String(days)], kept)
    for (const [attribute, objective] of Object.entries(status.attributeObjectives))
      for (const { days, kept } of objective.kept)
        if (kept !== null) this.#attributeObjective.set([connector, attribute, String(days)], kept)
    for (const [bucket, left] of Object.entries(status.rateLimit?.brevo ?? {}))
      this.#brevoLeft.set([bucket], left)
    if (status.tables === null) return
    this.#tablesUp.set(ofConnector, Number(status.tables.trouble === null))
    if (status.tables.freshAt !== null)
      this.#tablesFresh.set(ofConnector, Date.parse(status.tables.freshAt) / 1000)
  }
}

function codeOf(outcome: HttpOutcome): string {
  if (outcome.outcome !== 'answer') return outcome.outcome
  return outcome.status === 429 ? '429' : `${Math.floor(outcome.status / 100)}xx`
}
