// Webhooks over real HTTP: the sandbox's Gorgias calls a daemon, with calls lost, doubled, reordered and forged.
import { request } from 'node:http'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { parseConfig } from '../../../src/config/load.ts'
import { type Daemon, startDaemon } from '../../../src/daemon/daemon.ts'
import { systemClock } from '../../../src/lib/time/clock.ts'
import { createHttp } from '../../../src/lib/net/http.ts'
import { createSeededRandom } from '../../../src/lib/random.ts'
import { Secret } from '../../../src/lib/log/secret.ts'
import { SANDBOX_KEYS } from '../../support/keys.ts'
import { deliverOverHttp } from '../../../src/sandbox/deliver.ts'
import type { Delivery } from '../../../src/sandbox/helpdesk.ts'
import { fireWebhooks } from '../../../src/sandbox/gorgias/webhooks.ts'
import { serve } from '../../../src/daemon/serve.ts'
import { openStoreReadOnly } from '../../../src/state/store.ts'
import { openShop, type Shop, silentLog } from '../../support/sandbox.ts'

const SECRET = 'a-secret-of-thirty-two-characters'
const OLD = 'the-secret-before-that-one-is-valid'
let shop: Shop
let daemon: Daemon | null = null
let address = ''

/** Polls never come, unless a test says so. */
async function start(lines = ''): Promise<void> {
  const yaml = `server: { port: 0 }
${shop.yaml().replace('    rate_limit', `    schedule: "0 0 1 1 *"\n    survey_schedule: "0 0 1 1 *"\n    reconcile: false\n${lines}    rate_limit`)}`
  const config = parseConfig('connectors.yml', yaml, {})
  const webhookSecrets = { gorgias: new Secret(`${SECRET},${OLD}`) }
  const ports = { http: createHttp(), clock: systemClock, random: createSeededRandom(1), log: silentLog }
  const isReady = new Promise<void>((resolve) => {
    daemon = startDaemon(
      {
        config,
        stateDir: `${shop.directory}/state`,
        credentials: {
          gorgias: {
            email: new Secret(SANDBOX_KEYS.GORGIAS_EMAIL),
            api_key: new Secret(SANDBOX_KEYS.GORGIAS_API_KEY),
          },
        },
        brevoKey: new Secret(SANDBOX_KEYS.BREVO_API_KEY),
        webhookSecrets,
      },
      {
        ...ports,
        serve: async (served) => {
          const serving = await serve(
            {
              config,
              stateDir: `${shop.directory}/state`,
              env: {},
              webhookSecrets,
              apiKey: null,
              handled: new Set(),
            },
            ports,
            served,
          )
          address = serving.address!
          return serving
        },
      },
      { onRun: (_, isSettled) => isSettled && resolve() },
    )
  })
  await isReady
}

beforeEach(async () => {
  shop = await openShop()
})
afterEach(async () => {
  shop.sandbox.world.onLog = null
  daemon?.stop()
  await daemon?.ended
  await shop.close()
})

function call(
  body: string,
  headers: Record<string, string> = { 'x-tajo-secret': SECRET },
  path = '/webhooks/gorgias',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const one = request(
      `${address}${path}`,
      { method: 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      },
    )
    one.on('error', reject)
    one.end(body)
  })
}

