// The sandbox's Intercom, written from the vendor's description of version 2.16 and not from our client
// (gladly-intercom-api.md § B).
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { createHmac } from 'node:crypto'

import { installFaults } from '../faults.ts'
import type { Fake, FakeOptions, HelpdeskSandbox } from '../helpdesk.ts'
import { FixedWindow } from '../rate-limit.ts'
import type { World, WorldCustomer, WorldEvent, WorldTicket } from '../shop/world.ts'
import {
  EMAIL_ATTRIBUTE,
  ratedAt,
  TEAMS,
  toAdmin,
  toAttribute,
  toContact,
  toConversation,
  toWholeConversation,
} from './json.ts'
import { installActivities, installDeleted } from './activities.ts'
import { messagesOf } from './parts.ts'
import { readContactId, toContactId, toSeconds } from './people.ts'
import { type Found, Refused, search, type Searching } from './search.ts'

const KEYS = { access_token: 'sandbox-intercom-token' }
const VERSION = '2.16'
/** What an app may ask in ten seconds where nothing else is said: the old default, which is the safe one. */
const LIMIT = { requests: 166, windowMs: 10_000 }

export const intercomSandbox: HelpdeskSandbox = {
  name: 'intercom',
  label: 'Intercom',
  idAttribute: 'INTERCOM_ID',
  keys: KEYS,
  base: '',
  limit: LIMIT,
  create: createIntercom,
  fireWebhooks,
}

export function createIntercom(options: FakeOptions): Fake {
  const { world, keys = KEYS } = options
  const server = options.server ?? fastify()
  const window =
    options.rateLimit === null
      ? null
      : new FixedWindow(options.rateLimit.requests, options.rateLimit.windowMs)
  const fake: Fake = { server, requests: new Map(), intercept: null }

  server.addHook('onRequest', async (request, reply) => {
    const template = request.routeOptions.url ?? 'unknown'
    fake.requests.set(template, (fake.requests.get(template) ?? 0) + 1)
    const now = Math.floor(world.now() / 1000)
    if (window !== null) {
      const { allowed, remaining, resetSeconds } = window.take(now)
      reply.header('X-RateLimit-Limit', String(window.limit))
      reply.header('X-RateLimit-Remaining', String(remaining))
      reply.header('X-RateLimit-Reset', String(Math.ceil(now / 1000) + resetSeconds))
      if (!allowed) return refuse(reply, 429, 'rate_limit_exceeded')
    }
    if (template === TOKEN_PATH) return undefined
    if (request.headers.authorization !== `Bearer ${keys['access_token']}`)
      return refuse(reply, 401, 'unauthorized', 'Access Token Invalid')
    if (request.headers['intercom-version'] !== VERSION)
      return refuse(reply, 400, 'intercom_version_invalid', 'The requested version could not be found')
    return undefined
  })
  installFaults(server, () => fake.intercept)
  server.setNotFoundHandler((_, reply) => refuse(reply, 404, 'not_found', 'Resource Not Found'))
  installOAuth(fake, keys)
  installDirectories(fake, world)
  installActivities(fake, world, refuse)
  installDeleted(fake, world, refuse)
  installContacts(fake, world, options.index)
  installConversations(fake, world, options.index)
  return fake
}

const TOKEN_PATH = '/auth/eagle/token'
/** The app of the sandbox, and the one code that it takes, once (§ B.1). */
const APP = { code: 'sandbox-code', client_id: 'sandbox-client', client_secret: 'sandbox-client-secret' }

function installOAuth({ server }: Fake, keys: Record<string, string>): void {
  let isUsed = false
  server.post(TOKEN_PATH, (request, reply) => {
    const given = request.body as Record<string, unknown> | undefined
    const isOurs = Object.entries(APP).every(([name, value]) => given?.[name] === value)
    if (!isOurs || isUsed) return refuse(reply, 401, 'unauthorized', 'The code is not valid')
    isUsed = true
    return reply.send({
      token_type: 'Bearer',
      token: keys['access_token'],
      access_token: keys['access_token'],
    })
  })
}

function installDirectories({ server }: Fake, world: World): void {
  server.get('/me', () => ({
    type: 'admin',
    id: '1',
    name: 'Ann Agent',
    email: 'agent@shop.example',
    app: { type: 'app', id_code: 'sandbox1', name: 'Sandbox', region: 'US' },
  }))
  server.get('/admins', () => ({ type: 'admin.list', admins: world.users.map(toAdmin) }))
  server.get('/teams', () => ({
    type: 'team.list',
    teams: TEAMS.map(({ id, name }) => ({ type: 'team', id: String(id), name, admin_ids: [1] })),
  }))
  server.get('/tags', () => ({
    type: 'list',
    data: world.tags.map(({ id, name }) => ({ type: 'tag', id: String(id), name })),
  }))
  server.get('/data_attributes', (request, reply) =>
    (request.query as { model?: string }).model === 'contact'
      ? { type: 'list', data: [EMAIL_ATTRIBUTE, ...world.fields.map(toAttribute)] }
      : refuse(reply, 422, 'parameter_invalid', 'model must be contact or company'),
  )
}

const CONTACTS: Searching<WorldCustomer> = {
  fields: {
    id: (one) => toContactId(one.id),
    email: (one) => one.email,
    updated_at: (one) => toSeconds(one.updated),
    created_at: (one) => toSeconds(one.created),
  },
  dates: 'days',
  sorts: ['created_at', 'updated_at'],
}

