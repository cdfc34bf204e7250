// What was changed through the console, by whom: the audit log. Nothing of a shop's customers stands in it.
import { fromMs, type Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

export const CONSOLE_ACTIONS = [
  'sign_in',
  'sync',
  'accept_removals',
  'letters.retry',
  'letters.drop',
  'campaign.pause',
  'campaign.resume',
  'config.approve',
  'config.write',
] as const
export type ConsoleAction = (typeof CONSOLE_ACTIONS)[number]

export interface ConsoleEntry {
  id: number
  at: Instant
  /** The name of the token. */
  who: string
  /** Its id. */
  token: string
  action: ConsoleAction
  /** To what: names of connectors and campaigns, ids of dead letters, a digest of a text. */
  what: string
}

const KEPT = fromMs(400 * 24 * 3_600_000)

export class ConsoleLog extends Table {
  readonly #insert = this.database.prepare(
    'INSERT INTO console_log (at, who, token, action, what) VALUES (@at, @who, @token, @action, @what)',
  )

  readonly #prune = this.database.prepare('DELETE FROM console_log WHERE at < ?')

  add(entry: Omit<ConsoleEntry, 'id'>): void {
    this.#prune.run(entry.at - KEPT)
    this.#insert.run(entry)
  }

  readonly #last = this.database.prepare<[number], ConsoleEntry>(
    'SELECT id, at, who, token, action, what FROM console_log ORDER BY id DESC LIMIT ?',
  )

  /** The newest first. */
  last(count: number): ConsoleEntry[] {
    return this.#last.all(count)
  }
}
