// What a destination must hold, from the shop itself and by a reading of its own: it shares no code with src/extract.
import type { Random } from '../../src/lib/random.ts'
import {
  customerItem,
  eventItem,
  messageItem,
  surveyItem,
  ticketItem,
} from '../../src/sandbox/gorgias/json.ts'
import type { World } from '../../src/sandbox/shop/world.ts'
import { requireSource } from '../../src/sources/index.ts'

export const TABLES = requireSource('gorgias').tables!.definitions

/** One thing that happens in the shop. */
export function live(world: World, random: Random): void {
  const pick = <T>(map: ReadonlyMap<number, T>): T | undefined =>
    [...map.values()][Math.floor(random.next() * map.size)]
  const [customer, ticket] = [pick(world.customers), pick(world.tickets)]
  const dice = random.next()
  if (dice < 0.15 || customer === undefined)
    world.addCustomer({
      email: `p${Math.floor(random.next() * 1e9)}@example.com`,
      name: 'Zoë "Z" O’Neil,\n\tJr. \\',
    })
  else if (dice < 0.35 || ticket === undefined) world.addTicket({ customerId: customer.id, subject: null })
  else if (dice < 0.55) world.addMessage(ticket.id, { fromAgent: random.next() < 0.5 })
  else if (dice < 0.65) world.addSurvey(ticket.id, { score: null })
  else if (dice < 0.75) {
    const survey = pick(world.surveys)
    // A score that comes later is only found by --full (docs/extract.md).
    const isYoung = survey !== undefined && survey.created > world.now() - 44 * 86_400_000_000
    if (isYoung && survey.score === null) world.scoreSurvey(survey.id, 1 + Math.floor(random.next() * 5))
  } else if (dice < 0.85 && ticket.status === 'open') world.closeTicket(ticket.id)
  else if (dice < 0.9) world.changeCustomer(customer.id, { note: `note ${random.next()}` })
  else if (dice < 0.93) world.deleteTicket(ticket.id)
  else if (dice < 0.96) {
    const other = pick(world.customers)!
    if (other !== customer) world.mergeCustomers(other.id, customer.id)
  } else if ([...world.tickets.values()].every((one) => one.customerId !== customer.id))
    world.deleteCustomer(customer.id)
}

/** By table, by id. Times are text, booleans are booleans, and JSON is parsed. */
export type Held = Record<string, Record<string, Record<string, unknown>>>

export const ITEMS: Record<string, (world: World) => Record<string, unknown>[]> = {
  customers: (world) => [...world.customers.values()].map((one) => customerItem(one)),
  tickets: (world) => [...world.tickets.values()].map((one) => ticketItem(world, one)),
  ticket_messages: (world) => [...world.messages.values()].map((one) => messageItem(one)),
  satisfaction_surveys: (world) => [...world.surveys.values()].map((one) => surveyItem(one)),
  events: (world) => [...world.events.page('asc', null, 100_000)].map((one) => eventItem(one)),
}

/** From the shop itself, by a reading of its own. */
export function expectAll(world: World): Held {
  return Object.fromEntries(
    Object.entries(ITEMS).map(([name, items]) => {
      const types = TABLES.find((one) => one.name === name)!.columns
      const rows = items(world).map((item) => {
        const rest = { ...item }
        const row = Object.fromEntries(
          types.map(({ name: column, type, path = column }) => {
            delete rest[path]
            const value = path.split('.').reduce<unknown>((at, key) => (at as never)?.[key], item) ?? null
            return [column, value === null ? null : VALUES[type]!(value)]
          }),
        )
        return [String(item['id']), { ...row, _extra: toExtra(rest) }]
      })
      return [name, Object.fromEntries(rows) as Held[string]]
    }),
  )
}

/** What a ticket tells of its customer is as old as the ticket. */
export function toExtra(extra: unknown): Record<string, unknown> {
  const { customer: _, ...rest } = (extra ?? {}) as Record<string, unknown>
  return rest
}

const VALUES: Record<string, (value: unknown) => unknown> = {
  text: String,
  integer: Number,
  number: Number,
  boolean: (value) => value,
  json: (value) => value,
  time: (value) =>
    String(value)
      .replace('+00:00', '')
      .replace(/(\.\d+)?$/, (found) => `${(found || '.').padEnd(7, '0')}Z`),
}
