// Campaigns: when they fire, when not, and that every decision is kept with its reason.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { endOfQuiet } from '../../src/mapping/campaigns.ts'
import { fromMs } from '../../src/model/time.ts'
import { openVirtualShop, type VirtualShop } from '../support/virtual.ts'
import { META } from '../../src/state/meta.ts'

let shop: VirtualShop
let customer: number

beforeEach(async () => {
  shop = openVirtualShop()
  shop.account.addAttribute('IN_SUPPORT', 'boolean')
  shop.account.lists.set(50, 'In support')
  customer = shop.world.addCustomer({ email: 'jane@example.com', timezone: 'America/New_York' }).id
  await shop.sync()
})
afterEach(() => shop.close())

/** connectors.yml with this campaign and no other event. */
function yaml(lines: string): string {
  return `campaigns:
  upsell:
    on: ticket.closed
    event: POST_SUPPORT_UPSELL
${lines}
${shop.yaml().replace(/ {4}event_mapping:[^]*$/, '')}`
}

const fired = () => shop.account.events.filter((event) => event.name === 'POST_SUPPORT_UPSELL')
const why = (file: string, email = 'jane@example.com') =>
  shop.open(
    async ({ store }) => store.campaigns.of('upsell', email).map(({ state, reason }) => [state, reason]),
    file,
  )
async function closeOne(file: string, fields: { tags?: string[] } = {}): Promise<number> {
  const { id } = shop.world.addTicket({ customerId: customer, subject: 'Where is it?', ...fields })
  await shop.sync({}, file)
  shop.world.closeTicket(id)
  return id
}

it('fires once for what happened, with its params, though it is read again and again', async () => {
  const file = yaml('    params: { ticket_subject: subject, minutes: resolution_time }')
  const id = await closeOne(file)

  await shop.sync({}, file)
  await shop.sync({ reconcile: true }, file)

  expect(fired()).toHaveLength(1)
  expect(fired()[0]!.properties).toMatchObject({
    campaign: 'upsell',
    ticket_id: String(id),
    ticket_subject: 'Where is it?',
  })
  expect(await why(file)).toEqual([['fired', null]])
})

describe('when', () => {
  const file = () => yaml(`    when: satisfaction_score >= 4 && !("refund" in ticket.tags)\n    delay: 2h`)

  it.each([
    ['a good score', 5, [], 'fired', null],
    ['a bad score', 2, [], 'dropped', /satisfaction_score is 2/],
    ['no score', null, [], 'dropped', /satisfaction_score is not known/],
    ['a refund', 5, ['refund'], 'dropped', /"refund"/],
  ] as const)('%s, given during the delay', async (_, score, tags, state, reason) => {
    const id = await closeOne(file(), { tags: [...tags] })
    await shop.sync({}, file())
    await shop.pass(60)
    if (score !== null) shop.world.scoreSurvey(shop.world.addSurvey(id).id, score)
    await shop.pass(70)

    await shop.sync({}, file())

    const [entry] = await why(file())
    expect(entry?.[0]).toBe(state)
    if (reason !== null) expect(entry?.[1]).toMatch(reason)
    expect(fired()).toHaveLength(state === 'fired' ? 1 : 0)
  })

  it('waits for its delay, over restarts', async () => {
    const id = await closeOne(file())
    shop.world.scoreSurvey(shop.world.addSurvey(id).id, 5)
    await shop.sync({}, file())
    await shop.pass(100)
    await shop.sync({}, file())
    expect(fired()).toHaveLength(0)
    expect(await why(file())).toEqual([['waiting', null]])
    await shop.pass(21)

    await shop.sync({}, file())

    expect(fired()).toHaveLength(1)
  })
})

it('does not fire for a ticket that was reopened meanwhile', async () => {
  const file = yaml('    delay: 1h')
  const id = await closeOne(file)
  await shop.sync({}, file)
  shop.world.reopenTicket(id)
  await shop.pass(61)

  await shop.sync({}, file)

  expect(await why(file)).toEqual([['dropped', 'The ticket was reopened since.']])
  expect(fired()).toHaveLength(0)
})

describe('guards', () => {
  it('not_while_open_tickets', async () => {
    const file = yaml('    guards: { not_while_open_tickets: true }')
    shop.world.addTicket({ customerId: customer })
    await closeOne(file)

    await shop.sync({}, file)

    expect(await why(file)).toEqual([['dropped', 'not_while_open_tickets: 1 open.']])
  })

  it('cooldown', async () => {
    const file = yaml('    guards: { cooldown: 14d }')
    await closeOne(file)
    await shop.sync({}, file)
    await closeOne(file)
    await shop.sync({}, file)
    await shop.pass(15 * 24 * 60)
    await closeOne(file)

    await shop.sync({}, file)

    expect(fired()).toHaveLength(2)
    expect((await why(file)).map(([state]) => state)).toEqual(['fired', 'dropped', 'fired'])
  })

  it('cooldown, of a person whose contact stays with somebody else', async () => {
    const file = yaml('    guards: { cooldown: 14d }')
    const other = shop.world.addCustomer({ email: 'jane@example.com' }).id
    await closeOne(file)
    await shop.sync({}, file)
    shop.world.changeCustomer(customer, { email: 'jane.private@example.com' })
    await shop.sync({}, file)

    await closeOne(file)
    await shop.sync({}, file)
    // The contact had it, too.
    shop.world.closeTicket(shop.world.addTicket({ customerId: other }).id)
    await shop.sync({}, file)

    expect(fired()).toHaveLength(1)
    const cooldown = ['dropped', 'cooldown: it fired for this contact on 2026-03-01.']
    expect(await why(file, 'jane.private@example.com')).toEqual([cooldown])
    expect(await why(file)).toEqual([cooldown, ['fired', null]])
  })

  it('not_after_score_below', async () => {
    const file = yaml('    guards: { not_after_score_below: { score: 3, for: 30d } }')
    const other = shop.world.addTicket({ customerId: customer }).id
    shop.world.scoreSurvey(shop.world.addSurvey(other).id, 1)
    await closeOne(file)

    await shop.sync({}, file)

    expect(await why(file)).toEqual([
      ['dropped', 'not_after_score_below: a score of 1 was given on 2026-03-01.'],
    ])
  })

  it('quiet_hours hold it until morning, by the contact’s clock', async () => {
    // It is 03:00 in New York.
    const file = yaml('    guards: { quiet_hours: { from: "21:00", to: "08:00", timezone: contact } }')
    await closeOne(file)
    await shop.sync({}, file)
    expect(await why(file)).toEqual([['held', 'quiet_hours: it is night in America/New_York.']])
    await shop.pass(4 * 60)
    await shop.sync({}, file)
    expect(fired()).toHaveLength(0)
    await shop.pass(65)

    await shop.sync({}, file)

    expect(fired()).toHaveLength(1)
  })

  it('max_per_day holds the others until the next day', async () => {
    const file = yaml('    guards: { max_per_day: 2 }')
    for (let index = 0; index < 4; index += 1) await closeOne(file)
    await shop.sync({}, file)
    expect(fired()).toHaveLength(2)
    await shop.pass(25 * 60)

    await shop.sync({}, file)

    expect(fired()).toHaveLength(4)
  })
})

