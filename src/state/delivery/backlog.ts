// What is still to be delivered, and when: over the outboxes and what was set aside.
import { FAR_FUTURE, type Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

/** Everything that is planned for a time. */
const PLANNED = [
  ['outbox_contacts', 'due_at'],
  ['outbox_events', 'due_at'],
  ['dead_letters', 'retry_at'],
] as const

export class Backlog extends Table {
  readonly #openContacts = this.database.prepare<[], { n: number }>(`
    SELECT count(*) AS n FROM outbox_contacts o
    WHERE o.again = 0 AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.kind = 'contact' AND d.key = o.email)`)

  readonly #openEvents = this.database.prepare<[], { n: number }>(`
    SELECT count(*) AS n FROM outbox_events e WHERE e.state IN ('pending', 'sending')
      AND NOT EXISTS (SELECT 1 FROM outbox_events u WHERE u.email = e.email AND u.state = 'uncertain')
      AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.kind = 'contact' AND d.key = e.email)`)

  /** What waits for something that was set aside or is in doubt does not count. */
  undelivered(): { contacts: number; events: number } {
    return { contacts: this.#openContacts.get()?.n ?? 0, events: this.#openEvents.get()?.n ?? 0 }
  }

  readonly #oldestEvent = this.database.prepare<[], { at: number | null }>(
    "SELECT min(occurred_at) AS at FROM outbox_events WHERE state = 'pending'",
  )

  /** When the oldest event happened that is to be sent; null if none is. */
  oldestEventAt(): Instant | null {
    return this.#oldestEvent.get()?.at ?? null
  }

  readonly #nextDue = this.database.prepare<[number, number], { at: number | null }>(`
    SELECT min(at) AS at FROM (
      SELECT min(due_at) AS at FROM outbox_contacts WHERE due_at > ? AND again = 0
      UNION ALL SELECT min(due_at) FROM outbox_events WHERE state = 'pending' AND due_at > ?)`)

  /** When the next postponed delivery is due; null if none is. */
  nextDueAfter(now: Instant): Instant | null {
    return this.#nextDue.get(now, now)?.at ?? null
  }

  readonly #nextAgain = this.database.prepare<[], { at: number | null }>(
    'SELECT min(due_at) AS at FROM outbox_contacts WHERE again = 1',
  )

  /** When a contact is written once more next; null if none is. */
  nextAgainAt(): Instant | null {
    return this.#nextAgain.get()?.at ?? null
  }

  readonly #nextLook = this.database.prepare<[], { at: number | null }>(
    "SELECT min(due_at) AS at FROM outbox_events WHERE state = 'uncertain'",
  )

  /** When the next look for an event in doubt is due; null if none is in doubt. */
  nextLookAt(): Instant | null {
    return this.#nextLook.get()?.at ?? null
  }

  readonly #shift = PLANNED.map(([table, column]) =>
    this.database.prepare(
      `UPDATE ${table} SET ${column} = ${column} + @by WHERE ${column} > 0 AND ${column} < @far`,
    ),
  )

  /** The wall clock was set: what was planned stays as far away as it was. */
  shiftDue(by: Instant): void {
    for (const statement of this.#shift) statement.run({ by, far: FAR_FUTURE })
  }

  readonly #hurryWrites = this.database.prepare(`
    UPDATE outbox_contacts SET due_at = @now WHERE due_at > @latest
      AND NOT EXISTS (SELECT 1 FROM dead_letters d WHERE d.kind = 'contact' AND d.key = outbox_contacts.email)`)

  readonly #capContacts = this.database.prepare(
    'UPDATE outbox_contacts SET due_at = @now WHERE due_at > @latest AND due_at < @far',
  )

  readonly #capEvents = this.database.prepare(
    'UPDATE outbox_events SET due_at = @now WHERE due_at > @latest AND due_at < @far',
  )

  /** What is in an outbox for later than it can be was planned by a clock that was wrong: it is due now. */
  capDue(latest: { write: Instant; refused: Instant; event: Instant }, now: Instant): void {
    this.#hurryWrites.run({ latest: latest.write, now })
    this.#capContacts.run({ latest: latest.refused, now, far: FAR_FUTURE })
    this.#capEvents.run({ latest: latest.event, now, far: FAR_FUTURE })
  }
}
