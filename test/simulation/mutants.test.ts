// A mistake that can no longer be planted proves nothing: each of them has its place in the source of today.
import { describe, expect, it } from '@jest/globals'

import { MUTANTS, plant } from './mutants.ts'

describe('the mistakes that the simulation must find', () => {
  it.each(MUTANTS)('can be planted: $name', (mutant) => {
    expect(plant(mutant).text).toContain(mutant.to)
  })
})
