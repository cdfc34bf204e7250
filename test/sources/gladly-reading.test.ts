// How Gladly is read: reports as careless as they come, events in any order, an outage of more than a day, and what refuses a key.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { readStatus } from '../../src/engine/status.ts'
import type { HttpRequest } from '../../src/lib/net/http.ts'
import { fromMs } from '../../src/model/time.ts'
import { requireSource } from '../../src/sources/index.ts'
import { parseReport } from '../../src/sources/gladly/reports/csv.ts'
import { createMaps } from '../../src/sources/gladly/maps.ts'
import { Names } from '../../src/sources/gladly/names.ts'
import { Reports } from '../../src/sources/gladly/reports/reports.ts'
import { WindowReader } from '../../src/sources/gladly/reports/windows.ts'
import type { Page } from '../../src/sources/source.ts'
import { type Bench, openBench, requireSubject, START } from '../conformance/helpdesk.ts'

const GLADLY = requireSubject('gladly')
const HOUR = 3_600

let bench: Bench
beforeEach(() => {
  bench = openBench(GLADLY)
  bench.account.addAttribute('TICKETS', 'float')
})
afterEach(() => bench.close())

const yaml = (more = ''): string =>
  bench.yaml(`${more}    backfill: { since: 2026-02-01 }
    field_mapping: { email: email, nb_tickets: TICKETS }
    event_mapping: { ticket.created: OPENED, ticket.closed: CLOSED, ticket.reopened: REOPENED }
`)

const pathOf = ({ url }: HttpRequest): string => new URL(url).pathname.replace('/api/v1', '')
const asked = (path: string): number => bench.requests.filter((one) => pathOf(one).startsWith(path)).length
/** But for the export files, which a daemon looks for on a schedule of their own. */
const polled = (): string[] => bench.requests.map(pathOf).filter((path) => path !== '/export/jobs')
const told = (): string[] => bench.account.events.map(({ email, name }) => `${name} ${email}`)

async function readWindow(days = 30): Promise<Page[]> {
  const pages: Page[] = []
  const from = fromMs(START - days * 86_400_000)
  const until = fromMs(bench.universe.now - HOUR * 1000)
  await bench.drive(
    (async () => {
      for await (const page of bench.source({ retries: 0 }).read('tickets', { token: null, from, until }))
        pages.push(page)
    })(),
  )
  return pages
}

describe('a report', () => {
  const columns = ['Created At', 'Conversation ID']

  it.each([
    ['nothing at all', '', []],
    ['blank lines', '\r\n', []],
    [
      'a mark and a blank line before its columns',
      '\uFEFF\r\nCreated At,Conversation ID\r\n1,2\r\n',
      [['1', '2']],
    ],
    ['a line within quotes', 'Created At,Conversation ID\n"1\n""a""",2\n', [['1\n"a"', '2']]],
    ['more columns, in any order', 'X,Conversation ID,Created At\nx,2,1\n', [['1', '2']]],
    ['columns and no rows', 'Created At,Conversation ID\n', []],
    ['a page', '<!doctype html><title>Sign in</title>', null],
    ['JSON', '{"data":[]}', null],
    ['a column less', 'Created At\n1\n', null],
    ['a row that was cut off', 'Created At,Conversation ID\n1,2\n3', null],
    ['quotes that were cut off', 'Created At,Conversation ID\n1,"2\n', null],
  ])('may be %s', (_, text, rows) => {
    const parsed = parseReport(text, columns, columns)
    expect(parsed?.map((row) => columns.map((name) => row[name])) ?? null).toEqual(rows)
  })

  it('whose table comes near its cut is read by halves, down to a day, and nothing is lost', async () => {
    const spans: number[] = []
    // A conversation each day, and five on one of them: three rows are near the cut.
    const rows = [1, 2, 3, 4, 4, 4, 4, 4, 5, 6, 7, 8].map((day, index): [day: string, id: string] => [
      `2026-02-0${day}`,
      `c${index}`,
    ])
    const answer = (text: string) => ({ status: 200, json: null, text, into: null, isLimited: false })
    const client = {
      budget: () => null,
      change: () => Promise.reject(new Error('nothing is changed')),
      ask({ body }: { body?: object }) {
        const { metricSet, startAt = '', endAt = '' } = body as Record<string, string>
        if (metricSet !== 'ConversationExportReport') return Promise.resolve(answer(''))
        spans.push((Date.parse(endAt) - Date.parse(startAt)) / 86_400_000 + 1)
        const found = rows.filter(([day]) => day >= startAt && day <= endAt)
        const lines = found.map(([day, id]) => `${day}T08:00:00.000Z,${id},p,OPEN,`)
        return Promise.resolve(
          answer(['Created At,Conversation ID,Customer ID,Status,Topics', ...lines].join('\n')),
        )
      },
    }
    const reader = new WindowReader(client, new Reports(client, { nearCut: 3 }), createMaps({}), new Names())

    const { groups } = await reader.read(
      { from: fromMs(Date.parse('2026-02-01')), until: fromMs(Date.parse('2026-02-09')) },
      { asOf: 0, isNewest: false, isGap: false },
    )

    expect(new Set(groups.map(({ id }) => id))).toEqual(new Set(rows.map(([, id]) => id)))
    expect(spans).toEqual([8, 4, 2, 2, 1, 1, 4, 2, 2])
  })

  it('is asked for ten times a minute at most, and twice at once', async () => {
    bench = openBench(GLADLY, { limited: true })
    for (let count = 0; count < 12; count += 1) await readWindow(1)
    const times = bench.requests.flatMap((one, index) =>
      pathOf(one).startsWith('/reports') ? [bench.times[index]!] : [],
    )
    const most = Math.max(...times.map((at) => times.filter((one) => one >= at && one < at + 60_000).length))
    expect(times.length).toBeGreaterThan(20)
    expect(most).toBeLessThanOrEqual(10)
  })
})

