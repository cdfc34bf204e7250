// Customers whose address changed in the helpdesk. Their contact in Brevo is to follow, instead of a second one being made; and
// what it said no to follows in any case. A row for each customer, with the address where the contact is.
import type { HeldContact } from '../../model/destination.ts'
import type { OptOut } from '../../model/operations.ts'
import type { Database } from '../db/sqlite.ts'

/** What the contact of the former address was when it was looked at. */
export interface Looked extends OptOut {
  /** False: there was none. */
  there: boolean
}

export interface Move {
  source: string
  customerId: string
  from: string
  /** Where the customer is now; null: without an address. */
  to: string | null
  /** False: deleted in the helpdesk, or merged. */
  isLive: boolean
  looked: Looked | null
  /** The address that the contact is being given in Brevo: the request may have left. */
  target: string | null
}

interface Row {
  source: string
  customer_id: string
  before: string
  email: string | null
  live: number
  looked: string | null
  target: string | null
}

const IS_LIVE = 'c.id IS NOT NULL AND c.deleted = 0 AND c.merged_into IS NULL'
const MOVES = 'moves m LEFT JOIN customers c ON c.source = m.source AND c.id = m.customer_id'

/** SQL: while an address is about to be taken or left, nothing is written to it. */
export const isMoving = (column: string): string => `(EXISTS (SELECT 1 FROM moves) AND (
  EXISTS (SELECT 1 FROM moves m WHERE m.target = ${column})
  OR EXISTS (SELECT 1 FROM ${MOVES} WHERE m.before = ${column} AND (m.target IS NOT NULL OR (c.email IS NOT NULL AND ${IS_LIVE})))
  OR EXISTS (SELECT 1 FROM customers c JOIN moves m ON m.source = c.source AND m.customer_id = c.id WHERE c.email = ${column} AND ${IS_LIVE})))`

export function createMoves(database: Database) {
  const select = `SELECT m.*, c.email, ${IS_LIVE} AS live FROM ${MOVES}`
  const all = database.prepare<[], Row>(`${select} ORDER BY m.source, m.customer_id, m.before`)
  const one = database.prepare<[{ source: string; customerId: string; from: string }], Row>(
    `${select} WHERE m.source = @source AND m.customer_id = @customerId AND m.before = @from`,
  )
  const concerning = database.prepare<[{ email: string }], Row>(`
    ${select} WHERE m.before = @email UNION ${select} WHERE m.target = @email
    UNION SELECT m.*, c.email, ${IS_LIVE} AS live FROM customers c JOIN moves m ON m.source = c.source AND m.customer_id = c.id
    WHERE c.email = @email`)
  // Where the contact is still to follow from an earlier address, it was never at this one.
  const insert = database.prepare(`
    INSERT INTO moves (source, customer_id, before) SELECT @source, @customerId, @from
    WHERE NOT EXISTS (
      SELECT 1 FROM moves WHERE source = @source AND customer_id = @customerId AND target IS NOT @from)
    ON CONFLICT DO NOTHING`)
  const KEY = 'source = @source AND customer_id = @customerId AND before = @from'
  const note = database.prepare(`UPDATE moves SET looked = @looked WHERE ${KEY}`)
  const begin = database.prepare(`UPDATE moves SET target = @target WHERE ${KEY}`)
  const remove = database.prepare(`DELETE FROM moves WHERE ${KEY}`)

  const keyOf = ({ source, customerId, from }: Move) => ({ source, customerId, from })
  const at = (email: string): Move[] => concerning.all({ email }).map((row) => toMove(row))

  return {
    /** A customer does not have this address any more. False: their contact never came there from an earlier one. */
    put(source: string, customerId: string, from: string): boolean {
      return insert.run({ source, customerId, from }).changes > 0
    },
    all: (): Move[] => all.all().map((row) => toMove(row)),
    /** Those that leave an address, or go to it. */
    at,
    /** As it is now; null: settled. */
    find(move: Move): Move | null {
      const row = one.get(keyOf(move))
      return row === undefined ? null : toMove(row)
    },
    /** The other addresses of whoever has this one, while a change is under way. */
    linked(email: string): string[] {
      const found = new Set([email])
      for (const known of found) for (const other of at(known).flatMap(addressesOf)) found.add(other)
      found.delete(email)
      return [...found]
    },
    /**
     * What was seen of the contact that is left, and the lists that its person had left before it. Whoever said no at one look
     * has said it.
     */
    note(move: Move, held: HeldContact | null, leftBefore: readonly number[]): void {
      const { looked } = move
      const now: Looked = {
        there: held !== null,
        blocked: held?.blocked === true || looked?.blocked === true,
        left: [...new Set([...(held?.unsubscribed ?? []), ...(looked?.left ?? []), ...leftBefore])],
      }
      note.run({ ...keyOf(move), looked: JSON.stringify(now) })
    },
    /** To be committed before the address is changed in Brevo; null: it was not. */
    begin(move: Move, target: string | null): void {
      begin.run({ ...keyOf(move), target })
    },
    remove(move: Move): void {
      remove.run(keyOf(move))
    },
  }
}

/** Those that a move concerns. */
export function addressesOf({ from, to, target }: Move): string[] {
  return [from, to, target].filter((one) => one !== null)
}

function toMove(row: Row): Move {
  return {
    source: row.source,
    customerId: row.customer_id,
    from: row.before,
    to: row.live === 1 ? row.email : null,
    isLive: row.live === 1,
    looked: row.looked === null ? null : (JSON.parse(row.looked) as Looked),
    target: row.target,
  }
}
