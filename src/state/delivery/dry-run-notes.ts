// What a trial run on a copy of the state found and decided: noted before, read after.
import type { Instant } from '../../model/time.ts'
import type { CampaignState } from './campaign-entries.ts'
import { Table } from '../db/table.ts'
import type { EventState } from './outbox-events.ts'

export interface TriedEvent {
  eventId: string
  name: string
  email: string
  occurredAt: Instant
  state: EventState
  reason: string | null
}

export interface TriedCampaign {
  id: string
  campaign: string
  email: string
  occurredAt: Instant
  dueAt: Instant
  state: CampaignState
  reason: string | null
}

export interface ContactCounts {
  /** Addresses of live customers. */
  live: number
  /** Of those, the ones that are no contact in Brevo: the shop's own, set aside, deleted there, or not to be made. */
  withoutContact: number
  withoutEmail: number
}

interface EventRow {
  event_id: string
  name: string
  email: string
  occurred_at: number
  state: EventState
  reason: string | null
}

interface CampaignRow {
  id: string
  campaign: string
  email: string
  occurred_at: number
  due_at: number
  state: CampaignState
  reason: string | null
}

export class Trial extends Table {
  /** Called before the trial. */
  begin(): void {
    this.database.exec(`
        CREATE TEMP TABLE known_events AS SELECT event_id FROM outbox_events WHERE state IN ('sent', 'skipped', 'refused', 'parked');
        CREATE UNIQUE INDEX temp.known_events_id ON known_events (event_id);
        CREATE TEMP TABLE known_entries AS SELECT id FROM campaign_entries WHERE state IN ('fired', 'dropped');
        CREATE UNIQUE INDEX temp.known_entries_id ON known_entries (id);`)
  }

  /** Events that are open after the trial, or that it dealt with. */
  events(): TriedEvent[] {
    return this.database
      .prepare<[], EventRow>(
        `SELECT event_id, name, email, occurred_at, state, reason FROM outbox_events e
           WHERE NOT EXISTS (SELECT 1 FROM known_events k WHERE k.event_id = e.event_id) ORDER BY seq`,
      )
      .all()
      .map((row) => ({
        eventId: row.event_id,
        name: row.name,
        email: row.email,
        occurredAt: row.occurred_at,
        state: row.state,
        reason: row.reason,
      }))
  }

  /** The same of what campaigns decide. */
  campaigns(): TriedCampaign[] {
    return this.database
      .prepare<[], CampaignRow>(
        `SELECT id, campaign, email, occurred_at, due_at, state, reason FROM campaign_entries e
           WHERE NOT EXISTS (SELECT 1 FROM known_entries k WHERE k.id = e.id) ORDER BY due_at, id`,
      )
      .all()
      .map((row) => ({
        id: row.id,
        campaign: row.campaign,
        email: row.email,
        occurredAt: row.occurred_at,
        dueAt: row.due_at,
        state: row.state,
        reason: row.reason,
      }))
  }

  contacts(): ContactCounts {
    const row = this.database
      .prepare<[], { live: number; without_contact: number; without_email: number }>(
        `WITH live AS (SELECT DISTINCT email FROM customers WHERE email IS NOT NULL AND deleted = 0 AND merged_into IS NULL)
           SELECT (SELECT count(*) FROM live) AS live,
             (SELECT count(*) FROM live WHERE NOT EXISTS (SELECT 1 FROM contacts c WHERE c.email = live.email AND c.present = 1))
               AS without_contact,
             (SELECT count(*) FROM customers WHERE email IS NULL AND deleted = 0 AND merged_into IS NULL) AS without_email`,
      )
      .get()!
    return { live: row.live, withoutContact: row.without_contact, withoutEmail: row.without_email }
  }
}
