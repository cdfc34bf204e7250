// What campaigns are to decide, and what they decided: one row for each campaign and occurrence, kept with its reason.
//
//   waiting   its time has not come
//   held      its time has come, and a guard lets it wait
//   fired     its event is in the outbox
//   dropped   decided against, for good
import type { Occurrence } from '../../model/occurrence.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

export type CampaignState = 'waiting' | 'held' | 'fired' | 'dropped'

/** Why it is held, or was dropped: for people, and as a word to count by (mapping/campaigns.ts). */
export interface CampaignObjection {
  rule: string
  reason: string
}

/** How often a campaign decided alike on a day of UTC. */
export interface CampaignDay {
  campaign: string
  day: string
  state: 'fired' | 'dropped'
  rule: string | null
  count: number
}

export interface CampaignEntry {
  /** Of the event that it has, or would have. */
  id: string
  campaign: string
  source: string
  email: string
  /** Null where it was asked for by hand. */
  occurrence: Occurrence | null
  occurredAt: Instant
  /** When it was to fire first. */
  plannedAt: Instant
  dueAt: Instant
  state: CampaignState
  reason: string | null
  decidedAt: Instant | null
}

interface Row {
  id: string
  campaign: string
  source: string
  email: string
  occurrence: string | null
  occurred_at: number
  planned_at: number
  due_at: number
  state: CampaignState
  reason: string | null
  decided_at: number | null
}

