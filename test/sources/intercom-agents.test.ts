// Who of the shop is there, by Intercom's log of what admins did; and which conversations and contacts are no more.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import type { HttpAnswer } from '../../src/lib/net/http.ts'
import { requireSource } from '../../src/sources/index.ts'
import { readStatus } from '../../src/engine/status.ts'
import { type Bench, openBench, requireSubject } from '../conformance/helpdesk.ts'

const INTERCOM = requireSubject('intercom')

let bench: Bench
beforeEach(() => {
  bench = openBench(INTERCOM)
  bench.account.addAttribute('TICKETS', 'float')
  bench.account.lists.set(35, 'Support contacts')
})
afterEach(() => bench.close())

const yaml = (): string =>
  bench.yaml('    lists: { all_support_contacts: 35 }\n    field_mapping: { nb_tickets: TICKETS }\n')

describe('who is there', () => {
  const look = (): Promise<number> => bench.open((engine) => engine.readAgentStates('shop'), yaml())
  const shown = (): Promise<unknown> =>
    bench.open(
      async ({ store }) =>
        readStatus(store, { name: 'shop', supports: requireSource('intercom').supports }, false).agents.map(
          ({ name, state, reason }) => `${name}: ${state}${reason === null ? '' : ` (${reason})`}`,
        ),
      yaml(),
    )

  beforeEach(async () => {
    bench.world.users.push({
      id: 2,
      name: 'Bea Agent',
      email: 'bea@shop.example',
      created: bench.world.now(),
    })
    await bench.sync(yaml())
  })

  it.each([
    ['online', null, 'Ann Agent: online'],
    ['away', 'Lunch', 'Ann Agent: away (Lunch)'],
    ['offline', null, 'Ann Agent: offline'],
    ['idle', null, 'Ann Agent: idle'],
    ['occupied', null, 'Ann Agent: occupied'],
  ] as const)('%s', async (state, reason, expected) => {
    bench.world.setAgentState(1, state, reason)
    await bench.pass(15)

    expect(await look()).toBe(1)

    expect(await shown()).toEqual([expected])
  })

  it('is what each did last, and what it was before is kept', async () => {
    for (const [user, state] of [
      [1, 'online'],
      [2, 'online'],
      [1, 'away'],
      [2, 'offline'],
      [1, 'online'],
    ] as const) {
      bench.world.setAgentState(user, state)
      await bench.pass(60)
    }

    expect(await look()).toBe(5)

    expect(await shown()).toEqual(['Ann Agent: online', 'Bea Agent: offline'])
  })

  it('costs one request a look, and changes nothing where nobody changed', async () => {
    bench.world.setAgentState(1, 'online')
    await look()
    const before = bench.requests.length
    for (const _ of [1, 2, 3]) {
      await bench.pass(15)
      expect(await look()).toBe(0)
    }

    expect(bench.requests.slice(before).map((one) => new URL(one.url).pathname)).toEqual(
      Array.from({ length: 3 }, () => '/admins/activity_logs'),
    )
  })

  it('keeps no address of an admin, and no IP', async () => {
    bench.world.setAgentState(1, 'away', 'Lunch')
    const pages: unknown[] = []
    const reading = async (): Promise<void> => {
      for await (const page of bench.source().read('agent_states', { token: null, from: null, until: null }))
        pages.push(page)
    }
    await bench.drive(reading())

    expect(JSON.stringify(pages)).toContain('Lunch')
    expect(JSON.stringify(pages)).not.toMatch(/127\.0\.0\.1|@/)
  })

  it('goes on below the address of the connector, whatever host the next page names', async () => {
    for (let count = 0; count < 260; count += 1)
      bench.world.setAgentState(1, count % 2 === 0 ? 'online' : 'offline')

    expect(await look()).toBe(260)

    expect(new Set(bench.requests.map((one) => new URL(one.url).origin))).toEqual(
      new Set(['https://helpdesk.test']),
    )
  })

  it('whoever is not listed any more is not shown', async () => {
    bench.world.setAgentState(1, 'online')
    bench.world.setAgentState(2, 'online')
    await look()
    bench.world.users.pop()
    // The list of agents is read again within some hours.
    for (let hour = 0; hour < 5; hour += 1) {
      await bench.pass(3_700)
      await bench.sync(yaml())
    }

    expect(await shown()).toEqual(['Ann Agent: online'])
  })

  it('a webhook about an admin asks for it', async () => {
    bench.world.setAgentState(1, 'away', 'Lunch')
    await bench.open(async (engine) => {
      const heard = engine
        .receiver('shop')!
        .hear({ topic: 'admin.away_mode_updated', data: { item: { type: 'admin', id: '1' } } }, {})
      for (const one of heard as readonly { kind: 'agent'; id: string }[])
        engine.store.transaction(() => engine.store.refreshRequests.put('shop', one, bench.world.now()))
      await bench.pass(1)
      await engine.sync('shop', { liveOnly: true })
    }, yaml())

    expect(await shown()).toEqual(['Ann Agent: away (Lunch)'])
  })
})

