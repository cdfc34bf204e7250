// A shop with a past: customers, tickets, messages, surveys, tags and custom fields, the same for the same seed.
import { createSeededRandom, type Random } from '../../lib/random.ts'
import type { World, WorldMessage, WorldTicket } from './world.ts'

export interface SeedSize {
  customers: number
  tickets: number
  messages: number
  surveys: number
}

export const DEMO_SIZE: SeedSize = { customers: 2_000, tickets: 4_000, messages: 14_000, surveys: 600 }

const FIRST = [
  'Ada',
  'Ben',
  'Chloé',
  'Dmitri',
  'Elif',
  'Farid',
  'Grace',
  'Hana',
  'Ivan',
  'Julia',
  'Kenji',
  'Lina',
  'Mateo',
  'Nora',
  'Omar',
  'Priya',
]
const LAST = [
  'Adler',
  'Bauer',
  'Costa',
  'Dubois',
  'Eriksen',
  'Fischer',
  'Garcia',
  'Hansen',
  'Ito',
  'Jensen',
  'Kim',
  'Lopez',
  'Meyer',
  'Novak',
  'Olsen',
  'Patel',
]
const SUBJECTS = [
  'Where is my order?',
  'Wrong size',
  'Refund for my return',
  'Discount code does not work',
  'Parcel arrived damaged',
  'Change of address',
  'Invoice needed',
  'Question about the fabric',
]
export const CHANNELS = [
  'email',
  'email',
  'email',
  'chat',
  'contact_form',
  'instagram-direct-message',
  'phone',
  'whatsapp',
]
export const TAGS = ['vip', 'wholesale', 'refund', 'shipping', 'damaged', 'presale', 'exchange']
const AGENTS = ['Mia Torres', 'Noah Berg', 'Zoe Lang', 'Sam Reed']
const COMMENTS = [
  'Quick and friendly, thank you!',
  'Took too long.',
  'Perfect.',
  'I had to ask three times.',
  null,
  null,
]

const DAY = 86_400_000_000
const MINUTE = 60_000_000

export function seedWorld(world: World, size: SeedSize, seed = 1): void {
  const random = createSeededRandom(seed)
  const start = world.now() - 400 * DAY
  seedDirectories(world, start)
  const customers = seedCustomers(world, size.customers, start, random)
  const tickets = seedTickets(world, size.tickets, customers, start, random)
  world.index(seedMessages(world, tickets, size.messages, random))
  seedSurveys(world, size.surveys, tickets, random)
}

/** Fields whose labels give the slugs customer_type and vip_status of the documentation's connectors.yml. */
function seedDirectories(world: World, start: number): void {
  world.users = AGENTS.map((name, index) => ({
    id: index + 1,
    name,
    email: `${name.split(' ')[0]!.toLowerCase()}@shop.example`,
    created: start,
  }))
  world.mailboxes = [{ id: 1, address: 'support@shop.example', created: start }]
  world.tags = TAGS.map((name, index) => ({ id: 1_000 + index, name, created: start }))
  const type = {
    id: 319_830,
    label: 'Customer type',
    type: 'text' as const,
    managedType: 'customer_type',
    created: start,
  }
  const vip = {
    id: 319_831,
    label: 'VIP status',
    type: 'boolean' as const,
    managedType: null,
    created: start,
  }
  world.fields = [type, vip]
}