export class Campaigns extends Table {
  readonly #insert = this.database.prepare(`
    INSERT INTO campaign_entries (id, campaign, source, email, customer_id, occurrence, occurred_at, planned_at, due_at, state)
    VALUES (@id, @campaign, @source, @email, @customerId, @occurrence, @occurredAt, @dueAt, @dueAt, 'waiting') ON CONFLICT (id) DO NOTHING`)

  /** False if this campaign knows this occurrence already. */
  enlist(
    entry: Pick<
      CampaignEntry,
      'id' | 'campaign' | 'source' | 'email' | 'occurrence' | 'occurredAt' | 'dueAt'
    >,
  ): boolean {
    const occurrence = entry.occurrence === null ? null : JSON.stringify(entry.occurrence)
    const customerId = entry.occurrence?.customerId ?? null
    return this.#insert.run({ ...entry, customerId, occurrence }).changes > 0
  }

  readonly #due = this.database.prepare<[string, number, number], Row>(`
    SELECT * FROM campaign_entries WHERE source = ? AND state IN ('waiting', 'held') AND due_at <= ? ORDER BY due_at, id LIMIT ?`)

  due(source: string, now: Instant, limit: number): CampaignEntry[] {
    return this.#due.all(source, now, limit).map((row) => toEntry(row))
  }

  readonly #select = this.database.prepare<[string], Row>('SELECT * FROM campaign_entries WHERE id = ?')

  find(id: string): CampaignEntry | null {
    const row = this.#select.get(id)
    return row === undefined ? null : toEntry(row)
  }

  readonly #nextDue = this.database.prepare<[string], { at: number | null }>(
    "SELECT min(due_at) AS at FROM campaign_entries WHERE source = ? AND state IN ('waiting', 'held')",
  )

  /** When the next is to be decided; null if none is. */
  nextDueAt(source: string): Instant | null {
    return this.#nextDue.get(source)?.at ?? null
  }

  readonly #hold = this.database.prepare(
    "UPDATE campaign_entries SET state = 'held', rule = ?, reason = ?, due_at = ? WHERE id = ?",
  )

  hold(id: string, { rule, reason }: CampaignObjection, until: Instant): void {
    this.#hold.run(rule, reason, until, id)
  }

  readonly #capDue = this.database.prepare(`
    UPDATE campaign_entries SET due_at = @now WHERE source = @source AND due_at > planned_at
      AND ((state = 'waiting' AND due_at > @now + @postponed) OR (state = 'held' AND due_at > @now + @held))`)

  /**
   * What was postponed for longer than that was postponed by a clock that was wrong: it is due now. `postponed` for what could not
   * be asked, `held` for what a guard holds.
   */
  capDue(source: string, now: Instant, longest: { postponed: Instant; held: Instant }): void {
    this.#capDue.run({ source, now, ...longest })
  }

  readonly #postpone = this.database.prepare('UPDATE campaign_entries SET due_at = ? WHERE id = ?')

  /** What has to be asked can't be asked now. */
  postpone(id: string, until: Instant): void {
    this.#postpone.run(until, id)
  }

  // Of what is decided, only what explains it is kept.
  readonly #close = this.database.prepare(`
    UPDATE campaign_entries SET state = ?, rule = ?, reason = ?, decided_at = ?, email = ?, occurrence = NULL WHERE id = ?`)

  /** `why`: null where it fired. */
  close(
    id: string,
    state: 'fired' | 'dropped',
    why: CampaignObjection | null,
    email: string,
    now: Instant,
  ): void {
    this.#close.run(state, why?.rule ?? null, why?.reason ?? null, now, email, id)
  }

  readonly #lastFired = this.database.prepare<[string, string], { at: number | null }>(
    "SELECT max(decided_at) AS at FROM campaign_entries WHERE campaign = ? AND email = ? AND state = 'fired'",
  )

  lastFiredAt(campaign: string, email: string): Instant | null {
    return this.#lastFired.get(campaign, email)?.at ?? null
  }

  readonly #lastFiredOf = this.database.prepare<[string, string, string], { at: number | null }>(`
    SELECT max(decided_at) AS at FROM campaign_entries
    WHERE campaign = ? AND source = ? AND state = 'fired' AND customer_id IN (SELECT value FROM json_each(?))`)

  /** For any of these customers, whatever address they had then. */
  lastFiredOf(campaign: string, source: string, customers: readonly string[]): Instant | null {
    return this.#lastFiredOf.get(campaign, source, JSON.stringify(customers))?.at ?? null
  }

  readonly #firedSince = this.database.prepare<[string, number], { n: number }>(
    "SELECT count(*) AS n FROM campaign_entries WHERE campaign = ? AND state = 'fired' AND decided_at > ?",
  )

  firedSince(campaign: string, since: Instant): number {
    return this.#firedSince.get(campaign, since)?.n ?? 0
  }

  readonly #of = this.database.prepare<[string, string], Row>(
    'SELECT * FROM campaign_entries WHERE campaign = ? AND email = ? ORDER BY occurred_at DESC LIMIT 50',
  )

  /** The newest first. */
  of(campaign: string, email: string): CampaignEntry[] {
    return this.#of.all(campaign, email).map((row) => toEntry(row))
  }

  readonly #ofContact = this.database.prepare<[string], Row>(
    'SELECT * FROM campaign_entries WHERE email = ? ORDER BY occurred_at DESC LIMIT 200',
  )

  /** Of all campaigns, the newest first. */
  ofContact(email: string): CampaignEntry[] {
    return this.#ofContact.all(email).map((row) => toEntry(row))
  }

  readonly #counts = this.database.prepare<[], { campaign: string; state: CampaignState; n: number }>(
    'SELECT campaign, state, count(*) AS n FROM campaign_entries GROUP BY campaign, state',
  )

  counts(): Record<string, Partial<Record<CampaignState, number>>> {
    const found: Record<string, Partial<Record<CampaignState, number>>> = {}
    for (const { campaign, state, n } of this.#counts.all()) (found[campaign] ??= {})[state] = n
    return found
  }

  readonly #days = this.database.prepare<[number], CampaignDay>(`
    SELECT campaign, date(decided_at / 1000000, 'unixepoch') AS day, state, rule, count(*) AS count
    FROM campaign_entries WHERE decided_at >= ? GROUP BY 1, 2, 3, 4 ORDER BY 2`)

  /** What was decided since then, day by day. */
  days(since: Instant): CampaignDay[] {
    return this.#days.all(since)
  }

  readonly #held = this.database.prepare<[], { campaign: string; rule: string | null; n: number }>(
    "SELECT campaign, rule, count(*) AS n FROM campaign_entries WHERE state = 'held' GROUP BY 1, 2",
  )

  /** What is held now, by what holds it. */
  held(): { campaign: string; rule: string | null; count: number }[] {
    return this.#held.all().map(({ campaign, rule, n }) => ({ campaign, rule, count: n }))
  }

  // What was sent is the contact's, whoever it was about: a cooldown counts for the contact as well as for the person.
  readonly #readdress = this.database.prepare(`
    UPDATE campaign_entries SET email = @to WHERE email = @from
      AND (coalesce(customer_id, '') NOT IN (SELECT value FROM json_each(@others))
        OR (state = 'fired' AND NOT EXISTS (
          SELECT 1 FROM outbox_events e
          WHERE e.event_id = campaign_entries.id AND e.state NOT IN ('sent', 'skipped'))))`)

  /** The contact has another address now: what it got counts on. */
  readdress(from: string, to: string, others: readonly string[]): void {
    this.#readdress.run({ from, to, others: JSON.stringify(others) })
  }

  // What fired is with its event: a cooldown counts where that goes.
  readonly #readdressOf = this.database.prepare(`
    UPDATE campaign_entries SET email = @to WHERE email = @from
      AND customer_id IN (SELECT value FROM json_each(@customers))
      AND (state IN ('waiting', 'held')
        OR (state = 'fired' AND id IN (SELECT event_id FROM outbox_events WHERE email = @to)))`)

  /** These customers went on before their contact came here. To be called after the events were. */
  readdressOf(customers: readonly string[], from: string, to: string): void {
    this.#readdressOf.run({ from, to, customers: JSON.stringify(customers) })
  }

  readonly #release = this.database.prepare(
    "UPDATE campaign_entries SET due_at = 0 WHERE campaign = ? AND state = 'held'",
  )

  /** What was held is looked at again. */
  release(campaign: string): void {
    this.#release.run(campaign)
  }

  readonly #prune = this.database.prepare(
    "DELETE FROM campaign_entries WHERE state IN ('fired', 'dropped') AND decided_at < ? AND occurred_at < ?",
  )

  prune(before: Instant): void {
    this.#prune.run(before, before)
  }
}

function toEntry(row: Row): CampaignEntry {
  return {
    id: row.id,
    campaign: row.campaign,
    source: row.source,
    email: row.email,
    occurrence: row.occurrence === null ? null : (JSON.parse(row.occurrence) as Occurrence),
    occurredAt: row.occurred_at,
    plannedAt: row.planned_at,
    dueAt: row.due_at,
    state: row.state,
    reason: row.reason,
    decidedAt: row.decided_at,
  }
}
