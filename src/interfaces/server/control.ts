// The control API: what the SDK can ask of a daemon. Off without a key; every call carries it. Described by schema/openapi.json.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import { coerceError, type ErrorKind } from '../../lib/errors.ts'
import { isSameSecret, readBearer } from '../../lib/net/signature.ts'
import { type Body, toBody, toSyncRequest, toTexts, toTriggerRequest } from './bodies.ts'

export interface ControlDoor {
  probe(name: string): Promise<unknown>
  status(name: string): unknown
  sync(name: string, request: object): Promise<unknown>
  requestRefresh(name: string, payload: Readonly<Record<string, unknown>>): unknown
  listen(name: string, types: readonly string[]): void
  deliveries(name: string, types: readonly string[], waitMs: number): Promise<unknown>
  ack(id: string): void
  nack(id: string, attempts: number, reason: string): unknown
  trigger(name: string, request: object): Promise<unknown>
}

const STATUS: Record<ErrorKind, number> = { config: 400, fatal: 502, transient: 503, record: 422, guard: 409 }
const MAX_WAIT_SECONDS = 30

interface Named {
  Params: { name: string; id: string }
  Querystring: { types?: string; wait?: string }
}

type Action = (request: FastifyRequest<Named>, body: Body) => unknown

/** Whoever has a key of the SDK is answered; what goes wrong is an answer too. */
const answerWith =
  (keys: () => readonly string[]) =>
  (action: Action) =>
  async (request: FastifyRequest<Named>, reply: FastifyReply): Promise<unknown> => {
    const given = readBearer(request.headers) ?? ''
    // All are compared, whatever the first one says.
    const isKnown = keys()
      .map((key) => isSameSecret(given, key))
      .includes(true)
    if (!isKnown) return reply.code(401).send()
    try {
      const result = await action(request, toBody(request.body))
      return await reply.code(200).send(result ?? {})
    } catch (thrown) {
      const { code, kind, message, hint } = coerceError(thrown)
      return await reply
        .code(code === 'internal' ? 500 : STATUS[kind])
        .send({ error: { code, message, ...(hint === undefined ? {} : { hint }) } })
    }
  }

export function installControl(
  routes: FastifyInstance,
  door: ControlDoor,
  keys: () => readonly string[],
  openapi: object,
): void {
  const answer = answerWith(keys)
  routes.get<Named>(
    '/v1/openapi.json',
    answer(() => openapi),
  )
  routes.post<Named>(
    '/v1/connectors/:name/connect',
    answer(({ params }) => door.probe(params.name)),
  )
  routes.get<Named>(
    '/v1/connectors/:name/status',
    answer(({ params }) => door.status(params.name)),
  )
  routes.post<Named>(
    '/v1/connectors/:name/sync',
    answer(({ params }, body) => door.sync(params.name, toSyncRequest(body))),
  )
  routes.post<Named>(
    '/v1/connectors/:name/events',
    answer(({ params }, { payload }) =>
      door.requestRefresh(
        params.name,
        typeof payload === 'object' && payload !== null ? (payload as Body) : {},
      ),
    ),
  )
  routes.post<Named>(
    '/v1/connectors/:name/handlers',
    answer(({ params }, { types }) => door.listen(params.name, toTexts(types, 'types'))),
  )
  routes.get<Named>(
    '/v1/connectors/:name/occurrences',
    answer(({ params, query }) => {
      const wait = Math.min(MAX_WAIT_SECONDS, Math.max(0, Number(query.wait ?? 0) || 0))
      return door.deliveries(params.name, (query.types ?? '').split(','), wait * 1000)
    }),
  )
  routes.post<Named>(
    '/v1/connectors/:name/occurrences/:id/ack',
    answer(({ params }) => door.ack(params.id)),
  )
  routes.post<Named>(
    '/v1/connectors/:name/occurrences/:id/nack',
    answer(({ params }, { attempts, reason }) => door.nack(params.id, Number(attempts) || 0, String(reason))),
  )
  routes.post<Named>(
    '/v1/campaigns/:name/trigger',
    answer(({ params }, body) => door.trigger(params.name, toTriggerRequest(body))),
  )
}
