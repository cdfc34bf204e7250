// Webhooks as the helpdesk sends them, at the door that a daemon opens: believed only with the secret, on disk before they are answered, and
// naming what can be read again.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import type { Inbox } from '../../src/interfaces/server/inbox.ts'
import { createServer } from '../../src/interfaces/server/server.ts'
import { installWebhooks } from '../../src/interfaces/server/webhooks.ts'
import type { Delivery } from '../../src/sandbox/helpdesk.ts'
import type { RefreshRequest } from '../../src/sources/source.ts'
import { type Bench, HELPDESKS, openBench } from './helpdesk.ts'

const SECRET = 'a-secret-of-thirty-two-characters'
const URL = 'https://tajo.test/webhooks/shop'
const WITH_WEBHOOKS = HELPDESKS.filter(({ definition }) => definition.receiver !== null)

describe.each(WITH_WEBHOOKS.length === 0 ? HELPDESKS : WITH_WEBHOOKS)('$name', (helpdesk) => {
  const { definition, fake } = helpdesk
  let bench: Bench
  let sent: Delivery[]
  let heard: RefreshRequest[]
  let counted: string[]
  let server: ReturnType<typeof createServer>

  beforeEach(async () => {
    bench = openBench(helpdesk)
    sent = []
    heard = []
    counted = []
    server = createServer({ host: '127.0.0.1', port: 0 })
    const inbox: Inbox = {
      put: async (_, requests) => void heard.push(...requests),
      count: (_, what) => void counted.push(what),
    }
    const { receiver } = definition
    if (receiver !== null)
      installWebhooks(
        server.routes,
        [{ connector: 'shop', receiver, secrets: () => ['an-old-one', SECRET], hmac: null, options: {} }],
        inbox,
      )
    await bench.fill(1)
  })
  afterEach(async () => {
    await server.routes.close()
    await bench.close()
  })

  /** As the helpdesk is told to call, by its API or by hand. */
  async function install(secret = SECRET): Promise<void> {
    const { webhooks } = bench.source()
    if (webhooks !== null) await bench.drive(webhooks.install(URL, secret, null))
    fake.fireWebhooks(
      bench.world,
      async (delivery) => {
        sent.push(delivery)
        return true
      },
      { url: URL, secret },
    )
  }

  const deliver = async ({ headers, body }: Delivery): Promise<number> =>
    (
      await server.routes.inject({
        method: 'POST',
        url: '/webhooks/shop',
        headers: { 'content-type': 'application/json', ...headers },
        payload: body,
      })
    ).statusCode

  if (definition.receiver === null) {
    it('has none, and asks for none', () => expect(definition.supports.webhooks).toBe('none'))
    return
  }

  it('what it sends of a change is believed, and names what changed', async () => {
    await install()
    const [ticket] = [...bench.world.tickets.values()]
    bench.world.closeTicket(ticket!.id)

    const statuses = await Promise.all(sent.map((one) => deliver(one)))

    expect(statuses.every((status) => status >= 200 && status < 300)).toBe(true)
    expect(heard.length).toBeGreaterThan(0)
    const source = bench.source()
    for (const { kind, id } of heard)
      if (kind !== 'agent')
        expect(await bench.drive(source.refetch(kind, id))).toMatchObject({ found: 'record' })
  })

  it('what is signed with another secret is not', async () => {
    await install('somebody-elses-secret-of-32-chars')
    bench.world.closeTicket([...bench.world.tickets.keys()][0]!)
    expect(sent.length).toBeGreaterThan(0)
    for (const one of sent) expect(await deliver(one)).toBe(401)
    expect(heard).toEqual([])
  })

  it('nor is anything without one, or with one that was made of it', async () => {
    await install()
    bench.world.closeTicket([...bench.world.tickets.keys()][0]!)
    for (const { headers, body } of sent) {
      expect(await deliver({ url: URL, headers: {}, body })).toBe(401)
      for (const name of Object.keys(headers))
        expect(
          await deliver({
            url: URL,
            body,
            headers: { ...headers, [name]: `${headers[name]!.slice(0, -1)}_` },
          }),
        ).toBe(401)
    }
    expect(heard).toEqual([])
  })

  it('one that comes twice asks for the same again', async () => {
    await install()
    bench.world.closeTicket([...bench.world.tickets.keys()][0]!)
    for (const one of sent) await deliver(one)
    const once = [...heard]
    for (const one of sent) await deliver(one)
    expect(heard).toEqual([...once, ...once])
  })

  it('one that is too large is not read', async () => {
    await install()
    bench.world.closeTicket([...bench.world.tickets.keys()][0]!)
    const { headers } = sent.at(-1)!
    expect(await deliver({ url: URL, headers, body: JSON.stringify({ x: 'x'.repeat(300_000) }) })).toBe(413)
  })

  it.each(['', '{', '[]', 'null', '7', '{"ticket_id":{}}', '{"a":{"b":{"c":1}}}', '\u0000'])(
    'a body of %j names nothing, and is answered',
    async (body) => {
      const secrets = [SECRET]
      expect(definition.receiver!.hear(toFields(body), {})).toEqual([])
      expect(definition.receiver!.isAuthentic({ headers: {}, body: Buffer.from(body) }, secrets)).toBe(false)
    },
  )

  it('is looked for with HEAD only where the helpdesk does that', async () => {
    const answer = await server.routes.inject({ method: 'HEAD', url: '/webhooks/shop' })
    expect(answer.statusCode).toBe(definition.receiver!.answersHead === true ? 200 : 404)
  })

  it('a person is told what to enter, where the helpdesk has no API for it', async () => {
    const { byHand } = definition.receiver!
    expect(byHand === undefined).toBe(definition.supports.webhooks !== 'by_hand')
    expect(bench.source().webhooks === null).toBe(byHand !== undefined)
    expect(byHand?.steps(URL).join(' ') ?? URL).toContain(URL)
  })
})

function toFields(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}
