import { expect, it } from '@jest/globals'

import { SOURCE_NAMES } from '../../src/sources/index.ts'
import { fuzz } from './fuzz.ts'

/** Shown where it fails; another one: TAJO_TEST_SEED. */
const SEED = Number(process.env['TAJO_TEST_SEED'] ?? 20_261_124)

it.each(SOURCE_NAMES)(
  'malformed answers of %s end as records, items set aside, or errors that tajo knows',
  async (helpdesk) => {
    const report = await fuzz(1_500, SEED, helpdesk)

    expect({ seed: SEED, unforeseen: report.unforeseen }).toEqual({ seed: SEED, unforeseen: [] })
    expect(report.records).toBeGreaterThan(0)
    expect(report.setAside).toBeGreaterThan(0)
    expect(report.ends).toMatchObject({
      page: expect.any(Number),
      source_unreadable: expect.any(Number),
      record_unavailable: expect.any(Number),
    })
  },
)
