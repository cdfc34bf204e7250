// The records of many addresses at once: a few queries for hundreds of them, where `recordsOf` asks for each. What both give is the
// same (test/state/many-records.test.ts).
import {
  type ContactRecords,
  firstResponseAt,
  type ProfileSurvey,
  type ProfileTicket,
} from '../../model/profile.ts'
import { type CustomerRow, toProfileCustomer } from './customers.ts'
import type { Database } from '../db/sqlite.ts'
import { COUNTED, PROFILE_COLUMNS, type TicketRow, toProfileTicket } from './tickets.ts'

interface Message {
  ticket_id: string
  author: string
  createdAt: number
}
interface Survey {
  id: string
  ticket_id: string | null
  customer_id: string
  score: number
  scored_at: number
}

export function createManyRecords(database: Database) {
  const customers = database.prepare<[string, string], CustomerRow & { email: string }>(`
    SELECT c.* FROM json_each(?) e CROSS JOIN customers c INDEXED BY customers_email ON c.email = e.value
    WHERE c.source = ? AND c.deleted = 0 AND c.merged_into IS NULL ORDER BY c.id`)
  const merged = database.prepare<[string, string], { id: string; merged_into: string }>(`
    SELECT c.id, c.merged_into FROM json_each(?) e CROSS JOIN customers c INDEXED BY customers_merged
      ON c.source = ? AND c.merged_into = e.value WHERE c.merged_into IS NOT NULL`)
  const tickets = database.prepare<[string, string], TicketRow & { customer_id: string }>(`
    SELECT t.customer_id, ${PROFILE_COLUMNS}
    FROM json_each(?) e CROSS JOIN tickets t INDEXED BY tickets_customer ON t.source = ? AND t.customer_id = e.value
    WHERE ${COUNTED}`)
  const messages = database.prepare<[string, string], Message>(`
    SELECT m.ticket_id, m.author, m.created_at AS createdAt FROM json_each(?) e
    CROSS JOIN messages m ON m.source = ? AND m.ticket_id = e.value`)
  const surveys = database.prepare<[string, string], Survey>(`
    SELECT s.id, s.ticket_id, s.customer_id, s.score, s.scored_at FROM json_each(?) e
    CROSS JOIN surveys s INDEXED BY surveys_customer ON s.source = ? AND s.customer_id = e.value WHERE s.score IS NOT NULL`)

  return (source: string, emails: readonly string[]): Map<string, ContactRecords> => {
    const live = group(customers.all(JSON.stringify(emails), source), (one) => one.email)
    const ids = [...live.values()].flat().map((one) => one.id)
    const mergedInto = findMerged(source, ids)
    const all = JSON.stringify([...ids, ...[...mergedInto.values()].flat()])
    const ticketRows = tickets.all(all, source)
    const responses = new Map<string, number | null>()
    const byTicket = group(
      messages.all(JSON.stringify(ticketRows.map((one) => one.id)), source),
      (one) => one.ticket_id,
    )
    for (const [id, list] of byTicket) responses.set(id, firstResponseAt(list))
    const ticketsOf = group(ticketRows, (one) => one.customer_id)
    const surveysOf = group(surveys.all(all, source), (one) => one.customer_id)

    return new Map(
      emails.map((email): [string, ContactRecords] => {
        const owners = live.get(email) ?? []
        const known = owners.flatMap(({ id }) => [id])
        for (const id of known)
          known.push(...(mergedInto.get(id) ?? []).filter((one) => !known.includes(one)))
        return [
          email,
          {
            email,
            customers: owners.map((row) => toProfileCustomer(row)),
            tickets: known.flatMap((id) =>
              (ticketsOf.get(id) ?? []).map((row): ProfileTicket =>
                toProfileTicket(row, responses.get(row.id) ?? null),
              ),
            ),
            surveys: known.flatMap((id) =>
              (surveysOf.get(id) ?? []).map((row): ProfileSurvey => ({
                id: row.id,
                ticketId: row.ticket_id,
                score: row.score,
                scoredAt: row.scored_at,
              })),
            ),
          },
        ]
      }),
    )
  }

  /** Survivor → those that were merged into it, and into them. */
  function findMerged(source: string, ids: readonly string[]): Map<string, string[]> {
    const found = new Map<string, string[]>()
    const seen = new Set(ids)
    for (let next = [...ids]; next.length > 0;) {
      const rows = merged.all(JSON.stringify(next), source).filter((row) => !seen.has(row.id))
      for (const row of rows) {
        seen.add(row.id)
        found.set(row.merged_into, [...(found.get(row.merged_into) ?? []), row.id])
      }
      next = rows.map((row) => row.id)
    }
    return found
  }
}

function group<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const list = groups.get(key(row))
    if (list === undefined) groups.set(key(row), [row])
    else list.push(row)
  }
  return groups
}