describe('events', () => {
  it('an idle minute costs one request', async () => {
    await bench.sync(yaml())
    await bench.pass(60)
    bench.requests.length = 0

    await bench.sync(yaml())

    expect(polled()).toEqual(['/events'])
  })

  it('are read again for two minutes, known by their ids, whatever their order', async () => {
    const { id } = bench.world.addCustomer({ email: 'jane@example.com' })
    await bench.sync(yaml())
    await bench.pass(60)
    const ticket = bench.world.addTicket({ customerId: id })
    bench.world.closeTicket(ticket.id)
    let isHidden = true
    bench.meet(async (request, answer) => {
      const given = await answer()
      if (pathOf(request) !== '/events') return given
      // The end is shown before the beginning.
      const lines = given.body.split('\n').filter((line) => line !== '')
      const shown = lines.filter((line) => !isHidden || !/STARTED|CREATED/.test(line)).toReversed()
      return { ...given, body: shown.map((line) => `${line}\n`).join('') }
    })
    await bench.sync(yaml())
    isHidden = false
    for (let count = 0; count < 3; count += 1) {
      await bench.pass(50)
      await bench.sync(yaml())
    }

    expect(told().toSorted()).toEqual(['CLOSED jane@example.com', 'OPENED jane@example.com'])
  })

  it('the cursor does not grow old where nothing happens', async () => {
    await bench.sync(yaml())
    for (let hours = 0; hours < 30; hours += 6) {
      await bench.pass(6 * HOUR)
      await bench.sync(yaml())
    }
    const status = await bench.open(
      async ({ store }) =>
        readStatus(store, { name: 'shop', supports: requireSource('gladly').supports }, false),
      yaml(),
    )
    expect(status.gap).toBeNull()
    expect(Date.parse(status.cursors.events!.readUpTo!)).toBeGreaterThan(bench.universe.now - 7 * HOUR * 1000)
  })

  it('after more than a day without them nothing is lost and nothing told twice, and status says so', async () => {
    const [jane, other] = ['jane@example.com', 'other@example.com'].map((email) =>
      bench.world.addCustomer({ email }),
    )
    const old = bench.world.addTicket({ customerId: jane!.id })
    const gone = bench.world.addTicket({ customerId: other!.id })
    await bench.pass(4 * HOUR)
    await bench.sync(yaml())
    await bench.pass(HOUR)
    bench.world.closeTicket(old.id)
    bench.world.addTicket({ customerId: bench.world.addCustomer({ email: 'new@example.com' }).id })
    bench.world.mergeCustomers(other!.id, jane!.id)
    bench.world.closeTicket(gone.id)
    await bench.pass(HOUR)
    bench.world.reopenTicket(old.id)
    await bench.pass(40 * HOUR)

    for (let count = 0; count < 3; count += 1) {
      await bench.sync(yaml())
      await bench.pass(2 * HOUR)
    }

    expect(told().toSorted()).toEqual([
      'CLOSED jane@example.com',
      'CLOSED jane@example.com',
      'OPENED new@example.com',
      'REOPENED jane@example.com',
    ])
    expect(bench.account.contacts.get('jane@example.com')?.attributes['TICKETS']).toBe(2)
    const status = await bench.open(
      async ({ store }) =>
        readStatus(store, { name: 'shop', supports: requireSource('gladly').supports }, false),
      yaml(),
    )
    expect(Date.parse(status.gap!.until) - Date.parse(status.gap!.from)).toBeGreaterThan(10 * HOUR * 1000)
  })
})

