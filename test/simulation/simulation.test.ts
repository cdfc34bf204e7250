// A slice of the simulation in every test run: a fixed set, and fresh seeds. Large stories, and the seeds that once found a fault,
// take longer and are told in .ci/run.
import { describe, expect, it } from '@jest/globals'

import { isLarge, simulate } from './simulate.ts'

const FIXED = [1, 2, 3, 4, 6, 7, 8, 9]
const first = Math.floor(Math.random() * 1_000_000_000)
const FRESH = Array.from({ length: 10 }, (_, index) => first + index).filter((seed) => !isLarge(seed))

describe('in a world of faults and crashes, what Brevo holds and has seen is what the history demands', () => {
  it.each([...FIXED, ...FRESH])('npm run simulate -- --seed %d', async (seed) => {
    expect((await simulate(seed)).complaints).toEqual([])
  })

  it('the same seed tells the same story', async () => {
    expect(await simulate(7)).toEqual(await simulate(7))
  })
})
