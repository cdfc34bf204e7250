// Gorgias's HTTP integrations: made and changed by the API, called when something happens to a ticket (gorgias-api.md § 5). Calls
// may be lost, come twice or in another order; after a hundred failures in a row an integration is switched off.
import type { FastifyInstance } from 'fastify'

import type { Delivery } from '../helpdesk.ts'
import { webhookItem } from './directory-json.ts'
import type { World, WorldEvent, WorldWebhook } from '../shop/world.ts'

const GIVE_UP_AFTER = 100
/** Entries of the feed → the triggers that fire. */
const TRIGGERS: Record<string, string[]> = {
  'ticket-created': ['ticket-created'],
  'ticket-updated': ['ticket-updated'],
  'ticket-closed': ['ticket-status-updated'],
  'ticket-reopened': ['ticket-status-updated'],
  'ticket-assigned': ['ticket-assignment-updated'],
  'ticket-tags-added': ['ticket-updated'],
  'ticket-tags-removed': ['ticket-updated'],
  'ticket-message-created': ['ticket-message-created'],
  'ticket-handed-over': ['ticket-handed-over'],
}

/** `send` is called for each delivery that is due; a test may lose, double or delay it. */
export function fireWebhooks(world: World, send: (delivery: Delivery) => Promise<boolean>): void {
  world.onLog = (event) => {
    const ticketId = ticketOf(world, event)
    if (ticketId === null) return
    for (const webhook of world.webhooks) {
      const fires = (TRIGGERS[event.type] ?? []).some((trigger) => webhook.http.triggers[trigger] === true)
      if (!fires || webhook.deactivated !== null) continue
      void send({
        url: webhook.http.url,
        headers: webhook.http.headers,
        body: JSON.stringify(render(webhook.http.form, ticketId)),
      }).then((taken) => note(world, webhook, taken))
    }
  }
}

function note(world: World, webhook: WorldWebhook, taken: boolean): void {
  webhook.failures = taken ? 0 : webhook.failures + 1
  if (webhook.failures >= GIVE_UP_AFTER) webhook.deactivated = world.now()
}

function ticketOf(world: World, { objectType, objectId }: WorldEvent): number | null {
  if (objectType === 'Ticket') return objectId
  if (objectType !== 'TicketMessage') return null
  return world.messages.page('desc', null, 100).find((one) => one.id === objectId)?.ticketId ?? null
}

/** Every value becomes a text. */
function render(form: Record<string, string>, ticketId: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(form).map(([name, template]) => [
      name,
      template.replace('{{ticket.id}}', String(ticketId)).replace(/\{\{[^}]*\}\}/g, ''),
    ]),
  )
}

export function installIntegrations(server: FastifyInstance, world: World): void {
  const find = (id: unknown): WorldWebhook | undefined => world.webhooks.find((one) => one.id === Number(id))
  server.post('/api/integrations', (request, reply) => {
    const input = request.body as Partial<WorldWebhook> & { type?: string }
    if (input.name === undefined || input.type !== 'http' || input.http?.url === undefined)
      return reply.code(400).send({ error: { msg: 'Failed to create integration' } })
    const webhook: WorldWebhook = {
      id: world.nextId(),
      name: input.name,
      created: world.now(),
      deactivated: null,
      failures: 0,
      http: input.http,
    }
    world.webhooks.push(webhook)
    return reply.code(201).send(webhookItem(webhook))
  })
  server.put<{ Params: { id: string } }>('/api/integrations/:id', (request, reply) => {
    const webhook = find(request.params.id)
    if (webhook === undefined) return reply.code(404).send({ error: { msg: 'Resource not found.' } })
    const input = request.body as { http?: WorldWebhook['http']; deactivated_datetime?: string | null }
    if (input.http !== undefined) webhook.http = input.http
    if (input.deactivated_datetime === null) Object.assign(webhook, { deactivated: null, failures: 0 })
    return reply.code(202).send(webhookItem(webhook))
  })
  server.delete<{ Params: { id: string } }>('/api/integrations/:id', (request, reply) => {
    const webhook = find(request.params.id)
    if (webhook === undefined) return reply.code(404).send({ error: { msg: 'Resource not found.' } })
    world.webhooks = world.webhooks.filter((one) => one !== webhook)
    return reply.code(204).send()
  })
}