it('what a live run hears of a session while a first sync reads its row is put with the row', async () => {
  bench.account.addAttribute('RESPONSE', 'float')
  const { id } = bench.world.addCustomer({ email: 'jane@example.com' })
  const ticket = bench.world.addTicket({ customerId: id })
  bench.world.addMessage(ticket.id)
  await bench.pass(120)
  bench.world.addMessage(ticket.id, { fromAgent: true })
  await bench.pass(30 * HOUR)
  const lines = bench.yaml(`    backfill: { since: 2026-02-01 }
    field_mapping: { email: email, avg_response_time: RESPONSE }
`)

  await bench.open(async (engine) => {
    let wasClosed = false
    bench.meet(async (request, answer) => {
      const given = await answer()
      if (pathOf(request) !== '/reports' || wasClosed) return given
      wasClosed = true
      bench.world.closeTicket(ticket.id)
      await bench.universe.wait(60_000)
      await engine.sync('shop', { liveOnly: true })
      return given
    })
    await engine.sync('shop', { liveOnly: true })
    await engine.readInBackground('shop', false, undefined)
    await engine.sync('shop', { liveOnly: true })
  }, lines)

  expect(bench.account.contacts.get('jane@example.com')?.attributes['RESPONSE']).toBe(2)
})

describe('what it costs', () => {
  it('a first sync is some reports, one look at events, and a request a person', async () => {
    await bench.fill(40)

    await bench.sync(yaml())

    expect(asked('/reports')).toBeLessThanOrEqual(6)
    expect(asked('/customer-profiles')).toBe(40)
    expect(asked('/conversations')).toBe(0)
    expect(bench.account.contacts.size).toBe(40)
  })
})

describe('the shop’s own people', () => {
  it('are shown as events tell, at no request of their own', async () => {
    const states: [string, string | null][] = []
    await bench.sync(yaml())
    for (const [state, reason] of [
      ['online', null],
      ['away', 'lunch'],
      ['away', null],
      ['online', null],
      ['offline', null],
    ] as const) {
      await bench.pass(60)
      bench.world.setAgentState(1, state, reason)
      await bench.pass(60)
      bench.requests.length = 0
      await bench.sync(yaml())
      expect(polled()).toEqual(['/events'])
      const status = await bench.open(
        async ({ store }) =>
          readStatus(store, { name: 'shop', supports: requireSource('gladly').supports }, false),
        yaml(),
      )
      const [agent] = status.agents
      states.push([agent!.state, agent!.reason])
    }
    expect(states).toEqual([
      ['online', null],
      ['away', 'lunch'],
      ['away', 'idle'],
      ['online', null],
      ['offline', null],
    ])
  })
})

describe('a key', () => {
  it.each([
    [401, '{"errors":[]}', 'source_unauthorized', 'API token is wrong'],
    [401, '', 'source_unauthorized', 'API token is wrong'],
    [403, '', 'source_unauthorized', 'has lost the permission “API User”'],
    [404, '{"errors":[{"code":"not_found"}]}', 'source_not_found', 'Check `domain`'],
    [404, '<html></html>', 'source_not_found', 'Check `domain`'],
    [400, '{"errors":[{"attr":"x","detail":"is wrong"}]}', 'source_refused', null],
  ])('that is answered with %i and %j is told apart, with what to do', async (status, body, code, hint) => {
    bench.meet(() => Promise.resolve({ outcome: 'answer', status, headers: {}, body }))
    const error = await bench.drive(
      bench
        .source({ retries: 0 })
        .checks()[0]!
        .run()
        .then(
          () => null,
          (thrown: { code: string; hint?: string }) => thrown,
        ),
    )
    expect(error?.code).toBe(code)
    if (hint !== null) expect(error?.hint).toContain(hint)
  })
})

