// A slice of the simulation in every test run: seeds that once found a fault, a fixed set, and fresh ones.
import { describe, expect, it } from '@jest/globals'

import { simulate } from './simulate.ts'

/** Each of these has found something that was wrong then. */
const FOUND_SOMETHING = [
  1_500_032, 1_500_094, 820_005, 800_081, 100_804, 86, 133, 161, 2663, 4772, 10_041, 11_158, 30_008, 60_181,
  72_373,
]
/** The same of short stories. */
const FOUND_LATELY = [155, 245, 94, 9, 2_003_901, 2_002_562, 7_002_059, 7_007_672, 8_007_281]
const FIXED = Array.from({ length: 10 }, (_, index) => index + 1)
const fresh = Math.floor(Math.random() * 1_000_000_000)
const FRESH = Array.from({ length: 10 }, (_, index) => fresh + index)

describe('in a world of faults and crashes, what Brevo holds and has seen is what the history demands', () => {
  it.each(FOUND_SOMETHING)('npm run simulate -- --seed %d --long', async (seed) => {
    expect((await simulate(seed, { long: true })).complaints).toEqual([])
  })

  it.each([...FOUND_LATELY, ...FIXED, ...FRESH])('npm run simulate -- --seed %d', async (seed) => {
    expect((await simulate(seed)).complaints).toEqual([])
  })

  it('the same seed tells the same story', async () => {
    expect(await simulate(7)).toEqual(await simulate(7))
  })
})
