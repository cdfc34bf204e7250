// Secrets are compared in constant time. A clock can't show that in a test, so the source is read.
import { readdirSync, readFileSync } from 'node:fs'

import { expect, it } from '@jest/globals'

import { isSameSecret } from '../../../src/lib/net/signature.ts'

const folders = ['interfaces/server/', 'lib/net/', 'sources/gorgias/'].map(
  (name) => new URL(`../../../src/${name}`, import.meta.url),
)
const read = (folder: URL, name: string): string => readFileSync(new URL(name, folder), 'utf8')

it('over digests of equal length, in one place', () => {
  expect(
    /function isSameSecret\([^)]*\): boolean \{\n {2}return (.*)\n\}/.exec(
      read(folders[1]!, 'signature.ts'),
    )?.[1],
  ).toBe('timingSafeEqual(digest(given), digest(expected))')
  expect([
    isSameSecret('secret', 'secret'),
    isSameSecret('secret', 'secreT'),
    isSameSecret('', 'secret'),
  ]).toEqual([true, false, false])
})

it('and nowhere by ===', () => {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => [folder, name] as const),
  )
  const compared = files.flatMap(([folder, name]) =>
    [...read(folder, name).matchAll(/.*[!=]== *(\w*[sS]ecret|expected|key|password|signature)\b.*/g)].map(
      ([line]) => `${name}: ${line.trim()}`,
    ),
  )
  expect(compared).toEqual([])
})