const toSearching = (world: World): Searching<WorldTicket> => ({
  fields: {
    id: (one) => String(one.id),
    updated_at: (one) => toSeconds(one.updated),
    created_at: (one) => toSeconds(one.created),
    contact_ids: (one) => [toContactId(one.customerId)],
    'conversation_rating.requested_at': (one) => ratedAt(world, one, 'created'),
    'conversation_rating.replied_at': (one) => ratedAt(world, one, 'scored'),
  },
  dates: 'seconds',
  sorts: ['created_at', 'updated_at'],
})

/** A new contact is not found for a few minutes; its own address gives it at once (§ B.4). */
const CONTACT_DELAY = 3 * 60_000_000

function installContacts({ server }: Fake, world: World, index: FakeOptions['index']): void {
  server.post('/contacts/search', (request, reply) => {
    const all = [...world.customers.values()].filter((one) => one.created <= world.now() - CONTACT_DELAY)
    return answerSearch(request, reply, all, { ...CONTACTS, ...index }, (found, pages) => ({
      type: 'list',
      data: found.map((one) => toContact(world, one)),
      ...pages,
    }))
  })
  server.get('/contacts/:id', (request, reply) => {
    const id = readContactId((request.params as { id: string }).id)
    const customer = world.customers.get(id)
    if (customer !== undefined) return toContact(world, customer)
    const into = world.mergedCustomers.get(id)
    if (into === undefined) return refuse(reply, 404, 'not_found', 'User Not Found')
    return refuse(
      reply.header('Link', `</contacts/${toContactId(into)}>; rel="canonical"`),
      410,
      'contact_merged',
      'This contact has been merged',
    )
  })
}

function installConversations({ server }: Fake, world: World, index: FakeOptions['index']): void {
  const searching = { ...toSearching(world), ...index }
  const lag = (index?.lagMs ?? 0) * 1000
  server.post('/conversations/search', (request, reply) => {
    // Of what has just changed half is not found yet: a newer one may show before an older one does.
    const all = [...world.tickets.values()].filter(
      (one) => one.trashed === null && (one.id % 2 === 0 || one.updated <= world.now() - lag),
    )
    return answerSearch(request, reply, all, searching, (found, pages) => {
      const messages = messagesOf(world, found)
      const conversations = found.map((one) => toConversation(world, one, messages.get(one.id) ?? []))
      return { type: 'conversation.list', conversations, ...pages }
    })
  })
  server.get('/conversations/:id', (request, reply) => {
    const { id } = request.params as { id: string }
    const ticket = /^\d{1,15}$/.test(id) ? world.tickets.get(Number(id)) : undefined
    if (ticket === undefined || ticket.trashed !== null)
      return refuse(reply, 404, 'not_found', 'Resource Not Found')
    return toWholeConversation(world, ticket)
  })
}

function answerSearch<Item>(
  request: FastifyRequest,
  reply: FastifyReply,
  all: readonly Item[],
  how: Searching<Item>,
  toBody: (found: Item[], pages: object) => object,
): FastifyReply {
  let found: Found<Item>
  try {
    found = search(all, request.body, how)
  } catch (thrown) {
    if (!(thrown instanceof Refused)) throw thrown
    return refuse(reply, 400, thrown.code, thrown.message)
  }
  const { items, total, perPage, next } = found
  const pages = {
    type: 'pages',
    page: 1,
    per_page: perPage,
    total_pages: Math.max(1, Math.ceil(total / perPage)),
    ...(next === null ? {} : { next: { page: 2, starting_after: next } }),
  }
  return reply.send(toBody(items, { total_count: total, pages }))
}

function refuse(reply: FastifyReply, status: number, code: string, message = 'Refused'): FastifyReply {
  return reply.code(status).send({ type: 'error.list', request_id: 'sandbox', errors: [{ code, message }] })
}

const TOPICS: Record<string, string> = {
  'ticket-created': 'conversation.user.created',
  'ticket-closed': 'conversation.admin.closed',
  'ticket-reopened': 'conversation.admin.opened',
  'ticket-message-created': 'conversation.user.replied',
  'customer-updated': 'contact.user.updated',
  'customer-created': 'contact.user.created',
}

/** What a person has entered in the Developer Hub; nothing is called where nobody has. */
export function fireWebhooks(
  world: World,
  send: Parameters<HelpdeskSandbox['fireWebhooks']>[1],
  entered?: { url: string; secret: string },
): void {
  if (entered === undefined) return
  const { url, secret } = entered
  let count = 0
  const call = (topic: string, item: object): void => {
    count += 1
    const at = Math.floor(world.now() / 1_000_000)
    const body = JSON.stringify({
      type: 'notification_event',
      id: `notif_${count}`,
      topic,
      app_id: 'sandbox1',
      created_at: at,
      first_sent_at: at,
      delivery_attempts: 1,
      data: { type: 'notification_event_data', item },
    })
    const signature = `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`
    void send({ url, headers: { 'x-hub-signature': signature }, body })
  }
  call('ping', { type: 'ping', message: 'something something interzen' })
  world.onLog = (event) => {
    const item = findObject(world, event)
    if (item !== null) call(TOPICS[event.type] ?? 'conversation.admin.noted', item)
  }
}

function findObject(world: World, { objectType, objectId }: WorldEvent): object | null {
  if (objectType === 'Customer') return { type: 'contact', id: toContactId(objectId) }
  const ticketId =
    objectType === 'TicketMessage'
      ? [...world.messages.values()].find((one) => one.id === objectId)?.ticketId
      : objectType === 'Ticket'
        ? objectId
        : undefined
  return ticketId === undefined ? null : { type: 'conversation', id: String(ticketId) }
}
