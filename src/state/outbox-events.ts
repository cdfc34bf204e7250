// The outbox for events: each is fixed when it happens and sent once. Its id stays for ever, so that the same occurrence,
// read again, is known; its payload goes when Brevo has taken it.
//
//   staged    found in a run that is still reading; not sent before the run knows what happened earlier
//   pending   to be sent, after everything earlier of the same contact
//   sending   on its way: recorded before it leaves
//   sent      taken by Brevo
//   refused   Brevo will not have it
import type { EventWrite } from '../model/operations.ts'
import type { Instant } from '../model/time.ts'
import type { Database } from './database.ts'

export interface DueEvent {
  event: EventWrite
  attempts: number
}

interface Row {
  event_id: string
  payload: string
  attempts: number
}

export function createOutboxEvents(database: Database) {
  const insert = database.prepare(`
    INSERT INTO outbox_events (event_id, email, name, occurred_at, payload, state) VALUES (?, ?, ?, ?, ?, 'staged')
    ON CONFLICT (event_id) DO NOTHING`)
  const release = database.prepare("UPDATE outbox_events SET state = 'pending' WHERE state = 'staged'")
  // Waits for its contact, unless Brevo has that contact already and only an attribute of it is refused;
  // and for whatever of the same contact happened before.
  const due = database.prepare<[number, number], Row>(`
    SELECT e.event_id, e.payload, e.attempts FROM outbox_events e
    WHERE e.state = 'pending' AND e.due_at <= ?
      AND EXISTS (SELECT 1 FROM contacts c WHERE c.email = e.email AND c.present = 1)
      AND NOT EXISTS (SELECT 1 FROM outbox_contacts o WHERE o.email = e.email AND o.attempts = 0)
      AND NOT EXISTS (
        SELECT 1 FROM outbox_events p WHERE p.email = e.email AND p.state IN ('pending', 'sending')
          AND (p.occurred_at < e.occurred_at OR (p.occurred_at = e.occurred_at AND p.seq < e.seq)))
    ORDER BY e.occurred_at, e.seq LIMIT ?`)
  const setState = database.prepare('UPDATE outbox_events SET state = ? WHERE event_id = ?')
  const setSent = database.prepare(
    "UPDATE outbox_events SET state = 'sent', payload = NULL, sent_at = ? WHERE event_id = ?",
  )
  const postpone = database.prepare(
    "UPDATE outbox_events SET state = 'pending', attempts = attempts + 1, due_at = ? WHERE event_id = ?",
  )
  const recover = database.prepare("UPDATE outbox_events SET state = 'pending' WHERE state = 'sending'")
  const openOf = database.prepare<[string], { event_id: string }>(
    "SELECT event_id FROM outbox_events WHERE email = ? AND state IN ('staged', 'pending', 'sending')",
  )
  const counts = database.prepare<[], { state: string; n: number }>(
    'SELECT state, count(*) AS n FROM outbox_events GROUP BY state',
  )

  return {
    /** False if this occurrence is known already. */
    stage(event: EventWrite, occurredAt: Instant): boolean {
      return insert.run(event.eventId, event.email, event.name, occurredAt, JSON.stringify(event)).changes > 0
    },
    /** The run has read everything: what it found may be sent, in the order that it happened. */
    release(): void {
      release.run()
    },
    due: (now: Instant, limit: number): DueEvent[] =>
      due
        .all(now, limit)
        .map((row) => ({ event: JSON.parse(row.payload) as EventWrite, attempts: row.attempts })),
    startSending(eventId: string): void {
      setState.run('sending', eventId)
    },
    finish(eventId: string, now: Instant): void {
      setSent.run(now, eventId)
    },
    refuse(eventId: string): void {
      setState.run('refused', eventId)
    },
    postpone(eventId: string, until: Instant): void {
      postpone.run(until, eventId)
    },
    /** After a crash: what was on its way is sent again; its id lets a repetition be seen in Brevo. */
    recover: (): number => recover.run().changes,
    /** What is still to be sent to a contact. */
    openOf: (email: string): string[] => openOf.all(email).map((row) => row.event_id),
    counts(): Record<string, number> {
      return Object.fromEntries(counts.all().map((row) => [row.state, row.n]))
    },
  }
}