describe('a webhook', () => {
  const URL_OF_OURS = 'https://tajo.test/webhooks/shop'
  const install = (existing = null) =>
    bench.drive(bench.source().webhooks!.install(URL_OF_OURS, 'secret-of-tajo', existing))
  const find = () => bench.drive(bench.source().webhooks!.find({ id: null, url: URL_OF_OURS }))

  it('is made switched off, switched on, and found by its address', async () => {
    await install()
    const changes = bench.requests.filter(({ method }) => method !== 'GET')
    expect(
      changes.map(({ method, body }) => [method, (JSON.parse(body!) as { enabled: boolean }).enabled]),
    ).toEqual([
      ['POST', false],
      ['PATCH', true],
    ])
    expect(await find()).toMatchObject({ url: URL_OF_OURS, active: true, differences: [] })
  })

  it('whose first call is not answered is not switched on, and the error says what to do', async () => {
    bench.meet(async ({ method }, answer) =>
      method === 'PATCH'
        ? { outcome: 'answer', status: 400, headers: {}, body: '{"errors":[]}' }
        : await answer(),
    )

    await expect(install()).rejects.toMatchObject({
      code: 'source_refused',
      hint: expect.stringContaining('tajo start'),
    })
  })

  it('is made once Gladly, which asks to slow down, takes it', async () => {
    let refusals = 2
    bench.meet((request) => {
      if (request.method !== 'POST' || refusals === 0) return null
      refusals -= 1
      const answer = { status: 429, headers: { 'retry-after': '3' }, body: '' }
      return Promise.resolve({ outcome: 'answer', ...answer })
    })

    await install()

    bench.meet(null)
    expect(await find()).toMatchObject({ active: true })
    expect(refusals).toBe(0)
  })

  it('that was given up after its retries is one that has to be mended', async () => {
    const id = await install()
    bench.meet(async (_, answer) => {
      const given = await answer()
      return {
        ...given,
        body: given.body.replace(
          '"disabledAtDueToRetryLimit":null',
          '"disabledAtDueToRetryLimit":"2026-03-01T08:00:00Z"',
        ),
      }
    })
    const found = await find()
    expect(found).toMatchObject({ id, active: false })
  })

  it('is the twentieth at most, and another tool’s is left alone', async () => {
    const { webhooks } = bench.source()
    for (let count = 0; count < 20; count += 1)
      await bench.drive(webhooks!.install(`https://other.test/${count}`, 'x', null))

    await expect(install()).rejects.toMatchObject({ hint: expect.stringContaining('Remove one') })
    expect(await find()).toBeNull()
  })

  it('answers to a secret in both places, and its PING only wants an answer', () => {
    const { receiver } = requireSource('gladly')
    const headers = { authorization: `Basic ${Buffer.from('secret:secret').toString('base64')}` }
    const body = Buffer.from('{}')
    expect(receiver!.isAuthentic({ headers, body }, ['secret'])).toBe(true)
    expect(receiver!.isAuthentic({ headers, body }, ['another'])).toBe(false)
    expect(receiver!.hear({ type: 'PING' }, {})).toBe('ping')
    expect(receiver!.accepts).toBe(200)
  })

  it.each([
    ['CONTACT/ENDED', { conversationId: 'c', contactId: 'x', customerId: 'p' }, [['ticket', 'c']]],
    ['CONVERSATION_STATUS/UPDATED', { conversationId: 'c' }, [['ticket', 'c']]],
    ['CUSTOMER_PROFILE/UPDATED', { customerId: 'p' }, [['customer', 'p']]],
    [
      'CUSTOMER/MERGED',
      { sourceCustomerId: 'a', destinationCustomerId: 'b' },
      [
        ['customer', 'a'],
        ['customer', 'b'],
      ],
    ],
    ['AGENT_STATUS/WENT_AWAY', { agentId: 'g' }, [['agent', 'g']]],
    ['EXPORT_JOB/COMPLETED', { jobId: 'j' }, []],
  ])('%s names what is to be read again', (type, content, named) => {
    const heard = requireSource('gladly').receiver!.hear({ type, content }, {})
    expect(heard === 'ping' ? [] : heard.map(({ kind, id }) => [kind, id])).toEqual(named)
  })
})
