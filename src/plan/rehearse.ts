// A plan is a rehearsal: the real engine, on a copy of the state, against the real helpdesk and a Brevo that only pretends to
// take what is written. So it says what a sync does, because it is what a sync does.
import { createHash } from 'node:crypto'

import { type PretendedBrevo, pretendBrevo } from '../brevo/pretend.ts'
import type { Config } from '../config/config.ts'
import { type Engine, type EngineOptions, openEngine, type Ports, type SyncReport } from '../engine.ts'
import type { SyncOptions } from '../engine/options.ts'
import { TajoError } from '../lib/errors.ts'
import { toIso } from '../model/time.ts'
import { createScratch } from '../state/scratch.ts'
import { openStoreReadOnly, openStoreScratch, type Store } from '../state/store.ts'
import type { TriedEvent } from '../state/trial.ts'
import {
  type EventCounts,
  type Plan,
  PLAN_VERSION,
  type PlanFile,
  type PlannedEvent,
  stateOf,
  stateOfCampaign,
  toPlannedContact,
} from './plan.ts'

export interface RehearsalOptions {
  connectors: readonly string[]
  /** The text of connectors.yml. */
  text: string
  acceptRemovals: boolean
  /** Customers to look at; null: all. */
  sample: number | null
  /** How many contacts, and how many held events, are shown in the plan. */
  limit: number
  onProgress?: SyncOptions['onProgress']
  /** Others get their turn. */
  pause?: () => Promise<void>
  /** From so many contacts on, those whom only a changed mapping makes due do not go through the outbox one by one. */
  sweepFrom?: number
}

const SWEEP_FROM = 2_000

/** Writes nothing anywhere but into a copy that is thrown away. Throws what a sync would throw. */
export async function rehearse(
  engineOptions: EngineOptions,
  ports: Ports,
  options: RehearsalOptions,
  signal?: AbortSignal,
): Promise<PlanFile> {
  return (
    (await rehearseOnce(engineOptions, ports, options, true, signal)) ??
    (await rehearseOnce(engineOptions, ports, options, false, signal))!
  )
}

/** Null where a sweep can't be told apart from the rest: the guard would hold back what was written already. */
async function rehearseOnce(
  engineOptions: EngineOptions,
  ports: Ports,
  options: RehearsalOptions,
  maySweep: boolean,
  signal?: AbortSignal,
): Promise<PlanFile | null> {
  const scratch = createScratch(engineOptions.stateDir)
  const { config } = engineOptions
  const brevo = pretendBrevo(ports.http, config.brevo.baseUrl)
  try {
    const leaveOthers = maySweep && countContacts(scratch.directory) >= (options.sweepFrom ?? SWEEP_FROM)
    const engine = openEngine(
      { ...engineOptions, stateDir: scratch.directory, sample: options.sample, leaveOthers },
      { ...ports, http: brevo.http, openStore: openStoreScratch },
    )
    try {
      engine.store.trial.begin()
      const given = leaveOthers ? engine.store.contacts.countGiven() : 0
      const reports: SyncReport[] = []
      for (const name of options.connectors)
        reports.push(
          await engine.sync(
            name,
            { patienceMs: 0, acceptRemovals: options.acceptRemovals, onProgress: options.onProgress },
            signal,
          ),
        )
      const swept = await sweep(engine, brevo, config, given, options, signal)
      refuseUnread(brevo)
      if (swept === null) return null
      return toPlanFile(engine, brevo, reports, config, options, swept, ports.clock.now())
    } finally {
      engine.close()
    }
  } finally {
    scratch.remove()
  }
}

/** A plan of a Brevo that was not seen whole would say too little. */
function refuseUnread(brevo: PretendedBrevo): void {
  const failure = brevo.failure()
  if (failure === null) return
  throw new TajoError(
    'brevo_unavailable',
    `What Brevo holds could not be read (${failure}), so there is no plan.`,
    { hint: 'Try again in a moment.' },
  )
}

/** How many contacts Brevo was told of. */
function countContacts(directory: string): number {
  const store = openStoreReadOnly(directory)
  try {
    return store?.contacts.count() ?? 0
  } finally {
    store?.close()
  }
}

