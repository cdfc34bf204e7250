import { expect, it } from '@jest/globals'

import { fuzz } from './fuzz.ts'

it('malformed answers end as records, items set aside, or errors that tajo knows', async () => {
  const report = await fuzz(4_000, Math.floor(Math.random() * 1e9))

  expect(report.unforeseen).toEqual([])
  expect(report.records).toBeGreaterThan(0)
  expect(report.setAside).toBeGreaterThan(0)
  expect(report.ends).toMatchObject({
    page: expect.any(Number),
    source_unreadable: expect.any(Number),
    record_invalid: expect.any(Number),
  })
})
