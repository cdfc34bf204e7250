// Customers whose address changed in the helpdesk. Their contact in Brevo is to follow, instead of a second one being made; and
// what it said no to follows in any case. A row for each customer, with the address where the contact is.
import type { HeldContact } from '../../model/destination.ts'
import type { OptOut } from '../../model/operations.ts'
import { Table } from '../db/table.ts'

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

const SELECT = `SELECT m.*, c.email, ${IS_LIVE} AS live FROM ${MOVES}`
const KEY = 'source = @source AND customer_id = @customerId AND before = @from'

const keyOf = ({ source, customerId, from }: Move) => ({ source, customerId, from })

export class Moves extends Table {
  // Where the contact is still to follow from an earlier address, it was never at this one.
  readonly #insert = this.database.prepare(`
    INSERT INTO moves (source, customer_id, before) SELECT @source, @customerId, @from
    WHERE NOT EXISTS (
      SELECT 1 FROM moves WHERE source = @source AND customer_id = @customerId AND target IS NOT @from)
    ON CONFLICT DO NOTHING`)

  /** A customer does not have this address any more. False: their contact never came there from an earlier one. */
  put(source: string, customerId: string, from: string): boolean {
    return this.#insert.run({ source, customerId, from }).changes > 0
  }

  readonly #all = this.database.prepare<[], Row>(`${SELECT} ORDER BY m.source, m.customer_id, m.before`)

  all(): Move[] {
    return this.#all.all().map((row) => toMove(row))
  }

  readonly #one = this.database.prepare<[{ source: string; customerId: string; from: string }], Row>(
    `${SELECT} WHERE m.source = @source AND m.customer_id = @customerId AND m.before = @from`,
  )

  /** As it is now; null: settled. */
  find(move: Move): Move | null {
    const row = this.#one.get(keyOf(move))
    return row === undefined ? null : toMove(row)
  }

  /** The other addresses of whoever has this one, while a change is under way. */
  linked(email: string): string[] {
    const found = new Set([email])
    for (const known of found) for (const other of this.at(known).flatMap(addressesOf)) found.add(other)
    found.delete(email)
    return [...found]
  }

  readonly #note = this.database.prepare(`UPDATE moves SET looked = @looked WHERE ${KEY}`)

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
    this.#note.run({ ...keyOf(move), looked: JSON.stringify(now) })
  }

  readonly #begin = this.database.prepare(`UPDATE moves SET target = @target WHERE ${KEY}`)

  /** To be committed before the address is changed in Brevo; null: it was not. */
  begin(move: Move, target: string | null): void {
    this.#begin.run({ ...keyOf(move), target })
  }

  readonly #remove = this.database.prepare(`DELETE FROM moves WHERE ${KEY}`)

  remove(move: Move): void {
    this.#remove.run(keyOf(move))
  }

  readonly #concerning = this.database.prepare<[{ email: string }], Row>(`
    ${SELECT} WHERE m.before = @email UNION ${SELECT} WHERE m.target = @email
    UNION SELECT m.*, c.email, ${IS_LIVE} AS live FROM customers c JOIN moves m ON m.source = c.source AND m.customer_id = c.id
    WHERE c.email = @email`)

  /** Those that leave an address, or go to it. */
  at(email: string): Move[] {
    return this.#concerning.all({ email }).map((row) => toMove(row))
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
