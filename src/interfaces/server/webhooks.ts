// POST /webhooks/<connector>: authentic or not, which object it names, on disk, answered. What it says of the object is not read.
import type { FastifyInstance } from 'fastify'

import { parseExactly } from '../../lib/net/json.ts'
import type { RecordId } from '../../model/records.ts'
import { type Guard, isAuthentic } from './auth.ts'
import type { Inbox } from './inbox.ts'

export interface WebhookRoute {
  source: string
  guard: Guard
  /** The object that a delivery names; null where it names none. */
  toRefreshRequest(this: void, body: Readonly<Record<string, unknown>>): RecordId | null
}

/** Nobody who means well sends deeper ones. */
const MAX_FIELDS = 200

export function installWebhooks(
  routes: FastifyInstance,
  webhooks: readonly WebhookRoute[],
  inbox: Inbox,
): void {
  for (const webhook of webhooks) {
    const { source, guard } = webhook
    routes.post(`/webhooks/${source}`, async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      if (request.headers['content-encoding'] !== undefined) return reply.code(415).send()
      if (!isAuthentic(guard, request.headers, body)) {
        inbox.count(source, 'unauthorized')
        return reply.code(401).send()
      }
      const fields = toFields(request.headers['content-type'] ?? '', body.toString('utf8'))
      const id = fields === null ? null : webhook.toRefreshRequest(fields)
      if (id === null) {
        // Answered as the others: a sender that is refused too often is switched off.
        inbox.count(source, 'ignored')
        return reply.code(202).send()
      }
      await inbox.put(source, id)
      return reply.code(202).send()
    })
  }
}

/** JSON or a form; null for anything else. Keys that reach for prototypes are left out. */
function toFields(type: string, text: string): Record<string, unknown> | null {
  if (text.trim() === '') return {}
  const entries = type.includes('x-www-form-urlencoded')
    ? [...new URLSearchParams(text)]
    : Object.entries(parseJson(text) ?? {})
  if (entries.length > MAX_FIELDS) return null
  return Object.fromEntries(
    entries.filter(([name]) => name !== '__proto__' && name !== 'constructor' && name !== 'prototype'),
  )
}

function parseJson(text: string): object | null {
  try {
    const value: unknown = parseExactly(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