async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo(); waited += 5) {
    if (waited > 20_000) throw new Error('it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const names = (): string[] => shop.sandbox.brevo.account.events.map((event) => event.name)
const counts = () => {
  const store = openStoreReadOnly(`${shop.directory}/state`)!
  const found = {
    ...store.refreshRequests.counts('gorgias'),
    waiting: store.refreshRequests.count('gorgias'),
  }
  store.close()
  return found
}

describe('who may call', () => {
  beforeEach(() => start())

  it.each([
    ['the secret in its header', { 'x-tajo-secret': SECRET }, 202],
    ['the secret before, while it is rotated', { 'x-tajo-secret': OLD }, 202],
    [
      'Basic credentials',
      { authorization: `Basic ${Buffer.from(`tajo:${SECRET}`).toString('base64')}` },
      202,
    ],
    ['nothing', {}, 401],
    ['another secret', { 'x-tajo-secret': `${SECRET}x` }, 401],
    ['a part of it', { 'x-tajo-secret': SECRET.slice(0, -1) }, 401],
    ['an empty one', { 'x-tajo-secret': '' }, 401],
    ['broken credentials', { authorization: 'Basic %%%' }, 401],
  ])('%s', async (_, headers, status) => {
    const answer = await call('{"ticket_id":"1"}', headers)

    expect(answer).toEqual({ status, body: '' })
  })

  it('is counted, and never repeated in an answer', async () => {
    await call('{"ticket_id":"<script>"}', {})
    const missing = await call('{}', {}, '/<script>alert(1)</script>')
    await until(() => counts().unauthorized === 1)

    expect(missing).toEqual({ status: 404, body: '' })
  })

  it('sends no more than the limit', async () => {
    const answer = await call(JSON.stringify({ ticket_id: '1', more: 'x'.repeat(300_000) }))

    expect(answer).toEqual({ status: 413, body: '' })
  })

  it.each([
    ['{"ticket_id": 42}', 'application/json', 1],
    ['{"ticket_id": "42"}', 'application/json', 1],
    ['{"ticket": {"id": "42"}}', 'application/json', 1],
    ['ticket_id=42&spam=True', 'application/x-www-form-urlencoded', 1],
    ['{"ticket_id": ""}', 'application/json', 0],
    ['{"ticket_id": "None"}', 'application/json', 0],
    ['{"ticket_id": "../../customers"}', 'application/json', 0],
    ['{"__proto__": {"ticket_id": "42"}}', 'application/json', 0],
    ['[1, 2]', 'application/json', 0],
    ['not json', 'application/json', 0],
    ['', 'application/json', 0],
  ])('a body %s (%s) names %d tickets', async (body, type, accepted) => {
    const answer = await call(body, { 'x-tajo-secret': SECRET, 'content-type': type })
    await until(() => counts().accepted + counts().ignored === 1)

    expect(answer).toEqual({ status: 202, body: '' })
    expect(counts()).toMatchObject({ accepted, ignored: 1 - accepted })
  })
})

it('a signature is demanded where one is configured', async () => {
  const { createHmac } = await import('node:crypto')
  await start('    webhooks: { hmac: { header: X-Signature, algorithm: sha256, encoding: base64 } }\n')
  const body = '{"ticket_id":"1"}'
  const signature = createHmac('sha256', SECRET).update(body).digest('base64')

  expect((await call(body, { 'x-signature': signature })).status).toBe(202)
  expect((await call(`${body} `, { 'x-signature': signature })).status).toBe(401)
  expect((await call(body, { 'x-tajo-secret': SECRET })).status).toBe(401)
})

describe('a delivery', () => {
  it('has its ticket read again, and the event reaches Brevo once, though polls see it too', async () => {
    await start()
    const { world } = shop.sandbox
    const { id } = world.addCustomer({ email: 'jane@example.com' })
    const ticket = world.addTicket({ customerId: id }).id
    await call(JSON.stringify({ ticket_id: String(ticket) }))
    await until(() => names().includes('SUPPORT_TICKET_OPENED'))
    world.closeTicket(ticket)
    await call(JSON.stringify({ ticket_id: String(ticket) }))
    await until(() => names().includes('SUPPORT_TICKET_RESOLVED'))
    daemon!.stop()
    await daemon!.ended
    daemon = null

    const report = await shop.sync()

    expect(report.events.sent).toBe(0)
    expect(names()).toEqual(['SUPPORT_CUSTOMER_CREATED', 'SUPPORT_TICKET_OPENED', 'SUPPORT_TICKET_RESOLVED'])
  })

  it('of a burst for one ticket costs one read', async () => {
    await start()
    const { id } = shop.sandbox.world.addCustomer({ email: 'jane@example.com' })
    const ticket = shop.sandbox.world.addTicket({ customerId: id }).id
    shop.takeRequests()

    const startedAt = performance.now()
    await Promise.all(Array.from({ length: 50 }, () => call(JSON.stringify({ ticket_id: String(ticket) }))))
    const collected = Math.ceil((performance.now() - startedAt) / 150)
    await until(() => names().includes('SUPPORT_TICKET_OPENED') && counts().waiting === 0)

    const { gorgias } = shop.takeRequests()
    expect(counts().accepted).toBe(50)
    expect(gorgias.get('/api/tickets/:id') ?? 0).toBeLessThanOrEqual(1)
    // One for each time that is waited for more of them; on a busy machine a burst takes longer than one.
    expect(gorgias.get('/api/tickets')).toBeLessThanOrEqual(1 + collected)
    expect(collected).toBeLessThan(25)
  })

  it('that is forged or old overwrites nothing: the ticket is as the API says', async () => {
    await start()
    const { world } = shop.sandbox
    const { id } = world.addCustomer({ email: 'jane@example.com' })
    const ticket = world.addTicket({ customerId: id }).id

    await call(
      JSON.stringify({ ticket_id: String(ticket), status: 'closed', customer_email: 'x@example.com' }),
    )
    await call(JSON.stringify({ ticket_id: '999999' }))
    await until(() => names().includes('SUPPORT_TICKET_OPENED') && counts().waiting === 0)

    expect(names()).not.toContain('SUPPORT_TICKET_RESOLVED')
    expect([...shop.sandbox.brevo.account.contacts.keys()]).toEqual(['jane@example.com'])
  })

  it('is followed when the event feed is late', async () => {
    await start()
    const { world } = shop.sandbox
    const { id } = world.addCustomer({ email: 'jane@example.com' })
    const ticket = world.addTicket({ customerId: id }).id
    await call(JSON.stringify({ ticket_id: String(ticket) }))
    await until(() => names().includes('SUPPORT_TICKET_OPENED'))
    world.changeTicket(ticket, { status: 'closed', closed: world.now() })
    await call(JSON.stringify({ ticket_id: String(ticket) }))
    await until(() => counts().accepted === 2)
    setTimeout(() => world.log('ticket-closed', 'Ticket', ticket), 700)

    await until(() => names().includes('SUPPORT_TICKET_RESOLVED'))

    expect(names().filter((name) => name === 'SUPPORT_TICKET_RESOLVED')).toHaveLength(1)
  })
})

it('while calls are lost, doubled and reordered, each occurrence reaches Brevo once', async () => {
  await start()
  const { world } = shop.sandbox
  const random = createSeededRandom(7)
  world.webhooks.push({
    id: 1,
    name: 'tajo',
    created: world.now(),
    deactivated: null,
    failures: 0,
    http: {
      url: `${address}/webhooks/gorgias`,
      method: 'POST',
      headers: { 'x-tajo-secret': SECRET },
      form: { ticket_id: '{{ticket.id}}' },
      triggers: { 'ticket-created': true, 'ticket-status-updated': true, 'ticket-message-created': true },
    },
  })
  const send = async (delivery: Delivery): Promise<boolean> => {
    const chance = random.next()
    if (chance < 0.2) return false
    await new Promise((resolve) => setTimeout(resolve, random.next() * 150))
    const taken = await deliverOverHttp(delivery)
    return chance > 0.8 ? await deliverOverHttp(delivery) : taken
  }
  fireWebhooks(world, send)
  const tickets = Array.from({ length: 12 }, (_, index) => {
    const { id } = world.addCustomer({ email: `c${index}@example.com` })
    return world.addTicket({ customerId: id }).id
  })
  for (const [index, ticket] of tickets.entries()) {
    world.closeTicket(ticket)
    if (index % 3 === 0) world.reopenTicket(ticket)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await until(() => names().filter((name) => name === 'SUPPORT_TICKET_RESOLVED').length >= 10)
  daemon!.stop()
  await daemon!.ended
  daemon = null
  await shop.sync()

  const count = (name: string): number => names().filter((one) => one === name).length
  expect(count('SUPPORT_CUSTOMER_CREATED')).toBe(12)
  expect(count('SUPPORT_TICKET_OPENED')).toBe(12)
  expect(count('SUPPORT_TICKET_RESOLVED')).toBe(12)
  expect(count('SUPPORT_TICKET_REOPENED')).toBe(4)
})
