// Who may talk to the console at all: only under its own name, only from its own pages. Each answer tells the browser to load nothing from
// anywhere else (facts: web.md § 4).
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { ServerConfig } from '../../../config/config.ts'
import { isLoopback } from '../../../lib/net/address.ts'

/** Under which address a page was asked for. */
export interface Site {
  origin: string
  /** Before each path: '' or `/tajo`, where a proxy serves it below one. */
  base: string
  /** Cookies are for https alone. */
  isSecure: boolean
}

const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'private, no-store',
}

export function addSafeHeaders(reply: FastifyReply): void {
  void reply.headers(HEADERS)
}

/** Null: it was asked for under a name that is not its own, as a page that had its own name point here would (DNS rebinding). */
export function findSite(request: FastifyRequest, server: NonNullable<ServerConfig>): Site | null {
  const host = request.headers.host ?? ''
  if (server.publicUrl !== null) {
    const { protocol, host: own, origin, pathname } = new URL(server.publicUrl)
    if (host === own) return { origin, base: pathname.replace(/\/+$/, ''), isSecure: protocol === 'https:' }
  }
  const [, name = '', port = '80'] = /^(.*?)(?::(\d+))?$/.exec(host) ?? []
  const isOwn = Number(port) === request.socket.localPort && (isLoopback(name) || name === server.host)
  return isOwn ? { origin: `http://${host}`, base: '', isSecure: false } : null
}

/** Only its own pages may ask for a change. What a browser says of itself no page can forge; without a word of it, nothing is believed. */
export function isFromOwnPage({ headers }: FastifyRequest, { origin }: Site): boolean {
  const fetchSite = headers['sec-fetch-site']
  return fetchSite === undefined ? headers.origin === origin : fetchSite === 'same-origin'
}

/** A link in an e-mail or a chat: the browser withholds the cookie, and has it the moment the page asks for itself again. */
export const isFromElsewhere = ({ headers }: FastifyRequest): boolean =>
  headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] === 'navigate'
