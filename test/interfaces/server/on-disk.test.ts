// A webhook is answered when it is on disk, and not before: what the sender takes for delivered is never sent again.
import { expect, it } from '@jest/globals'

import type { Inbox } from '../../../src/interfaces/server/inbox.ts'
import { createServer } from '../../../src/interfaces/server/server.ts'
import { installWebhooks } from '../../../src/interfaces/server/webhooks.ts'

const SECRET = 'a-webhook-secret'

function open(put: Inbox['put']) {
  const { routes } = createServer({ host: '127.0.0.1', port: 0 })
  const receiver = { isAuthentic: () => true, hear: () => [{ kind: 'ticket' as const, id: '1' }] }
  installWebhooks(
    routes,
    [{ connector: 'gorgias', receiver, secrets: () => [SECRET], hmac: null, options: {} }],
    {
      put,
      count: () => undefined,
    },
  )
  return async (): Promise<number> => {
    const { statusCode } = await routes.inject({
      method: 'POST',
      url: '/webhooks/gorgias',
      headers: { 'x-tajo-secret': SECRET, 'content-type': 'application/json' },
      payload: '{"ticket_id":"1"}',
    })
    await routes.close()
    return statusCode
  }
}

it('202 comes after the commit', async () => {
  const order: string[] = []
  const call = open(async () => {
    // As long as an answer that does not wait would take.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    order.push('on disk')
  })

  const status = await call()
  order.push(`answered ${status}`)

  expect(order).toEqual(['on disk', 'answered 202'])
})

it('a state that does not take it is a 503: the sender tries again', async () => {
  expect(await open(async () => Promise.reject(new Error('disk full')))()).toBe(503)
})
