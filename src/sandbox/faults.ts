// What can go wrong on purpose: a test or a curious user answers a request differently, or not at all.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

export type Fault =
  /**
   * Another answer in place of the true one; with `applied` the request is carried out all the same. `endless`: the connection
   * breaks before the body is as long as was announced.
   */
  | {
      status: number
      body: string | Buffer
      headers?: Record<string, string>
      applied?: boolean
      endless?: boolean
    }
  /** The connection is cut; with `applied` only after the request was carried out. */
  | { cut: true; applied?: boolean }
  /** The answer comes this much later. */
  | { delayMs: number }

type Immediate = Exclude<Fault, { delayMs: number }>

/** Called for each request; null lets it through. */
export type Intercept = (request: {
  method: string
  path: string
  query: Record<string, unknown>
  body: unknown
}) => Fault | null

export function installFaults(server: FastifyInstance, current: () => Intercept | null): void {
  const later = new WeakMap<FastifyRequest, Immediate>()

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
    else if (fault.applied === true) later.set(request, fault)
    else return meet(fault, reply)
    return undefined
  })

  server.addHook('onSend', async (request, reply, payload) => {
    const fault = later.get(request)
    if (fault === undefined || reply.raw.headersSent) return payload
    meet(fault, reply)
    return payload
  })
}

/** Past fastify, which would mend what is wrong on purpose. */
function meet(fault: Immediate, reply: FastifyReply): FastifyReply {
  reply.hijack()
  if ('cut' in fault) {
    reply.raw.socket?.destroy()
    return reply
  }
  const body = Buffer.from(fault.body)
  const type = body.toString('latin1', 0, 1) === '{' ? 'application/json' : 'text/html'
  const hasBody = fault.status !== 204 && fault.status !== 304
  reply.raw.writeHead(fault.status, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': type,
    ...(hasBody ? { 'content-length': String(body.length + (fault.endless === true ? 100 : 0)) } : {}),
    ...fault.headers,
  })
  if (fault.endless === true) reply.raw.write(body, () => reply.raw.socket?.destroy())
  else reply.raw.end(hasBody ? body : undefined)
  return reply
}
