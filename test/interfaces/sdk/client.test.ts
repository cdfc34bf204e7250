// TajoClient against a running daemon, and handlers that fail.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { TajoClient, type DeliveredEvent } from '../../../src/index.ts'
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts'
import { createDispatcher } from '../../../src/interfaces/sdk/dispatcher.ts'
import type { Backend } from '../../../src/interfaces/sdk/types.ts'
import { OPENAPI } from '../../../src/interfaces/server/openapi.ts'
import { EMPTY } from '../../support/sandbox.ts'
import { type Running, startTajo } from '../../support/tajo.ts'
import { VirtualClock } from '../../support/clock.ts'

const KEY = 'a-control-key-that-is-long-enough'

describe('a running daemon', () => {
  let directory: string
  let sandbox: Sandbox
  let daemon: Running
  let address: string
  let clients: TajoClient[]
  const client = (apiKey = KEY): TajoClient => {
    const one = new TajoClient({ baseUrl: address, apiKey })
    clients.push(one)
    return one
  }

  async function start(env: Record<string, string>): Promise<void> {
    let log = ''
    daemon = startTajo(['start'], directory, { env })
    daemon.child.stderr!.on('data', (chunk: Buffer) => (log += chunk.toString()))
    await daemon.until('Run ended')
    address = /"address":"([^"]+)"/.exec(log)![1]!
  }

  beforeEach(async () => {
    clients = []
    directory = mkdtempSync(join(tmpdir(), 'tajo-sdk-'))
    sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
    writeFileSync(
      join(directory, 'connectors.yml'),
      `server: { port: 0 }
brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    schedule: "0 0 1 1 *"
    rate_limit: { requests: 100000, per_seconds: 1 }
    event_mapping: { ticket.closed: RESOLVED }
campaigns:
  upsell: { on: customer.created, when: "false", guards: { cooldown: 14d } }
`,
    )
  })
  afterEach(async () => {
    await Promise.all(clients.map((one) => one.close()))
    daemon.child.kill('SIGTERM')
    await daemon.ended
    await sandbox.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it('is asked for all that can be done in-process', async () => {
    await start({ TAJO_API_KEY: KEY })
    const tajo = client()
    const { id } = sandbox.world.addCustomer({ email: 'jane@example.com' })
    const ticket = sandbox.world.addTicket({ customerId: id, subject: 'Lost?' }).id
    const told = new Promise<DeliveredEvent<'ticket.closed'>>((resolve) => {
      tajo.connectors.on('gorgias', 'ticket.closed', resolve)
    })

    expect(await tajo.connectors.connect('gorgias')).toMatchObject({ connected: true })
    expect((await tajo.connectors.sync('gorgias')).read['tickets']).toBe(1)
    sandbox.world.closeTicket(ticket)
    expect(
      await tajo.connectors.handleEvent('gorgias', {
        type: 'ticket.updated',
        payload: { ticketId: ticket, status: 'closed' },
      }),
    ).toEqual({ accepted: true })

    expect(await told).toMatchObject({
      type: 'ticket.closed',
      customer: { email: 'jane@example.com' },
      subject: 'Lost?',
      ticket: { id: String(ticket) },
    })
    expect(await tajo.connectors.status('gorgias')).toMatchObject({
      connected: true,
      running: true,
      customersCount: 1,
      ticketsTracked: 1,
    })
    const first = await tajo.campaigns.trigger('upsell', {
      email: 'jane@example.com',
      params: { code: 'X1' },
    })
    const second = await tajo.campaigns.trigger('upsell', { email: 'jane@example.com' })
    expect(first).toMatchObject({ fired: true, reason: null })
    expect(second.reason).toMatch(/^cooldown/)
    await tajo.connectors.sync('gorgias')
    expect(sandbox.brevo.account.events.map((event) => event.name).sort()).toEqual(['RESOLVED', 'upsell'])
  })

  it('answers what makes no sense with 400 and a sentence, and does nothing', async () => {
    await start({ TAJO_API_KEY: `${KEY},with-a-comma` })
    sandbox.world.addCustomer({ email: 'jane@example.com' })
    const post = async (path: string, body: string, key = `${KEY},with-a-comma`): Promise<number> => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
      return (await fetch(`${address}/v1/${path}`, { method: 'POST', headers, body })).status
    }
    const bad = [
      ['campaigns/upsell/trigger', '{"email":42}'],
      ['campaigns/upsell/trigger', '{"email":{"a":1}}'],
      ['campaigns/upsell/trigger', '{"email":"jane@example.com","params":[1]}'],
      ['campaigns/upsell/trigger', '{"email":"jane@example.com","idempotencyKey":7}'],
      ['campaigns/upsell/trigger', '[]'],
      ['campaigns/upsell/trigger', '{"email"'],
      ['connectors/gorgias/sync', '{"resources":["everything"]}'],
      ['connectors/gorgias/sync', '{"resources":"tickets"}'],
      ['connectors/gorgias/sync', '{"type":"whole"}'],
      ['connectors/gorgias/sync', '{"since":5}'],
      ['connectors/gorgias/sync', '{"batchSize":"many"}'],
      ['connectors/gorgias/handlers', '{"types":"ticket.closed"}'],
      ['connectors/gorgias/handlers', '{"types":["ticket.shut"]}'],
      ['connectors/gladly/sync', '{}'],
    ] as const
    for (const [path, body] of bad) expect([path, body, await post(path, body)]).toEqual([path, body, 400])

    // A part of a key is no key.
    expect(await post('connectors/gorgias/sync', '{}', KEY)).toBe(401)
    expect(sandbox.brevo.account.events).toEqual([])
  })

  it('tells each of two people, whoever calls with one idempotency key for both', async () => {
    await start({ TAJO_API_KEY: KEY })
    const tajo = client()
    const request = { idempotencyKey: 'order-1' }
    const fired = []
    for (const email of ['a@example.com', 'b@example.com', 'a@example.com', 'b@example.com']) {
      sandbox.world.addCustomer({ email })
      fired.push(await tajo.campaigns.trigger('upsell', { email, ...request }))
    }

    expect(fired.map((one) => one.fired)).toEqual([true, true, true, true])
    expect(new Set(fired.map((one) => one.eventId)).size).toBe(2)
    await tajo.connectors.sync('gorgias')
    const told = sandbox.brevo.account.events.filter((event) => event.name === 'upsell')
    expect(told).toHaveLength(2)
    expect(new Set(told.map((event) => event.email))).toEqual(new Set(['a@example.com', 'b@example.com']))
  })

  it('lets in nobody without its key', async () => {
    await start({ TAJO_API_KEY: KEY })

    await expect(client('another').connectors.status('gorgias')).rejects.toMatchObject({
      code: 'unauthorized',
      hint: expect.stringContaining('TAJO_API_KEY') as unknown,
    })
  })

  it('has no control API without a key', async () => {
    await start({})

    await expect(client().connectors.status('gorgias')).rejects.toThrow(/answered 404/)
  })

  it('says what is wrong in its own words', async () => {
    await start({ TAJO_API_KEY: KEY })

    await expect(client().connectors.sync('gorgias', { since: 'yesterday' })).rejects.toMatchObject({
      code: 'usage',
      message: '"yesterday" is no date.',
    })
  })
})

