// Secrets are compared in constant time. A clock can't show that in a test, so the source is read.
import { readdirSync, readFileSync } from 'node:fs'

import { expect, it } from '@jest/globals'

import { isSame } from '../../../src/interfaces/server/auth.ts'

const folder = new URL('../../../src/interfaces/server/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

it('over digests of equal length, in one place', () => {
  expect(/function isSame\([^)]*\): boolean \{\n {2}return (.*)\n\}/.exec(read('auth.ts'))?.[1]).toBe(
    'timingSafeEqual(digest(given), digest(expected))',
  )
  expect([isSame('secret', 'secret'), isSame('secret', 'secreT'), isSame('', 'secret')]).toEqual([
    true,
    false,
    false,
  ])
})

it('and nowhere by ===', () => {
  const compared = readdirSync(folder).flatMap((name) =>
    [...read(name).matchAll(/.*[!=]== *(\w*[sS]ecret|expected|key|password|signature)\b.*/g)].map(
      ([line]) => `${name}: ${line.trim()}`,
    ),
  )
  expect(compared).toEqual([])
})
