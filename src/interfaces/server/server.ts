// The one door that is open to others: webhooks, and the control API if it has a key. Limits are those of reliability.md § 4.2.
import fastify, { type FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'

import { TajoError } from '../../lib/errors.ts'

export interface ServerAddress {
  host: string
  port: number
}

const BODY_LIMIT = 256 * 1024
const HEADERS_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 10_000
const KEEP_ALIVE_MS = 5_000
const MAX_CONNECTIONS = 256

export interface Server {
  routes: FastifyInstance
  /** Opens the port; the address it answers at. Throws `server_port`. */
  listen(): Promise<string>
  close(): Promise<void>
}

export function createServer(address: ServerAddress): Server {
  const routes = fastify({
    bodyLimit: BODY_LIMIT,
    // The address of a person's page in the console is as long as theirs, and half as long again.
    routerOptions: { maxParamLength: 600 },
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    http: {
      maxHeaderSize: 8 * 1024,
      headersTimeout: HEADERS_TIMEOUT_MS,
      // Node looks for slow clients every 30 seconds unless told.
      connectionsCheckingInterval: 1_000,
    },
  })
  routes.server.maxConnections = MAX_CONNECTIONS
  routes.server.maxRequestsPerSocket = 1_000
  // Raw bytes: signatures are over them, and what is no JSON is told by us.
  routes.removeAllContentTypeParsers()
  routes.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
  // Nothing of a request is repeated in an answer.
  routes.setNotFoundHandler((_, reply) => reply.code(404).send())
  routes.setErrorHandler<Error & { statusCode?: number }>((error, _, reply) =>
    reply.code(error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 503).send(),
  )
  routes.get('/health', (_, reply) => reply.code(200).send({ status: 'ok' }))

  return {
    routes,
    async listen() {
      try {
        await routes.listen({ host: address.host, port: address.port })
      } catch (cause) {
        const { code } = cause as { code?: string }
        throw new TajoError(
          'server_port',
          `Nothing can be served at ${address.host}:${address.port} (${code}).`,
          {
            hint: 'Set another `server.port` in connectors.yml, or `server: { enabled: false }`.',
            cause,
          },
        )
      }
      const { address: host, port } = routes.server.address() as AddressInfo
      return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
    },
    async close() {
      await routes.close()
    },
  }
}
