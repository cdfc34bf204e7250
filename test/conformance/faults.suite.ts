// What a helpdesk's API may do instead of answering: only what it documents is believed, a bad item is set aside, and a key never follows to
// another host.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import type { HttpAnswer } from '../../src/lib/net/http.ts'
import { NO_ID } from '../../src/model/set-aside.ts'
import type { Page } from '../../src/sources/source.ts'
import { ID_KEYS, idOf, openList } from './answers.ts'
import { type Bench, HELPDESKS, openBench, ownStreams, readCustomers, readStream } from './helpdesk.ts'

const PAGE = '<!doctype html><title>Sign in</title>'

const ANSWERS: [string, Partial<HttpAnswer>, string[]][] = [
  ['a page with 200', { status: 200, body: PAGE }, ['source_unreadable']],
  ['JSON of another kind with 200', { status: 200, body: '{"hello":"world"}' }, ['source_unreadable']],
  ['a bare list with 200', { status: 200, body: '[]' }, ['source_unreadable']],
  ['204', { status: 204, body: '' }, ['source_unreadable']],
  ['202', { status: 202, body: '' }, ['source_unreadable']],
  ['304', { status: 304, body: '' }, ['source_unreadable']],
  ['a page with 401', { status: 401, body: PAGE }, ['source_unreadable']],
  ['a page with 403', { status: 403, body: PAGE }, ['source_unreadable']],
  ['a page with 400', { status: 400, body: PAGE }, ['source_unreadable']],
  ['a page with 404', { status: 404, body: PAGE }, ['source_not_found']],
  ['429', { status: 429, body: '', headers: { 'retry-after': '7' } }, ['source_unavailable']],
  ['500', { status: 500, body: PAGE }, ['source_unavailable']],
  ['503', { status: 503, body: '' }, ['source_unavailable']],
  [
    'a redirect to another host',
    { status: 302, body: '', headers: { location: 'https://elsewhere.test/' } },
    ['source_unreadable'],
  ],
]

