// The sandbox's Parley, written from parley-api.md and not from our client.
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { createHmac } from 'node:crypto'

import { installFaults } from '../faults.ts'
import type { Fake, FakeOptions, HelpdeskSandbox } from '../helpdesk.ts'
import { MovingWindow } from '../rate-limit.ts'
import type { World, WorldEvent } from '../shop/world.ts'
import { toAgent, toConversation, toMessage, toNumber, toPerson, toUuid } from './json.ts'

const KEYS = { token: 'sandbox-parley-token' }
const PAGE = 50
const DAY = 24 * 3_600

export const parleySandbox: HelpdeskSandbox = {
  name: 'parley',
  label: 'Parley',
  idAttribute: 'PARLEY_ID',
  keys: KEYS,
  base: '/v2',
  limit: { requests: 120, windowMs: 60_000 },
  create: createParley,
  fireWebhooks,
}

type Query = Record<string, string | string[] | undefined>
type Item = Record<string, unknown>

export function createParley(options: FakeOptions): Fake {
  const { world, keys = KEYS } = options
  const server = options.server ?? fastify()
  const { rateLimit: limit } = options
  const window = limit === null ? null : new MovingWindow(limit.requests, limit.windowMs)
  const fake: Fake = { server, requests: new Map(), intercept: null }

  server.addHook('onRequest', async (request, reply) => {
    const template = request.routeOptions.url ?? 'unknown'
    if (!template.startsWith('/v2')) return undefined
    fake.requests.set(template, (fake.requests.get(template) ?? 0) + 1)
    const waitMs = window?.take(Math.floor(world.now() / 1000)).waitMs ?? 0
    if (waitMs > 0)
      return refuse(reply.header('Retry-After', String(Math.ceil(waitMs / 1000))), 429, 'too_many_requests')
    if (request.headers.authorization !== `Bearer ${keys['token']}`) return refuse(reply, 401, 'unauthorized')
    return undefined
  })
  installFaults(server, () => fake.intercept)
  server.setNotFoundHandler((_, reply) => refuse(reply, 404, 'not_found'))

  server.get('/v2/workspace', () => ({ id: 'w1', name: 'Sandbox' }))
  server.get('/v2/agents', (request, reply) => answerList(request, reply, [], () => world.users.map(toAgent)))

  server.get('/v2/people', (request, reply) =>
    answerList(request, reply, ['updated_after', 'email'], ({ email, updated_after: after }) =>
      [...world.customers.values()]
        .filter((one) => email === undefined || one.email === email)
        .map(toPerson)
        .filter((one) => one.updated_at >= Number(after ?? 0))
        .toSorted(byChange),
    ),
  )
  server.get('/v2/people/:id', (request, reply) => {
    const id = toNumber((request.params as { id: string }).id)
    const person = world.customers.get(id)
    if (person !== undefined) return toPerson(person)
    return answerMissing(reply, world.mergedCustomers.get(id))
  })

  server.get('/v2/conversations', (request, reply) =>
    answerList(request, reply, ['updated_after', 'person_id'], ({ person_id: of, updated_after: after }) =>
      [...world.tickets.values()]
        .filter((one) => of === undefined || one.customerId === toNumber(String(of)))
        .map((one) => toConversation(world, one))
        .filter((one) => one.updated_at >= Number(after ?? 0))
        .toSorted(byChange),
    ),
  )
  server.get('/v2/conversations/:id', (request, reply) => {
    const id = toNumber((request.params as { id: string }).id)
    const ticket = world.tickets.get(id)
    if (ticket !== undefined) return toConversation(world, ticket)
    return answerMissing(reply, world.mergedTickets.get(id))
  })

  server.get('/v2/reports/messages', (request, reply) => {
    const { from, to, conversation_id: of } = request.query as Query
    const isOfOne = of !== undefined
    if (!isOfOne && (from === undefined || to === undefined || Number(to) - Number(from) > DAY))
      return refuse(reply, 400, 'bad_window')
    return answerList(request, reply, ['from', 'to', 'conversation_id'], () =>
      [...world.messages.values()]
        .filter((one) => (isOfOne ? one.ticketId === toNumber(String(of)) : isShown(world, one.created)))
        .map(toMessage)
        .filter((one) => isOfOne || (one.at >= Number(from) && one.at < Number(to)))
        // In no order.
        .toSorted((a, b) => (a.id < b.id ? 1 : -1)),
    )
  })
  return fake
}

