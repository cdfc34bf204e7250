// Intercom's log of what admins did → what each of them is doing from then on; nothing else of it is kept, no address and no IP
// (gladly-intercom-api.md § B.4).
import type { AgentState } from '../../model/records.ts'
import { type Json, toId, toObject, toText } from './client.ts'
import { InvalidItem, requireId, requireInstant } from './items.ts'

/** Null: nothing about where somebody is. */
export function toAgentState(item: Json): AgentState | null {
  const metadata = toObject(item['metadata']) ?? {}
  const found = readState(toText(item['activity_type']) ?? '', metadata)
  if (found === null) return null
  const agentId = toId(toObject(item['performed_by'])?.['id'])
  if (agentId === null) throw new InvalidItem('it names no admin')
  return {
    kind: 'agent_state',
    id: requireId(item),
    agentId,
    at: requireInstant(item, 'created_at'),
    ...found,
  }
}

function readState(type: string, metadata: Json): Pick<AgentState, 'state' | 'reason'> | null {
  switch (type) {
    case 'admin_login_success':
      return { state: 'online', reason: null }
    case 'admin_logout':
      return { state: 'offline', reason: null }
    case 'admin_away_mode_change':
      return metadata['away_mode'] === true
        ? { state: 'away', reason: toText(metadata['away_status_reason']) }
        : { state: 'online', reason: null }
    case 'admin_occupancy_state_change': {
      const state = metadata['new_state']
      return state === 'idle' || state === 'occupied' ? { state, reason: null } : null
    }
    default:
      return null
  }
}
