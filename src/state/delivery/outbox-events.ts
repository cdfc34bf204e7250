// The outbox for events: each is fixed when it happens and sent once. Its id stays, so that the same occurrence, read again,
// is known; its payload goes some days after Brevo has taken it (`retention.payloads`), what a customer wrote at once.
//
//   found      found by a reading in the background; joins the next live run
//   staged     found in a run that is still reading; not sent before the run knows what happened earlier
//   pending    to be sent, after everything earlier of the same contact
//   sending    on its way: recorded before it leaves
//   uncertain  it left and no answer came: looked for in Brevo before anything else is done (outbox/verify-events.ts)
//   sent       taken by Brevo
//   parked     in doubt for good; a person decides (`when_uncertain: never_twice`)
//   refused    Brevo will not have it
//   skipped    not sent on purpose: there is no contact to send it to
import type { EventWrite } from '../../model/operations.ts'
import type { Instant } from '../../model/time.ts'
import { isMoving } from './moves.ts'
import { Table } from '../db/table.ts'

export const EVENT_STATES = [
  'found',
  'staged',
  'pending',
  'sending',
  'uncertain',
  'sent',
  'parked',
  'refused',
  'skipped',
] as const
export type EventState = (typeof EVENT_STATES)[number]

export interface DueEvent {
  event: EventWrite
  attempts: number
}

/** An event that may or may not have arrived. */
export interface UncertainEvent {
  eventId: string
  name: string
  occurredAt: Instant
  /** When it left; null where that is not known (a restored backup). */
  sendingAt: Instant | null
  /** How often it was looked for and not found. */
  looks: number
}

/** For the audit: what the ledger says of one event. */
export interface LedgerEvent {
  eventId: string
  name: string
  occurredAt: Instant
  sentAt: Instant
}

interface Row {
  event_id: string
  payload: string
  attempts: number
}

interface UncertainRow {
  event_id: string
  name: string
  occurred_at: number
  sending_at: number | null
  looks: number
}

/** Sent, or not sent on purpose: what a customer wrote is not kept. A merge patch takes away whatever it names as null. */
const WITHOUT_SAID = `json_patch(json_remove(payload, '$.properties.comment'), coalesce((
  SELECT json_object('properties', json_group_object(value, NULL), 'contactProperties', json_group_object(value, NULL))
  FROM json_each(payload, '$.said') HAVING count(*) > 0), '{}'))`