interface Swept {
  /** Contacts that would be made, and that the copy of the state does not know to be there. */
  created: number
  guard: { count: number; limit: number } | null
}

/** What a changed mapping writes of those who do not change themselves: the same functions, without the outbox in between. */
async function sweep(
  engine: Engine,
  brevo: PretendedBrevo,
  config: Config,
  given: number,
  options: RehearsalOptions,
  signal?: AbortSignal,
): Promise<Swept | null> {
  let reading = Promise.resolve()
  let isReading = false
  const others = await engine.othersToWrite(async () => {
    if (!isReading) {
      reading = brevo.readAll()
      // Waited for below; until then its failure is nobody's surprise.
      reading.catch(() => undefined)
    }
    isReading = true
    await options.pause?.()
  }, signal)
  await reading
  if (others === null) return { created: 0, guard: null }
  const count = others.reduce((sum, write) => sum + write.removeLists.length, 0)
  const limit = toLimit(config, given, options)
  const isHeld = count > limit
  // What the outbox took away already, the guard would have held back with the rest.
  const taken = brevo.writes().reduce((sum, one) => sum + one.remove.length, 0)
  if (taken > 0 && count + taken > limit) return null
  let created = 0
  for (const write of others) {
    const held = isHeld ? { ...write, removeLists: [] } : write
    if (brevo.writeAt(held, config.delivery.createContacts)) created += 1
  }
  return { created, guard: isHeld ? { count, limit } : null }
}

function toLimit(config: Config, given: number, { acceptRemovals }: RehearsalOptions): number {
  const rule = config.delivery.maxRemovals
  if (acceptRemovals) return Number.POSITIVE_INFINITY
  return 'count' in rule ? rule.count : Math.max(rule.atLeast, Math.floor(given * rule.share))
}

function toPlanFile(
  engine: Engine,
  brevo: PretendedBrevo,
  reports: readonly SyncReport[],
  config: Config,
  options: RehearsalOptions,
  swept: Swept,
  now: number,
): PlanFile {
  const { store } = engine
  const changes = brevo.changes().map((one) => toPlannedContact(one))
  changes.sort((a, b) => (a.email < b.email ? -1 : 1))
  const events = store.trial.events()
  const campaigns = store.trial.campaigns()
  const created = changes.filter((one) => one.change === 'create').length
  const counts = store.trial.contacts()
  const live = new Set(store.customers.liveEmails())
  const changedLive = changes.filter((one) => live.has(one.email)).length
  const held = [...toHeldEvents(events), ...toHeldCampaigns(campaigns)]
  const guard = reports.find((one) => one.heldRemovals !== null)?.heldRemovals ?? swept.guard
  const withoutContact = counts.withoutContact - swept.created
  const undelivered = store.undelivered()
  const byCampaign: Plan['campaigns'] = {}
  for (const one of campaigns)
    (byCampaign[one.campaign] ??= { fire: 0, hold: 0, drop: 0 })[stateOfCampaign(one)] += 1
  const brevoRequests = brevo.requests.contacts + brevo.requests.events + brevo.requests.other
  return {
    version: PLAN_VERSION,
    made_at: new Date(now).toISOString(),
    config: { file: config.file, sha256: fingerprint(options.text) },
    connectors: [...options.connectors],
    // What was read already is looked at as a whole.
    sample: engine.isSampled ? options.sample : null,
    contacts: {
      create: created,
      update: changes.length - created,
      unchanged: Math.max(0, counts.live - withoutContact - changedLive),
      skipped: withoutContact + counts.withoutEmail,
    },
    lists: countLists(changes, store),
    attributes: countAttributes(changes),
    events: countEvents(events, campaigns, config),
    campaigns: byCampaign,
    requests: { source: brevo.requests.source, brevo: brevoRequests },
    seconds: estimateSeconds(config, brevo.requests),
    guard: guard === null ? null : { would_remove: guard.count, limit: guard.limit },
    complete: guard !== null || undelivered.contacts === 0,
    warnings: [...new Set(reports.flatMap((one) => one.warnings))],
    samples: changes.slice(0, options.limit),
    held: held.slice(0, options.limit),
    accept_removals: options.acceptRemovals,
    changes,
    writes: brevo.writes(),
    sends: brevo.events.map(({ eventId, name, email }) => ({ event_id: eventId, name, email })),
  }
}

