// Keys of what was set aside: ids may hold any character, and are found again as they were.
import { expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { isAskedFor, NO_ID, readSetAsideKey, toSetAsideKey } from '../../src/model/set-aside.ts'

it('gives back what it was made of, whatever the id', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom('customers', 'tickets'), (id, stream) => {
      expect(readSetAsideKey(toSetAsideKey('shop-eu', stream, id))).toEqual({
        connector: 'shop-eu',
        stream,
        id,
        part: null,
      })
    }),
  )
})

it.each([
  ['tickets', '42', undefined, true],
  ['tickets', 'a/b', undefined, true],
  ['customers', '7/phone', undefined, true],
  ['customers', '7', 'phone', true],
  ['feed', '9', undefined, true],
  ['messages', '9', undefined, false],
  ['agents', '9', undefined, false],
  ['tickets', NO_ID, undefined, false],
] as const)('%s/%j (%s) is asked for: %s', (stream, id, part, expected) => {
  expect(isAskedFor(toSetAsideKey('shop', stream, id, part))).toBe(expected)
})

it('reads the keys of earlier versions, which were not escaped', () => {
  expect(readSetAsideKey('gorgias/tickets/100%')).toMatchObject({ id: '100%' })
  expect(isAskedFor('gorgias/tickets/"unknown"')).toBe(false)
})
