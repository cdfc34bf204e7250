import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { BudgetLimiter, WindowLimiter } from '../../../src/lib/net/limiter.ts'
import { VirtualClock } from '../../support/clock.ts'

/** Times at which requests were let through, each answered after `latency`. */
async function run(
  limiter: WindowLimiter,
  clock: VirtualClock,
  latencies: readonly number[],
  parallel: number,
): Promise<number[]> {
  const times: number[] = []
  const queue = latencies.values()
  const worker = async (): Promise<void> => {
    for (const latency of queue) {
      const release = await limiter.acquire()
      times.push(clock.now())
      await clock.sleep(latency)
      release()
    }
  }
  await clock.run(Promise.all(Array.from({ length: parallel }, worker)))
  return times
}

describe('a window limit', () => {
  it.each([
    [true, 50],
    [false, 10],
  ])('that is told by the answers (%s) lets through %d at once, once they say 50', async (isTold, most) => {
    const clock = new VirtualClock()
    const limiter = new WindowLimiter({ requests: 10, windowMs: 1_000, isTold }, clock)
    limiter.observe(0, 50)

    const times = await run(
      limiter,
      clock,
      Array.from({ length: 60 }, () => 0),
      60,
    )

    expect(times.filter((at) => at === times[0])).toHaveLength(most)
  })

  it('is never exceeded in any window, whatever the latencies', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        async (requests, latencies, parallel) => {
          const clock = new VirtualClock()
          const times = await run(
            new WindowLimiter({ requests, windowMs: 1_000 }, clock),
            clock,
            latencies,
            parallel,
          )

          expect(times).toHaveLength(latencies.length)
          for (const [index, time] of times.entries()) {
            const inWindow = times.slice(index).filter((later) => later < time + 1_000)
            expect(inWindow.length).toBeLessThanOrEqual(requests)
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('is used to the full: 100 requests at 40 in 20 s take 40 s', async () => {
    const clock = new VirtualClock()
    const times = await run(
      new WindowLimiter({ requests: 40, windowMs: 20_000 }, clock),
      clock,
      Array.from({ length: 100 }, () => 0),
      1,
    )

    expect(times.at(-1)! - times[0]!).toBe(40_000)
  })

  it('gives way to others whom the API counts, and pauses when it is asked to', async () => {
    const clock = new VirtualClock()
    const limiter = new WindowLimiter({ requests: 10, windowMs: 1_000 }, clock)
    limiter.observe(8, 10)
    expect(limiter.free).toBe(2)

    limiter.pause(5_000)
    const before = clock.now()
    await clock.run(limiter.acquire())
    expect(clock.now() - before).toBe(5_000)
  })

  it('stops waiting at once when it is aborted', async () => {
    const clock = new VirtualClock()
    const limiter = new WindowLimiter({ requests: 1, windowMs: 1_000 }, clock)
    await limiter.acquire()
    const stop = new AbortController()
    const waiting = limiter.acquire(stop.signal)
    setImmediate(() => stop.abort())

    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('a told budget', () => {
  it('lets one through until the first answer, then as many as are left, then waits for the reset', async () => {
    const clock = new VirtualClock()
    const limiter = new BudgetLimiter(clock)
    const first = await limiter.acquire()
    let passed = 0
    const others = Promise.all(Array.from({ length: 4 }, () => limiter.acquire().then(() => (passed += 1))))
    await new Promise((resolve) => setImmediate(resolve))
    expect(passed).toBe(0)

    limiter.observe(3, 2_000)
    first()
    await new Promise((resolve) => setImmediate(resolve))
    expect(passed).toBe(3)

    const before = clock.now()
    limiter.exhaust(7_000)
    const stop = new AbortController()
    await expect(
      clock.run(Promise.race([others, clock.sleep(6_999).then(() => stop.abort())])),
    ).resolves.toBeUndefined()
    expect(passed).toBe(3)
    expect(clock.now() - before).toBe(6_999)
  })

  it('takes the earliest end that the answers of one window told, in whole seconds', async () => {
    const clock = new VirtualClock()
    const limiter = new BudgetLimiter(clock)
    const release = await limiter.acquire()
    limiter.observe(1, 1_000)
    await clock.run(clock.sleep(300))
    limiter.observe(0, 1_000)
    release()
    const before = clock.now()
    await clock.run(limiter.acquire())

    expect(clock.now() - before).toBe(700)
  })

  it('stops waiting at once when it is aborted', async () => {
    const limiter = new BudgetLimiter(new VirtualClock())
    await limiter.acquire()
    const stop = new AbortController()
    const waiting = limiter.acquire(stop.signal)
    setImmediate(() => stop.abort())

    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  })
})