it('a paused campaign holds, and fires when it is resumed', async () => {
  const file = yaml('')
  await shop.open(async ({ store }) => store.meta.set(META.campaignPaused('upsell'), '1'), file)
  await closeOne(file)
  await shop.sync({}, file)
  expect(await why(file)).toEqual([['held', 'The campaign is paused.']])
  await shop.open(async ({ store }) => {
    store.meta.remove(META.campaignPaused('upsell'))
    store.campaigns.release('upsell')
  }, file)

  await shop.sync({}, file)

  expect(fired()).toHaveLength(1)
})

it('a campaign whose answer was lost is looked for, and not sent twice', async () => {
  const file = yaml('')
  await closeOne(file)
  let lost = false
  shop.meet(({ method, url }) => {
    if (lost || method !== 'POST' || !url.endsWith('/events')) return null
    lost = true
    return 'reset_applied'
  })

  const report = await shop.sync({ waitForDoubt: true }, file)

  expect(lost).toBe(true)
  expect(report.events).toMatchObject({ confirmed: 1, inDoubt: 0 })
  expect(fired()).toHaveLength(1)
})

describe('quiet hours', () => {
  const rule = (from: number, to: number) => ({ from, to, timezone: 'UTC', fallback: 'UTC' })
  const at = (time: string) => fromMs(Date.parse(time))

  it.each([
    ['2026-03-01T22:30:00Z', 'UTC', '2026-03-02T08:00:00Z'],
    ['2026-03-01T07:59:00Z', 'UTC', '2026-03-01T08:00:00Z'],
    ['2026-03-01T08:00:00Z', 'UTC', null],
    ['2026-03-01T20:59:00Z', 'UTC', null],
    // Clocks go forward at two in the morning.
    ['2026-03-29T00:30:00Z', 'Europe/Paris', '2026-03-29T06:00:00Z'],
  ])('at %s in %s end at %s', (now, timezone, end) => {
    const until = endOfQuiet(rule(21 * 60, 8 * 60), timezone, at(now))

    expect(until).toBe(end === null ? null : at(end))
  })
})

describe('in_support', () => {
  const file = () => `in_support: { attribute: IN_SUPPORT, list: 50, release_after: 6h }\n${shop.yaml()}`
  const contact = () => shop.account.contacts.get('jane@example.com')!

  it('is held while a ticket is open and for a while afterwards, then released', async () => {
    const { id } = shop.world.addTicket({ customerId: customer })
    await shop.sync({}, file())
    expect(contact()).toMatchObject({ attributes: { IN_SUPPORT: true } })
    expect(contact().lists.has(50)).toBe(true)
    shop.world.closeTicket(id)
    await shop.sync({}, file())
    expect(contact().attributes).toMatchObject({ IN_SUPPORT: true })
    await shop.pass(5 * 60)
    await shop.sync({}, file())
    expect(contact().attributes).toMatchObject({ IN_SUPPORT: true })
    await shop.pass(61)

    await shop.sync({}, file())

    expect(contact().attributes).toMatchObject({ IN_SUPPORT: false })
    expect(contact().lists.has(50)).toBe(false)
  })

  it('stays up while the helpdesk can not be read', async () => {
    const { id } = shop.world.addTicket({ customerId: customer })
    await shop.sync({}, file())
    shop.world.closeTicket(id)
    await shop.sync({}, file())
    await shop.pass(7 * 60)
    shop.meet((_, side) => (side === 'helpdesk' ? 'refused' : null))
    await shop.sync({}, file()).catch(() => undefined)
    await shop.open((engine) => engine.deliver(), file())

    expect(contact().attributes).toMatchObject({ IN_SUPPORT: true })
  })
})

it('what was postponed by a clock that was wrong is decided when the clock is right again', async () => {
  const file = yaml('    delay: 10m')
  await closeOne(file)
  await shop.sync({}, file)
  await shop.pass(15)
  await shop.open(async ({ store }) => {
    const [entry] = store.campaigns.of('upsell', 'jane@example.com')
    // As while the helpdesk did not answer, and this machine's clock stood three hours ahead.
    store.campaigns.postpone(entry!.id, fromMs(shop.universe.now + 3 * 3_600_000))
  }, file)

  await shop.sync({}, file)

  expect(fired()).toHaveLength(1)
})
