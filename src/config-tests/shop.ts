// What one test says of its shop: what is given, and what happens then.
import { TajoError } from '../lib/errors.ts'
import type { GivenTicket, Happening, MappingTest } from '../config/schema/schema-tests.ts'
import { fromMs, type Instant, parseDurationMs, parseInstant, toMs } from '../model/time.ts'
import { World } from '../sandbox/shop/world.ts'
import type { IdleClock } from './idle-clock.ts'

const DEFAULT_START = '2026-01-15T10:00:00Z'
const HOUR_MS = 3_600_000

/** When a test begins: milliseconds. */
export const startOf = (test: MappingTest): number => toTime(test.start ?? DEFAULT_START, 'start')

export class TestShop {
  readonly world: World
  readonly #test: MappingTest
  readonly #clock: IdleClock
  readonly #start: number
  /** By the numbers that the test gives them. */
  readonly #tickets = new Map<number, number>()
  readonly #agents = new Map<string, number>()
  readonly #customer: number | null

  constructor(test: MappingTest, clock: IdleClock) {
    let ticks = 0
    // No two things have the same time, as in a busy helpdesk.
    this.world = new World(() => fromMs(clock.now()) + (ticks += 1))
    this.#test = test
    this.#clock = clock
    this.#start = startOf(test)
    const { given } = test
    this.#customer = given === undefined ? null : addCustomer(this.world, given, this.#start)
    for (const ticket of given?.tickets ?? []) this.#addTicket(ticket, this.#start - HOUR_MS)
    for (const survey of given?.surveys ?? []) this.#addSurvey(survey)
  }

  /** Nothing in the helpdesk is older. */
  get since(): Instant {
    const { customers, tickets, messages } = this.world
    const all = [...customers.values(), ...tickets.values(), ...messages.values()]
    return Math.min(...all.map((one) => one.created), fromMs(this.#start - HOUR_MS))
  }

  happen(one: Happening): void {
    const { world } = this
    if (one['ticket.created'] !== undefined) this.#addTicket(one['ticket.created'], this.#clock.now())
    if (one['ticket.closed'] !== undefined) world.closeTicket(this.#idOf(one['ticket.closed']))
    if (one['ticket.reopened'] !== undefined) world.reopenTicket(this.#idOf(one['ticket.reopened']))
    const tagged = one['ticket.tagged']
    if (tagged !== undefined) world.addTag(this.#idOf(tagged.ticket), tagged.tag)
    if (one['customer.message'] !== undefined) world.addMessage(this.#idOf(one['customer.message']))
    if (one['agent.message'] !== undefined)
      world.addMessage(this.#idOf(one['agent.message']), { fromAgent: true })
    if (one['satisfaction_survey.created'] !== undefined)
      world.addSurvey(this.#idOf(one['satisfaction_survey.created']))
    if (one['satisfaction_survey.responded'] !== undefined) this.#score(one['satisfaction_survey.responded'])
  }

  #score({ ticket: number, score, comment }: NonNullable<Happening['satisfaction_survey.responded']>): void {
    const ticket = this.#idOf(number)
    const surveys = [...this.world.surveys.values()]
    const open = surveys.find((one) => one.ticketId === ticket && one.score === null)
    const survey = open ?? this.world.addSurvey(ticket)
    this.world.scoreSurvey(survey.id, score, comment === undefined ? {} : { comment })
  }

  #addSurvey(one: NonNullable<NonNullable<MappingTest['given']>['surveys']>[number]): void {
    const sent = one.sent === undefined ? this.#start - HOUR_MS : toTime(one.sent, 'sent')
    const scored = one.scored ?? one.sent ?? new Date(sent).toISOString()
    this.world.addSurvey(one.ticket === undefined ? this.world.nextId() : this.#idOf(one.ticket), {
      customerId: this.#customer ?? 0,
      created: fromMs(sent),
      sent: fromMs(sent),
      score: one.score ?? null,
      scored: one.score === undefined ? null : fromMs(toTime(scored, 'scored')),
    })
  }

  #addTicket(raw: GivenTicket, created: number): void {
    const { world } = this
    if (this.#customer === null)
      throw new TajoError('usage', `${this.#test.name}: a ticket needs a given customer.`)
    const opened = raw.created === undefined ? created : toTime(raw.created, 'created')
    const closed = raw.closed === undefined ? null : toTime(raw.closed, 'closed')
    const ticket = world.addTicket({
      customerId: this.#customer,
      channel: raw.channel ?? 'email',
      subject: raw.subject ?? null,
      tags: raw.tags ?? [],
      assignee: raw.assignee === undefined ? null : this.#agentOf(raw.assignee),
      spam: raw.spam ?? false,
      created: fromMs(opened),
      updated: fromMs(closed ?? opened),
      status: closed === null ? 'open' : 'closed',
      closed: closed === null ? null : fromMs(closed),
    })
    for (const name of raw.tags ?? [])
      if (!world.tags.some((one) => one.name === name))
        world.tags.push({ id: world.nextId(), name, created: ticket.created })
    this.#tickets.set(raw.id, ticket.id)
    world.addMessage(ticket.id, { created: ticket.created })
    if (raw.first_response === undefined) return
    const answered = fromMs(toTime(raw.first_response, 'first_response'))
    world.addMessage(ticket.id, { created: answered, fromAgent: true })
  }

  #idOf(number: number): number {
    const id = this.#tickets.get(number)
    if (id === undefined)
      throw new TajoError('usage', `${this.#test.name}: there is no ticket ${number} in this test.`)
    return id
  }

  #agentOf(name: string): number {
    const known = this.#agents.get(name)
    if (known !== undefined) return known
    const id = this.world.nextId()
    const created = fromMs(this.#start - HOUR_MS)
    this.world.users.push({ id, email: `agent${id}@tajo.test`, name, created })
    this.#agents.set(name, id)
    return id
  }
}

function addCustomer(world: World, given: NonNullable<MappingTest['given']>, start: number): number {
  const { customer } = given
  const created = fromMs(
    customer.created === undefined ? start - 24 * HOUR_MS : toTime(customer.created, 'created'),
  )
  const customFields: Record<string, unknown> = {}
  for (const [label, value] of Object.entries(customer.custom_fields ?? {})) {
    const type = typeof value === 'number' ? 'number' : typeof value === 'boolean' ? 'boolean' : 'text'
    const id = world.nextId()
    world.fields.push({ id, label, type, managedType: null, created })
    customFields[id] = value
  }
  return world.addCustomer({
    email: customer.email,
    name:
      customer.name ??
      ([customer.firstname, customer.lastname].filter((one) => one !== undefined).join(' ') || null),
    firstname: customer.firstname ?? '',
    lastname: customer.lastname ?? '',
    language: customer.language ?? null,
    timezone: customer.timezone ?? null,
    externalId: customer.external_id ?? null,
    note: customer.note ?? null,
    created,
    updated: created,
    customFields,
    data: customer.data ?? null,
  }).id
}

function toTime(text: string, key: string): number {
  const at = parseInstant(text)
  if (at === null)
    throw new TajoError('usage', `"${text}" is no date (${key}).`, {
      hint: 'Write it as 2026-01-14T09:30:00Z.',
    })
  return toMs(at)
}

/** `+5m`, or a date: milliseconds. */
export function toMoment(text: string, now: number): number {
  const later = text.startsWith('+') ? parseDurationMs(text.slice(1)) : null
  return later === null ? toTime(text, 'at') : now + later
}
