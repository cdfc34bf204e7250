// The records of many addresses at once: a few queries for hundreds of them, where `recordsOf` asks for each. What both give is the
// same (test/state/many-records.test.ts).
import {
  type ContactRecords,
  firstResponseAt,
  type ProfileSurvey,
  type ProfileTicket,
} from '../../model/profile.ts'
import { type CustomerRow, toProfileCustomer } from './customers.ts'
import { Table } from '../db/table.ts'
import { Sessions } from './sessions.ts'
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

export class ManyRecords extends Table {
  readonly #customers = this.database.prepare<[string, string], CustomerRow & { email: string }>(`
    SELECT c.* FROM json_each(?) e CROSS JOIN customers c INDEXED BY customers_email ON c.email = e.value
    WHERE c.source = ? AND c.deleted = 0 AND c.merged_into IS NULL ORDER BY c.id`)

  /** By address; empty for whoever is not known. */
  of(source: string, emails: readonly string[]): Map<string, ContactRecords> {
    const live = group(this.#customers.all(JSON.stringify(emails), source), (one) => one.email)
    const ids = [...live.values()].flat().map((one) => one.id)
    const mergedInto = this.#findMerged(source, ids)
    const all = [...ids, ...[...mergedInto.values()].flat()]
    const ticketsOf = this.#findTickets(source, all)
    const surveysOf = this.#findSurveys(source, all)
    return new Map(
      emails.map((email): [string, ContactRecords] => {
        const owners = live.get(email) ?? []
        const known = owners.map(({ id }) => id)
        for (const id of known)
          known.push(...(mergedInto.get(id) ?? []).filter((one) => !known.includes(one)))
        return [
          email,
          {
            email,
            customers: owners.map((row) => toProfileCustomer(row)),
            tickets: known.flatMap((id) => ticketsOf.get(id) ?? []),
            surveys: known.flatMap((id) => surveysOf.get(id) ?? []),
          },
        ]
      }),
    )
  }

  readonly #tickets = this.database.prepare<[string, string], TicketRow & { customer_id: string }>(`
    SELECT t.customer_id, ${PROFILE_COLUMNS}
    FROM json_each(?) e CROSS JOIN tickets t INDEXED BY tickets_customer ON t.source = ? AND t.customer_id = e.value
    WHERE ${COUNTED}`)

  readonly #messages = this.database.prepare<[string, string], Message>(`
    SELECT m.ticket_id, m.author, m.created_at AS createdAt FROM json_each(?) e
    CROSS JOIN messages m ON m.source = ? AND m.ticket_id = e.value`)

  readonly #sessions = new Sessions(this.database)

  /** By customer. */
  #findTickets(source: string, customers: readonly string[]): Map<string, ProfileTicket[]> {
    const rows = this.#tickets.all(JSON.stringify(customers), source)
    const ids = JSON.stringify(rows.map((one) => one.id))
    const saidOf = group(this.#messages.all(ids, source), (one) => one.ticket_id)
    const sessionsOf = this.#sessions.ofMany(
      source,
      rows.map((one) => one.id),
    )
    const toTicket = (row: TicketRow): ProfileTicket => {
      const said = saidOf.get(row.id)
      const saidAt = said === undefined ? null : firstResponseAt(said)
      return toProfileTicket(row, saidAt, sessionsOf.get(row.id) ?? [])
    }
    return mapValues(
      group(rows, (one) => one.customer_id),
      toTicket,
    )
  }

  readonly #surveys = this.database.prepare<[string, string], Survey>(`
    SELECT s.id, s.ticket_id, s.customer_id, s.score, s.scored_at FROM json_each(?) e
    CROSS JOIN surveys s INDEXED BY surveys_customer ON s.source = ? AND s.customer_id = e.value WHERE s.score IS NOT NULL`)

  /** By customer. */
  #findSurveys(source: string, customers: readonly string[]): Map<string, ProfileSurvey[]> {
    const rows = this.#surveys.all(JSON.stringify(customers), source)
    return mapValues(
      group(rows, (one) => one.customer_id),
      ({ id, ticket_id, score, scored_at }) => ({ id, ticketId: ticket_id, score, scoredAt: scored_at }),
    )
  }

  readonly #merged = this.database.prepare<[string, string], { id: string; merged_into: string }>(`
    SELECT c.id, c.merged_into FROM json_each(?) e CROSS JOIN customers c INDEXED BY customers_merged
      ON c.source = ? AND c.merged_into = e.value WHERE c.merged_into IS NOT NULL`)

  /** Survivor → those that were merged into it, and into them. */
  #findMerged(source: string, ids: readonly string[]): Map<string, string[]> {
    const found = new Map<string, string[]>()
    const seen = new Set(ids)
    for (let next = [...ids]; next.length > 0;) {
      const rows = this.#merged.all(JSON.stringify(next), source).filter((row) => !seen.has(row.id))
      for (const row of rows) {
        seen.add(row.id)
        found.set(row.merged_into, [...(found.get(row.merged_into) ?? []), row.id])
      }
      next = rows.map((row) => row.id)
    }
    return found
  }
}

const mapValues = <T, U>(groups: Map<string, T[]>, toValue: (one: T) => U): Map<string, U[]> =>
  new Map([...groups].map(([key, list]) => [key, list.map((one) => toValue(one))]))

function group<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) {
    const list = groups.get(key(row))
    if (list === undefined) groups.set(key(row), [row])
    else list.push(row)
  }
  return groups
}
