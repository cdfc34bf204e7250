// Satisfaction surveys as last read. What the customer wrote is not kept: it goes into the event, if there is one.
import type { ProfileSurvey } from '../../model/profile.ts'
import type { SatisfactionSurvey } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'

export interface StoredSurvey {
  id: string
  ticket_id: string | null
  customer_id: string | null
  score: number | null
  sent_at: Instant | null
  scored_at: Instant | null
}

export function createSurveys(database: Database) {
  const select = database.prepare<[string, string], StoredSurvey>(
    'SELECT * FROM surveys WHERE source = ? AND id = ?',
  )
  const upsert = database.prepare(`
    INSERT INTO surveys (source, id, ticket_id, customer_id, score, created_at, sent_at, scored_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (source, id) DO UPDATE SET ticket_id = excluded.ticket_id, customer_id = excluded.customer_id,
      score = excluded.score, created_at = excluded.created_at, sent_at = excluded.sent_at, scored_at = excluded.scored_at`)
  const unknown = database.prepare<[string, string, number], { customer_id: string }>(`
    SELECT DISTINCT s.customer_id FROM surveys s WHERE s.source = ? AND s.score IS NOT NULL AND s.customer_id > ?
      AND NOT EXISTS (SELECT 1 FROM customers c WHERE c.source = s.source AND c.id = s.customer_id)
    ORDER BY s.customer_id LIMIT ?`)
  const remove = database.prepare('DELETE FROM surveys WHERE source = ? AND id = ?')
  const removeOfTicket = database.prepare('DELETE FROM surveys WHERE source = ? AND ticket_id = ?')
  const scoredOf = database.prepare<
    [string, string],
    { id: string; ticket_id: string | null; score: number; scored_at: number }
  >(
    'SELECT id, ticket_id, score, scored_at FROM surveys INDEXED BY surveys_customer WHERE source = ? AND customer_id = ? AND score IS NOT NULL',
  )
  const scoreOf = database.prepare<[string, string], { score: number }>(
    'SELECT score FROM surveys WHERE source = ? AND ticket_id = ? AND score IS NOT NULL ORDER BY scored_at DESC LIMIT 1',
  )
  const count = database.prepare<[string], { n: number }>(
    'SELECT count(*) AS n FROM surveys WHERE source = ? AND score IS NOT NULL',
  )

  return {
    /** Stores the reading; what was there before, and whether anything in the reading is new. */
    put(source: string, survey: SatisfactionSurvey): { before: StoredSurvey | null; changed: boolean } {
      const before = select.get(source, survey.id) ?? null
      const { id, ticketId, customerId, score, createdAt, sentAt, scoredAt } = survey
      const changed = before === null || !isSame(before, survey)
      if (changed) upsert.run(source, id, ticketId, customerId, score, createdAt, sentAt, scoredAt)
      return { before, changed }
    },

    /** True if nothing in the reading is new. */
    isSame(source: string, survey: SatisfactionSurvey): boolean {
      const before = select.get(source, survey.id)
      return before !== undefined && isSame(before, survey)
    },

    /** Customers that surveys name and nothing else is known of, in the order of their ids, those after `after`. */
    unknownCustomers: (source: string, after: string, limit: number): string[] =>
      unknown.all(source, after, limit).map((row) => row.customer_id),

    remove(source: string, id: string): void {
      remove.run(source, id)
    },

    removeOfTicket(source: string, ticketId: string): void {
      removeOfTicket.run(source, ticketId)
    },

    customerOf: (source: string, id: string): string | null => select.get(source, id)?.customer_id ?? null,

    scoredOf: (source: string, customerIds: readonly string[]): ProfileSurvey[] =>
      customerIds.flatMap((customerId) =>
        scoredOf
          .all(source, customerId)
          .map((row) => ({ id: row.id, ticketId: row.ticket_id, score: row.score, scoredAt: row.scored_at })),
      ),

    /** The score that a ticket's survey was given. */
    scoreOf: (source: string, ticketId: string): number | null =>
      scoreOf.get(source, ticketId)?.score ?? null,

    countScored: (source: string): number => count.get(source)?.n ?? 0,
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
