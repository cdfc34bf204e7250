// Laws that hold whatever comes: of the parsers, the cursors, the mapping and the outbox.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'

import { toWrite } from '../../src/mapping/apply.ts'
import type { AttributeValue, ProjectedContact, Membership, SentState } from '../../src/model/operations.ts'
import { STREAMS } from '../../src/model/records.ts'
import { toSentState } from '../../src/outbox/delivery.ts'
import {
  InvalidItem,
  toAgent,
  toCustomer,
  toMailbox,
  toMessage,
  toPhone,
  toSourceEvent,
  toSurvey,
  toTicket,
} from '../../src/sources/gorgias/to-records.ts'
import { openStore, type Store } from '../../src/state/store.ts'

const PARSERS = { toCustomer, toTicket, toMessage, toSurvey, toAgent, toSourceEvent, toMailbox, toPhone }

let directory: string
let store: Store
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-laws-'))
  store = openStore(directory)
})
afterAll(() => {
  store.close()
  rmSync(directory, { recursive: true, force: true })
})

describe('a parser', () => {
  const date = fc.constantFrom('2026-08-26T18:38:08.300346+00:00', '2026-08-26T12:30:00', 'soon', null)
  const item = fc.record(
    {
      id: fc.oneof(fc.integer(), fc.string(), fc.anything()),
      email: fc.anything(),
      status: fc.constantFrom('open', 'closed', 'asleep', 7),
      score: fc.oneof(fc.integer(), fc.anything()),
      created_datetime: date,
      updated_datetime: date,
      ticket_id: fc.oneof(fc.integer(), fc.anything()),
      customer: fc.anything(),
      custom_fields: fc.anything(),
      tags: fc.anything(),
      data: fc.anything(),
    },
    { requiredKeys: [] },
  )

  it.each(Object.entries(PARSERS))('%s gives a record or says which field is wrong', (_, parse) => {
    fc.assert(
      fc.property(item, (raw) => {
        try {
          const record: unknown = parse(raw)
          if (typeof record !== 'object' || record === null) return
          const { id, createdAt } = record as { id: string; createdAt?: number }
          expect(id).toMatch(/^.{1,64}$/su)
          if (createdAt !== undefined) expect(Number.isSafeInteger(createdAt)).toBe(true)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(InvalidItem)
        }
      }),
      { numRuns: 300 },
    )
  })
})

it('a cursor is read as it was written', () => {
  const instant = fc.option(fc.integer({ min: 0, max: 4e15 }))
  const walk = fc.option(fc.record({ high: instant, low: instant, token: fc.option(fc.string()) }))
  const cursor = fc.record({
    watermark: instant,
    walk,
    backfill: walk,
    backfilledAt: instant,
    reconcile: walk,
  })

  fc.assert(
    fc.property(fc.constantFrom(...STREAMS), cursor, (stream, written) => {
      store.cursors.write('gorgias', stream, written)
      expect(store.cursors.read('gorgias', stream)).toEqual(written)
    }),
    { numRuns: 200 },
  )
})

describe('the difference between what is projected and what was told', () => {
  const value: fc.Arbitrary<AttributeValue | null> = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.string(), { maxLength: 3 }),
    fc.constant(null),
  )
  const attributes = fc.dictionary(fc.constantFrom('A', 'B', 'C'), value)
  const list = fc.integer({ min: 1, max: 5 })
  const projected: fc.Arbitrary<ProjectedContact> = fc.record({
    email: fc.constant('a@example.com'),
    attributes,
    lists: fc.uniqueArray(list),
    undecided: fc.uniqueArray(list),
  })
  const told: fc.Arbitrary<SentState> = fc.record({
    exists: fc.boolean(),
    gone: fc.constant(false),
    attributes,
    lists: fc.dictionary(list.map(String), fc.constantFrom<Membership>('given', 'giving', 'found', 'left')),
    unverified: fc.constant(null),
    repair: fc.constant(false),
    sentAt: fc.constant(1),
  })

  it('is nothing once it was written', () => {
    fc.assert(
      fc.property(projected, told, (wish, before) => {
        const isKept = (one: number): boolean => wish.undecided.includes(one)
        const write = toWrite(wish.email, wish, before, isKept)
        const given = Object.fromEntries(write.addLists.map((one) => [one, 'given' as const]))
        const again = toWrite(wish.email, wish, toSentState(before, write, given), isKept)

        expect(again).toMatchObject({ exists: true, attributes: {}, addLists: [], removeLists: [] })
      }),
    )
  })

  it('takes away only what tajo gave, and adds to no list that was left or is known', () => {
    fc.assert(
      fc.property(fc.option(projected), told, fc.boolean(), (wish, before, keep) => {
        const write = toWrite('a@example.com', wish, before, () => keep)

        for (const one of write.removeLists) expect(['given', 'giving']).toContain(before.lists[one])
        for (const one of write.addLists) expect([undefined, 'giving']).toContain(before.lists[one])
        if (keep) expect(write.removeLists).toEqual([])
      }),
    )
  })
})

it('events of a contact leave in the order in which they happened, each until it is taken, and then never again', () => {
  const event = fc.record({ email: fc.constantFrom('a', 'b', 'c'), at: fc.integer({ min: 1, max: 6 }) })
  let run = 0
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 12 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
      (events, outcomes) => {
        run += 1
        for (const email of ['a', 'b', 'c']) {
          store.contacts.putSent(
            `${run}${email}`,
            {
              exists: true,
              gone: false,
              attributes: {},
              lists: {},
              unverified: null,
              repair: false,
              sentAt: 1,
            },
            1,
          )
        }
        for (const [index, { email, at }] of events.entries()) {
          const one = {
            eventId: `${run}:${index}`,
            email: `${run}${email}`,
            name: 'E',
            date: '',
            properties: {},
          }
          expect(store.outboxEvents.stage('gorgias', one, at, true)).toBe(true)
          // Read again, it is known.
          expect(store.outboxEvents.stage('gorgias', one, at, true)).toBe(false)
        }
        store.outboxEvents.release('gorgias', 10, 0)
        const left: string[] = []
        for (let now = 1; now < 400; now += 1) {
          for (const due of store.outboxEvents.due(now, 2)) {
            const id = due.event.eventId
            store.outboxEvents.startSending(id, now)
            const outcome = outcomes.next().value as number
            if (outcome === 0) store.outboxEvents.postpone(id, now + 1)
            else if (outcome === 1) {
              store.outboxEvents.doubt(id, 0, now)
              store.outboxEvents.postpone(id, now)
            } else {
              store.outboxEvents.finish(id, now)
              left.push(id)
            }
          }
        }
        const at = (id: string): [number, number] => {
          const index = Number(id.split(':')[1])
          return [events[index]!.at, index]
        }
        expect([...left].sort()).toEqual(events.map((_, index) => `${run}:${index}`).sort())
        for (const email of ['a', 'b', 'c']) {
          const own = left.filter((id) => events[at(id)[1]]!.email === email).map(at)
          expect(own).toEqual(own.toSorted((x, y) => x[0] - y[0] || x[1] - y[1]))
        }
      },
    ),
    { numRuns: 60 },
  )
})