function seedCustomers(world: World, count: number, start: number, random: Random): number[] {
  const [type, vip] = [world.fields[0]!, world.fields[1]!]
  const customerIds: number[] = []
  for (let index = 0; index < count; index += 1) {
    // Ids and dates grow together, as in a real helpdesk.
    const created = start + Math.floor(((index + random.next()) / count) * 380 * DAY)
    const first = pick(random, FIRST)
    const last = pick(random, LAST)
    const id = world.nextId()
    customerIds.push(id)
    world.customers.set(id, {
      id,
      // Some have written by chat only, and left no address.
      email: index % 25 === 24 ? null : `${fold(first)}.${fold(last)}${index}@example.com`,
      name: `${first} ${last}`,
      firstname: first,
      lastname: last,
      externalId: index % 3 === 0 ? `shop-${index}` : null,
      language: pick(random, ['en', 'fr', 'de', null]),
      timezone: pick(random, ['Europe/Paris', 'America/New_York', null]),
      note: null,
      phone: index % 4 === 0 ? `+1 212 555 ${String(index % 10_000).padStart(4, '0')}` : null,
      created,
      updated: created + Math.floor(random.next() * DAY),
      customFields:
        index % 5 === 0
          ? { [type.id]: pick(random, ['retail', 'wholesale']), [vip.id]: index % 10 === 0 }
          : {},
      data: null,
    })
  }
  // The shop's own mailbox shows up as a customer, as vendors' do.
  const own = world.customers.get(customerIds[0] ?? 0)
  if (own !== undefined) own.email = 'support@shop.example'
  return customerIds
}

function seedTickets(
  world: World,
  count: number,
  customerIds: readonly number[],
  start: number,
  random: Random,
): WorldTicket[] {
  const now = world.now()
  const tickets: WorldTicket[] = []
  for (let index = 0; index < count; index += 1) {
    const created = start + Math.floor(((index + random.next()) / count) * 395 * DAY)
    const open = created > now - 4 * DAY && random.next() < 0.6
    const closed = open ? null : created + Math.floor((1 + random.next() * 4_000) * MINUTE)
    const ticket: WorldTicket = {
      id: world.nextId(),
      customerId: pick(random, customerIds),
      status: open ? 'open' : 'closed',
      channel: pick(random, CHANNELS),
      subject: pick(random, SUBJECTS),
      tags: random.next() < 0.4 ? [pick(random, TAGS)] : [],
      assignee: random.next() < 0.8 ? 1 + Math.floor(random.next() * AGENTS.length) : null,
      spam: random.next() < 0.02,
      created,
      updated: Math.min(now - DAY / 24, closed ?? created + MINUTE),
      closed,
      snooze: null,
      trashed: random.next() < 0.01 ? created + DAY : null,
      messages: 0,
    }
    world.tickets.set(ticket.id, ticket)
    tickets.push(ticket)
  }
  return tickets
}

function seedSurveys(world: World, count: number, tickets: readonly WorldTicket[], random: Random): void {
  const now = world.now()
  for (let index = 0; index < count; index += 1) {
    const ticket = tickets[Math.floor((index / count) * tickets.length)]!
    const created = Math.min(now - DAY / 24, (ticket.closed ?? ticket.created) + MINUTE)
    const scored = random.next() < 0.7
    world.addSurvey(ticket.id, {
      created,
      sent: created,
      score: scored ? 1 + Math.floor(random.next() ** 0.5 * 5) : null,
      scored: scored ? Math.min(now - DAY / 48, created + Math.floor(random.next() * 3 * DAY)) : null,
      comment: scored ? pick(random, COMMENTS) : null,
    })
  }
}

/** In turn from customer and agent, now and then a note or a rule's automatic answer. */
function seedMessages(
  world: World,
  tickets: readonly WorldTicket[],
  count: number,
  random: Random,
): WorldMessage[] {
  const messages: WorldMessage[] = []
  for (let index = 0; index < count; index += 1) {
    const ticket = tickets[index % tickets.length]!
    const turn = Math.floor(index / tickets.length)
    const kind = random.next()
    messages.push({
      id: world.nextId(),
      ticketId: ticket.id,
      customerId: ticket.customerId,
      created: ticket.created + turn * (2 + Math.floor(random.next() * 300)) * MINUTE + turn,
      fromAgent: turn % 2 === 1,
      public: !(turn > 1 && kind < 0.1),
      note: turn > 1 && kind < 0.1,
      rule: turn === 1 && kind > 0.9 ? 7 : null,
      macros: [],
    })
    ticket.messages += 1
  }
  return messages
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[Math.floor(random.next() * items.length)]!
}

function fold(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\P{ASCII}/gu, '')
    .toLowerCase()
}
