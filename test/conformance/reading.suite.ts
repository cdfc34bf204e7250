// How a helpdesk is read: order, bounds, resuming, and what it asks of the network.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { HOME_OF, type SourceRecord } from '../../src/model/records.ts'
import type { Page, Reading, Source } from '../../src/sources/source.ts'
import { OBJECT_OF_STREAM } from '../../src/model/set-aside.ts'
import { type Bench, HELPDESKS, openBench, ownStreams, readCustomers, readStream, START } from './helpdesk.ts'

const idsOf = (pages: readonly Page[], stream: string): string[] =>
  pages.flatMap((page) =>
    page.records.filter((one) => HOME_OF[one.kind] === stream && one.kind !== 'session').map((one) => one.id),
  )

async function collect(pages: AsyncIterable<Page>): Promise<Page[]> {
  const all: Page[] = []
  for await (const page of pages) all.push(page)
  return all
}

describe.each(HELPDESKS)('$name', (helpdesk) => {
  let bench: Bench
  let source: Source
  const streams = ownStreams(helpdesk)

  beforeEach(async () => {
    bench = openBench(helpdesk)
    // More than any page holds.
    await bench.fill(160)
    source = bench.source()
  })
  afterEach(() => bench.close())

  const read = (stream: (typeof streams)[number], from: number | null = null) =>
    bench.drive(readStream(source, stream[0], stream[1], { from, now: bench.world.now() }))

  /** How many there are in the shop. */
  const count = (stream: string): number =>
    ({
      customers: bench.world.customers.size,
      tickets: bench.world.tickets.size,
      messages: bench.world.messages.size,
      satisfaction_surveys: bench.world.surveys.size,
      // A new person and a new conversation; the beginning of its first contact.
      events: helpdesk.name === 'gladly' ? 3 * bench.world.tickets.size : bench.world.events.size,
      agent_states: bench.world.agentStates.length,
    })[stream] ?? 0

  describe.each(streams)('%s', (...stream) => {
    const [name, reading] = stream

    it('gives each record once, whole', async () => {
      const pages = await read(stream)

      const ids = idsOf(pages, name)
      expect(new Set(ids).size).toBe(ids.length)
      expect(ids).toHaveLength(count(name))
      expect(pages.flatMap((page) => page.invalid)).toEqual([])
      expect(pages.length).toBeGreaterThan(1)
    })

    it('comes in the order that is declared', async () => {
      const pages = (await read(stream)).filter((page) => page.newest !== null)

      const bounds = pages.map((page) => ({ newest: page.newest!, oldest: page.oldest! }))
      for (const [index, page] of bounds.entries()) {
        expect(page.oldest).toBeLessThanOrEqual(page.newest)
        const previous = bounds[index - 1]
        if (previous === undefined || reading.mode === 'windows') continue
        if (reading.mode === 'newest_first') expect(page.newest).toBeLessThanOrEqual(previous.oldest)
        else expect(page.oldest).toBeGreaterThanOrEqual(previous.newest)
      }
    })

    it('reads from a bound on, inclusive, and little below it', async () => {
      const all = await read(stream)
      const dated = all.filter((page) => page.newest !== null)
      const middle = dated[Math.floor(dated.length / 2)]!.newest!

      const pages = await read(stream, middle)

      const whole = new Set(idsOf(all, name))
      const ids = idsOf(pages, name)
      expect(ids.length).toBeGreaterThan(0)
      expect(ids.every((id) => whole.has(id))).toBe(true)
      expect(Math.max(...pages.flatMap((page) => page.newest ?? []))).toBeGreaterThanOrEqual(middle)
      // A file has one date for all that is in it.
      const isDated = new Set(dated.map((page) => page.newest)).size > 1
      if (reading.mode === 'since' && isDated) {
        expect(ids.length).toBeLessThan(whole.size)
        expect(Math.min(...pages.flatMap((page) => page.oldest ?? []))).toBeGreaterThanOrEqual(
          middle - 1_000_000,
        )
      }
    })

    it('goes on from every token, in another process, with what comes next', async () => {
      const pages = await bench.drive(collect(source.read(name, { token: null, ...boundsOf(reading) })))

      for (const [index, page] of pages.entries()) {
        if (page.next === null) continue
        const rest = bench.source().read(name, { token: page.next, ...boundsOf(reading) })
        const again = await bench.drive(collect(rest))
        expect(idsOf(again, name)).toEqual(idsOf(pages.slice(index + 1), name))
      }
      expect(pages.at(-1)!.next).toBeNull()
    })

    it('says so where a token is no good', async () => {
      const pages = collect(source.read(name, { token: 'no-such-cursor', ...boundsOf(reading) }))

      await expect(bench.drive(pages)).rejects.toMatchObject({ code: 'source_cursor_refused' })
    })

    it('ends at once when it is asked to', async () => {
      const stop = new AbortController()
      const pages = source.read(name, { token: null, ...boundsOf(reading) }, stop.signal)
      await bench.drive(pages.next())
      stop.abort()
      const asked = bench.requests.length

      await expect(bench.drive(pages.next())).rejects.toMatchObject({ name: 'AbortError' })
      expect(bench.requests.length).toBe(asked)
    })
  })

  it.each(helpdesk.definition.supports.directories)(
    'the directory %s comes to its end',
    async (directory) => {
      const pages = await bench.drive(collect(source.readDirectory(directory)))
      expect(pages.at(-1)!.next).toBeNull()
    },
  )

  it('only reads, whatever its method: nothing in the helpdesk is changed', async () => {
    for (const stream of streams) await read(stream)
    for (const directory of helpdesk.definition.supports.directories)
      await bench.drive(collect(source.readDirectory(directory)))

    expect(bench.requests.filter((one) => one.reads !== true)).toEqual([])
  })

  it('dates a record as the helpdesk does, to its grain', async () => {
    const customers = (await bench.drive(readCustomers(bench, helpdesk, source)))
      .flatMap((page) => page.records)
      .filter((one): one is Extract<SourceRecord, { kind: 'customer' }> => one.kind === 'customer')
    const made = [...bench.world.customers.values()].map((one) => one.created).sort((a, b) => a - b)
    const told = customers.map((one) => one.createdAt).sort((a, b) => a - b)

    for (const [index, at] of told.entries()) {
      expect(at).toBeLessThanOrEqual(made[index]!)
      expect(at).toBeGreaterThan(made[index]! - 1_000_000)
    }
  })

  it('knows what time it is there', async () => {
    bench.offsetMs = 3_600_000
    await read(streams[0]!)

    expect(Math.abs(source.now() / 1000 - bench.universe.now - 3_600_000)).toBeLessThan(2_000)
  })
})

