// What a dry run found, as a plan: counts, samples, and what does not fire and why.
import { createHash } from 'node:crypto'

import type { Config } from '../config/config.ts'
import { enabled, type Engine, type SyncReport } from '../engine/engine.ts'
import { explainContact } from '../explain/explain.ts'
import type { SyncOptions } from '../engine/options.ts'
import { toIso } from '../model/time.ts'
import type { Store } from '../state/store.ts'
import type { TriedEvent } from '../state/delivery/dry-run-notes.ts'
import type { Counted, Simulation } from './simulated-destination.ts'
import type { Swept } from './sweep.ts'
import {
  type EventCounts,
  type Plan,
  PLAN_VERSION,
  type PlanFile,
  type PlannedContact,
  type PlannedEvent,
  stateOf,
  stateOfCampaign,
  toPlannedContact,
} from './plan.ts'

export interface DryRunOptions {
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
}

/** What the sync will ask of both sides. */
export interface Requests {
  source: number
  brevo: Counted
}

export function toPlanFile(
  engine: Engine,
  { picture, events: sent }: Simulation,
  requests: Requests,
  reports: readonly SyncReport[],
  config: Config,
  options: DryRunOptions,
  swept: Swept,
  now: number,
): PlanFile {
  const { store } = engine
  const changes = picture.changes().map((one) => toPlannedContact(one))
  changes.sort((a, b) => (a.email < b.email ? -1 : 1))
  const events = store.trial.events()
  const campaigns = store.trial.campaigns()
  const created = changes.filter((one) => one.change === 'create').length
  const counts = store.trial.contacts()
  const live = new Set(store.customers.liveEmails())
  const changedLive = changes.filter((one) => live.has(one.email)).length
  const held = [...toHeldEvents(events), ...toHeldCampaigns(campaigns)]
  const { guard } = swept
  const withoutContact = counts.withoutContact - swept.created
  const undelivered = store.backlog.undelivered()
  const byCampaign: Plan['campaigns'] = {}
  for (const one of campaigns)
    (byCampaign[one.campaign] ??= { fire: 0, hold: 0, drop: 0 })[stateOfCampaign(one)] += 1
  const { contacts: ofContacts, events: ofEvents, other } = requests.brevo
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
    requests: { source: requests.source, brevo: ofContacts + ofEvents + other },
    seconds: estimateSeconds(config, requests),
    guard: guard === null ? null : { would_remove: guard.count, limit: guard.limit },
    complete: guard !== null || undelivered.contacts === 0,
    warnings: [...new Set(reports.flatMap((one) => one.warnings))],
    samples: changes.slice(0, options.limit).map((one) => withOrigins(store, config, one)),
    held: held.slice(0, options.limit),
    accept_removals: options.acceptRemovals,
    changes,
    writes: picture.writes(),
    sends: sent.map(({ eventId, name, email }) => ({ event_id: eventId, name, email })),
  }
}

/** Where there is one connector, everything is from it. */
function withOrigins(store: Store, config: Config, contact: PlannedContact): PlannedContact {
  if (enabled(config).length < 2) return contact
  const explained = explainContact(store, config, contact.email)?.attributes ?? {}
  const attributes = Object.entries(contact.attributes).map(([name, change]) => {
    const from = [...new Set((explained[name]?.from ?? []).map((one) => one.connector))]
    return [name, from.length === 0 ? change : { ...change, from }] as const
  })
  return { ...contact, attributes: Object.fromEntries(attributes) }
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
function estimateSeconds(config: Config, { source, brevo }: Requests): number {
  const reading = secondsAtHelpdesk(config, source)
  return Math.ceil(reading + (brevo.contacts + brevo.events) / BREVO_PER_SECOND)
}

/** At the rate limits of all connectors, which are read beside each other; a first burst costs no time. */
export function secondsAtHelpdesk({ connectors }: Config, requests: number): number {
  const paces = connectors.filter((one) => one.enabled).map((one) => one.pace)
  const burst = paces.reduce((sum, one) => sum + one.requests, 0)
  const perSecond = paces.reduce((sum, one) => sum + one.requests / one.perSeconds, 0)
  return Math.max(1, requests - burst) / perSecond
}