export function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function countLists(changes: PlanFile['changes'], store: Store): Plan['lists'] {
  const names = store.brevo.listNames()
  const lists: Plan['lists'] = {}
  const entry = (id: number) => (lists[id] ??= { name: names[id] ?? '', add: 0, remove: 0 })
  for (const { lists: changed } of changes) {
    for (const id of changed.add) entry(id).add += 1
    for (const id of changed.remove) entry(id).remove += 1
  }
  return lists
}

function countAttributes(changes: PlanFile['changes']): Plan['attributes'] {
  const counts: Plan['attributes'] = {}
  for (const { attributes } of changes)
    for (const name of Object.keys(attributes)) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

function countEvents(
  events: readonly TriedEvent[],
  campaigns: ReturnType<Store['trial']['campaigns']>,
  config: Config,
): Plan['events'] {
  const counts: Record<string, EventCounts> = {}
  const entry = (name: string): EventCounts => (counts[name] ??= { send: 0, hold: 0, too_old: 0, not_met: 0 })
  for (const one of events) {
    const state = stateOf(one)
    if (state !== 'drop') entry(one.name)[state] += 1
  }
  // A campaign that fires has its event in the outbox already.
  for (const one of campaigns) {
    if (stateOfCampaign(one) !== 'hold') continue
    entry(config.campaigns.find((rule) => rule.name === one.campaign)?.event ?? one.campaign).hold += 1
  }
  return counts
}

const WAITS: Partial<Record<TriedEvent['state'], string>> = {
  found: 'It joins the next run.',
  staged: 'It happened while this was being read; the next run sends it.',
  pending: 'It waits for its contact, or for something earlier of the same contact.',
  sending: 'It is under way just now.',
  uncertain: 'An earlier answer was lost: Brevo is asked for it before it is sent again.',
  parked: 'An answer was lost, and a person has to decide: tajo dead-letters list.',
}

function toHeldEvents(events: readonly TriedEvent[]): PlannedEvent[] {
  return events.flatMap((one): PlannedEvent[] => {
    const state = stateOf(one)
    if (state === 'send') return []
    const reason = one.reason ?? WAITS[one.state] ?? 'It is not sent.'
    return [
      {
        event_id: one.eventId,
        name: one.name,
        campaign: null,
        email: one.email,
        at: toIso(one.occurredAt),
        state,
        reason,
      },
    ]
  })
}

function toHeldCampaigns(campaigns: ReturnType<Store['trial']['campaigns']>): PlannedEvent[] {
  return campaigns.flatMap((one): PlannedEvent[] => {
    const state = stateOfCampaign(one)
    if (state === 'fire') return []
    const reason = one.reason ?? `Its delay ends at ${toIso(one.dueAt)}.`
    return [
      {
        event_id: one.id,
        name: one.campaign,
        campaign: one.campaign,
        email: one.email,
        at: toIso(one.occurredAt),
        state,
        reason,
      },
    ]
  })
}

/** Brevo takes so many a second of contacts, and of events, on its smallest plan (brevo-api.md § 4). */
const BREVO_PER_SECOND = 10

/** Reading and writing follow each other; the first windowful of requests to the helpdesk waits for nothing. */
function estimateSeconds(config: Config, requests: PretendedBrevo['requests']): number {
  const limit = config.connectors[0]?.options['rate_limit'] as
    | { requests: number; per_seconds: number }
    | undefined
  const { requests: burst, per_seconds: seconds } = limit ?? { requests: 40, per_seconds: 20 }
  const reading = Math.max(0, requests.source - burst) * (seconds / burst)
  return Math.ceil(reading + (requests.contacts + requests.events) / BREVO_PER_SECOND)
}
