// What a destination must hold, from the shop itself and by a reading of its own: it shares no code with src/extract.
import { parse } from 'csv-parse/sync'

import type { Random } from '../../src/lib/random.ts'
import { jobsOf, toFile } from '../../src/sandbox/gladly/exports.ts'
import { readId, toId } from '../../src/sandbox/gladly/ids.ts'
import { toItems, toProfile } from '../../src/sandbox/gladly/json.ts'
import { runReport } from '../../src/sandbox/gladly/reports.ts'
import {
  customerItem,
  eventItem,
  messageItem,
  surveyItem,
  ticketItem,
} from '../../src/sandbox/gorgias/json.ts'
import { toContact, toConversation, toWholeConversation } from '../../src/sandbox/intercom/json.ts'
import { messagesOf } from '../../src/sandbox/intercom/parts.ts'
import type { World } from '../../src/sandbox/shop/world.ts'
import { requireSource } from '../../src/sources/index.ts'
import type { TableDefinition } from '../../src/sources/tables.ts'

type Items = Record<string, (world: World) => Record<string, unknown>[]>

/** A helpdesk whose tables are held against the shop. */
export interface Subject {
  name: string
  tables: readonly TableDefinition[]
  items: Items
  /** What its tables tell of: nobody could know the rest. */
  tells: { deletedTickets: boolean; goneCustomers: boolean }
}

/** One thing that happens in the shop. */
export function live(world: World, random: Random, { tells }: Subject = GORGIAS): void {
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
  else if (dice < 0.9) world.changeCustomer(customer.id, { name: `name ${random.next()}` })
  else if (dice < 0.93) {
    if (tells.deletedTickets) world.deleteTicket(ticket.id)
  } else if (!tells.goneCustomers) world.addMessage(ticket.id)
  else if (dice < 0.96) {
    const other = pick(world.customers)!
    if (other !== customer) world.mergeCustomers(other.id, customer.id)
  } else if ([...world.tickets.values()].every((one) => one.customerId !== customer.id))
    world.deleteCustomer(customer.id)
}

/** By table, by id. Times are text, booleans are booleans, and JSON is parsed. */
export type Held = Record<string, Record<string, Record<string, unknown>>>

const GORGIAS_ITEMS: Items = {
  customers: (world) => [...world.customers.values()].map((one) => customerItem(one)),
  tickets: (world) => [...world.tickets.values()].map((one) => ticketItem(world, one)),
  ticket_messages: (world) => [...world.messages.values()].map((one) => messageItem(one)),
  satisfaction_surveys: (world) => [...world.surveys.values()].map((one) => surveyItem(one)),
  events: (world) => [...world.events.values()].map((one) => eventItem(one)),
}

const INTERCOM_ITEMS: Items = {
  contacts: (world) => [...world.customers.values()].map((one) => toContact(world, one)),
  conversations: (world) => {
    const tickets = [...world.tickets.values()]
    const messages = messagesOf(world, tickets)
    return tickets.map((one) => toConversation(world, one, messages.get(one.id) ?? []))
  },
  conversation_parts: (world) =>
    [...world.tickets.values()].flatMap((one) =>
      toWholeConversation(world, one).conversation_parts.conversation_parts.map((part) => ({
        ...part,
        conversation_id: String(one.id),
      })),
    ),
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Without empty cells. */
const rows = (csv: string): Record<string, unknown>[] =>
  parse<Record<string, string>>(csv, { bom: true, columns: true, skip_empty_lines: true }).map((row) =>
    Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== '')),
  )

const DAYS = { timezone: 'UTC', startAt: '2015-01-01', endAt: '2040-01-01' }
const MINUTES = { startAtTime: '2015-01-01T00:00Z', endAtTime: '2040-01-01T00:00Z' }

const GLADLY_ITEMS: Items = {
  customers: (world) => [...world.customers.values()].map((one) => toProfile(world, one)),
  conversations: (world) => rows(runReport(world, { metricSet: 'ConversationExportReport', ...DAYS })),
  contacts: (world) => rows(runReport(world, { metricSet: 'ContactExportReportV3', ...MINUTES })),
  conversation_items: (world) => [
    ...[...world.tickets.values()].flatMap((one) => toItems(world, one).map(({ item }) => item as never)),
    ...jobsOf(world)
      .flatMap(({ hour }) => lines(toFile(world, hour, 'conversation_items.jsonl')!))
      .filter((item) => item['conversationId'] === undefined)
      .map((item) => ({ ...item, customerId: toSurvivor(world, item['customerId'] as string) })),
  ],
}

/** A file is not written anew when a customer is merged. */
function toSurvivor(world: World, id: string): string {
  const into = world.mergedCustomers.get(readId('customer', id))
  return into === undefined ? id : toSurvivor(world, toId('customer', into))
}

const toSubject = (name: string, items: Items, tells: Subject['tells']): Subject => ({
  name,
  tables: requireSource(name).tables!.definitions,
  items,
  tells,
})

export const GORGIAS = toSubject('gorgias', GORGIAS_ITEMS, { deletedTickets: true, goneCustomers: true })
export const INTERCOM = toSubject('intercom', INTERCOM_ITEMS, { deletedTickets: true, goneCustomers: false })
export const GLADLY = toSubject('gladly', GLADLY_ITEMS, { deletedTickets: false, goneCustomers: true })

/** From the shop itself, by a reading of its own. */
export function expectAll(world: World, { items: all, tables }: Subject = GORGIAS): Held {
  return Object.fromEntries(
    Object.entries(all).map(([name, items]) => {
      const types = tables.find((one) => one.name === name)!.columns
      const held = items(world).map((item) => {
        const rest = { ...item }
        const row = Object.fromEntries(
          types.map(({ name: column, type, path = column }) => {
            delete rest[path]
            const value = path.split('.').reduce<unknown>((at, key) => (at as never)?.[key], item) ?? null
            return [column, value === null ? null : VALUES[type]!(value)]
          }),
        )
        return [row['id'], { ...row, _extra: toExtra(rest) }]
      })
      return [name, Object.fromEntries(held) as Held[string]]
    }),
  )
}

/** What a row tells of another one is as old as the row. */
export function toExtra(extra: unknown): Record<string, unknown> {
  const {
    customer: _,
    source: __,
    author: ___,
    Link: ____,
    ...rest
  } = (extra ?? {}) as Record<string, unknown>
  return rest
}

const VALUES: Record<string, (value: unknown) => unknown> = {
  text: String,
  integer: Number,
  number: Number,
  boolean: (value) => value,
  json: (value) => value,
  time: (value) =>
    (typeof value === 'number' ? new Date(value * 1000).toISOString() : String(value))
      .replace(/(\+00:00|Z)$/, '')
      .replace(/(\.\d+)?$/, (found) => `${(found || '.').padEnd(7, '0')}Z`),
}
