// Gorgias's HTTP integrations: made, found, repaired and removed by the API, and what their deliveries name (gorgias-api.md § 5).
import { TajoError } from '../../lib/errors.ts'
import type { RecordId } from '../../model/records.ts'
import { bearsSecret } from '../../lib/net/signature.ts'
import type { Webhook, WebhookApi, WebhookReceiver } from '../source.ts'
import { type GorgiasClient, toAsked } from './client.ts'

type Json = Record<string, unknown>

const NAME = 'tajo'
/** All of the eight triggers that change a ticket. */
const TRIGGERS = {
  'ticket-created': true,
  'ticket-updated': true,
  'ticket-message-created': true,
  'ticket-self-unsnoozed': true,
  'ticket-message-failed': false,
  'ticket-assignment-updated': true,
  'ticket-status-updated': true,
  'ticket-handed-over': true,
}
/** No way to sign is documented, so a secret travels in a header of our own (gorgias-api.md § 5). */
const SECRET_HEADER = 'X-Tajo-Secret'
const FORM = { ticket_id: '{{ticket.id}}' }

export const gorgiasReceiver: WebhookReceiver = {
  isAuthentic: ({ headers }, secrets) => bearsSecret(headers, SECRET_HEADER, secrets),
  hear(fields) {
    const id = readTicketId(fields)
    return id === null ? [] : [{ kind: 'ticket', id }]
  },
}

export function createGorgiasWebhooks(client: GorgiasClient): WebhookApi {
  const toBody = (url: string, secret: string): Json => ({
    name: NAME,
    type: 'http',
    description: 'Tells tajo which ticket to read again.',
    deactivated_datetime: null,
    http: {
      url,
      method: 'POST',
      request_content_type: 'application/json',
      response_content_type: 'application/json',
      headers: { [SECRET_HEADER]: secret },
      form: FORM,
      triggers: TRIGGERS,
    },
  })

  return {
    async find(ours, signal) {
      const webhooks = await list(client, signal)
      return (
        webhooks.find((one) => one.id === ours.id) ??
        webhooks.find((one) => ours.url !== null && one.url === ours.url) ??
        null
      )
    },

    async install(url, secret, existing, signal) {
      const answer =
        existing === null
          ? await client.change({ method: 'POST', path: '/integrations', body: toBody(url, secret) }, signal)
          : await client.change(
              { method: 'PUT', path: `/integrations/${existing.id}`, body: toBody(url, secret) },
              signal,
            )
      const id = idOf((answer.json as Json | null)?.['id']) ?? existing?.id
      if (id === undefined)
        throw new TajoError('source_unreadable', 'Gorgias did not say which integration it made.')
      return id
    },

    async remove(id, signal) {
      await client.change({ method: 'DELETE', path: `/integrations/${id}`, body: null }, signal)
    },
  }
}

async function list(client: GorgiasClient, signal?: AbortSignal): Promise<Webhook[]> {
  const found: Webhook[] = []
  for (let cursor: string | undefined; ;) {
    const params = { limit: 100, type: 'http', ...(cursor === undefined ? {} : { cursor }) }
    const answer = await client.ask(toAsked('/integrations', params), signal)
    const page = answer.json as { data: Json[]; meta: { next_cursor: string | null } }
    for (const item of page.data) {
      const webhook = toWebhook(item)
      if (webhook !== null) found.push(webhook)
    }
    const { next_cursor: next } = page.meta
    if (next === null || next === cursor) return found
    cursor = next
  }
}

/** Templated values arrive as texts: `"123"`; a bare number is taken, too; `""` and `"None"` name nothing. */
function readTicketId(fields: Readonly<Record<string, unknown>>): RecordId | null {
  const nested = fields['ticket']
  const given =
    fields['ticket_id'] ??
    fields['ticketId'] ??
    (typeof nested === 'object' && nested !== null ? (nested as Json)['id'] : undefined)
  return idOf(given) ?? null
}

function idOf(value: unknown): RecordId | undefined {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : ''
  return /^[1-9]\d{0,15}$/.test(text) ? text : undefined
}

function toWebhook(item: Json): Webhook | null {
  const http = item['http']
  const id = idOf(item['id'])
  if (item['type'] !== 'http' || typeof http !== 'object' || http === null || id === undefined) return null
  const { url, method, triggers, form } = http as Json
  const differences: string[] = []
  if (method !== 'POST') differences.push(`its method is ${String(method)}`)
  for (const [trigger, wanted] of Object.entries(TRIGGERS)) {
    if (wanted && (triggers as Json | null | undefined)?.[trigger] !== true)
      differences.push(`it does not fire on ${trigger}`)
  }
  if ((form as Json | null | undefined)?.['ticket_id'] !== FORM.ticket_id)
    differences.push('it does not name the ticket')
  return {
    id,
    url: typeof url === 'string' ? url : '',
    active: item['deactivated_datetime'] == null,
    differences,
  }
}
