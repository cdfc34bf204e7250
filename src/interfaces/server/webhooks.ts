// POST /webhooks/<connector>: authentic or not, which objects it names, on disk, answered. What it says of an object is not read.
import type { FastifyInstance } from 'fastify'

import { parseExactly } from '../../lib/net/json.ts'
import { type HmacRule, isSigned } from '../../lib/net/signature.ts'
import type { Delivery, WebhookReceiver } from '../../sources/source.ts'
import type { Counted, Inbox } from './inbox.ts'

export interface WebhookRoute {
  connector: string
  receiver: WebhookReceiver
  /** Of the connector, for its helpdesk. */
  options: Readonly<Record<string, unknown>>
  /** Every one that is valid now: during a rotation there are two. */
  secrets(this: void): readonly string[]
  /** What connectors.yml asks for instead of the helpdesk's own way: a proxy in between signs. */
  hmac: HmacRule | null
}

/** Nobody who means well sends deeper ones. */
const MAX_FIELDS = 200

export function installWebhooks(
  routes: FastifyInstance,
  webhooks: readonly WebhookRoute[],
  inbox: Inbox,
  /** `ms`: until one that names something was answered. */
  onDelivery: (connector: string, outcome: Counted | 'accepted', ms: number | null) => void = () => undefined,
): void {
  for (const webhook of webhooks) {
    const { connector, receiver, options } = webhook
    const accepts = receiver.accepts ?? 202
    const path = `/webhooks/${connector}`
    if (receiver.answersHead === true) routes.head(path, (_, reply) => reply.code(200).send())
    const count = (what: Counted): void => {
      inbox.count(connector, what)
      onDelivery(connector, what, null)
    }
    routes.post(path, async (request, reply) => {
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      if (request.headers['content-encoding'] !== undefined) return reply.code(415).send()
      if (!isAuthentic(webhook, { headers: request.headers, body })) {
        count('unauthorized')
        return reply.code(401).send()
      }
      const fields = toFields(request.headers['content-type'] ?? '', body.toString('utf8'))
      const heard = fields === null ? [] : receiver.hear(fields, options)
      if (heard === 'ping') {
        count('pings')
        return reply.code(200).send()
      }
      if (heard.length === 0) {
        // Answered as the others: a sender that is refused too often is switched off.
        count('ignored')
        return reply.code(accepts).send()
      }
      await inbox.put(connector, heard)
      onDelivery(connector, 'accepted', reply.elapsedTime)
      return reply.code(accepts).send()
    })
  }
}

function isAuthentic({ receiver, secrets, hmac }: WebhookRoute, delivery: Delivery): boolean {
  return hmac === null ? receiver.isAuthentic(delivery, secrets()) : isSigned(hmac, delivery, secrets())
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
