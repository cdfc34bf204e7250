// What a plan says is what the sync then does: over random shops, changes to them, and changes to connectors.yml.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { onlyPlanned } from '../../src/dry-run/plan-guard.ts'
import type { PlanFile } from '../../src/dry-run/plan.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'

interface Picture {
  contacts: Map<
    number,
    { email: string; blocked: boolean; attributes: Record<string, unknown>; lists: number[] }
  >
  events: Set<string>
}

function look({ account }: VirtualShop): Picture {
  return {
    contacts: new Map(
      [...account.contacts.values()].map((one) => [
        one.id,
        {
          email: one.email,
          blocked: one.emailBlacklisted,
          attributes: { ...one.attributes },
          lists: [...one.lists],
        },
      ]),
    ),
    events: new Set(account.events.map((one) => String(one.properties['event_id']))),
  }
}

/** In the words of the plan, read off Brevo itself before and after. */
function compare(before: Picture, after: Picture) {
  const changes = [...after.contacts].flatMap(([id, now]) => {
    const old = before.contacts.get(id)
    const names = Object.keys(now.attributes).filter(
      (name) => (now.attributes[name] ?? null) !== (old?.attributes[name] ?? null),
    )
    const add = now.lists.filter((list) => old?.lists.includes(list) !== true)
    const remove = (old?.lists ?? []).filter((list) => !now.lists.includes(list))
    const blocked = now.blocked && old?.blocked !== true
    const isSame =
      old !== undefined &&
      old.email === now.email &&
      !blocked &&
      names.length + add.length + remove.length === 0
    if (isSame) return []
    return [
      {
        email: now.email,
        change: old === undefined ? 'create' : 'update',
        renamed_from: old === undefined || old.email === now.email ? null : old.email,
        blocked,
        attributes: Object.fromEntries(
          names.map((name) => [
            name,
            { old: old?.attributes[name] ?? null, new: now.attributes[name] ?? null },
          ]),
        ),
        lists: { add: add.sort(byNumber), remove: remove.sort(byNumber) },
      },
    ]
  })
  const sends = [...after.events].filter((id) => !before.events.has(id))
  return { changes: changes.sort((a, b) => (a.email < b.email ? -1 : 1)), sends: sends.sort() }
}

const byNumber = (a: number, b: number): number => a - b

const toComparable = ({ changes, sends }: PlanFile) => ({
  changes: changes.map((one) => ({
    ...one,
    attributes: Object.fromEntries(
      Object.entries(one.attributes).map(([name, { old, new: value }]) => [
        name,
        { old: old ?? null, new: value },
      ]),
    ),
  })),
  sends: sends.map((one) => one.event_id).sort(),
})

const EDITS: ((yaml: string) => string)[] = [
  (yaml) => yaml,
  (yaml) =>
    yaml
      .replace('nb_tickets: TICKET_COUNT', 'nb_tickets: CSAT_RESPONSES')
      .replace(/.*satisfaction_count.*\n/, ''),
  (yaml) => yaml.replace('tag_lists: { vip: 40 }', 'tag_lists: { vip: 41 }'),
  (yaml) => yaml.replace('all_support_contacts: 35, ', ''),
  (yaml) =>
    yaml.replace(
      'ticket.created: TICKET_CREATED',
      'ticket.created: { event: TICKET_CREATED, when: nb_tickets > 1 }',
    ),
  (yaml) =>
    yaml
      .replace('connectors:', 'contacts: { create: never }\nconnectors:')
      .replace('contacts: { create: always }\n', ''),
]

describe('a plan', () => {
  it('says exactly what the sync then does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer({ min: 1, max: 1_000_000 }),
          customers: fc.integer({ min: 1, max: 8 }),
          acts: fc.integer({ min: 0, max: 20 }),
          lately: fc.integer({ min: 0, max: 6 }),
          synced: fc.boolean(),
          edit: fc.nat(EDITS.length - 1),
          importList: fc.boolean(),
          mostRemovals: fc.option(fc.nat(2)),
        }),
        async ({ seed, customers, acts, lately, synced, edit, importList, mostRemovals }) => {
          const shop = openVirtualShop(seed)
          try {
            shop.account.lists.set(41, 'list 41')
            shop.shop.seedPast(customers)
            const yaml = shop.yaml('verify', { campaigns: true, importList })
            if (synced) await shop.sync({}, yaml)
            for (let count = 0; count < acts; count += 1) {
              shop.shop.act()
              await shop.pass(1)
            }
            if (synced) await shop.pass(20)
            // Their campaigns wait; nothing else comes due between the plan and the sync.
            for (let count = 0; count < lately; count += 1) shop.shop.act()
            await shop.pass(1)
            const guards = mostRemovals === null ? '' : `guards: { max_removals: ${mostRemovals} }\n`
            const edited = `${guards}${EDITS[edit]!(yaml)}`
            const before = look(shop)
            const plan = await shop.plan(edited)
            expect(look(shop)).toEqual(before)

            await shop.sync({ patienceMs: 0 }, edited)

            expect(toComparable(plan)).toEqual(compare(before, look(shop)))
            const made = plan.changes.filter((one) => one.change === 'create').length
            expect(plan.contacts).toMatchObject({ create: made, update: plan.changes.length - made })
          } finally {
            shop.close()
          }
        },
      ),
      { numRuns: Number(process.env['TAJO_RUNS'] ?? 25) },
    )
  })
})

