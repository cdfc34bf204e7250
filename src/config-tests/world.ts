// The shop of one test: a helpdesk and a Brevo in this process, in a time of its own.
import type { Clock } from '../lib/time/clock.ts'
import { IdleClock } from './idle-clock.ts'
import { TajoError } from '../lib/errors.ts'
import type { Http } from '../lib/net/http.ts'
import type { GivenTicket, Happening, MappingTest } from '../config/schema/schema-tests.ts'
import { fromMs, type Instant, parseDurationMs, parseInstant, toMs } from '../model/time.ts'
import { BrevoAccount } from '../sandbox/brevo/account.ts'
import { createBrevo } from '../sandbox/brevo/brevo.ts'
import type { HelpdeskSandbox } from '../sandbox/helpdesk.ts'
import { World } from '../sandbox/shop/world.ts'

const HELPDESK_URL = 'https://helpdesk.test'
export const BREVO_URL = 'https://brevo.test/v3'
export const BREVO_KEY = 'test'
const DEFAULT_START = '2026-01-15T10:00:00Z'
const STEP_MS = 5 * 60_000
const HOUR_MS = 3_600_000

export interface TestWorld {
  /** Nothing in the helpdesk is older. */
  since: Instant
  /** Where the helpdesk's API is. */
  helpdeskUrl: string
  account: BrevoAccount
  http: Http
  clock: Clock
  /** Moves time to the next thing that happens, and lets it happen; false after the last. */
  next(): boolean
  /** Lets the time of `wait` pass. */
  wait(): void
  close(): Promise<void>
}

