// The sandbox Gorgias against the fact sheet (gorgias-api.md § 1-4), asked without any code of the engine.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from '../support/keys.ts'
import { EMPTY } from '../support/sandbox.ts'

type Json = Record<string, never>

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null })
})
afterEach(() => sandbox.close())

const AUTHORIZATION = `Basic ${Buffer.from(`${SANDBOX_KEYS.GORGIAS_EMAIL}:${SANDBOX_KEYS.GORGIAS_API_KEY}`).toString('base64')}`

async function get(
  path: string,
  authorization = AUTHORIZATION,
): Promise<{ status: number; headers: Headers; json: Json }> {
  const response = await fetch(`${sandbox.helpdeskUrl}${path}`, {
    headers: { authorization },
    redirect: 'manual',
  })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    json: (text === '' ? {} : JSON.parse(text)) as Json,
  }
}

describe('a list', () => {
  it('has the envelope, 30 to a page unless up to 100 are asked for, and an explicit end', async () => {
    for (let index = 0; index < 35; index += 1) sandbox.world.addCustomer({ email: `c${index}@example.com` })

    const first = await get('/customers')
    expect(first.json).toMatchObject({
      object: 'list',
      meta: { prev_cursor: null, next_cursor: expect.any(String) },
    })
    expect(first.json['data']).toHaveLength(30)
    const { next_cursor: cursor } = first.json['meta'] as unknown as { next_cursor: string }
    const second = await get(`/customers?cursor=${encodeURIComponent(cursor)}`)
    expect(second.json['data']).toHaveLength(5)
    expect(second.json['meta']).toEqual({ prev_cursor: null, next_cursor: null })
    expect(JSON.parse(Buffer.from(cursor, 'base64').toString())).toEqual([
      'next',
      expect.stringMatching(/^\d{4}-.*\.\d{6}$/),
      expect.any(Number),
    ])
  })

  it.each([
    '/customers?updated_since=2024-01-01',
    '/customers?order_by=name:asc',
    '/messages?order_by=updated_datetime:desc',
    '/satisfaction-surveys?order_by=updated_datetime:desc',
    '/users?order_by=updated_datetime:desc',
    '/customers?limit=101',
    '/customers?cursor=nonsense',
    '/custom-fields',
  ])('refuses %s with 400', async (path) => {
    const { status, json } = await get(path)

    expect(status).toBe(400)
    expect(json).toMatchObject({ error: { msg: expect.any(String), data: expect.any(Object) } })
  })

  it('shows trashed tickets unless told otherwise', async () => {
    sandbox.world.addTicket({ customerId: 1, trashed: sandbox.world.now() })

    expect((await get('/tickets')).json['data']).toHaveLength(1)
    expect((await get('/tickets?trashed=false')).json['data']).toHaveLength(0)
  })
})

describe('list and detail', () => {
  it('differ: channels only in a customer’s detail, counts only in a ticket’s list', async () => {
    const { id } = sandbox.world.addCustomer({ email: 'a@example.com', phone: '0719908543' })
    const ticket = sandbox.world.addTicket({ customerId: id })
    const [customerItem] = (await get('/customers')).json['data'] as unknown as Json[]
    const [ticketItem] = (await get('/tickets')).json['data'] as unknown as Json[]

    expect(customerItem).not.toHaveProperty('channels')
    expect((await get(`/customers/${id}`)).json['channels']).toMatchObject([
      { type: 'email' },
      { type: 'phone', address: '0719908543' },
    ])
    expect(ticketItem).toHaveProperty('messages_count')
    expect((await get(`/tickets/${ticket.id}`)).json).not.toHaveProperty('messages_count')
  })

  it('drop the fraction of a time when it is zero', async () => {
    sandbox.world.addCustomer({
      email: 'a@example.com',
      created: 1_700_000_000_000_000,
      updated: 1_700_000_000_000_001,
    })

    expect((await get('/customers')).json['data']).toMatchObject([
      { created_datetime: '2023-11-14T22:13:20+00:00', updated_datetime: '2023-11-14T22:13:20.000001+00:00' },
    ])
  })
})

describe('what is gone', () => {
  it('is 301 without a body after a merge, 404 with JSON after a deletion, told by the feed in this order', async () => {
    const [lost, kept, gone] = ['a', 'b', 'c'].map((name) =>
      sandbox.world.addCustomer({ email: `${name}@example.com` }),
    )
    sandbox.world.mergeCustomers(lost!.id, kept!.id)
    sandbox.world.deleteCustomer(gone!.id)

    const merged = await get(`/customers/${lost!.id}`)
    expect([merged.status, merged.headers.get('location'), merged.json]).toEqual([
      301,
      `/api/customers/${kept!.id}/`,
      {},
    ])
    expect(await get(`/customers/${gone!.id}`)).toMatchObject({
      status: 404,
      json: { error: { msg: 'Resource not found.' } },
    })
    const events = (await get('/events?order_by=created_datetime:asc')).json['data'] as unknown as {
      type: string
      object_id: number
    }[]
    expect(events.slice(3).map(({ type, object_id: id }) => [type, id])).toEqual([
      ['customer-deleted', lost!.id],
      ['customer-merged', kept!.id],
      ['customer-deleted', gone!.id],
    ])
  })
})

describe('keys and limits', () => {
  it('are answered with 401, with the used part of the budget, and with 429 and Retry-after', async () => {
    await sandbox.close()
    sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: 2 })

    expect((await get('/account')).headers.get('x-gorgias-account-api-call-limit')).toBe('1/2')
    expect(await get('/account', 'Basic wrong')).toMatchObject({
      status: 401,
      json: { error: { msg: 'Unauthorized.' } },
    })
    const refused = await get('/account')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})
