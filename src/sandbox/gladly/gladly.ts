// The sandbox's Gladly, written from the vendor's description and not from our client (gladly-intercom-api.md § A).
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'

import { installFaults } from '../faults.ts'
import type { Fake, FakeOptions, HelpdeskSandbox } from '../helpdesk.ts'
import { MovingWindow } from '../rate-limit.ts'
import type { World } from '../shop/world.ts'
import { eventsBetween, toEnvelope } from './events.ts'
import { jobsOf, toFile, toJob } from './exports.ts'
import { readId, readTime, toId } from './ids.ts'
import { isThere, MOST_ITEMS, toConversation, toInboxId, toItems, toProfile } from './json.ts'
import { BadReport, type ReportQuery, runReport, runWorkSessions } from './reports.ts'
import { INBOXES } from './sessions.ts'
import { fireWebhooks, installWebhooks } from './webhooks.ts'

const KEYS = { username: 'api@shop.example', api_key: 'sandbox-gladly-token' }
const DAY = 86_400_000_000

export const gladlySandbox: HelpdeskSandbox = {
  name: 'gladly',
  label: 'Gladly',
  idAttribute: 'GLADLY_ID',
  keys: KEYS,
  base: '/api/v1',
  size: { customers: 200, tickets: 400, messages: 1_400, surveys: 60 },
  demo: ["surveys: { source: export, score: '/Score: (\\d)/' }"],
  // Ten a second of each method, for the whole organization.
  limit: { requests: 10, windowMs: 1_000 },
  create: createGladly,
  fireWebhooks,
}

export function createGladly(options: FakeOptions): Fake {
  const { world, keys = KEYS, rateLimit } = options
  const server = options.server ?? fastify()
  const fake: Fake = { server, requests: new Map(), intercept: null }
  const window = rateLimit === null ? null : new MovingWindow(rateLimit.requests, rateLimit.windowMs)
  const reports = rateLimit === null ? null : new MovingWindow(10, 60_000)
  const expected = `Basic ${Buffer.from(`${keys['username']}:${keys['api_key']}`).toString('base64')}`

  server.addHook('onRequest', async (request, reply) => {
    const template = request.routeOptions.url ?? 'unknown'
    fake.requests.set(template, (fake.requests.get(template) ?? 0) + 1)
    const now = Math.floor(world.now() / 1000)
    if (window !== null) {
      const { used, waitMs } = window.take(now)
      reply.header('Ratelimit-Limit-Second', String(window.limit))
      reply.header('Ratelimit-Remaining-Second', String(window.limit - used))
      const isReport = template.startsWith('/api/v1/reports')
      // How long to wait is not told.
      if (waitMs > 0 || (isReport && reports !== null && reports.take(now).waitMs > 0))
        return reply.code(429).send({ errors: [{ code: 'rate_limit', detail: 'Too many requests' }] })
    }
    if (request.headers.authorization !== expected)
      return refuse(reply, 401, '', 'unauthorized', 'Authentication not provided')
    return undefined
  })
  installFaults(server, () => fake.intercept)
  server.setNotFoundHandler((_, reply) => refuse(reply, 404, 'id', 'not_found', 'not found'))
  installDirectories(fake, world)
  installProfiles(fake, world)
  installConversations(fake, world)
  installEvents(fake, world, options.index)
  installReports(fake, world)
  installExports(fake, world)
  installWebhooks(server, world, refuse)
  return fake
}

function refuse(
  reply: FastifyReply,
  status: number,
  attr: string,
  code: string,
  detail: string,
): FastifyReply {
  return reply.code(status).send({ errors: [{ attr, code, detail }] })
}

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id

function installDirectories({ server }: Fake, world: World): void {
  server.get('/api/v1/organization', () => ({
    id: toId('agent', 999),
    name: 'Sandbox',
    timezone: 'America/New_York',
    gladlyUrl: 'https://sandbox.gladly.com',
  }))
  server.get('/api/v1/agents', () =>
    world.users.map(({ id, name, email }) => ({ id: toId('agent', id), name, emailAddress: email })),
  )
  server.get('/api/v1/inboxes', () => INBOXES.map((name) => ({ id: toInboxId(name), name, disabled: false })))
  server.get('/api/v1/topics', () =>
    world.tags.map(({ id, name }) => ({ id: toId('topic', id), name, disabled: false, parentId: null })),
  )
}