export function openTestWorld(test: MappingTest, definition: HelpdeskSandbox): TestWorld {
  const start = toTime(test.start ?? DEFAULT_START, 'start')
  const clock = new IdleClock(start - HOUR_MS)
  let ticks = 0
  // No two things have the same time, as in a busy helpdesk.
  const world = new World(() => fromMs(clock.now()) + (ticks += 1))
  const account = new BrevoAccount(() => clock.now())
  const tickets = new Map<number, number>()
  const agents = new Map<string, number>()
  const { given } = test
  const customer = given === undefined ? null : addCustomer(world, given, start)
  for (const ticket of given?.tickets ?? []) addTicket(ticket, start - HOUR_MS)
  for (const one of given?.surveys ?? []) {
    const sent = one.sent === undefined ? start - HOUR_MS : toTime(one.sent, 'sent')
    const scored =
      one.score === undefined
        ? null
        : toTime(one.scored ?? one.sent ?? new Date(sent).toISOString(), 'scored')
    world.addSurvey(one.ticket === undefined ? world.nextId() : idOf(one.ticket), {
      customerId: customer ?? 0,
      created: fromMs(sent),
      sent: fromMs(sent),
      score: one.score ?? null,
      scored: scored === null ? null : fromMs(scored),
    })
  }
  clock.at = start

  const helpdesk = definition.create({ world, rateLimit: null })
  const brevo = createBrevo({ account, apiKey: BREVO_KEY, perSecond: null })
  account.importDelayMs = 0
  const happenings = [...(test.happens ?? [])]

  function idOf(number: number): number {
    const id = tickets.get(number)
    if (id === undefined)
      throw new TajoError('usage', `${test.name}: there is no ticket ${number} in this test.`)
    return id
  }

  function agentOf(name: string): number {
    const known = agents.get(name)
    if (known !== undefined) return known
    const id = world.nextId()
    world.users.push({ id, email: `agent${id}@tajo.test`, name, created: fromMs(start - HOUR_MS) })
    agents.set(name, id)
    return id
  }

  function addTicket(raw: GivenTicket, created: number): void {
    if (customer === null) throw new TajoError('usage', `${test.name}: a ticket needs a given customer.`)
    const opened = raw.created === undefined ? created : toTime(raw.created, 'created')
    const closed = raw.closed === undefined ? null : toTime(raw.closed, 'closed')
    const ticket = world.addTicket({
      customerId: customer,
      channel: raw.channel ?? 'email',
      subject: raw.subject ?? null,
      tags: raw.tags ?? [],
      assignee: raw.assignee === undefined ? null : agentOf(raw.assignee),
      spam: raw.spam ?? false,
      created: fromMs(opened),
      updated: fromMs(closed ?? opened),
      status: closed === null ? 'open' : 'closed',
      closed: closed === null ? null : fromMs(closed),
    })
    for (const name of raw.tags ?? [])
      if (!world.tags.some((one) => one.name === name))
        world.tags.push({ id: world.nextId(), name, created: ticket.created })
    tickets.set(raw.id, ticket.id)
    world.addMessage(ticket.id, { created: ticket.created })
    if (raw.first_response !== undefined)
      world.addMessage(ticket.id, {
        created: fromMs(toTime(raw.first_response, 'first_response')),
        fromAgent: true,
      })
  }

  function happen(one: Happening): void {
    if (one['ticket.created'] !== undefined) addTicket(one['ticket.created'], clock.now())
    if (one['ticket.closed'] !== undefined) world.closeTicket(idOf(one['ticket.closed']))
    if (one['ticket.reopened'] !== undefined) world.reopenTicket(idOf(one['ticket.reopened']))
    const tagged = one['ticket.tagged']
    if (tagged !== undefined) world.addTag(idOf(tagged.ticket), tagged.tag)
    if (one['customer.message'] !== undefined) world.addMessage(idOf(one['customer.message']))
    if (one['agent.message'] !== undefined) world.addMessage(idOf(one['agent.message']), { fromAgent: true })
    if (one['satisfaction_survey.created'] !== undefined)
      world.addSurvey(idOf(one['satisfaction_survey.created']))
    const responded = one['satisfaction_survey.responded']
    if (responded === undefined) return
    const ticket = idOf(responded.ticket)
    const open = [...world.surveys.values()].find(
      (survey) => survey.ticketId === ticket && survey.score === null,
    )
    const survey = open ?? world.addSurvey(ticket)
    world.scoreSurvey(
      survey.id,
      responded.score,
      responded.comment === undefined ? {} : { comment: responded.comment },
    )
  }

  return {
    since: Math.min(
      ...[...world.customers.values(), ...world.tickets.values(), ...world.messages.values()].map(
        (one) => one.created,
      ),
      fromMs(start - HOUR_MS),
    ),
    helpdeskUrl: `${HELPDESK_URL}${definition.base}`,
    account,
    clock,
    http: {
      async send({ method, url, headers, body }) {
        const { origin, pathname, search } = new URL(url)
        const { server } = url.startsWith(BREVO_URL) ? brevo : helpdesk
        if (!BREVO_URL.startsWith(origin) && origin !== HELPDESK_URL)
          return { outcome: 'never_left', reason: 'a test asks nobody' }
        const answer = await clock.busy(
          server.inject({
            method,
            url: `${pathname}${search}`,
            headers,
            ...(body === undefined ? {} : { payload: body }),
          }),
        )
        const flat = Object.entries(answer.headers).map(([name, value]): [string, string] => [
          name,
          String(value),
        ])
        return {
          outcome: 'answer',
          status: answer.statusCode,
          headers: { ...Object.fromEntries(flat), date: new Date(clock.now()).toUTCString() },
          body: answer.body,
        }
      },
      close: () => undefined,
    },
    next() {
      const one = happenings.shift()
      if (one === undefined) return false
      clock.at = Math.max(clock.at, one.at === undefined ? clock.at + STEP_MS : toMoment(one.at, clock.at))
      happen(one)
      clock.at += 60_000
      return true
    },
    wait() {
      clock.at += parseDurationMs(test.wait ?? '5m')!
    },
    async close() {
      await Promise.all([helpdesk.server.close(), brevo.server.close()])
    },
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

/** `+5m`, or a date. */
function toMoment(text: string, now: number): number {
  const later = text.startsWith('+') ? parseDurationMs(text.slice(1)) : null
  return later === null ? toTime(text, 'at') : now + later
}
