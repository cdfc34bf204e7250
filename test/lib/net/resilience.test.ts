// What keeps an API in trouble from being asked too much: breaker, retry budget; and clocks that do not agree.
import { describe, expect, it } from '@jest/globals'

import { CircuitBreaker } from '../../../src/lib/net/breaker.ts'
import { createClockWatch } from '../../../src/lib/time/clock-watch.ts'
import { WindowLimiter } from '../../../src/lib/net/limiter.ts'
import { RetryBudget } from '../../../src/lib/net/retry-budget.ts'
import { ClockOffset } from '../../../src/lib/time/clock-offset.ts'
import { createCoalescer } from '../../../src/lib/async/coalescer.ts'
import { createMutex } from '../../../src/lib/async/mutex.ts'
import { VirtualClock } from '../../support/clock.ts'

const half = { next: () => 0.5 }

describe('a circuit breaker', () => {
  it('lets nothing leave after five failures in a row, then a single request', async () => {
    const clock = new VirtualClock()
    const breaker = new CircuitBreaker(clock, half)
    for (let failure = 0; failure < 4; failure += 1) breaker.observe('no answer')
    expect(breaker.untilOpen()).toBe(0)
    breaker.observe('no answer')

    const rest = breaker.untilOpen()
    expect(rest).toBeGreaterThan(2_000)
    await clock.run(clock.sleep(rest))
    expect(breaker.untilOpen()).toBe(0)
    expect(breaker.untilOpen()).toBeGreaterThan(0)
    breaker.observe(null)
    expect([breaker.untilOpen(), breaker.untilOpen()]).toEqual([0, 0])
  })

  it('rests longer each time, five minutes at most', async () => {
    const clock = new VirtualClock()
    const breaker = new CircuitBreaker(clock, { next: () => 0.999 })
    const rests: number[] = []
    for (let failure = 0; failure < 4; failure += 1) breaker.observe('no answer')
    for (let round = 0; round < 9; round += 1) {
      breaker.observe('no answer')
      const rest = breaker.untilOpen()
      rests.push(rest)
      await clock.run(clock.sleep(rest))
      breaker.untilOpen()
    }

    expect(rests).toEqual([...rests].sort((a, b) => a - b))
    expect(rests.at(-1)).toBeLessThanOrEqual(300_000)
    expect(rests[1]! / rests[0]!).toBeGreaterThan(1.5)
  })

  it('is not opened by one object that is answered badly, however often, but by five where nothing else is answered', () => {
    const breaker = new CircuitBreaker(new VirtualClock(), half)
    for (let round = 0; round < 20; round += 1) breaker.observe('it answers 500', '/contacts/a')
    expect(breaker.untilOpen()).toBe(0)

    for (const object of ['b', 'c', 'd', 'e']) breaker.observe('it answers 500', `/contacts/${object}`)

    expect(breaker.untilOpen()).toBeGreaterThan(0)
  })

  it('tells when an API stops answering, and when it answers again', () => {
    const told: (string | null)[] = []
    const breaker = new CircuitBreaker(new VirtualClock(), half, (reason) => told.push(reason))
    for (let failure = 0; failure < 7; failure += 1) breaker.observe('it answers 503')
    breaker.observe(null)
    breaker.observe(null)

    expect(told).toEqual(['it answers 503', null])
  })

  it('is not opened by failures that answers come between', () => {
    const breaker = new CircuitBreaker(new VirtualClock(), half)
    for (let round = 0; round < 20; round += 1) {
      for (let failure = 0; failure < 4; failure += 1) breaker.observe('no answer')
      breaker.observe(null)
    }

    expect(breaker.untilOpen()).toBe(0)
  })
})

it('retries are twenty, and then a tenth of the requests', () => {
  const budget = new RetryBudget()
  const take = (): number => {
    let taken = 0
    while (budget.take()) taken += 1
    return taken
  }

  expect(take()).toBe(20)
  for (let request = 0; request < 101; request += 1) budget.earn()
  expect(take()).toBe(10)
})

