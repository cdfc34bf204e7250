// The sandbox's Intercom as the official SDK sees it: what the fact sheet says must come out of it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { IntercomClient, IntercomError } from 'intercom-client'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { EMPTY } from '../support/sandbox.ts'

let sandbox: Sandbox
let intercom: IntercomClient
beforeAll(async () => {
  sandbox = await startSandbox({ size: EMPTY, helpdesk: 'intercom' })
  intercom = toClient('sandbox-intercom-token')
})
afterAll(() => sandbox.close())

/** It types no later version than 2.14, and sends what it is told. */
const toClient = (token: string): IntercomClient =>
  new IntercomClient({
    token,
    environment: sandbox.helpdeskUrl,
    headers: { 'Intercom-Version': '2.16' },
    maxRetries: 0,
  })

const statusOf = async (call: PromiseLike<unknown>): Promise<number | undefined> => {
  const error = await Promise.resolve(call).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(IntercomError)
  return (error as IntercomError).statusCode
}

describe('contacts', () => {
  it('are searched by their address, some minutes after they came', async () => {
    const created = sandbox.world.now() - 600_000_000
    sandbox.world.addCustomer({ email: 'jane@example.com', name: 'Jane', created })
    sandbox.world.addCustomer({ email: 'jane@example.com', name: 'Just now' })

    const found = await intercom.contacts.search({
      query: { field: 'email', operator: '=', value: 'jane@example.com' },
    })

    expect(found.data).toMatchObject([{ type: 'contact', email: 'jane@example.com', name: 'Jane' }])
  })

  it('that were merged are gone, those that never were are not found', async () => {
    const { id: first } = sandbox.world.addCustomer({ email: 'one@example.com' })
    const { id: second } = sandbox.world.addCustomer({ email: 'two@example.com' })
    sandbox.world.mergeCustomers(first, second)
    const toId = (id: number): string => id.toString(16).padStart(24, '0')

    expect(await statusOf(intercom.contacts.find({ contact_id: toId(first) }))).toBe(410)
    expect(await statusOf(intercom.contacts.find({ contact_id: toId(7) }))).toBe(404)
  })
})

describe('conversations', () => {
  it('are paged through by the SDK’s own cursor, each once, and have no parts', async () => {
    const { id } = sandbox.world.addCustomer({ email: 'many@example.com' })
    for (let count = 0; count < 7; count += 1)
      sandbox.world.addMessage(sandbox.world.addTicket({ customerId: id }).id)

    const ids: string[] = []
    // The SDK types dates as texts; Intercom documents numbers.
    const found = await intercom.conversations.search({
      query: { operator: 'AND', value: [{ field: 'updated_at', operator: '>', value: 0 as never }] },
      pagination: { per_page: 3 },
    })
    for await (const one of found) {
      ids.push(one.id)
      expect(one.conversation_parts).toBeUndefined()
    }

    expect(new Set(ids).size).toBe(7)
    expect(ids).toHaveLength(7)
  })

  it('have their parts where one is asked for', async () => {
    const [ticket] = [...sandbox.world.tickets.values()]
    sandbox.world.addMessage(ticket!.id, { fromAgent: true })

    const whole = await intercom.conversations.find({ conversation_id: String(ticket!.id) })

    expect(whole.conversation_parts?.conversation_parts).toMatchObject([
      { part_type: 'comment', author: { type: 'admin' } },
    ])
  })
})

it('lets nobody in without its token', async () => {
  expect(await statusOf(toClient('another').admins.identify())).toBe(401)
  expect(await toClient('sandbox-intercom-token').admins.identify()).toMatchObject({ type: 'admin' })
})

describe('the shop’s own people', () => {
  it('did what the log says, and are in teams; tags are listed', async () => {
    const { world } = sandbox
    world.setAgentState(1, 'away', 'Lunch')
    world.tags.push({ id: 77, name: 'vip', created: world.now() })

    const after = String(Math.floor(world.now() / 1_000_000) - 60)
    const log = await intercom.admins.listAllActivityLogs({ created_at_after: after })
    expect(log).toMatchObject({
      type: 'activity_log.list',
      activity_logs: [
        {
          activity_type: 'admin_away_mode_change',
          performed_by: { type: 'admin', id: '1' },
          metadata: { away_mode: true, away_status_reason: 'Lunch' },
        },
      ],
    })
    expect((await intercom.teams.list()).teams).toMatchObject([{ type: 'team', name: 'Support' }])
    expect((await intercom.tags.list()).data).toContainEqual({ type: 'tag', id: '77', name: 'vip' })
  })

  it('a conversation that was closed and opened again has parts that say so', async () => {
    const { world } = sandbox
    const { id } = world.addCustomer({ email: 'parts@example.com' })
    const ticket = world.addTicket({ customerId: id })
    world.addMessage(ticket.id)
    world.closeTicket(ticket.id)
    world.reopenTicket(ticket.id)

    const whole = await intercom.conversations.find({ conversation_id: String(ticket.id) })

    expect(whole.conversation_parts?.conversation_parts?.map((one) => one.part_type)).toEqual([
      'close',
      'open',
    ])
  })
})
