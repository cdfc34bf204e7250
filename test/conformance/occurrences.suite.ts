// What a helpdesk says it can tell of happens exactly once in Brevo, whatever is read again; what it says it can't is refused. And what was
// set aside, merged or deleted is put right.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { parseConfig } from '../../src/config/load.ts'
import type { TajoError } from '../../src/lib/errors.ts'
import { OCCURRENCE_TYPES, type OccurrenceType } from '../../src/model/occurrence.ts'
import type { HttpAnswer } from '../../src/lib/net/http.ts'
import type { World, WorldCustomer, WorldTicket } from '../../src/sandbox/shop/world.ts'
import { ID_KEYS, type Item, openList } from './answers.ts'
import { type Bench, HELPDESKS, openBench, ownStreams, settledOf, START } from './helpdesk.ts'

interface Cast {
  world: World
  /** With an open ticket, and a closed one. */
  person: WorldCustomer
  other: WorldCustomer
  open: WorldTicket
  closed: WorldTicket
  tagged: WorldTicket
  /** Of the other. */
  asleep: WorldTicket
  survey: number
}

/** How each of them is made to happen, once. */
const ACTS: Record<OccurrenceType, (cast: Cast) => void> = {
  'ticket.created': ({ world, person }) => void world.addTicket({ customerId: person.id }),
  'ticket.updated': ({ world, open }) => world.changeSubject(open.id, 'Where is my parcel?'),
  'ticket.closed': ({ world, open }) => world.closeTicket(open.id),
  'ticket.reopened': ({ world, closed }) => world.reopenTicket(closed.id),
  'ticket.assigned': ({ world, open }) => world.assignTicket(open.id, world.users[0]!.id),
  'ticket.tagged': ({ world, open }) => world.addTag(open.id, 'urgent'),
  'ticket.untagged': ({ world, tagged }) => world.removeTag(tagged.id, 'vip'),
  'ticket.snoozed': ({ world, open }) => world.snoozeTicket(open.id, world.now() + 86_400_000_000),
  'ticket.unsnoozed': ({ world, asleep }) => world.reopenTicket(asleep.id),
  'ticket.merged': ({ world, open, closed }) => world.mergeTickets(closed.id, open.id),
  'ticket.handed_over': ({ world, open }) => world.handOver(open.id),
  'ticket.message.received': ({ world, open }) => void world.addMessage(open.id),
  'ticket.message.sent': ({ world, open }) => void world.addMessage(open.id, { fromAgent: true }),
  'satisfaction_survey.created': ({ world, closed }) => void world.addSurvey(closed.id),
  'satisfaction_survey.sent': ({ world, closed }) => void world.addSurvey(closed.id),
  'satisfaction_survey.responded': ({ world, survey }) => world.scoreSurvey(survey, 5),
  'satisfaction_survey.skipped': ({ world, closed }) => world.skipSurvey(closed.id),
  'customer.created': ({ world }) => void world.addCustomer({ email: 'new@example.com' }),
  'customer.updated': ({ world, person }) => world.changeCustomer(person.id, { name: 'Jane Doe' }),
  'customer.merged': ({ world, person, other }) => world.mergeCustomers(other.id, person.id),
  'customer.deleted': ({ world, other }) => world.deleteCustomer(other.id),
  'macro.applied': ({ world, open }) => void world.addMessage(open.id, { fromAgent: true, macros: [7] }),
  'rule.executed': ({ world, open }) => void world.addMessage(open.id, { fromAgent: true, rule: 5 }),
}

