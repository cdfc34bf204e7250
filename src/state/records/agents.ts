// The shop's own people: who they are, since when they are not there any more, and what they did when.
import type { Agent, AgentState } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import { Table } from '../db/table.ts'

export interface CurrentState {
  id: string
  name: string | null
  /** Null: nothing is known of it. */
  state: AgentState['state'] | null
  reason: string | null
  since: Instant | null
}

export class Agents extends Table {
  readonly #upsert = this.database.prepare(`
    INSERT INTO agents (source, id, name, email) VALUES (?, ?, ?, ?)
    ON CONFLICT (source, id) DO UPDATE SET name = excluded.name, email = excluded.email, left_at = NULL`)

  put(source: string, { id, name, email }: Agent): void {
    this.#upsert.run(source, id, name, email)
  }

  readonly #leave = this.database.prepare<[number, string, string]>(`
    UPDATE agents SET left_at = ? WHERE source = ? AND left_at IS NULL AND id NOT IN (SELECT value FROM json_each(?))`)

  /** All that the helpdesk lists: the others are not there any more. */
  noteListed(source: string, ids: readonly string[], now: Instant): void {
    this.#leave.run(now, source, JSON.stringify(ids))
  }

  readonly #insertState = this.database.prepare(`
    INSERT INTO agent_states (source, agent_id, at, id, state, reason) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)

  putState(source: string, { agentId, at, id, state, reason }: AgentState): void {
    this.#insertState.run(source, agentId, at, id, state, reason)
  }

  readonly #has = this.database.prepare<[string, string, number, string], { one: number }>(
    'SELECT 1 AS one FROM agent_states WHERE source = ? AND agent_id = ? AND at = ? AND id = ?',
  )

  isKnown(source: string, { agentId, at, id }: AgentState): boolean {
    return this.#has.get(source, agentId, at, id) !== undefined
  }

  readonly #current = this.database.prepare<[string], CurrentState>(`
    SELECT a.id, a.name, s.state, s.reason, s.at AS since FROM agents a
    LEFT JOIN agent_states s ON s.source = a.source AND s.agent_id = a.id AND (s.at, s.id) =
      (SELECT at, id FROM agent_states WHERE source = a.source AND agent_id = a.id ORDER BY at DESC, id DESC LIMIT 1)
    WHERE a.source = ? AND a.left_at IS NULL ORDER BY a.name, a.id`)

  /** Of everybody who is there. */
  current(source: string): CurrentState[] {
    return this.#current.all(source)
  }

  readonly #prune = this.database.prepare('DELETE FROM agent_states WHERE source = ? AND at < ?')

  pruneStates(source: string, before: Instant): void {
    this.#prune.run(source, before)
  }
}
