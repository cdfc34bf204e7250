// GET /livez, /readyz and /metrics: for whoever restarts the process, sends it deliveries, or draws curves. Nothing of a person is in them.
import type { FastifyInstance, FastifyRequest } from 'fastify'

import { isLoopback } from '../../lib/net/address.ts'
import { isSameSecret, readBearer } from '../../lib/net/signature.ts'

export interface ProbeDoor {
  /** Why it should be restarted; null: it lives. */
  findDeath(): string | null
  /** Why it should get no deliveries; null: it is ready. */
  findUnready(): string | null
  /** In the text format of Prometheus. */
  metrics(): string
}

/** From this machine, and not passed on by a proxy on it. */
const isLocal = ({ ip, headers }: FastifyRequest): boolean =>
  isLoopback(ip) && headers['x-forwarded-for'] === undefined && headers['forwarded'] === undefined

/** `keys`: those of the control API; without one, numbers are for this machine only. */
export function installProbes(routes: FastifyInstance, door: ProbeDoor, keys: () => readonly string[]): void {
  for (const [path, find] of [
    ['/livez', () => door.findDeath()],
    ['/readyz', () => door.findUnready()],
  ] as const)
    routes.get(path, (_, reply) => {
      const reason = find()
      return reply
        .code(reason === null ? 200 : 503)
        .type('text/plain; charset=utf-8')
        .send(reason === null ? 'ok\n' : `not ok: ${reason}\n`)
    })
  routes.get('/metrics', (request, reply) => {
    const given = readBearer(request.headers) ?? ''
    const isKnown = keys()
      .map((key) => isSameSecret(given, key))
      .includes(true)
    if (!isKnown && !isLocal(request)) return reply.code(401).send()
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(door.metrics())
  })
}
