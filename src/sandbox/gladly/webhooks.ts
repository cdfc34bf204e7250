// Webhooks: made switched off, pinged when they are switched on, given up after four tries (gladly-intercom-api.md § A.7).
import type { FastifyInstance, FastifyReply } from 'fastify'

import type { Delivery } from '../helpdesk.ts'
import type { World } from '../shop/world.ts'
import { toEnvelope, toAgentEvent, toEvents } from './events.ts'
import { toId } from './ids.ts'

const MOST = 20
const TRIES = 5

interface Hook {
  id: string
  name: string
  url: string
  enabled: boolean
  disabledAtDueToRetryLimit: string | null
  eventTypes: string[]
  authentication: { basic?: { username: string; password: string } }
  failures: number
}

type Send = (delivery: Delivery) => Promise<boolean>

interface Registry {
  hooks: Hook[]
  send: Send | null
  count: number
}

const registries = new WeakMap<World, Registry>()

function registryOf(world: World): Registry {
  const found = registries.get(world)
  if (found !== undefined) return found
  const made: Registry = { hooks: [], send: null, count: 0 }
  registries.set(world, made)
  return made
}

/** Without its secret. */
const toJson = ({ id, name, url, enabled, disabledAtDueToRetryLimit, eventTypes }: Hook) => ({
  id,
  name,
  url,
  enabled,
  disabledAtDueToRetryLimit,
  eventTypes,
})

type Refuse = (
  reply: FastifyReply,
  status: number,
  attr: string,
  code: string,
  detail: string,
) => FastifyReply

export function installWebhooks(server: FastifyInstance, world: World, refuse: Refuse): void {
  const registry = registryOf(world)
  const find = (id: string): Hook | undefined => registry.hooks.find((one) => one.id === id)
  server.get('/api/v1/webhooks', () => registry.hooks.map((one) => toJson(one)))
  server.post('/api/v1/webhooks', (request, reply) => {
    const body = request.body as Partial<Hook>
    if (registry.hooks.length >= MOST) return refuse(reply, 400, 'webhooks', 'limit', 'at most 20 webhooks')
    if (typeof body.url !== 'string' || !/^https?:/.test(body.url))
      return refuse(reply, 400, 'url', 'invalid', 'is not a url')
    if (registry.hooks.some(({ url }) => url === body.url))
      return refuse(reply, 409, 'url', 'taken', 'is taken')
    registry.count += 1
    const hook: Hook = {
      id: toId('webhook', registry.count),
      name: body.name ?? '',
      url: body.url,
      enabled: false,
      disabledAtDueToRetryLimit: null,
      eventTypes: body.eventTypes ?? [],
      authentication: body.authentication ?? {},
      failures: 0,
    }
    registry.hooks.push(hook)
    return reply.code(201).send(toJson(hook))
  })
  server.patch('/api/v1/webhooks/:id', async (request, reply) => {
    const hook = find((request.params as { id: string }).id)
    if (hook === undefined) return refuse(reply, 404, 'id', 'not_found', 'not found')
    const changed = { ...hook, ...(request.body as Partial<Hook>), id: hook.id }
    const isPinged = changed.enabled && (!hook.enabled || changed.url !== hook.url)
    // It must answer, or nothing is saved.
    if (isPinged && registry.send !== null && !(await call(world, changed, PING)))
      return refuse(reply, 400, 'url', 'invalid', 'the ping was not answered with 200')
    Object.assign(hook, changed, changed.enabled ? { disabledAtDueToRetryLimit: null, failures: 0 } : {})
    return reply.send(toJson(hook))
  })
  server.delete('/api/v1/webhooks/:id', (request, reply) => {
    const hook = find((request.params as { id: string }).id)
    if (hook === undefined) return refuse(reply, 404, 'id', 'not_found', 'not found')
    if (hook.enabled) return refuse(reply, 400, 'enabled', 'invalid', 'must be disabled first')
    registry.hooks = registry.hooks.filter((one) => one !== hook)
    return reply.code(204).send()
  })
}

const PING = { type: 'PING', timestamp: '2026-01-01T00:00:00.000Z', content: {} }

async function call(world: World, { url, authentication }: Hook, envelope: object): Promise<boolean> {
  const { basic } = authentication
  const authorization =
    basic === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString('base64')}` }
  return await registryOf(world).send!({ url, headers: authorization, body: JSON.stringify(envelope) })
}

export function fireWebhooks(world: World, send: Send): void {
  const registry = registryOf(world)
  registry.send = send
  const tell = (envelope: Record<string, unknown>): void => {
    for (const hook of registry.hooks) {
      if (!hook.enabled || !hook.eventTypes.includes(String(envelope['type']))) continue
      void call(world, hook, envelope).then((taken) => {
        hook.failures = taken ? 0 : hook.failures + 1
        if (hook.failures < TRIES) return
        hook.enabled = false
        hook.disabledAtDueToRetryLimit = new Date(world.now() / 1000).toISOString()
      })
    }
  }
  world.onLog = (entry) => {
    for (const event of toEvents(world, entry)) tell(toEnvelope(event))
  }
  world.onAgentState = (state) => tell(toEnvelope(toAgentEvent(state)))
}
