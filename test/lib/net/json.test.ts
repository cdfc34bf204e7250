import { expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { parseExactly } from '../../../src/lib/net/json.ts'

it('keeps whole numbers that JavaScript can not hold, as text', () => {
  const text =
    '{"id":9007199254740993,"n":[-12345678901234567890,9007199254740991,1.5e300],"s":"id 9007199254740993 \\" 1"}'

  expect(parseExactly(text)).toEqual({
    id: '9007199254740993',
    n: ['-12345678901234567890', 9_007_199_254_740_991, 1.5e300],
    s: 'id 9007199254740993 " 1',
  })
})

it('is JSON.parse for everything else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.stringMatching(/^\d{16,20}$/), (value, digits) => {
      const text = JSON.stringify({ value, digits, keyed: { [digits]: digits } })
      // A double beyond the exact ones is written as a whole number, too.
      fc.pre(!/[\s:,[]-?\d{16,}[,\]}]/.test(text))
      expect(parseExactly(text)).toEqual(JSON.parse(text))
    }),
  )
})

it.each(['', '{', '{"a":12345678901234567', '[01234567890123456789]'])('refuses %j', (text) => {
  expect(() => parseExactly(text)).toThrow(SyntaxError)
})
