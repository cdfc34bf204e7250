// What has to be written, against what Brevo was told: a table.
import { describe, expect, it } from '@jest/globals'

import { toWrite } from '../../src/mapping/apply.ts'
import type { Membership, ProjectedContact, SentState } from '../../src/model/operations.ts'

const EMAIL = 'a@b.example'
const lastSent = (
  attributes: SentState['attributes'],
  lists: Record<string, Membership> = {},
): SentState => ({
  exists: true,
  gone: false,
  attributes,
  lists,
  unverified: null,
  repair: false,
  sentAt: 1,
})
const projected = (attributes: ProjectedContact['attributes'], lists: number[] = []): ProjectedContact => ({
  email: EMAIL,
  attributes,
  lists,
  undecided: [],
})
const write = (wanted: ProjectedContact | null, before: SentState, kept: number[] = []) =>
  toWrite(EMAIL, wanted, before, (list) => kept.includes(list))

describe('attributes', () => {
  it.each<[string, ProjectedContact['attributes'], SentState['attributes'], object]>([
    ['a new one', { A: 1 }, {}, { A: 1 }],
    ['the same', { A: 1 }, { A: 1 }, {}],
    ['another value', { A: 2 }, { A: 1 }, { A: 2 }],
    ['cleared', { A: null }, { A: 1 }, { A: null }],
    ['cleared before', { A: null }, { A: null }, {}],
    ['one that is not named any more is left', {}, { A: 1 }, {}],
    ['the same list of texts', { A: ['x', 'y'] }, { A: ['x', 'y'] }, {}],
    ['in another order', { A: ['y', 'x'] }, { A: ['x', 'y'] }, { A: ['y', 'x'] }],
    ['a text is no number', { A: '1' }, { A: 1 }, { A: '1' }],
  ])('%s', (_, wanted, before, expected) => {
    expect(write(projected(wanted), lastSent(before)).attributes).toEqual(expected)
  })
})

describe('lists', () => {
  it.each<[string, number[], Record<string, Membership>, { add: number[]; remove: number[] }]>([
    ['one to be in', [7], {}, { add: [7], remove: [] }],
    ['in it by us', [7], { 7: 'given' }, { add: [], remove: [] }],
    ['in it already', [7], { 7: 'found' }, { add: [], remove: [] }],
    ['left by the contact', [7], { 7: 'left' }, { add: [], remove: [] }],
    ['maybe given', [7], { 7: 'giving' }, { add: [7], remove: [] }],
    ['given, and no longer to be in', [], { 7: 'given' }, { add: [], remove: [7] }],
    ['maybe given, and no longer to be in', [], { 7: 'giving' }, { add: [], remove: [7] }],
    ['found, and no longer to be in', [], { 7: 'found' }, { add: [], remove: [] }],
    ['left, and no longer to be in', [], { 7: 'left' }, { add: [], remove: [] }],
  ])('%s', (_, lists, before, { add, remove }) => {
    expect(write(projected({}, lists), lastSent({}, before))).toMatchObject({
      addLists: add,
      removeLists: remove,
    })
  })

  it('one of which nothing can be said stays as it is', () => {
    expect(write(projected({}), lastSent({}, { 7: 'given' }), [7]).removeLists).toEqual([])
  })

  it('of somebody whom nobody knows any more, only what tajo gave is taken', () => {
    expect(write(null, lastSent({ A: 1 }, { 7: 'given', 8: 'found' }))).toMatchObject({
      exists: true,
      attributes: {},
      addLists: [],
      removeLists: [7],
    })
  })
})