/** Reports are five minutes behind. */
const isShown = (world: World, at: number): boolean => at <= world.now() - 5 * 60_000_000

const byChange = (a: { id: string; updated_at: number }, b: typeof a): number =>
  a.updated_at - b.updated_at || (a.id < b.id ? -1 : 1)

function refuse(reply: FastifyReply, status: number, code: string): FastifyReply {
  return reply.code(status).send({ error: { code, message: `Refused: ${code}.` } })
}

function answerMissing(reply: FastifyReply, into: number | undefined): FastifyReply {
  if (into === undefined) return refuse(reply, 404, 'not_found')
  return reply.code(410).send({ error: { code: 'merged', message: 'Merged.', into: toUuid(into) } })
}

/** A token says what comes next, and of which query. */
function answerList(
  request: FastifyRequest,
  reply: FastifyReply,
  filters: readonly string[],
  find: (query: Query) => readonly Item[],
): FastifyReply {
  const query = request.query as Query
  const { page_token: token, limit = String(PAGE), ...rest } = query
  if (Object.keys(rest).some((name) => !filters.includes(name)))
    return refuse(reply, 400, 'unknown_parameter')
  const size = Number(limit)
  if (!Number.isInteger(size) || size < 1 || size > PAGE) return refuse(reply, 400, 'bad_limit')
  const all = find(query)
  const start = token === undefined ? 0 : findStart(all, readToken(String(token), rest))
  if (start === null) return refuse(reply, 400, 'bad_page_token')
  const items = all.slice(start, start + size)
  const more = start + size < all.length
  return reply.send({
    items,
    has_more: more,
    ...(more ? { page_token: writeToken(items.at(-1)!, rest) } : {}),
  })
}

interface Position {
  id: string
  updated: number | null
}

function writeToken({ id, updated_at: updated = null }: Item, query: Query): string {
  return Buffer.from(JSON.stringify([id, updated, query])).toString('base64url')
}

/** Null: of another query, or none at all. */
function readToken(token: string, query: Query): Position | null {
  try {
    const [id, updated, of] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [
      string,
      number | null,
      Query,
    ]
    return JSON.stringify(of) === JSON.stringify(query) ? { id, updated } : null
  } catch {
    return null
  }
}

/** Behind the last item of the page before, wherever it stands by now. */
function findStart(all: readonly Item[], after: Position | null): number | null {
  if (after === null) return null
  const { id, updated } = after
  const index = all.findIndex((one) =>
    updated === null
      ? (one['id'] as string) < id
      : (one['updated_at'] as number) > updated ||
        (one['updated_at'] === updated && (one['id'] as string) > id),
  )
  return index === -1 ? all.length : index
}

const CHANGES: Record<string, string> = {
  Ticket: 'conversation',
  TicketMessage: 'conversation',
  Customer: 'person',
}

/** What a person has entered in the settings; nothing is called where nobody has. */
export function fireWebhooks(
  world: World,
  send: Parameters<HelpdeskSandbox['fireWebhooks']>[1],
  entered?: { url: string; secret: string },
): void {
  if (entered === undefined) return
  const call = (body: string): Promise<boolean> =>
    send({
      url: entered.url,
      headers: { 'x-parley-signature': createHmac('sha256', entered.secret).update(body).digest('hex') },
      body,
    })
  void call('{"event":"ping"}')
  world.onLog = (event) => {
    const what = CHANGES[event.objectType]
    if (what === undefined) return
    void call(JSON.stringify({ event: `${what}.changed`, [`${what}_id`]: toUuid(findObject(world, event)) }))
  }
}

function findObject(world: World, { objectType, objectId }: WorldEvent): number {
  if (objectType !== 'TicketMessage') return objectId
  return [...world.messages.values()].find((one) => one.id === objectId)?.ticketId ?? 0
}
