// The sandbox's Gorgias: a REST API on loopback that behaves as the fact sheet says (gorgias-api.md § 1-4), unknown
// parameters and orders refused.
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'

import { installFaults } from '../faults.ts'
import type { Fake, FakeOptions, HelpdeskSandbox } from '../helpdesk.ts'
import * as directory from './directory-json.ts'
import * as json from './json.ts'
import { answerList, isWithin, type Listing } from './list.ts'
import { MovingWindow } from '../rate-limit.ts'
import { SortedList } from '../sorted-list.ts'
import { TRIGGER_PATH } from '../trigger.ts'
import { fireWebhooks, installIntegrations } from './webhooks.ts'
import type { World, WorldWebhook } from '../shop/world.ts'

type WorldMailbox = World['mailboxes'][number]

/** The user who made the API key, and the key. */
const KEYS = { email: 'you@shop.example', api_key: 'sandbox-gorgias-key' }

export const gorgiasSandbox: HelpdeskSandbox = {
  name: 'gorgias',
  label: 'Gorgias',
  idAttribute: 'GORGIAS_ID',
  keys: KEYS,
  base: '/api',
  limit: { requests: 40, windowMs: 20_000 },
  create: createGorgias,
  fireWebhooks,
}

export function createGorgias(options: FakeOptions): Fake {
  const { world } = options
  const server = options.server ?? fastify({ routerOptions: { ignoreTrailingSlash: true } })
  const sandbox: Fake = { server, requests: new Map(), intercept: null }
  installGate(sandbox, options)
  installFaults(server, () => sandbox.intercept)
  server.setNotFoundHandler((_, reply) => notFound(reply))
  for (const [path, listing] of Object.entries({ ...recordsOf(world), ...directoriesOf(world) }))
    server.get(`/api/${path}`, (request, reply) => answerList(request, reply, path, listing))
  installIntegrations(server, world)
  installObjects(server, world)
  return sandbox
}

/** Each request is counted, and takes its place in the limit, before its key is looked at. */
function installGate(sandbox: Fake, { world, keys = KEYS, rateLimit }: FakeOptions): void {
  const window = rateLimit === null ? null : new MovingWindow(rateLimit.requests, rateLimit.windowMs)
  const expected = `Basic ${Buffer.from(`${keys['email']}:${keys['api_key']}`).toString('base64')}`
  sandbox.server.addHook('onRequest', async (request, reply) => {
    const template = request.routeOptions.url ?? 'unknown'
    if (template === TRIGGER_PATH) return undefined
    sandbox.requests.set(template, (sandbox.requests.get(template) ?? 0) + 1)
    if (window !== null) {
      const { used, waitMs } = window.take(Math.floor(world.now() / 1000))
      reply.header('X-Gorgias-Account-Api-Call-Limit', `${used}/${window.limit}`)
      if (waitMs > 0)
        return reply
          .code(429)
          .header('Retry-after', String(Math.ceil(waitMs / 1000)))
          .send({ error: { msg: 'Too many requests.' } })
    } else reply.header('X-Gorgias-Account-Api-Call-Limit', '1/40')
    if (request.headers.authorization !== expected)
      return reply.code(401).send({ error: { msg: 'Unauthorized.' } })
    return undefined
  })
}

const by = (list: () => unknown, field: string, key: string): Listing['orders'] => ({
  [`${field}:desc`]: () => ({ list: list() as SortedList<never>, direction: 'desc', key }),
  [`${field}:asc`]: () => ({ list: list() as SortedList<never>, direction: 'asc', key }),
})
const byCreation = (list: () => unknown): Listing['orders'] => by(list, 'created_datetime', 'created')
const byUpdate = (list: () => unknown): Listing['orders'] => by(list, 'updated_datetime', 'updated')
const sorted = <T extends { id: number; created: number }>(items: T[]): SortedList<T> =>
  new SortedList(items, (one) => one.created)

