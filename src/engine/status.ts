// What the state says of a connector, while a daemon runs or not.
import type { ConnectorConfig } from '../config/config.ts'
import { type Stream, STREAMS } from '../model/records.ts'
import { withoutPassword } from '../lib/net/address.ts'
import { latenessOf } from '../sources/supports.ts'
import { toIso } from '../model/time.ts'
import { type PendingConfig, readPending } from '../state/reading/applied-config.ts'
import { BREVO, readPauses } from './pauses.ts'
import { readTroubles } from './troubles.ts'
import { readFreshness, type StreamsSubject } from './streams.ts'
import type { Store } from '../state/store.ts'
import { lastReconciledAt } from '../sync/read/reconcile.ts'
import { attributeKey, type Objective, readObjective } from '../state/reading/objectives.ts'
import { type FeedGap, type FirstSync, META, type TablesFreshness, type Trouble } from '../state/meta.ts'

export interface ConnectorStatus {
  /** The last run came through, and while a daemon runs both sides answer it. */
  connected: boolean
  running: boolean
  lastSync: string | null
  /** Everything in the helpdesk that had changed by then has reached Brevo; null: nothing is known of that. */
  freshAsOf: string | null
  /** While a daemon makes the first sync. */
  firstSync: FirstSync | null
  /** How well the objective of connectors.yml was kept, over so many days; `kept`: between 0 and 1, null where nothing is known. */
  objective: Objective | null
  /** The same of attributes that have an objective of their own. */
  attributeObjectives: Record<string, Objective>
  lastError: string | null
  customersCount: number
  customersWithoutEmail: number
  /** Customers whose phone can't be sent; counted where phone is mapped. */
  invalidPhones: number
  ticketsTracked: number
  csatResponses: number
  contactsInBrevo: number
  /** Of the streams that its helpdesk has; where one comes within another, of that one. */
  cursors: Partial<Record<Stream, { readUpTo: string | null; backfilled: boolean }>>
  /** What is to be written. `behind`: so many of the events wait behind one whose answer was lost, or for their contact. */
  backlog: { contacts: number; events: number; behind: number }
  events: Record<string, number>
  setAside: { count: number; latest: { kind: string; key: string; reason: string }[] }
  /** Memberships that a guard holds back: `tajo sync --accept-removals`. */
  heldRemovals: { count: number; limit: number } | null
  /** When the last reconcile that came through began. */
  lastReconcile: string | null
  /** As the APIs last told: requests used at the helpdesk, requests left at Brevo. */
  rateLimit: { helpdesk: { used: number; limit: number } | null; brevo: Record<string, number> } | null
  /** A time that the event feed did not reach back to, as it was last noted: what happened then was read from reports. */
  gap: { from: string; until: string } | null
  /** Who of the shop is there, where the helpdesk tells and it is asked; empty otherwise. */
  agents: { id: string; name: string | null; state: string; reason: string | null; since: string }[]
  nextRun: string | null
  /** What was refused, and when it is tried again: the helpdesk, or (for all connectors) Brevo; and what a person does about it. */
  paused: { refused_by: 'helpdesk' | 'brevo'; until: string; reason: string; hint?: string } | null
  /** Only a person can mend it: a key, a permission, an address. It is tried again ever more rarely, and mends by itself then. */
  needsAttention: boolean
  /** Tickets whose channel nobody has named, by the helpdesk's own word for it. */
  unknownChannels: Record<string, number>
  /** What is late by nature, as sentences. */
  late: string[]
  /** How fresh the daemon keeps the helpdesk's tables; null where connectors.yml does not say `extract`. */
  tables: TablesFreshness | null
  /** Which side does not answer the daemon at the moment, since when and why. */
  troubles: { helpdesk: Trouble | null; brevo: Trouble | null }
  /** A changed connectors.yml that is not in force: faulty, or waiting for `tajo approve`. */
  pendingConfig: { state: 'waiting' | 'faulty'; at: string; reasons: string[] } | null
}

/** What a status is read by. */
export interface StatusSubject extends StreamsSubject {
  name: string
  extract?: { to: string } | null
  objectives?: ConnectorConfig['objectives']
}

