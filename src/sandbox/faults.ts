// What can go wrong on purpose: a test or a curious user answers a request differently, or not at all.
import type { FastifyInstance, FastifyRequest } from 'fastify'

export type Fault =
  | { status: number; body: string; headers?: Record<string, string> }
  /** The connection is cut; with `applied` only after the request was carried out. */
  | { cut: true; applied?: boolean }
  /** The answer comes this much later. */
  | { delayMs: number }

/** Called for each request; null lets it through. */
export type Intercept = (request: {
  method: string
  path: string
  query: Record<string, unknown>
  body: unknown
}) => Fault | null

export function installFaults(server: FastifyInstance, current: () => Intercept | null): void {
  const cutLater = new WeakSet<FastifyRequest>()

  server.addHook('preHandler', async (request, reply) => {
    const intercept = current()
    if (intercept === null) return undefined
    const path = request.url.split('?')[0] ?? ''
    const fault = intercept({
      method: request.method,
      path,
      query: request.query as Record<string, unknown>,
      body: request.body,
    })
    if (fault === null) return undefined
    if ('delayMs' in fault) await new Promise((resolve) => setTimeout(resolve, fault.delayMs))
    else if ('status' in fault)
      return reply
        .code(fault.status)
        .headers({
          'content-type': fault.body.startsWith('{') ? 'application/json' : 'text/html',
          ...fault.headers,
        })
        .send(fault.body)
    else if (fault.applied === true) cutLater.add(request)
    else {
      reply.hijack()
      request.raw.socket.destroy()
      return reply
    }
    return undefined
  })

  server.addHook('onSend', async (request) => {
    if (cutLater.has(request)) request.raw.socket.destroy()
  })
}