/** Lists of what a shop has many of. */
function recordsOf(world: World): Record<string, Listing> {
  return {
    customers: {
      orders: { ...byCreation(() => world.customersByCreation), ...byUpdate(() => world.customersByUpdate) },
      filters: [
        'email',
        'external_id',
        'language',
        'name',
        'timezone',
        'view_id',
        'channel_type',
        'channel_address',
      ],
      item: json.customerItem,
      keep: (one: { email: string | null }, query) =>
        query['email'] === undefined || one.email === query['email'],
    },
    tickets: {
      orders: { ...byCreation(() => world.ticketsByCreation), ...byUpdate(() => world.ticketsByUpdate) },
      filters: ['customer_id', 'external_id', 'view_id', 'rule_id', 'ticket_ids', 'trashed'],
      item: (one) => json.ticketItem(world, one),
      keep: (one: { customerId: number; trashed: number | null }, query) =>
        (query['customer_id'] === undefined || one.customerId === Number(query['customer_id'])) &&
        (query['trashed'] !== 'false' || one.trashed === null),
    },
    messages: {
      orders: byCreation(() => world.messages),
      filters: ['ticket_id'],
      item: json.messageItem,
      keep: isOfTicket,
    },
    'satisfaction-surveys': {
      orders: byCreation(() => world.surveysByCreation),
      filters: ['ticket_id'],
      item: json.surveyItem,
      keep: isOfTicket,
    },
    events: {
      orders: byCreation(() => world.events),
      filters: [
        'created_datetime[gt]',
        'created_datetime[gte]',
        'created_datetime[lt]',
        'created_datetime[lte]',
        'types[]',
        'user_ids[]',
        'object_type',
        'object_id',
      ],
      item: json.eventItem,
      keep: (one: { created: number }, query) => isWithin(one.created, query),
    },
  }
}

const isOfTicket = (one: { ticketId: number }, query: Record<string, unknown>): boolean =>
  query['ticket_id'] === undefined || one.ticketId === Number(query['ticket_id'])

const TEAMS = [{ id: 4_101, name: 'Support', created: 0 }]

function directoriesOf(world: World): Record<string, Listing> {
  return {
    users: {
      orders: byCreation(() => sorted(world.users)),
      filters: ['email', 'search', 'roles[]'],
      item: directory.userItem,
    },
    tags: {
      orders: byCreation(() => sorted(world.tags)),
      filters: ['search'],
      item: directory.tagItem,
    },
    teams: {
      orders: byCreation(() => sorted(TEAMS)),
      filters: ['search'],
      item: (one: (typeof TEAMS)[number]) => ({ id: one.id, name: one.name, uri: `/api/teams/${one.id}/` }),
    },
    integrations: {
      orders: byCreation(() => sorted<WorldMailbox | WorldWebhook>([...world.mailboxes, ...world.webhooks])),
      filters: ['type'],
      item: (one: WorldMailbox | WorldWebhook) =>
        'http' in one ? directory.webhookItem(one) : directory.mailboxItem(one),
      keep: (one: WorldMailbox | WorldWebhook, query) =>
        query['type'] === undefined || (query['type'] === 'http') === 'http' in one,
    },
    'custom-fields': {
      orders: {
        'priority:desc': () => ({
          list: sorted(world.fields) as unknown as SortedList<never>,
          direction: 'desc',
          key: 'created',
        }),
      },
      filters: ['object_type', 'search', 'archived'],
      required: ['object_type'],
      item: directory.fieldItem,
      keep: (_, query) => query['object_type'] === 'Customer',
    },
  }
}

/** What has an address of its own; what was merged sends on to the one that took its place. */
function installObjects(server: Fake['server'], world: World): void {
  server.get('/api/account', () => ({
    id: 1,
    domain: 'sandbox',
    status: { status: 'active' },
    created_datetime: '2023-01-01T00:00:00+00:00',
  }))
  server.get('/api/customers/:id', (request, reply) => {
    const id = idOf(request)
    const into = world.mergedCustomers.get(id)
    if (into !== undefined) return reply.code(301).header('location', `/api/customers/${into}/`).send()
    const customer = world.customers.get(id)
    return customer === undefined ? notFound(reply) : json.customerDetail(customer)
  })
  server.get('/api/tickets/:id', (request, reply) => {
    const id = idOf(request)
    const into = world.mergedTickets.get(id)
    if (into !== undefined) return reply.code(301).header('location', `/api/tickets/${into}/`).send()
    const ticket = world.tickets.get(id)
    return ticket === undefined ? notFound(reply) : json.ticketDetail(world, ticket)
  })
  server.get('/api/satisfaction-surveys/:id', (request, reply) => {
    const survey = world.surveys.get(idOf(request))
    return survey === undefined ? notFound(reply) : json.surveyItem(survey)
  })
}

const idOf = (request: FastifyRequest): number => Number((request.params as { id: string }).id)
const notFound = (reply: FastifyReply) => reply.code(404).send({ error: { msg: 'Resource not found.' } })
