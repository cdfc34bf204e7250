// Gladly's webhooks: made switched off, then switched on, which it tries with a PING; Basic credentials with a secret of tajo's own in both
// places (gladly-intercom-api.md § A.7, § 0.3). How exactly credentials are written has no sample in the sheet.
import { TajoError } from '../../lib/errors.ts'
import { bearsSecret } from '../../lib/net/signature.ts'
import type { RefreshRequest, Webhook, WebhookApi, WebhookReceiver } from '../source.ts'
import type { GladlyClient } from './client.ts'
import { namedBy } from './events.ts'
import { type Json, toId, toList, toObject, toText } from './items.ts'

const NAME = 'tajo'
/** An organization has so many at most, those of its other tools among them. */
const MOST = 20

/** Contacts, conversations, customers, and the five that agents have. */
export const EVENT_TYPES = [
  'AGENT_AVAILABILITY/UPDATED',
  'AGENT_STATUS/CHANGED_ACTIVE_REASON',
  'AGENT_STATUS/LOGGED_IN',
  'AGENT_STATUS/LOGGED_OUT',
  'AGENT_STATUS/RETURNED_FROM_AWAY',
  'AGENT_STATUS/WENT_AWAY',
  'CONTACT/ENDED',
  'CONTACT/FULFILLED',
  'CONTACT/MESSAGE_RECEIVED',
  'CONTACT/MESSAGE_SENT',
  'CONTACT/STARTED',
  'CONVERSATION/CLOSED',
  'CONVERSATION/CREATED',
  'CONVERSATION/REOPENED',
  'CONVERSATION/TOPIC_ADDED',
  'CONVERSATION/TOPIC_REMOVED',
  'CONVERSATION_STATUS/UPDATED',
  'CUSTOMER/MERGED',
  'CUSTOMER_PROFILE/CREATED',
  'CUSTOMER_PROFILE/DELETED',
  'CUSTOMER_PROFILE/UPDATED',
]

/** The secret is the password, and the user's name as well; a header of that name is not sent, so none is looked for. */
export const gladlyReceiver: WebhookReceiver = {
  accepts: 200,
  isAuthentic: ({ headers }, secrets) =>
    bearsSecret({ authorization: headers['authorization'] }, 'x-none', secrets),
  hear(fields) {
    if (fields['type'] === 'PING') return 'ping'
    const { tickets, customers, agents } = namedBy(fields)
    const named = (kind: RefreshRequest['kind'], ids: readonly string[]): RefreshRequest[] =>
      ids.map((id) => ({ kind, id }))
    return [...named('ticket', tickets), ...named('customer', customers), ...named('agent', agents)]
  },
}

export function createGladlyWebhooks(client: GladlyClient): WebhookApi {
  const change = (
    method: 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body: Json | null,
    signal?: AbortSignal,
  ) => client.change({ method, path, body }, signal)

  return {
    async find(ours, signal) {
      const all = await list(client, signal)
      return (
        all.find((one) => one.id === ours.id) ??
        all.find((one) => ours.url !== null && one.url === ours.url) ??
        null
      )
    },

    async install(url, secret, existing, signal) {
      const body = {
        name: NAME,
        url,
        eventTypes: EVENT_TYPES,
        authentication: { basic: { username: secret, password: secret } },
      }
      const id = existing === null ? await make(body) : existing.id
      // Switched on, it is called with a PING at once, and must be answered.
      await change('PATCH', toPath(id), { ...body, enabled: true }, signal).catch((thrown: unknown) => {
        if (!(thrown instanceof TajoError) || thrown.code !== 'source_refused') throw thrown
        throw new TajoError(
          thrown.code,
          `${thrown.message} It calls ${url} once before it switches a webhook on.`,
          {
            hint: 'Start tajo first (tajo start), see that the address reaches it from outside, and install the webhook again.',
            cause: thrown,
          },
        )
      })
      return id

      async function make(content: Json): Promise<string> {
        const count = (await list(client, signal)).length
        if (count >= MOST)
          throw new TajoError('source_refused', `Gladly allows ${MOST} webhooks, and there are ${count}.`, {
            hint: 'Remove one that is not used any more: Settings → Developer tools → Webhooks.',
          })
        const answer = await change('POST', '/webhooks', { ...content, enabled: false }, signal)
        const made = toId(toObject(answer.json)?.['id'])
        if (made === null)
          throw new TajoError('source_unreadable', 'Gladly did not say which webhook it made.')
        return made
      }
    },

    async remove(id, signal) {
      await change('PATCH', toPath(id), { enabled: false }, signal)
      await change('DELETE', toPath(id), null, signal)
    },
  }
}

const toPath = (id: string): string => `/webhooks/${encodeURIComponent(id)}`

async function list(client: GladlyClient, signal?: AbortSignal): Promise<Webhook[]> {
  const { json } = await client.ask({ path: '/webhooks' }, signal)
  return toList(json).flatMap((item) => {
    const id = toId(item['id'])
    if (id === null) return []
    const types = Array.isArray(item['eventTypes']) ? (item['eventTypes'] as unknown[]) : []
    const missing = EVENT_TYPES.filter((one) => !types.includes(one))
    const isGivenUp = toText(item['disabledAtDueToRetryLimit']) !== null
    return [
      {
        id,
        url: toText(item['url']) ?? '',
        active: item['enabled'] === true && !isGivenUp,
        differences: missing.length === 0 ? [] : [`it does not fire on ${missing.join(', ')}`],
      },
    ]
  })
}
