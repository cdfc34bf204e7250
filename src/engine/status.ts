// What the state says of a connector, while a daemon runs or not.
import type { ConnectorConfig } from '../config/config.ts'
import { STREAMS } from '../model/records.ts'
import { withoutPassword } from '../lib/net/address.ts'
import { latenessOf } from '../sources/supports.ts'
import { toIso } from '../model/time.ts'
import { type PendingConfig, readPending } from '../state/reading/applied-config.ts'
import { BREVO, readPauses } from './pauses.ts'
import { readTroubles } from './troubles.ts'
import { readFreshness, type StreamsSubject } from './streams.ts'
import type { ConnectorStatus } from '../state/connector-status.ts'
import type { Store } from '../state/store.ts'
import { lastReconciledAt } from '../sync/read/reconcile.ts'
import { attributeKey, readObjective } from '../state/reading/objectives.ts'
import { type FeedGap, META } from '../state/meta.ts'

export type { ConnectorStatus } from '../state/connector-status.ts'

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
