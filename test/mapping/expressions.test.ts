// What an expression may cost: bounded when the file is read, and by the lists that it meets.
import { describe, expect, it } from '@jest/globals'

import { compileExpression, requireExpression, type Variables } from '../../src/mapping/expressions.ts'

const VARIABLES: Variables = { tags: 'texts', ticket: { tags: 'texts' }, score: 'number' }
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `t${index}`)
/** `tags.all(a, tags.all(b, …))` */
const nested = (depth: number): string =>
  Array.from('abcdefghij')
    .slice(0, depth)
    .reduceRight((body, name) => `tags.all(${name}, ${body})`, `size(tags) > 0`)

describe('loops in loops', () => {
  it.each([1, 2])('are taken %d deep', (depth) => {
    const values = { tags: many(60), ticket: { tags: [] }, score: 1 }
    expect(requireExpression(nested(depth), VARIABLES, 'boolean').evaluate(values)).toBe(true)
  })

  it.each([3, 7])('are refused %d deep', (depth) => {
    expect(compileExpression(nested(depth), VARIABLES, 'boolean')).toEqual({
      mistake: {
        message: `all(), exists(), map() and filter() may stand in one another 2 deep, not ${depth}.`,
        offset: 0,
      },
    })
  })

  it('one after the other are one deep', () => {
    const source =
      "tags.filter(t, t != 'x').map(t, lower(t)).exists(t, t == 't3') && tags.exists(t, t == 't4')"
    const values = { tags: many(5_000), ticket: { tags: [] }, score: 1 }
    expect(requireExpression(source, VARIABLES, 'boolean').evaluate(values)).toBe(true)
  })

  it.each([
    ['tags.exists(a, ticket.tags.exists(b, a == b))', 300, true],
    ['tags.exists(a, ticket.tags.exists(b, a == b))', 400, null],
    // Joined lists are as long as all of them.
    ['(tags + tags).exists(a, ticket.tags.exists(b, a == b))', 300, null],
  ])('%s over %d elements is %s', (source, count, expected) => {
    const values = { tags: many(count), ticket: { tags: many(count) }, score: 1 }
    expect(requireExpression(source, VARIABLES, 'boolean').evaluate(values)).toBe(expected)
  })
})