describe('a plan leaves nothing behind', () => {
  it('no state where there was none, and no copy where there is one', async () => {
    const shop = openVirtualShop()
    shop.shop.seedPast(3)

    await shop.plan()
    expect(existsSync(join(shop.stateDir, 'tajo.db'))).toBe(false)

    await shop.sync()
    const isOwn = (name: string): boolean => name.startsWith('tajo.')
    await shop.plan()
    expect(readdirSync(shop.stateDir).filter((name) => !isOwn(name))).toEqual([])
    shop.close()
  })
})

describe('what apply delivers through', () => {
  const plan = {
    changes: [{ email: 'new@x.example', renamed_from: 'old@x.example' }],
    writes: [
      { email: 'new@x.example', attributes: { N: 2, GONE: null }, add: [7], remove: [8], block: false },
      { email: 'b@x.example', attributes: { N: 1 }, add: [], remove: [], block: false },
    ],
    sends: [{ event_id: 'e1', name: 'E', email: 'b@x.example' }],
  } as unknown as PlanFile
  const base = 'https://api.brevo.com/v3'
  const through = async (method: 'POST' | 'PUT' | 'GET', path: string, body?: object): Promise<boolean> => {
    const passed: string[] = []
    const http = onlyPlanned(
      {
        async send({ url }) {
          passed.push(url)
          return { outcome: 'answer', status: 204, headers: {}, body: '' }
        },
        close: () => undefined,
      },
      base,
      plan,
    )
    const sent = http.send({
      method,
      url: `${base}${path}`,
      headers: {},
      timeoutMs: 1,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return await sent.then(
      () => passed.length === 1,
      (thrown: { code?: string }) => {
        expect(thrown.code).toBe('plan_drifted')
        return false
      },
    )
  }

  it('lets the planned writes through, a change of address and what follows it among them', async () => {
    expect(
      await through('PUT', '/contacts/old%40x.example', { attributes: { EMAIL: 'new@x.example' } }),
    ).toBe(true)
    expect(
      await through('PUT', '/contacts/new%40x.example', {
        attributes: { N: 2 },
        listIds: [7],
        unlinkListIds: [8],
      }),
    ).toBe(true)
    expect(await through('POST', '/contacts', { email: 'b@x.example', attributes: { N: 1 } })).toBe(true)
    expect(await through('POST', '/events', { event_properties: { event_id: 'e1' } })).toBe(true)
    expect(await through('GET', '/contacts/other%40x.example')).toBe(true)
  })

  it.each([
    ['another contact', 'POST', '/contacts', { email: 'c@x.example', attributes: { N: 1 } }],
    ['another value', 'POST', '/contacts', { email: 'b@x.example', attributes: { N: 2 } }],
    ['a value that is cleared', 'PUT', '/contacts/b%40x.example', { attributes: { OTHER: '' } }],
    ['another list', 'PUT', '/contacts/new%40x.example', { attributes: {}, listIds: [9] }],
    ['a membership that is taken', 'PUT', '/contacts/b%40x.example', { attributes: {}, unlinkListIds: [8] }],
    ['a block', 'PUT', '/contacts/b%40x.example', { attributes: {}, emailBlacklisted: true }],
    ['another address', 'PUT', '/contacts/b%40x.example', { attributes: { EMAIL: 'c@x.example' } }],
    ['another event', 'POST', '/events/batch', { events: [{ event_properties: { event_id: 'e2' } }] }],
    [
      'an import of others',
      'POST',
      '/contacts/import',
      { jsonBody: [{ email: 'c@x.example' }], listIds: [7] },
    ],
    ['something that no plan knows', 'POST', '/contacts/lists', { name: 'x' }],
  ] as const)('keeps back %s', async (_, method, path, body) => {
    expect(await through(method, path, body)).toBe(false)
  })
})
