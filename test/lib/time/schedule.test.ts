// Schedules go by a wall clock that people and daemons set: with the real node-cron, and a clock that the test moves.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'

import type { Clock } from '../../../src/lib/time/clock.ts'
import { type Schedule, startSchedule } from '../../../src/lib/time/schedule.ts'
import { silentLog } from '../../support/sandbox.ts'

const HOUR = 3_600_000
const START = Date.parse('2026-03-10T12:02:00Z')

let schedule: Schedule
let runs: string[]
let wake: (() => void) | null = null
let wakeAt = 0
let monotonic = 0

/** Sleeps until the test lets time pass. */
const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => monotonic,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      wakeAt = monotonic + ms
      wake = resolve
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    }),
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve()
}

async function pass(ms: number): Promise<void> {
  const until = monotonic + ms
  for (;;) {
    if (wakeAt > until) break
    jest.setSystemTime(Date.now() + wakeAt - monotonic)
    monotonic = wakeAt
    wake?.()
    await settle()
  }
  jest.setSystemTime(Date.now() + until - monotonic)
  monotonic = until
}

const step = (ms: number): void => jest.setSystemTime(Date.now() + ms)

function begin(expression: string): void {
  schedule = startSchedule(expression, async () => void runs.push(new Date().toISOString().slice(11, 16)), {
    clock,
    log: silentLog,
  })
}

beforeEach(() => {
  jest.useFakeTimers({ now: START, doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'setTimeout'] })
  runs = []
  monotonic = 0
})
afterEach(async () => {
  jest.useRealTimers()
  await schedule.stop()
})

describe('a schedule', () => {
  it('fires when its time has come', async () => {
    begin('*/5 * * * *')
    expect(schedule.next()).toBe(Date.parse('2026-03-10T12:05:00Z'))

    await pass(HOUR / 4)

    expect(runs).toEqual(['12:05', '12:10', '12:15'])
  })

  it('goes on within its usual time where the clock is set back', async () => {
    begin('*/5 * * * *')
    await pass(4 * 60_000)
    step(-3 * HOUR)

    await pass(HOUR / 4)

    expect(runs).toEqual(['12:05', '09:10', '09:15', '09:20'])
  })

  it('makes up once for what the clock was set over', async () => {
    begin('*/5 * * * *')
    await pass(4 * 60_000)
    step(3 * HOUR)

    await pass(HOUR / 6)

    expect(runs[0]).toBe('12:05')
    expect(runs.slice(1).map((run) => run.slice(0, 4))).toEqual(['15:0', '15:1', '15:1'])
  })

  it('leaves out what falls into a run that is under way', async () => {
    let release = (): void => undefined
    schedule = startSchedule(
      '*/5 * * * *',
      () =>
        new Promise((done) => {
          runs.push('begun')
          release = done
        }),
      { clock, log: silentLog },
    )
    await pass(HOUR / 2)
    expect(runs).toEqual(['begun'])

    release()
    await settle()
    await pass(HOUR / 12)

    expect(runs).toEqual(['begun', 'begun'])
  })
})