export class OutboxEvents extends Table {
  readonly #insert = this.database.prepare(`
    INSERT INTO outbox_events (source, event_id, email, name, occurred_at, payload, state) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (event_id) DO NOTHING`)

  /** False if this occurrence is known already. `source`: the connector whose reading found it, and will release it. */
  stage(source: string, event: EventWrite, occurredAt: Instant, live: boolean): boolean {
    const { eventId, email, name } = event
    const state: EventState = live ? 'staged' : 'found'
    return (
      this.#insert.run(source, eventId, email, name, occurredAt, JSON.stringify(event), state).changes > 0
    )
  }

  /** Not found by a run, but decided: it may go at once, or after a look in Brevo. */
  stageReady(source: string, event: EventWrite, occurredAt: Instant, isUnsure: boolean): void {
    const { eventId, email, name } = event
    const state: EventState = isUnsure ? 'uncertain' : 'pending'
    this.#insert.run(source, eventId, email, name, occurredAt, JSON.stringify(event), state)
  }

  readonly #insertSkipped = this.database.prepare(`
    INSERT INTO outbox_events (source, event_id, email, name, occurred_at, payload, state, reason)
    SELECT ?, ?, ?, ?, ?, ${WITHOUT_SAID}, 'skipped', ? FROM (SELECT ? AS payload) WHERE true
    ON CONFLICT (event_id) DO NOTHING`)

  /** Known and not sent, on purpose; what a customer wrote is not kept. */
  stageSkipped(source: string, event: EventWrite, occurredAt: Instant, reason: string): void {
    const { eventId, email, name } = event
    this.#insertSkipped.run(source, eventId, email, name, occurredAt, reason, JSON.stringify(event))
  }

  readonly #join = this.database.prepare(
    "UPDATE outbox_events SET state = 'staged' WHERE state = 'found' AND source = ?",
  )

  /** A live run of a connector begins: what was found beside the last one is sent with what it finds. */
  join(source: string): void {
    this.#join.run(source)
  }

  // What happened before the state was restored may have been sent by the state that was lost.
  readonly #release = this.database.prepare(`
    UPDATE outbox_events SET state = CASE WHEN occurred_at <= @verifyUntil THEN 'uncertain' ELSE 'pending' END
    WHERE state = 'staged' AND source = @source AND occurred_at <= @horizon`)

  /**
   * The connector's run has read everything that happened there up to `horizon`: that may be sent, in the order that it happened. What
   * happened up to `verifyUntil` is looked for in Brevo before.
   */
  release(source: string, horizon: Instant, verifyUntil: Instant): void {
    this.#release.run({ source, horizon, verifyUntil })
  }

  // Waits for its contact, unless Brevo has that contact already and only an attribute of it is refused; and for whatever of the
  // same contact happened before. What another connector has not released yet holds nobody up: it may be stopped.
  readonly #due = this.database.prepare<[number, number], Row>(`
    SELECT e.event_id, e.payload, e.attempts FROM outbox_events e
    WHERE e.state = 'pending' AND e.due_at <= ?
      AND EXISTS (SELECT 1 FROM contacts c WHERE c.email = e.email AND c.present = 1)
      AND NOT EXISTS (SELECT 1 FROM outbox_contacts o WHERE o.email = e.email AND o.attempts = 0 AND o.again = 0)
      AND NOT ${isMoving('e.email')}
      AND NOT EXISTS (
        SELECT 1 FROM outbox_events p WHERE p.email = e.email AND p.state IN ('found', 'staged', 'pending', 'sending', 'uncertain')
          AND (p.source = e.source OR p.state NOT IN ('found', 'staged'))
          AND (p.occurred_at < e.occurred_at OR (p.occurred_at = e.occurred_at AND p.seq < e.seq)))
    ORDER BY e.occurred_at, e.seq LIMIT ?`)

  due(now: Instant, limit: number): DueEvent[] {
    return this.#due
      .all(now, limit)
      .map((row) => ({ event: JSON.parse(row.payload) as EventWrite, attempts: row.attempts }))
  }

  readonly #setSending = this.database.prepare(
    "UPDATE outbox_events SET state = 'sending', sending_at = ?, looks = 0 WHERE event_id = ?",
  )

  /** To be committed before the event leaves. */
  startSending(eventId: string, now: Instant): void {
    this.#setSending.run(now, eventId)
  }

  readonly #setSent = this.database.prepare(
    `UPDATE outbox_events SET state = 'sent', payload = ${WITHOUT_SAID}, sent_at = ? WHERE event_id = ?`,
  )

  finish(eventId: string, now: Instant): void {
    this.#setSent.run(now, eventId)
  }

  readonly #setState = this.database.prepare('UPDATE outbox_events SET state = ? WHERE event_id = ?')

  refuse(eventId: string): void {
    this.#setState.run('refused', eventId)
  }

  readonly #setSkipped = this.database.prepare(
    `UPDATE outbox_events SET state = 'skipped', payload = ${WITHOUT_SAID} WHERE event_id = ?`,
  )

  skip(eventId: string): void {
    this.#setSkipped.run(eventId)
  }

  readonly #retry = this.database.prepare(`
    UPDATE outbox_events SET state = 'pending', attempts = 0, due_at = 0
    WHERE event_id = ? AND state IN ('refused', 'parked', 'skipped') AND payload IS NOT NULL`)

  /** A refused or parked one is sent after all; false if there is none such. */
  retry(eventId: string): boolean {
    return this.#retry.run(eventId).changes > 0
  }

  readonly #stay = this.database.prepare(
    "UPDATE outbox_events SET state = 'pending' WHERE event_id = ? AND state = 'sending'",
  )

  /** It certainly did not arrive: sent again at `until`. */
  /** It did not leave after all. */
  stay(eventId: string): void {
    this.#stay.run(eventId)
  }

  readonly #postpone = this.database.prepare(
    "UPDATE outbox_events SET state = 'pending', attempts = attempts + 1, due_at = ? WHERE event_id = ?",
  )

  postpone(eventId: string, until: Instant): void {
    this.#postpone.run(until, eventId)
  }

  readonly #setUncertain = this.database.prepare(
    "UPDATE outbox_events SET state = 'uncertain', looks = ?, due_at = ? WHERE event_id = ?",
  )

  /** It may have arrived: looked for at `lookAt`, after `looks` looks that found nothing. */
  doubt(eventId: string, looks: number, lookAt: Instant): void {
    this.#setUncertain.run(looks, lookAt, eventId)
  }

  readonly #uncertain = this.database.prepare<[number, number], UncertainRow>(`
    SELECT event_id, name, occurred_at, sending_at, looks FROM outbox_events
    WHERE state = 'uncertain' AND due_at <= ? ORDER BY due_at LIMIT ?`)

  /** Events in doubt whose next look is due. */
  uncertain(now: Instant, limit: number): UncertainEvent[] {
    return this.#uncertain.all(now, limit).map((row) => ({
      eventId: row.event_id,
      name: row.name,
      occurredAt: row.occurred_at,
      sendingAt: row.sending_at,
      looks: row.looks,
    }))
  }

  readonly #setConfirmed = this.database.prepare(`
    UPDATE outbox_events SET state = 'sent', payload = ${WITHOUT_SAID}, sent_at = coalesce(sending_at, @now), confirmed_at = @now
    WHERE event_id = @eventId`)

  /** It was found in Brevo. */
  confirm(eventId: string, now: Instant): void {
    this.#setConfirmed.run({ eventId, now })
  }

  /** Nobody can say whether it arrived, and it must not be sent twice. */
  park(eventId: string): void {
    this.#setState.run('parked', eventId)
  }

  readonly #recover = this.database.prepare(
    "UPDATE outbox_events SET state = 'uncertain', looks = 0, due_at = min(coalesce(sending_at, 0), @now) + @verifyAfter WHERE state = 'sending'",
  )

  /** After a crash: what was on its way is in doubt, and looked for `verifyAfter` after it left. */
  recover(now: Instant, verifyAfter: Instant): number {
    return this.#recover.run({ now, verifyAfter }).changes
  }

  readonly #doubtUnsent = this.database.prepare(`
    UPDATE outbox_events SET state = 'uncertain', looks = 0, due_at = 0, sending_at = NULL
    WHERE state IN ('found', 'staged', 'pending', 'sending', 'uncertain')`)

  /** After a restored backup nothing unsent is what it seems: the state that was lost may have sent it. */
  doubtAllUnsent(): number {
    return this.#doubtUnsent.run().changes
  }

  readonly #readdress = this.database.prepare(`
    UPDATE outbox_events SET email = @to, payload = json_set(payload, '$.email', @to)
    WHERE email = @from AND payload IS NOT NULL
      AND coalesce(payload ->> '$.properties.customer_id', '') NOT IN (SELECT value FROM json_each(@others))`)

  /** The contact has another address now. */
  readdress(from: string, to: string, others: readonly string[]): void {
    this.#readdress.run({ from, to, others: JSON.stringify(others) })
  }

  readonly #readdressOf = this.database.prepare(`
    UPDATE outbox_events SET email = @to, payload = json_set(payload, '$.email', @to)
    WHERE email = @from AND payload IS NOT NULL AND state IN ('found', 'staged', 'pending')
      AND payload ->> '$.properties.customer_id' IN (SELECT value FROM json_each(@customers))`)

  /** These customers went on before their contact came here: nothing of theirs was sent to it. */
  readdressOf(customers: readonly string[], from: string, to: string): void {
    this.#readdressOf.run({ from, to, customers: JSON.stringify(customers) })
  }

  readonly #prunePayloads = this.database.prepare(
    "UPDATE outbox_events SET payload = NULL WHERE state = 'sent' AND payload IS NOT NULL AND sent_at < ?",
  )

  /** Forgets what was in the events that were sent before. */
  prunePayloads(before: Instant): void {
    this.#prunePayloads.run(before)
  }

  // An occurrence that old is not staged any more (sync/ingest/ingest.ts).
  readonly #prune = this.database.prepare(
    "DELETE FROM outbox_events WHERE state IN ('sent', 'skipped') AND coalesce(sent_at, 0) < ? AND occurred_at < ?",
  )

  /** Forgets what was sent before: what happened then is never staged again. */
  prune(before: Instant): void {
    this.#prune.run(before, before)
  }

  readonly #select = this.database.prepare<
    [string],
    { email: string; name: string; state: EventState; occurred_at: number }
  >('SELECT email, name, state, occurred_at FROM outbox_events WHERE event_id = ?')

  has(eventId: string): boolean {
    return this.#select.get(eventId) !== undefined
  }

  find(eventId: string): { email: string; name: string; state: EventState; occurredAt: Instant } | null {
    const row = this.#select.get(eventId)
    if (row === undefined) return null
    return { email: row.email, name: row.name, state: row.state, occurredAt: row.occurred_at }
  }

  readonly #openOf = this.database.prepare<[string], { event_id: string }>(
    "SELECT event_id FROM outbox_events WHERE email = ? AND state IN ('found', 'staged', 'pending', 'sending', 'uncertain')",
  )

  /** What is still to be sent to a contact. */
  openOf(email: string): string[] {
    return this.#openOf.all(email).map((row) => row.event_id)
  }

  readonly #counts = this.database.prepare<[], { state: EventState; n: number }>(
    'SELECT state, count(*) AS n FROM outbox_events GROUP BY state',
  )

  readonly #countsOf = this.database.prepare<[string], { state: EventState; n: number }>(
    'SELECT state, count(*) AS n FROM outbox_events WHERE source = ? GROUP BY state',
  )

  /** Of one connector, or of all. */
  counts(source?: string): Partial<Record<EventState, number>> {
    const rows = source === undefined ? this.#counts.all() : this.#countsOf.all(source)
    return Object.fromEntries(rows.map((row) => [row.state, row.n]))
  }

  readonly #sentBetween = this.database.prepare<
    [number, number],
    { event_id: string; name: string; occurred_at: number; sent_at: number }
  >(`
    SELECT event_id, name, occurred_at, sent_at FROM outbox_events
    WHERE state = 'sent' AND sent_at >= ? AND sent_at < ? ORDER BY sent_at`)

  /** What Brevo took in this span of time. */
  sentBetween(from: Instant, to: Instant): LedgerEvent[] {
    return this.#sentBetween.all(from, to).map((row) => ({
      eventId: row.event_id,
      name: row.name,
      occurredAt: row.occurred_at,
      sentAt: row.sent_at,
    }))
  }
}