describe.each(HELPDESKS)('$name', (helpdesk) => {
  const { definition } = helpdesk
  const told = OCCURRENCE_TYPES.filter((type) => definition.supports.occurrences[type] !== undefined)
  const lateBy = Math.max(1_200, settledOf(helpdesk))
  const untold = OCCURRENCE_TYPES.filter((type) => !told.includes(type))
  let bench: Bench
  let broken = 0
  beforeEach(() => {
    broken = 0
    bench = openBench(helpdesk)
    bench.account.addAttribute('TICKETS', 'float')
    bench.account.lists.set(35, 'Support contacts')
  })
  afterEach(() => bench.close())

  const toYaml = (type: string): string =>
    bench.yaml(`    backfill: { since: 2026-02-27 }
    lists: { all_support_contacts: 35 }
    field_mapping: { email: email, nb_tickets: TICKETS }
    event_mapping: { ${type}: HAPPENED }
`)

  async function cast(): Promise<Cast> {
    const { world } = bench
    const person = world.addCustomer({ email: 'jane@example.com', name: 'Jane' })
    const other = world.addCustomer({ email: 'other@example.com', name: 'Other' })
    const [open, closed, tagged] = [{}, {}, { tags: ['vip'] }].map((more) =>
      world.addTicket({ customerId: person.id, subject: 'Where is it?', ...more }),
    )
    const asleep = world.addTicket({ customerId: other.id })
    // Long enough for any list to show them.
    await bench.pass(600)
    world.tags.push({ id: world.nextId(), name: 'vip', created: world.now() })
    world.closeTicket(closed!.id)
    world.snoozeTicket(asleep.id, world.now() + 30 * 86_400_000_000)
    const survey = world.addSurvey(tagged!.id).id
    await bench.pass(60)
    return { world, person, other, open: open!, closed: closed!, tagged: tagged!, asleep, survey }
  }

  const events = (): string[] => bench.account.events.map((one) => one.name)

  it.each(told)('%s happens once', async (type) => {
    const yaml = toYaml(type)
    const players = await cast()
    await bench.sync(yaml)
    await bench.pass(lateBy)
    expect(events()).toEqual([])

    ACTS[type](players)

    // What a report shows late, and what only a look at everything finds, too.
    for (const options of [{}, {}, { reconcile: true }, { since: START * 1000 }, {}]) {
      await bench.pass(lateBy)
      await bench.sync(yaml, options)
    }
    expect(events()).toEqual(['HAPPENED'])
  })

  it.each(told)('%s fires nothing where it was before the first sync', async (type) => {
    const yaml = toYaml(type)
    ACTS[type](await cast())
    await bench.pass(60)

    for (const options of [{}, {}, { reconcile: true }, {}]) {
      await bench.sync(yaml, options)
      await bench.pass(lateBy)
    }
    expect(events()).toEqual([])
  })

  it.each(told)('%s has the same id on another machine', async (type) => {
    const yaml = toYaml(type)
    const players = await cast()
    const ids: unknown[] = []
    // It looks less often.
    const second = openBench(helpdesk, { beside: bench })
    second.account.addAttribute('TICKETS', 'float')
    second.account.lists.set(35, 'Support contacts')
    await bench.sync(yaml)
    await second.sync(yaml)
    await bench.pass(lateBy)
    ACTS[type](players)
    await bench.pass(lateBy)
    for (const one of [bench, second]) {
      await one.sync(yaml, { reconcile: true })
      await bench.pass(lateBy)
      await one.sync(yaml)
    }

    for (const one of [bench, second])
      ids.push(one.account.events.map(({ properties }) => properties['event_id']))
    expect(ids[0]).toEqual(ids[1])
    expect(ids[0]).toHaveLength(1)
    await second.close()
  })

  const TRACED = ['ticket.closed', 'ticket.reopened', 'satisfaction_survey.responded'] as const
  it.each(TRACED.filter((type) => told.includes(type)))(
    '%s keeps its id for a machine that looks when the ticket has changed once more',
    async (type) => {
      const yaml = toYaml(type)
      const players = await cast()
      const late = openBench(helpdesk, { beside: bench })
      late.account.addAttribute('TICKETS', 'float')
      late.account.lists.set(35, 'Support contacts')
      await bench.sync(yaml)
      await late.sync(yaml)
      await bench.pass(lateBy)
      ACTS[type](players)
      await bench.pass(lateBy)
      await bench.sync(yaml)
      for (const ticket of [players.open, players.closed, players.tagged])
        bench.world.changeSubject(ticket.id, 'Where is it? Again')
      for (const one of [bench, late]) {
        await bench.pass(lateBy)
        await one.sync(yaml)
        await bench.pass(lateBy)
        await one.sync(yaml)
      }

      const [first, second] = [bench, late].map((one) =>
        one.account.events.map(({ properties }) => properties['event_id']),
      )
      expect(first).toHaveLength(1)
      expect(second).toEqual(first)
      await late.close()
    },
  )

  it.each(untold.length === 0 ? ['nothing'] : untold)('%s, which it can not tell, is refused', (type) => {
    const complaints = findMistakes(toYaml(type))
    if (type === 'nothing') expect(untold).toEqual([])
    else expect(complaints).toEqual([expect.stringContaining(`${definition.label} never tells of ${type}`)])
  })

  it('an item that could not be understood is set aside, and well again once it is mended', async () => {
    const yaml = toYaml('ticket.created')
    await cast()
    await bench.pass(lateBy)
    let isBroken = true
    bench.meet(async (_, answer) => (isBroken ? breakTickets(await answer()) : await answer()))

    const first = await bench.sync(yaml)
    expect(broken).toBeGreaterThan(0)
    expect(first.setAside).toBeGreaterThan(0)
    expect(bench.account.contacts.get('jane@example.com')?.attributes['TICKETS']).not.toBe(3)

    isBroken = false
    await bench.pass(2 * 3_600)
    const second = await bench.sync(yaml)

    expect(await bench.open(async ({ store }) => store.deadLetters.list(), yaml)).toEqual([])
    expect(second.setAside).toBe(0)
    expect(bench.account.contacts.get('jane@example.com')?.attributes['TICKETS']).toBe(3)
    expect(bench.account.contacts.get('other@example.com')?.attributes['TICKETS']).toBe(1)
  })

  /** Nothing of a ticket but its id can be understood, in whatever list it comes. */
  function breakTickets(answer: HttpAnswer): HttpAnswer {
    const list = openList(answer.body)
    if (list === null) return answer
    for (const ticket of (list.items as Item[]).filter((one) => SUBJECT.test(JSON.stringify(one)))) {
      broken += 1
      for (const key of Object.keys(ticket)) if (!ID_KEYS.includes(key)) ticket[key] = {}
    }
    return { ...answer, body: list.write() }
  }

  it('a person who is merged, and one who is deleted, lose what was theirs', async () => {
    const yaml = toYaml('customer.created')
    const { world, person, other } = await cast()
    const third = world.addCustomer({ email: 'third@example.com' })
    world.addTicket({ customerId: third.id })
    await bench.pass(60)
    await bench.sync(yaml)
    const tickets = (email: string): unknown => bench.account.contacts.get(email)?.attributes['TICKETS']
    expect([tickets('jane@example.com'), tickets('other@example.com')]).toEqual([3, 1])

    world.mergeCustomers(other.id, person.id)
    world.deleteCustomer(third.id)
    await bench.pass(lateBy)
    await bench.sync(yaml, { reconcile: true })
    await bench.pass(lateBy)
    await bench.sync(yaml)

    expect(tickets('jane@example.com')).toBe(4)
    const isListed = (email: string): boolean => bench.account.contacts.get(email)?.lists.has(35) === true
    expect(['jane', 'other', 'third'].map((name) => isListed(`${name}@example.com`))).toEqual([
      true,
      false,
      false,
    ])
  })

  it('a campaign fires once, after its delay, and not for a ticket that was opened again', async () => {
    const { world, open, tagged } = await cast()
    const yaml = `campaigns:\n  thanks: { on: ticket.closed, event: THANKS, delay: 30m }\n${toYaml('ticket.created')}`
    await bench.sync(yaml)
    await bench.pass(1_200)
    world.closeTicket(open.id)
    world.closeTicket(tagged.id)
    await bench.pass(1_200)
    await bench.sync(yaml)
    world.reopenTicket(tagged.id)

    for (let count = 0; count < 4; count += 1) {
      await bench.pass(1_200)
      await bench.sync(yaml)
    }

    expect(events()).toEqual(['THANKS'])
    expect(bench.account.events[0]!.properties['tags'] ?? []).not.toContain('vip')
  })

  it('whoever a ticket named before they were read is known by their own record, whatever its date', async () => {
    const { world } = bench
    bench.account.addAttribute('SHOP_ID', 'text')
    const yaml = bench.yaml('    field_mapping: { external_id: SHOP_ID }\n')
    await bench.sync(yaml)
    const long = 30 * 86_400_000_000
    const past = world.now() - long
    const jane = world.addCustomer({
      email: 'jane@example.com',
      externalId: 'shop-7',
      created: past,
      updated: past,
    })
    world.addTicket({ customerId: jane.id })
    await bench.pass(lateBy)

    await bench.sync(yaml)
    await bench.sync(yaml, { reconcile: true })

    expect(bench.account.contacts.get('jane@example.com')?.attributes).toMatchObject({ SHOP_ID: 'shop-7' })
  })

  it('a poll that finds nothing asks little', async () => {
    const yaml = toYaml('ticket.created')
    await bench.fill(40)
    await bench.sync(yaml)
    await bench.pass(3_600)
    await bench.sync(yaml)
    await bench.pass(300)
    bench.requests.length = 0

    await bench.sync(yaml, { settling: false })

    expect(bench.requests.length).toBeLessThanOrEqual(ownStreams(helpdesk).length * 2)
  })
})

function findMistakes(yaml: string): readonly string[] {
  try {
    parseConfig('connectors.yml', yaml, {})
    return []
  } catch (thrown) {
    return (thrown as TajoError).details
  }
}

const SUBJECT = /Where is it\?|First Channel/
