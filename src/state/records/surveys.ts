// Satisfaction surveys as last read. What the customer wrote is not kept: it goes into the event, if there is one.
import type { ProfileSurvey } from '../../model/profile.ts'
import type { SatisfactionSurvey } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

export interface StoredSurvey {
  id: string
  ticket_id: string | null
  customer_id: string | null
  score: number | null
  sent_at: Instant | null
  scored_at: Instant | null
}

export class Surveys extends Table {
  readonly #select = this.database.prepare<[string, string], StoredSurvey>(
    'SELECT * FROM surveys WHERE source = ? AND id = ?',
  )

  readonly #upsert = this.database.prepare(`
    INSERT INTO surveys (source, id, ticket_id, customer_id, score, created_at, sent_at, scored_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (source, id) DO UPDATE SET ticket_id = excluded.ticket_id, customer_id = excluded.customer_id,
      score = excluded.score, created_at = excluded.created_at, sent_at = excluded.sent_at, scored_at = excluded.scored_at`)

  /** Stores the reading; what was there before, and whether anything in the reading is new. */
  put(source: string, survey: SatisfactionSurvey): { before: StoredSurvey | null; changed: boolean } {
    const before = this.#select.get(source, survey.id) ?? null
    const { id, ticketId, customerId, score, createdAt, sentAt, scoredAt } = survey
    const changed = before === null || !isSame(before, survey)
    if (changed) this.#upsert.run(source, id, ticketId, customerId, score, createdAt, sentAt, scoredAt)
    return { before, changed }
  }

  /** True if nothing in the reading is new. */
  isSame(source: string, survey: SatisfactionSurvey): boolean {
    const before = this.#select.get(source, survey.id)
    return before !== undefined && isSame(before, survey)
  }

  readonly #unknown = this.database.prepare<[string, string, number], { customer_id: string }>(`
    SELECT DISTINCT s.customer_id FROM surveys s WHERE s.source = ? AND s.score IS NOT NULL AND s.customer_id > ?
      AND NOT EXISTS (SELECT 1 FROM customers c WHERE c.source = s.source AND c.id = s.customer_id)
    ORDER BY s.customer_id LIMIT ?`)

  /** Customers that surveys name and nothing else is known of, in the order of their ids, those after `after`. */
  unknownCustomers(source: string, after: string, limit: number): string[] {
    return this.#unknown.all(source, after, limit).map((row) => row.customer_id)
  }

  readonly #remove = this.database.prepare('DELETE FROM surveys WHERE source = ? AND id = ?')

  remove(source: string, id: string): void {
    this.#remove.run(source, id)
  }

  readonly #removeOfTicket = this.database.prepare('DELETE FROM surveys WHERE source = ? AND ticket_id = ?')

  removeOfTicket(source: string, ticketId: string): void {
    this.#removeOfTicket.run(source, ticketId)
  }

  customerOf(source: string, id: string): string | null {
    return this.#select.get(source, id)?.customer_id ?? null
  }

  readonly #scoredOf = this.database.prepare<
    [string, string],
    { id: string; ticket_id: string | null; score: number; scored_at: number }
  >(
    'SELECT id, ticket_id, score, scored_at FROM surveys INDEXED BY surveys_customer WHERE source = ? AND customer_id = ? AND score IS NOT NULL',
  )

  scoredOf(source: string, customerIds: readonly string[]): ProfileSurvey[] {
    return customerIds.flatMap((customerId) =>
      this.#scoredOf
        .all(source, customerId)
        .map((row) => ({ id: row.id, ticketId: row.ticket_id, score: row.score, scoredAt: row.scored_at })),
    )
  }

  readonly #scoreOf = this.database.prepare<[string, string], { score: number }>(
    'SELECT score FROM surveys WHERE source = ? AND ticket_id = ? AND score IS NOT NULL ORDER BY scored_at DESC LIMIT 1',
  )

  /** The score that a ticket's survey was given. */
  scoreOf(source: string, ticketId: string): number | null {
    return this.#scoreOf.get(source, ticketId)?.score ?? null
  }

  readonly #count = this.database.prepare<[string], { n: number }>(
    'SELECT count(*) AS n FROM surveys WHERE source = ? AND score IS NOT NULL',
  )

  countScored(source: string): number {
    return this.#count.get(source)?.n ?? 0
  }
}

function isSame(before: StoredSurvey, survey: SatisfactionSurvey): boolean {
  return (
    before.score === survey.score &&
    before.scored_at === survey.scoredAt &&
    before.sent_at === survey.sentAt &&
    before.customer_id === survey.customerId &&
    before.ticket_id === survey.ticketId
  )
}
