// A plan: what a sync would do, as data. Its shape is documented (docs/json.md) and has a schema (schema/plan.schema.json).
import type { ContactChange, ContactWrites } from './picture.ts'
import type { TriedCampaign, TriedEvent } from '../state/delivery/dry-run-notes.ts'

export const PLAN_VERSION = 1

export interface EventCounts {
  send: number
  /** Recorded, and waiting: for something earlier of the contact, for an answer in doubt, for a campaign's time. */
  hold: number
  too_old: number
  /** Their condition (`when`) was not met. */
  not_met: number
}

export interface Plan {
  version: typeof PLAN_VERSION
  /** ISO 8601. */
  made_at: string
  /** The file that it was made with; `sha256` of its text. */
  config: { file: string; sha256: string }
  connectors: string[]
  /** Only so many customers were looked at; null: all. */
  sample: number | null
  contacts: { create: number; update: number; unchanged: number; skipped: number }
  /** By id of the list. */
  lists: Record<string, { name: string; add: number; remove: number }>
  /** Attribute → in how many contacts it changes. */
  attributes: Record<string, number>
  events: Record<string, EventCounts>
  campaigns: Record<string, { fire: number; hold: number; drop: number }>
  /** What the sync will ask of both sides. */
  requests: { source: number; brevo: number }
  /** How long that takes at their limits. */
  seconds: number
  /** A guard that would stop the sync. */
  guard: { would_remove: number; limit: number } | null
  /** Everything could be foreseen; false where something is still undelivered at the end. */
  complete: boolean
  warnings: string[]
  samples: PlannedContact[]
  held: PlannedEvent[]
}

export interface PlannedContact {
  email: string
  change: 'create' | 'update'
  renamed_from: string | null
  /** It gets no e-mails from then on: its person was blocked under another address. */
  blocked: boolean
  /** `from`: the connectors whose records a value is from; only in samples, and where there are several. */
  attributes: Record<string, { old: unknown; new: unknown; from?: string[] }>
  lists: { add: number[]; remove: number[] }
}

/** An event or a campaign that does not fire, or not now. */
export interface PlannedEvent {
  event_id: string
  name: string
  campaign: string | null
  email: string
  /** When it happened; ISO 8601. */
  at: string
  state: 'hold' | 'too_old' | 'not_met' | 'drop'
  reason: string
}

/** What `tajo plan --out` writes and `tajo apply` reads: the plan, and all of it. */
export interface PlanFile extends Plan {
  accept_removals: boolean
  changes: PlannedContact[]
  /** What is sent of each contact, whether Brevo holds it already or not. */
  writes: ContactWrites[]
  sends: { event_id: string; name: string; email: string }[]
}

export function toPlannedContact(change: ContactChange): PlannedContact {
  return {
    email: change.email,
    change: change.created ? 'create' : 'update',
    renamed_from: change.renamedFrom,
    blocked: change.blocked,
    attributes: change.attributes,
    lists: change.lists,
  }
}

const AGE = /max_age/

export function stateOf({ state, reason }: TriedEvent): PlannedEvent['state'] | 'send' {
  if (state === 'sent') return 'send'
  if (state === 'skipped') return reason !== null && AGE.test(reason) ? 'too_old' : 'not_met'
  return state === 'refused' ? 'drop' : 'hold'
}

export function stateOfCampaign({ state }: TriedCampaign): 'fire' | 'hold' | 'drop' {
  return state === 'fired' ? 'fire' : state === 'dropped' ? 'drop' : 'hold'
}