function installProfiles({ server }: Fake, world: World): void {
  server.get('/api/v1/customer-profiles', (request, reply) => {
    const query = request.query as Record<string, string | undefined>
    if (Object.keys(query).length !== 1 || query['email'] === undefined)
      return refuse(reply, 400, 'email', 'invalid', 'exactly one identifier is required')
    const email = query['email'].trim().toLowerCase()
    const found = [...world.customers.values()].filter((one) => one.email?.trim().toLowerCase() === email)
    return found
      .toSorted((a, b) => b.updated - a.updated)
      .slice(0, 50)
      .map((one) => toProfile(world, one))
  })
  server.get('/api/v1/customer-profiles/:id', (request, reply) => {
    const id = readId('customer', idOf(request))
    const customer = world.customers.get(id)
    if (customer !== undefined) return toProfile(world, customer)
    const into = world.mergedCustomers.get(id)
    if (into === undefined) return refuse(reply, 404, 'id', 'not_found', 'not found')
    return reply.code(301).send({
      errors: [
        {
          attr: 'id',
          code: 'moved',
          detail: 'the profile was merged',
          meta: { old: idOf(request), new: toId('customer', into) },
        },
      ],
    })
  })
  server.get('/api/v1/customers/:id/conversations', (request, reply) => {
    const id = readId('customer', idOf(request))
    if (!world.customers.has(id)) return refuse(reply, 404, 'id', 'not_found', 'not found')
    const all = [...world.tickets.values()].filter((one) => one.customerId === id && isThere(one))
    const sorted = all.toSorted((a, b) => a.created - b.created)
    if (sorted.length > 100) reply.header('Gladly-Limited-Data', 'true')
    return reply.send(sorted.slice(0, 100).map((one) => toConversation(world, one)))
  })
}

function installConversations({ server }: Fake, world: World): void {
  server.get('/api/v1/conversations/:id', (request, reply) => {
    const ticket = world.tickets.get(readId('conversation', idOf(request)))
    return isThere(ticket)
      ? toConversation(world, ticket)
      : refuse(reply, 404, 'id', 'not_found', 'not found')
  })
  server.get('/api/v1/conversations/:id/items', (request, reply) => {
    const ticket = world.tickets.get(readId('conversation', idOf(request)))
    if (!isThere(ticket)) return refuse(reply, 404, 'id', 'not_found', 'not found')
    const items = toItems(world, ticket)
    if (items.length > MOST_ITEMS) reply.header('Gladly-Limited-Data', 'true')
    return reply.send(items.slice(0, MOST_ITEMS).map(({ item }) => item))
  })
}

const ENTITIES = [
  'AGENT_AVAILABILITY',
  'AGENT_STATUS',
  'CONTACT',
  'CONVERSATION',
  'CUSTOMER',
  'CUSTOMER_PROFILE',
]

function installEvents({ server }: Fake, world: World, index: FakeOptions['index']): void {
  server.get('/api/v1/events', (request, reply) => {
    const query = request.query as Record<string, string | string[] | undefined>
    const [from, until] = [readTime(query['startAt']), readTime(query['endAt'])]
    const now = world.now()
    if (Number.isNaN(from) || Number.isNaN(until) || until <= from)
      return refuse(reply, 400, 'startAt', 'invalid', 'must be before endAt')
    if (from < now - DAY) return refuse(reply, 400, 'startAt', 'invalid', 'must be within the last 24 hours')
    const entities = [query['entities'] ?? []].flat()
    if (entities.length === 0 || entities.some((one) => !ENTITIES.includes(one)))
      return refuse(reply, 400, 'entities', 'invalid', 'is not an entity')
    const found = eventsBetween(world, from, until).filter(
      ({ type, number, at }) =>
        entities.some((one) => type.startsWith(`${one}/`) || type.startsWith(`${one}_ASSIGNEE/`)) &&
        // What has just happened may show before what happened earlier.
        (Math.floor(number / 4) % 2 === 0 || at <= now - (index?.lagMs ?? 0) * 1000),
    )
    if (index !== undefined) found.reverse()
    return reply
      .type('application/x-jsonlines')
      .send(found.map((one) => `${JSON.stringify(toEnvelope(one))}\n`).join(''))
  })
}

function installReports({ server }: Fake, world: World): void {
  const answer =
    (run: (world: World, query: ReportQuery) => string) => (request: FastifyRequest, reply: FastifyReply) => {
      try {
        return reply.type('text/csv').send(run(world, request.body as ReportQuery))
      } catch (thrown) {
        if (!(thrown instanceof BadReport)) throw thrown
        return refuse(reply, 400, thrown.attr, 'invalid', thrown.message)
      }
    }
  server.post('/api/v1/reports', answer(runReport))
  server.post('/api/v1/reports/work-session-events', answer(runWorkSessions))
}

function installExports({ server }: Fake, world: World): void {
  server.get('/api/v1/export/jobs', (request) => {
    const { status, startAt, endAt } = request.query as Record<string, string | undefined>
    const [from, until] = [readTime(startAt), readTime(endAt)]
    return jobsOf(world)
      .filter(
        ({ completed }) =>
          (status === undefined || status === 'COMPLETED') && !(completed < from) && !(completed >= until),
      )
      .map((one) => toJob(one))
  })
  server.get('/api/v1/export/jobs/:id/files/:name', (request, reply) => {
    const { name } = request.params as { name: string }
    const hour = readId('job', idOf(request))
    const isKnown = jobsOf(world).some((one) => one.hour === hour)
    const text = isKnown ? toFile(world, hour, name) : null
    return text === null
      ? refuse(reply, 404, 'id', 'not_found', 'not found')
      : reply.type('application/x-jsonlines').send(text)
  })
}