it('an app that may not read the log goes on, whatever webhooks say of its people', async () => {
  const yaml = bench.yaml('    event_mapping: { ticket.closed: CLOSED }\n')
  const [ticket] = await bench.fill(1)
  await bench.sync(yaml)
  bench.meet(async (request, answer): Promise<HttpAnswer> => {
    const given = await answer()
    if (!request.url.includes('/activity_logs')) return given
    const errors = [{ code: 'token_unauthorized', message: 'Not authorized to access resource' }]
    return { ...given, status: 401, body: JSON.stringify({ type: 'error.list', errors }) }
  })
  bench.world.closeTicket(ticket!.id)
  await bench.pass(600)

  await bench.open(async (engine) => {
    const request = { kind: 'agent', id: '1' } as const
    engine.store.transaction(() => engine.store.refreshRequests.put('shop', request, bench.world.now()))
    await bench.pass(1)
    await engine.sync('shop', { liveOnly: true })
    expect(engine.untilNextRefresh('shop')).toBeNull()
  }, yaml)

  expect(bench.account.events).toMatchObject([{ name: 'CLOSED' }])
})

describe('what is no more', () => {
  const tickets = (email: string): unknown => bench.account.contacts.get(email)?.attributes['TICKETS']
  const isListed = (email: string): boolean => bench.account.contacts.get(email)?.lists.has(35) === true

  it('a deleted conversation is found by the list of them within some hours, without reading everything again', async () => {
    const [first] = await bench.fill(2)
    await bench.sync(yaml())
    expect(tickets('person0@example.com')).toBe(1)
    bench.world.deleteTicket(first!.id)

    for (let hour = 0; hour < 5; hour += 1) {
      await bench.pass(3_700)
      await bench.sync(yaml())
    }

    expect([tickets('person0@example.com'), isListed('person0@example.com')]).toEqual([0, false])
    expect(tickets('person1@example.com')).toBe(1)
  })

  it('a contact that is gone does not come back by a conversation that names them', async () => {
    const [first] = await bench.fill(1)
    await bench.sync(yaml())
    bench.world.deleteCustomer(first!.customerId)
    await bench.sync(yaml(), { reconcile: true })
    expect(isListed('person0@example.com')).toBe(false)
    bench.meet(async (request, answer): Promise<HttpAnswer> => {
      const given = await answer()
      if (!request.url.endsWith('/conversations/search')) return given
      const json = JSON.parse(given.body) as { conversations: { source: { author: object } }[] }
      for (const one of json.conversations) Object.assign(one.source.author, { email: 'person0@example.com' })
      return { ...given, body: JSON.stringify(json) }
    })
    bench.world.changeSubject(first!.id, 'Once more')
    await bench.pass(600)

    await bench.sync(yaml())

    expect(isListed('person0@example.com')).toBe(false)
  })

  it('a list of deleted conversations that never ends is an error, and not read for ever', async () => {
    const [first] = await bench.fill(1)
    bench.world.deleteTicket(first!.id)
    const reading = async (): Promise<void> => {
      for await (const page of bench.source().readDirectory('deleted_tickets')) void page
    }
    bench.meet(async (request, answer): Promise<HttpAnswer> => {
      const given = await answer()
      if (!request.url.includes('/conversations/deleted')) return given
      const json = JSON.parse(given.body) as Record<string, unknown>
      json['conversations'] = [{ type: 'conversation', id: '1', deleted_at: 1_772_352_000 }]
      json['pages'] = { type: 'pages', next: 'https://api.intercom.io/conversations/deleted?page=2' }
      return { ...given, body: JSON.stringify(json) }
    })

    await expect(bench.drive(reading())).rejects.toMatchObject({ code: 'source_cursor_loops' })
    expect(bench.requests.length).toBeLessThan(20)
  })

  it.each(['archived', 'blocked'])(
    'a contact that is %s leaves the lists, and comes back with the next word',
    async (flag) => {
      const [first] = await bench.fill(1)
      await bench.sync(yaml())
      expect(isListed('person0@example.com')).toBe(true)
      let isFlagged = true
      bench.meet(async (request, answer): Promise<HttpAnswer> => {
        const given = await answer()
        if (!isFlagged || !request.url.includes('/contacts/') || given.status !== 200) return given
        const json = JSON.parse(given.body) as { data?: Record<string, unknown>[] }
        for (const one of json.data ?? [json]) Object.assign(one, { [flag]: true })
        return { ...given, body: JSON.stringify(json) }
      })
      bench.world.changeCustomer(first!.customerId, {})
      await bench.pass(600)
      await bench.sync(yaml())
      expect(isListed('person0@example.com')).toBe(false)

      isFlagged = false
      bench.world.changeCustomer(first!.customerId, {})
      await bench.pass(600)
      await bench.sync(yaml())

      expect(isListed('person0@example.com')).toBe(true)
    },
  )
})