export function readStatus(store: Store, subject: StatusSubject, running: boolean): ConnectorStatus {
  const { name, supports, extract = null, objectives = null } = subject
  const last = store.runs.last(name)
  const done = store.runs.lastDone(name)
  const customers = store.customers.count(name)
  const daemon = store.meta.get(META.daemon) ?? {}
  const letters = store.deadLetters
    .list()
    .filter(({ kind, key }) => kind !== 'record' || key.startsWith(`${name}/`))
  const { [name]: helpdesk = null, [BREVO]: brevo = null } = running ? readTroubles(store) : {}
  const isWell = findPause(store, name) === null && helpdesk === null && brevo === null
  const events = store.outboxEvents.counts(name)
  return {
    connected: last?.result === 'done' && (!running || isWell),
    running,
    lastSync: toTime(done?.ended_at ?? null),
    freshAsOf: toTime(readFreshness(store, subject)),
    firstSync: running ? store.meta.get(META.firstSync(name)) : null,
    ...toObjectives(store, name, objectives),
    lastError: last?.result === 'failed' ? last.error : null,
    customersCount: customers.all,
    customersWithoutEmail: customers.withoutEmail,
    invalidPhones: customers.invalidPhones,
    ticketsTracked: store.tickets.count(name),
    csatResponses: store.surveys.countScored(name),
    contactsInBrevo: store.contacts.count(),
    cursors: Object.fromEntries(
      STREAMS.flatMap((stream) => {
        const reading = supports.streams[stream]
        if (reading === undefined || reading.mode === 'singly') return []
        const own = reading.mode === 'within' ? reading.stream : stream
        const cursor = store.cursors.read(name, own)
        const readUpTo = cursor.watermark === null ? null : toIso(cursor.watermark)
        return [[stream, { readUpTo, backfilled: cursor.backfilledAt !== null || own === 'events' }]]
      }),
    ),
    backlog: toBacklog(store, events),
    events,
    setAside: {
      count: letters.length,
      latest: letters.slice(0, 10).map(({ kind, key, reason }) => ({ kind, key, reason })),
    },
    heldRemovals: store.meta.get(META.heldRemovals),
    lastReconcile: toTime(lastReconciledAt(store, name)),
    rateLimit: store.meta.get(META.rateLimits(name)),
    gap: toGap(store.meta.get(META.feedGap(name))),
    agents: toAgents(store, name),
    nextRun: running ? (daemon.nextRun?.[name] ?? null) : null,
    paused: running ? findPause(store, name) : null,
    needsAttention: running && findPause(store, name) !== null,
    unknownChannels: store.tickets.unknownChannels(name),
    late: latenessOf(supports),
    tables: toTables(store, name, extract),
    troubles: { helpdesk, brevo },
    pendingConfig: toPendingConfig(readPending(store)),
  }
}

function toObjectives(
  store: Store,
  name: string,
  objectives: ConnectorConfig['objectives'],
): Pick<ConnectorStatus, 'objective' | 'attributeObjectives'> {
  const { freshnessMs = null, attributes = {} } = objectives ?? {}
  return {
    objective: freshnessMs === null ? null : readObjective(store, name, freshnessMs),
    attributeObjectives: Object.fromEntries(
      Object.entries(attributes).map(([attribute, ms]) => [
        attribute,
        readObjective(store, attributeKey(name, attribute), ms),
      ]),
    ),
  }
}

function toTables(store: Store, name: string, extract: { to: string } | null): ConnectorStatus['tables'] {
  if (extract === null) return null
  const to = withoutPassword(extract.to)
  const known = store.meta.get(META.tables(name))
  return known?.to === to ? known : { to, freshAt: null, trouble: null }
}

function toGap(gap: FeedGap | null): ConnectorStatus['gap'] {
  return gap === null ? null : { from: toIso(gap.from), until: toIso(gap.until) }
}

function toAgents(store: Store, name: string): ConnectorStatus['agents'] {
  return store.agents
    .current(name)
    .flatMap(({ id, name: agent, state, reason, since }) =>
      state === null || since === null ? [] : [{ id, name: agent, state, reason, since: toIso(since) }],
    )
}

const WAITING = ['found', 'staged', 'pending', 'sending', 'uncertain']

function toBacklog(store: Store, events: Record<string, number>): ConnectorStatus['backlog'] {
  const due = store.backlog.undelivered()
  const waiting = WAITING.reduce((sum, state) => sum + (events[state] ?? 0), 0)
  return { contacts: due.contacts, events: waiting, behind: waiting - due.events }
}

function findPause(store: Store, name: string): ConnectorStatus['paused'] {
  const { [name]: helpdesk, [BREVO]: brevo } = readPauses(store)
  if (helpdesk !== undefined) return { refused_by: 'helpdesk', ...helpdesk }
  return brevo === undefined ? null : { refused_by: 'brevo', ...brevo }
}

function toPendingConfig(pending: PendingConfig | null): ConnectorStatus['pendingConfig'] {
  return pending === null ? null : { state: pending.state, at: pending.at, reasons: pending.reasons }
}

const toTime = (at: number | null): string | null => (at === null ? null : toIso(at))