/** As the engine asks: a window is a window, everything else has no upper bound. */
function boundsOf(reading: Reading): { from: number | null; until: number | null } {
  return reading.mode === 'windows'
    ? { from: START * 1000, until: START * 1000 + reading.length }
    : { from: null, until: null }
}

describe.each(HELPDESKS)('$name, at its rate limit', (helpdesk) => {
  it('asks no more than it may, in any window, and is never refused', async () => {
    const bench = openBench(helpdesk, { limited: true })
    await bench.fill(150)
    const source = bench.source()
    const { requests, windowMs } = helpdesk.fake.limit
    const [stream, reading] = ownStreams(helpdesk).find(([name]) => Object.hasOwn(OBJECT_OF_STREAM, name))!
    const kind = OBJECT_OF_STREAM[stream as keyof typeof OBJECT_OF_STREAM]
    const refused: number[] = []
    bench.meet((_, answer) =>
      answer().then((given) => {
        if (given.status === 429) refused.push(bench.universe.now)
        return given
      }),
    )

    const ids = idsOf(
      await bench.drive(readStream(source, stream, reading, { now: bench.world.now() })),
      stream,
    )
    for (let asked = 0; asked < requests * 2; asked += 1)
      await bench.drive(source.refetch(kind, ids[asked % ids.length]!))

    expect(refused).toEqual([])
    const most = Math.max(
      ...bench.times.map((at) => bench.times.filter((one) => one >= at && one < at + windowMs).length),
    )
    expect(most).toBeLessThanOrEqual(requests)
    expect(bench.times.length).toBeGreaterThan(requests)
    await bench.close()
  })
})

describe.each(HELPDESKS)('$name, asked too often', (helpdesk) => {
  it('waits as long as it is asked to, and then goes on', async () => {
    const bench = openBench(helpdesk, { limited: true })
    await bench.fill(5)
    const source = bench.source({ hasty: true })
    const startedAt = bench.universe.now
    const refused: number[] = []
    bench.meet(async (_, answer) => {
      const given = await answer()
      if (given.status === 429) refused.push(bench.universe.now)
      return given
    })
    const customers = await bench.drive(readCustomers(bench, helpdesk, source))
    const [id] = idsOf(customers, 'customers')

    for (let asked = 0; asked < helpdesk.fake.limit.requests * 2; asked += 1)
      expect(await bench.drive(source.refetch('customer', id!))).toMatchObject({ found: 'record' })

    // Not at all where its answers tell the budget; else once in a window, or in the part of one that is left.
    const windows = (bench.universe.now - startedAt) / helpdesk.fake.limit.windowMs
    expect(refused.length).toBeLessThanOrEqual(Math.ceil(windows) + 1)
    expect(windows).toBeGreaterThan(0.9)
    await bench.close()
  })
})
