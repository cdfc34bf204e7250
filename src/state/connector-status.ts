// What is said of a connector: its shape alone, which the SDK shows to its users.
import type { Stream } from '../model/records.ts'
import type { FirstSync, TablesFreshness, Trouble } from './meta.ts'
import type { Objective } from './reading/objectives.ts'

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
