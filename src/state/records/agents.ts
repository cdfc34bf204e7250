// The shop's own people: who they are, since when they are not there any more, and what they did when.
import type { Agent, AgentState } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import type { Database } from '../db/sqlite.ts'

export interface CurrentState {
  id: string
  name: string | null
  /** Null: nothing is known of it. */
  state: AgentState['state'] | null
  reason: string | null
  since: Instant | null
}

export function createAgents(database: Database) {
  const upsert = database.prepare(`
    INSERT INTO agents (source, id, name, email) VALUES (?, ?, ?, ?)
    ON CONFLICT (source, id) DO UPDATE SET name = excluded.name, email = excluded.email, left_at = NULL`)
  const leave = database.prepare<[number, string, string]>(`
    UPDATE agents SET left_at = ? WHERE source = ? AND left_at IS NULL AND id NOT IN (SELECT value FROM json_each(?))`)
  const insertState = database.prepare(`
    INSERT INTO agent_states (source, agent_id, at, id, state, reason) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`)
  const has = database.prepare<[string, string, number, string], { one: number }>(
    'SELECT 1 AS one FROM agent_states WHERE source = ? AND agent_id = ? AND at = ? AND id = ?',
  )
  const current = database.prepare<[string], CurrentState>(`
    SELECT a.id, a.name, s.state, s.reason, s.at AS since FROM agents a
    LEFT JOIN agent_states s ON s.source = a.source AND s.agent_id = a.id AND (s.at, s.id) =
      (SELECT at, id FROM agent_states WHERE source = a.source AND agent_id = a.id ORDER BY at DESC, id DESC LIMIT 1)
    WHERE a.source = ? AND a.left_at IS NULL ORDER BY a.name, a.id`)
  const prune = database.prepare('DELETE FROM agent_states WHERE source = ? AND at < ?')

  return {
    put(source: string, { id, name, email }: Agent): void {
      upsert.run(source, id, name, email)
    },

    /** All that the helpdesk lists: the others are not there any more. */
    noteListed(source: string, ids: readonly string[], now: Instant): void {
      leave.run(now, source, JSON.stringify(ids))
    },

    putState(source: string, { agentId, at, id, state, reason }: AgentState): void {
      insertState.run(source, agentId, at, id, state, reason)
    },

    isKnown: (source: string, { agentId, at, id }: AgentState): boolean =>
      has.get(source, agentId, at, id) !== undefined,

    /** Of everybody who is there. */
    current: (source: string): CurrentState[] => current.all(source),

    pruneStates(source: string, before: Instant): void {
      prune.run(source, before)
    },
  }
}