describe('the window of requests', () => {
  it('is given to live requests first, and a share of it is kept for them', async () => {
    const clock = new VirtualClock()
    const limiter = new WindowLimiter({ requests: 10, windowMs: 20_000 }, clock)
    const order: string[] = []
    const ask = async (priority: 'live' | 'background', name: string): Promise<void> => {
      const release = await limiter.acquire(undefined, priority)
      order.push(name)
      release()
    }
    const background = Array.from({ length: 12 }, (_, index) => ask('background', `b${index}`))
    await Promise.all(background.slice(0, 9))
    // Nine of ten are used: the tenth is not for the background.
    expect(order).toHaveLength(9)
    await ask('live', 'live')
    expect(order.at(-1)).toBe('live')

    await clock.run(Promise.all([...background, ask('live', 'next')]))
    expect(order[10]).toBe('next')
  })
})

describe('the clock of the other side', () => {
  const header = (ms: number): string => new Date(ms).toUTCString()

  it('is taken to agree where the headers allow it', () => {
    const clockOffset = new ClockOffset()
    for (let ms = 1_000_000; ms < 1_010_000; ms += 370) clockOffset.observe(header(ms), ms - 50, ms + 50)

    expect(clockOffset.offsetMs).toBe(0)
  })

  it('is followed within a second where it is off, and when it is set', () => {
    const clockOffset = new ClockOffset()
    for (let ms = 1_000_000; ms < 1_010_000; ms += 370) clockOffset.observe(header(ms + 90_000), ms, ms)
    expect(Math.abs(clockOffset.offsetMs - 90_000)).toBeLessThanOrEqual(1_000)

    for (let ms = 1_010_000; ms < 1_020_000; ms += 370) clockOffset.observe(header(ms - 40_000), ms, ms)
    expect(Math.abs(clockOffset.offsetMs + 40_000)).toBeLessThanOrEqual(1_000)
  })
})

it('a clock that was set is noticed once, and by how much', () => {
  const time = { wall: 1_000, mono: 0 }
  const watch = createClockWatch({
    now: () => time.wall,
    monotonic: () => time.mono,
    sleep: async () => undefined,
  })
  time.wall += 5_000
  time.mono += 5_000
  expect(watch.takeJumpMs()).toBe(0)
  time.wall -= 3_600_000

  expect(watch.takeJumpMs()).toBe(-3_600_000)
  expect(watch.takeJumpMs()).toBe(0)
})

describe('rounds', () => {
  it('do one more for all who asked meanwhile, and do not keep them waiting', async () => {
    const rounds = createCoalescer()
    let count = 0
    let end = (): void => undefined
    const first = rounds.run(() => {
      count += 1
      return count > 1 ? Promise.resolve() : new Promise<void>((resolve) => (end = resolve))
    })

    await rounds.run(() => Promise.reject(new Error('not done by this one')))
    await rounds.run(() => Promise.reject(new Error('nor by this one')))
    end()
    await first

    expect(count).toBe(2)
  })

  it('come one after the other for those who wait, and go on after a failure', async () => {
    const rounds = createCoalescer()
    const order: string[] = []
    const take = (name: string) =>
      rounds.run(
        async () => {
          order.push(name)
          await Promise.resolve()
          order.push(name)
          if (name === 'b') throw new Error('b fails')
        },
        { wait: true },
      )

    const results = await Promise.allSettled(['a', 'b', 'c'].map(take))

    expect(order).toEqual(['a', 'a', 'b', 'b', 'c', 'c'])
    expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })
})

it('turns are taken one after the other, and a failure does not stop those behind it', async () => {
  const turns = createMutex()
  const order: string[] = []
  const take = (name: string) =>
    turns(async () => {
      order.push(`${name} begins`)
      await Promise.resolve()
      order.push(`${name} ends`)
      if (name === 'b') throw new Error('b fails')
    })

  const results = await Promise.allSettled(['a', 'b', 'c'].map(take))

  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})