describe.each(HELPDESKS)('$name', (helpdesk) => {
  const { definition, fake } = helpdesk
  let bench: Bench
  const [stream, reading] = ownStreams(helpdesk).find(([name]) => name === 'tickets' || name === 'customers')!
  const read = (source = bench.source({ retries: 0 })): Promise<Page[]> =>
    bench.drive(readStream(source, stream, reading, { now: bench.world.now() }))

  beforeEach(async () => {
    bench = openBench(helpdesk)
    await bench.fill(12)
  })
  afterEach(() => bench.close())

  it.each(ANSWERS)('%s is no answer', async (_, given, codes) => {
    bench.meet(async () => ({ outcome: 'answer', status: 200, headers: {}, body: '', ...given }))

    const error = await read().then(
      () => null,
      (thrown: { code: string }) => thrown,
    )

    expect(codes).toContain(error?.code)
    expect(new Set(bench.requests.map(({ url }) => new URL(url).host))).toEqual(new Set(['helpdesk.test']))
  })

  it('an answer that was cut off is none', async () => {
    bench.meet(async (_, answer) => {
      const given = await answer()
      return { ...given, body: given.body.slice(0, -20) }
    })
    await expect(read()).rejects.toMatchObject({ code: 'source_unreadable' })
  })

  it.each(['never_left', 'unanswered'] as const)(
    'a request that %s is tried again, and then given up',
    async (outcome) => {
      let asked = 0
      bench.meet(async () => ({ outcome, reason: 'ECONNRESET', asked: (asked += 1) }))
      await expect(read(bench.source({ retries: 2 }))).rejects.toMatchObject({ code: 'source_unavailable' })
      expect(asked).toBe(3)
    },
  )

  it('after two bad answers it goes on as if nothing had been', async () => {
    let bad = 2
    bench.meet((_, answer) =>
      (bad -= 1) >= 0
        ? Promise.resolve({ outcome: 'answer', status: 502, headers: {}, body: PAGE })
        : answer(),
    )
    const pages = await read(bench.source())
    expect(pages.flatMap((page) => page.records).length).toBeGreaterThanOrEqual(12)
  })

  it('a wrong key is told from everything else, and what to do about it', async () => {
    const keys = Object.fromEntries(Object.keys(fake.keys).map((name) => [name, 'wrong']))
    await expect(read(bench.source({ keys }))).rejects.toMatchObject({
      code: 'source_unauthorized',
      hint: expect.stringMatching(/\w/),
    })
  })

  it('a wrong address is told', async () => {
    const error = await read(bench.source({ path: '/nowhere', retries: 0 })).then(
      () => null,
      (thrown: { kind: string; code: string }) => thrown,
    )
    expect(['source_not_found', 'source_refused', 'source_unreadable']).toContain(error?.code)
  })

  it('no key stands in an address', async () => {
    await read()
    const urls = bench.requests.map(({ url }) => url).join(' ')
    const sensitive = Object.entries(definition.secrets).filter(([, one]) => one.sensitive)
    expect(sensitive.filter(([name]) => urls.includes(fake.keys[name]!))).toEqual([])
  })

  describe('of an item that can not be understood', () => {
    /** What stands at each key of the first item, in turn, is something else. */
    const WRONG: unknown[] = [undefined, null, 7, -1, 'text', '', [], [null], {}, true, 1e300]

    it('the others are read all the same, whatever stands where', async () => {
      const whole = (await read()).flatMap((page) => page.records).length
      const keys = Object.keys(await firstItem())
      expect(keys.length).toBeGreaterThan(3)

      for (const key of keys)
        for (const wrong of WRONG) {
          bench.meet(bendFirst((item) => void (item[key] = wrong)))
          const pages = await read()
          const invalid = pages.flatMap((page) => page.invalid)
          expect({
            key,
            wrong,
            rest: pages.flatMap((page) => page.records).length >= whole - 2,
          }).toEqual({ key, wrong, rest: true })
          expect(invalid.every(({ reason }) => /^[^{}]+\.$/.test(reason))).toBe(true)
        }
    }, 60_000)

    it.each([null, 'text', 7, [], {}])('%j may stand for one', async (item) => {
      const whole = (await read()).flatMap((page) => page.records)
      bench.meet(bendList((items) => void (items[0] = item)))

      const pages = await read()

      expect(pages.flatMap((page) => page.records).length).toBeGreaterThanOrEqual(whole.length - 2)
      expect(pages.flatMap((page) => page.invalid)).toEqual([{ id: NO_ID, reason: expect.any(String) }])
    })

    it('its id is kept, so that it can be asked for', async () => {
      const id = idOf(await firstItem())
      bench.meet(
        bendFirst((item) => {
          for (const key of Object.keys(item)) if (!ID_KEYS.includes(key)) item[key] = {}
        }),
      )
      const invalid = (await read()).flatMap((page) => page.invalid)
      expect(invalid.map((one) => one.id)).toEqual([String(id)])
    })

    async function firstItem(): Promise<Record<string, unknown>> {
      let found: Record<string, unknown> = {}
      bench.meet(bendFirst((item) => void (found = { ...item })))
      await read()
      bench.meet(null)
      return found
    }
  })

  it('an object that is gone, and one that another has replaced, are told apart from one that is refused', async () => {
    const source = bench.source({ retries: 0 })
    const [first, second, third] = [...bench.world.customers.values()]
    const page = (await readAllCustomers()).flatMap(({ records }) => records)
    const idOf = (email: string | null): string =>
      page.find((one) => one.kind === 'customer' && one.email === email)!.id
    const ids = [first, second, third].map((one) => idOf(one!.email))
    bench.world.mergeCustomers(first!.id, second!.id)
    bench.world.deleteCustomer(third!.id)

    expect(await bench.drive(source.refetch('customer', ids[0]!))).toEqual({ found: 'merged', into: ids[1] })
    expect(await bench.drive(source.refetch('customer', ids[1]!))).toMatchObject({ found: 'record' })
    expect(await bench.drive(source.refetch('customer', ids[2]!))).toEqual({ found: 'gone' })

    bench.meet(async ({ url }, answer) =>
      url.includes(encodeURIComponent(ids[1]!))
        ? { outcome: 'answer', status: 500, headers: {}, body: '' }
        : await answer(),
    )
    await expect(
      bench.drive(bench.source({ retries: 4 }).refetch('customer', ids[1]!)),
    ).rejects.toMatchObject({
      code: 'record_unavailable',
    })
  })

  describe('of one object', () => {
    const idsOf = async (): Promise<string[]> =>
      (await readAllCustomers()).flatMap(({ records }) => records.map((one) => one.id))

    it('another one in its place is none', async () => {
      const [first, second] = await idsOf()
      const other = bench.requests.length
      await bench.drive(bench.source().refetch('customer', second!))
      const { url } = bench.requests[other]!
      bench.meet(async (request, answer) =>
        request.url.includes(encodeURIComponent(first!))
          ? await bench.ask({ ...request, url })
          : await answer(),
      )
      await expect(
        bench.drive(bench.source({ retries: 0 }).refetch('customer', first!)),
      ).rejects.toMatchObject({
        code: 'record_unavailable',
      })
    })

    it.each([301, 302, 303, 307, 308])(
      'a redirect (%i) to another host is followed by nobody, and is no merge',
      async (status) => {
        const [first] = await idsOf()
        const headers = { location: 'https://elsewhere.test/api/customers/7' }
        bench.meet(async () => ({ outcome: 'answer', status, headers, body: '' }))
        await expect(
          bench.drive(bench.source({ retries: 0 }).refetch('customer', first!)),
        ).rejects.toMatchObject({
          kind: 'record',
        })
        expect(bench.requests.filter(({ url }) => !url.includes('helpdesk.test'))).toEqual([])
      },
    )
  })

  it('a page without any part of its envelope is no end of the list', async () => {
    await bench.fill(130)
    const whole = (await read()).flatMap(({ records }) => records).length
    const keys = new Set<string>()
    bench.meet(async (_, answer) => {
      const given = await answer()
      for (const key of openList(given.body)?.parts ?? []) keys.add(key)
      return given
    })
    await read()
    for (const key of keys) {
      bench.meet(async (_, answer) => {
        const given = await answer()
        return { ...given, body: openList(given.body)?.without(key) ?? given.body }
      })
      const found = await read().then(
        (pages) => pages.flatMap(({ records }) => records).length,
        (thrown: { code: string }) => thrown.code,
      )
      expect([whole, 'source_unreadable']).toContain(found)
    }
  })

  it('what is asked of one owner is theirs, all of it, and nobody else’s', async () => {
    const source = bench.source()
    const customers = (await readAllCustomers()).flatMap(({ records }) => records)
    const [first, second] = [...bench.world.customers.values()]
    const more = bench.world.addTicket({ customerId: first!.id, subject: 'Where is it?' })
    bench.world.addMessage(more.id)
    const idOf = (email: string | null): string =>
      customers.find((one) => one.kind === 'customer' && one.email === email)!.id
    const count = (page: Page, kind: string): number => page.records.filter((one) => one.kind === kind).length

    const found = await bench.drive(source.readOf('customers', first!.email!))
    expect(found.records.map((one) => one.id)).toEqual([idOf(first!.email)])
    const theirs = await bench.drive(source.readOf('tickets', idOf(first!.email)))
    const others = await bench.drive(source.readOf('tickets', idOf(second!.email)))
    expect([count(theirs, 'ticket'), count(others, 'ticket')]).toEqual([2, 1])
    const spoken = others.records.find((one) => one.kind === 'ticket')!
    if (definition.supports.streams.messages !== undefined)
      expect(count(await bench.drive(source.readOf('messages', spoken.id)), 'message')).toBe(2)
    const isOwn = definition.supports.streams.satisfaction_surveys?.mode === 'newest_first'
    const surveys = await bench.drive(source.readOf('satisfaction_surveys', spoken.id))
    expect(count(surveys, 'satisfaction_survey')).toBe(isOwn ? 1 : 0)
    expect(await bench.drive(source.readOf('customers', 'nobody@example.com'))).toMatchObject({
      records: [],
      invalid: [],
    })
  })

  it('two accounts have two names, and each its own address', async () => {
    const { option, example, base } = definition.address
    const second = example.replace(/^[a-z]+/, 'another')
    const names = [example, second].map((value) => definition.account({ [option]: value }))
    expect(new Set(names).size).toBe(2)
    expect(definition.account({ [option]: example, [base]: 'https://elsewhere.test/api' })).toBe(names[0])
  })

  const readAllCustomers = () => bench.drive(readCustomers(bench, helpdesk, bench.source()))

  it.each(['.', '..', 'a/b', '../customers', 'ä?#%', ' ', '"', '1e3'])('an id may be %j', async (id) => {
    const source = bench.source({ retries: 0 })
    for (const kind of ['customer', 'ticket'] as const) {
      const answer = await bench.drive(source.refetch(kind, id)).catch((thrown: { kind: string }) => thrown)
      expect([{ found: 'gone' }, expect.objectContaining({ kind: 'record' })]).toContainEqual(answer)
    }
    // Nothing that an address normalises may lead elsewhere.
    const asked = bench.requests.map(({ url }) => [
      url.replace(/^https:\/\/[^/]+|\?.*$/g, ''),
      new URL(url).pathname,
    ])
    expect(asked.filter(([written, meant]) => written !== meant || !meant!.startsWith(fake.base))).toEqual([])
  })
})

type Bend = (item: Record<string, unknown>) => void

function bendFirst(bend: Bend) {
  return bendList((items) => {
    const [item] = items
    if (typeof item === 'object' && item !== null) bend(item as Record<string, unknown>)
  })
}

function bendList(bend: (items: unknown[]) => void) {
  return async (_: unknown, answer: () => Promise<HttpAnswer>): Promise<HttpAnswer> => {
    const given = await answer()
    if (given.status !== 200) return given
    const list = openList(given.body)
    // Something besides the list may be asked for.
    if (list === null || list.items.length === 0) return given
    bend(list.items)
    return { ...given, body: list.write() }
  }
}
