// Every route that is open to others asks who is there.
import { expect, it } from '@jest/globals'

import { installControl } from '../../../src/interfaces/server/control.ts'
import type { createInbox } from '../../../src/interfaces/server/inbox.ts'
import { gorgias } from '../../../src/sources/gorgias/index.ts'
import { createServer } from '../../../src/interfaces/server/server.ts'
import { installWebhooks } from '../../../src/interfaces/server/webhooks.ts'

/** Nothing of it may be reached. */
const closed = new Proxy(
  {},
  {
    get() {
      throw new Error('somebody without a key came in')
    },
  },
) as never

it.each([{}, { authorization: 'Bearer wrong' }, { authorization: 'Bearer ' }, { 'x-tajo-secret': '' }])(
  'none but /health lets in whoever sends %p',
  async (headers) => {
    const { routes } = createServer({ host: '127.0.0.1', port: 0 })
    const found: { method: string; url: string }[] = []
    routes.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) found.push({ method: one, url })
    })
    installControl(routes, closed, () => ['the-key-of-this-daemon'], {})
    const inbox = { put: async () => undefined, count: () => undefined } satisfies ReturnType<
      typeof createInbox
    >
    const secrets = (): string[] => ['a-webhook-secret']
    installWebhooks(
      routes,
      [{ connector: 'gorgias', receiver: gorgias.receiver!, secrets, hmac: null, options: {} }],
      inbox,
    )
    await routes.ready()

    const answers = await Promise.all(
      found.map(async ({ method, url }) => {
        const answer = await routes.inject({
          method: method as 'GET',
          url: url.replaceAll(/:\w+/g, 'gorgias'),
          headers,
        })
        return `${method} ${url} ${answer.statusCode}`
      }),
    )

    expect(answers.length).toBeGreaterThan(8)
    expect(answers.filter((one) => !one.endsWith(' 401'))).toEqual([])
    await routes.close()
  },
)