it('where nothing answers, the error says what to do', async () => {
  const tajo = new TajoClient({ baseUrl: 'http://127.0.0.1:1', apiKey: KEY })

  await expect(tajo.connectors.status('gorgias')).rejects.toMatchObject({
    code: 'daemon_unreachable',
    hint: expect.stringContaining('tajo start') as unknown,
  })
  await tajo.close()
})

it('the committed OpenAPI is fresh: npm run gen', () => {
  expect(JSON.parse(readFileSync('schema/openapi.json', 'utf8'))).toEqual(JSON.parse(JSON.stringify(OPENAPI)))
})

describe('handlers', () => {
  const event = { id: 'e1', type: 'ticket.closed', attempts: 0 } as DeliveredEvent

  /** A backend with one thing to tell, which is due again as soon as it was refused. */
  function fake() {
    const log: string[] = []
    let open: DeliveredEvent | null = event
    const backend = {
      deliveries: async (_: string, __: unknown, signal: AbortSignal) => {
        if (open === null && !signal.aborted)
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
        return open === null ? [] : [open]
      },
      ack: async (_: string, id: string) => {
        log.push(`taken ${id}`)
        open = null
      },
      nack: async (_: string, id: string, attempts: number, reason: string) => {
        log.push(`refused ${id}: ${reason}`)
        open = attempts >= 2 ? null : { ...event, attempts: attempts + 1 }
      },
    } as unknown as Backend
    return { backend, log }
  }

  it('that throw are called again', async () => {
    const { backend, log } = fake()
    const dispatcher = createDispatcher(backend, new VirtualClock(), 1_000)
    dispatcher.on('gorgias', 'ticket.closed', ({ attempts }) => {
      if (attempts < 1) throw new Error('not yet')
    })

    await dispatcher.drain()
    await dispatcher.close()

    expect(log).toEqual(['refused e1: not yet', 'taken e1'])
  })

  it('that hang are given up, and hold up nothing', async () => {
    const { backend, log } = fake()
    const clock = new VirtualClock()
    const dispatcher = createDispatcher(backend, clock, 1_000)
    dispatcher.on('gorgias', 'ticket.closed', () => new Promise(() => undefined))

    await clock.run(dispatcher.drain())
    await dispatcher.close()

    expect(log[0]).toBe('refused e1: it did not end within 1000 ms')
    expect(log).toHaveLength(3)
  })
})
