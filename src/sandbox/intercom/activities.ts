// What admins did, and what was deleted, as Intercom lists it (gladly-intercom-api.md § B.3, B.4).
import type { FastifyReply } from 'fastify'

import type { Fake } from '../helpdesk.ts'
import type { World, WorldAgentState } from '../shop/world.ts'
import { toSeconds } from './people.ts'

type Refuse = (reply: FastifyReply, status: number, code: string, message: string) => FastifyReply

const MOST_DELETED = 60

/** The newest first; the next page is an address. */
export function installActivities({ server }: Fake, world: World, refuse: Refuse): void {
  server.get('/admins/activity_logs', (request, reply) => {
    const query = request.query as Record<string, string | undefined>
    const after = Number(query['created_at_after'])
    if (!Number.isInteger(after) || after < 1)
      return refuse(reply, 400, 'parameter_not_found', 'created_at_after is required')
    const perPage = 20
    const page = Number(query['page'] ?? 1)
    if (!Number.isInteger(page) || page < 1) return refuse(reply, 400, 'parameter_invalid', 'page is no page')
    const found = world.agentStates.filter((one) => toSeconds(one.at) >= after).toReversed()
    const next = `https://api.intercom.io/admins/activity_logs?created_at_after=${after}&page=${page + 1}`
    return reply.send({
      type: 'activity_log.list',
      pages: {
        type: 'pages',
        next: page * perPage < found.length ? next : null,
        page,
        per_page: perPage,
        total_pages: Math.ceil(found.length / perPage),
      },
      activity_logs: found.slice((page - 1) * perPage, page * perPage).map((one) => toActivity(world, one)),
    })
  })
}

const TYPES = { online: 'admin_login_success', offline: 'admin_logout' } as const

function toActivity(world: World, { id, user, state, reason, at }: WorldAgentState) {
  const admin = world.users.find((one) => one.id === user)
  const [activity_type, metadata] =
    state === 'online' || state === 'offline'
      ? [TYPES[state], {}]
      : state === 'away'
        ? ['admin_away_mode_change', { away_mode: true, away_status_reason: reason, auto_changed: 'false' }]
        : ['admin_occupancy_state_change', { previous_state: null, new_state: state }]
  return {
    id: `activity-${id}`,
    performed_by: { type: 'admin', id: String(user), email: admin?.email ?? null, ip: '127.0.0.1' },
    metadata,
    created_at: toSeconds(at),
    activity_type,
    activity_description: 'What somebody did.',
  }
}

export function installDeleted({ server }: Fake, world: World, refuse: Refuse): void {
  server.get('/conversations/deleted', (request, reply) => {
    const query = request.query as Record<string, string | undefined>
    const [page, perPage] = [Number(query['page'] ?? 1), Number(query['per_page'] ?? 20)]
    if (!(perPage >= 1 && perPage <= MOST_DELETED) || !(page >= 1))
      return refuse(reply, 400, 'parameter_invalid', 'page or per_page is out of bounds')
    const direction = query['order'] === 'asc' ? 1 : -1
    const found = world.deletedTickets.toSorted((a, b) => direction * (a.id - b.id))
    return reply.send({
      type: 'conversations.list',
      conversations: found.slice((page - 1) * perPage, page * perPage).map(({ id, at }) => ({
        type: 'conversation',
        id: String(id),
        deleted_at: toSeconds(at),
        metrics_retained: true,
      })),
      total_count: found.length,
      pages: { type: 'pages', page, per_page: perPage, total_pages: Math.ceil(found.length / perPage) },
    })
  })
}
