// A second account of the same helpdesk, with people in common: they keep their addresses there, whatever happens in the first.
import { createSeededRandom } from '../../src/lib/random.ts'
import { World, type WorldSurvey, type WorldTicket } from '../../src/sandbox/shop/world.ts'
import { LISTS, OUTLET_FROM, OWN_ADDRESS } from './account.ts'
import type { Universe } from './clock.ts'
import { changedAt, type Dialect, GORGIAS, toggleTag } from './dialect.ts'
import { Dice } from './dice.ts'
import type { Occurrence } from './occurrence.ts'
import type { Shop } from './shop.ts'

const DAY = 86_400_000_000

export class Outlet {
  readonly world: World
  /** Of its helpdesk. */
  readonly dialect: Dialect
  readonly #random
  readonly #dice: Dice
  readonly #note: (occurrence: Occurrence) => void
  readonly #isLost: (email: string) => boolean

  /** `isLost`: a contact that was deleted by hand is told nothing any more. */
  constructor(
    universe: Universe,
    seed: number,
    sourceOffsetMs: number,
    ports: { note: (occurrence: Occurrence) => void; isLost: (email: string) => boolean },
    dialect: Dialect = GORGIAS,
  ) {
    this.dialect = dialect
    this.#random = createSeededRandom(seed)
    this.#dice = new Dice(this.#random)
    this.#note = ports.note
    this.#isLost = ports.isLost
    let last = 0
    this.world = new World(() => {
      last = Math.max(last + 1, Math.floor((universe.now + sourceOffsetMs) * 1000))
      return last
    }, OUTLET_FROM)
    this.world.tags.push({ id: 21, name: 'vip', created: 1 })
    this.world.users.push({ id: 8, email: OWN_ADDRESS, name: 'Mia', created: 1 })
  }

  /** Half of the people of the first account, and one of its own. Their addresses, by customer. */
  seedPast(addresses: Iterable<string>): Map<number, string> {
    const people = new Map<number, string>()
    const emails = [...addresses].filter((one) => one !== OWN_ADDRESS && this.#random.next() < 0.5)
    for (const email of [...emails, 'only.here@example.com']) {
      const past = Math.floor(this.world.now() - (1 + this.#random.next() * 60) * DAY)
      const { id } = this.world.addCustomer({ email, name: null, created: past, updated: past })
      people.set(id, email)
      const least = this.dialect.hasSilence ? 0 : 1
      for (let count = Math.max(least, this.#dice.upTo(3)); count > 0; count -= 1)
        this.#addPastTicket(id, past)
    }
    return people
  }

  #addPastTicket(customerId: number, past: number): void {
    const created = Math.floor(past + this.#random.next() * DAY)
    const closed = this.#random.next() < 0.6
    const ticket = this.world.addTicket({
      customerId,
      created,
      updated: created,
      channel: this.#dice.pick(['email', 'chat']),
      status: closed ? 'closed' : 'open',
      closed: closed ? created + 1 : null,
      tags: this.#random.next() < 0.2 ? ['vip'] : [],
    })
    this.world.addMessage(ticket.id, { created: created + 1_000_000 })
    if (this.#random.next() < 0.5)
      this.world.addMessage(ticket.id, { created: created + 60_000_000, fromAgent: true })
    const scored = created + 200_000_000
    if (this.#random.next() < 0.4)
      this.world.addSurvey(ticket.id, {
        created: created + 100_000_000,
        sent: created + 100_000_000,
        score: 1 + this.#dice.upTo(4),
        scored,
      })
  }

  /** One thing that happens. */
  act(): void {
    const dice = this.#random.next()
    if (dice < 0.25) this.#openTicket()
    else if (dice < 0.5) this.#close()
    else if (dice < 0.6) this.#reopen()
    else if (dice < 0.7) this.#survey()
    else if (dice < 0.85) this.#score()
    else this.#tag()
  }

  #openTicket(): void {
    const customer = this.#dice.pickOf([...this.world.customers.values()])!
    const ticket = this.world.addTicket({
      customerId: customer.id,
      channel: this.#dice.pick(['email', 'chat', 'phone']),
      tags: this.#random.next() < 0.2 ? ['vip'] : [],
    })
    this.#tell('TICKET_CREATED', ['ticket_id', this.dialect.ticketId(ticket.id)], customer.id, ticket.created)
    this.world.addMessage(ticket.id)
  }

  #close(): void {
    const ticket = this.#pick((one) => one.status === 'open')
    if (ticket === undefined) return
    this.world.closeTicket(ticket.id)
    this.#tell(
      'TICKET_CLOSED',
      ['ticket_id', this.dialect.ticketId(ticket.id)],
      ticket.customerId,
      changedAt(this.world, this.dialect, ticket),
    )
  }

  #reopen(): void {
    const ticket = this.#pick((one) => one.status === 'closed')
    if (ticket === undefined) return
    this.world.reopenTicket(ticket.id)
    this.#tell(
      'TICKET_REOPENED',
      ['ticket_id', this.dialect.ticketId(ticket.id)],
      ticket.customerId,
      changedAt(this.world, this.dialect, ticket),
    )
  }

  #survey(): void {
    const ticket = this.#pick(
      (one) => ![...this.world.surveys.values()].some((survey) => survey.ticketId === one.id),
    )
    if (ticket === undefined || !this.dialect.hasSurveys) return
    const survey = this.world.addSurvey(ticket.id)
    this.#tell('SURVEY_CREATED', this.#about(survey), ticket.customerId, survey.created)
  }

  #score(): void {
    const survey = this.#dice.pickOf([...this.world.surveys.values()].filter((one) => one.score === null))
    if (survey === undefined || !this.dialect.hasSurveys) return
    this.world.scoreSurvey(survey.id, 1 + this.#dice.upTo(4))
    this.#tell('SURVEY_RESPONDED', this.#about(survey), survey.customerId, survey.scored!)
  }

  #about(survey: WorldSurvey): Occurrence['about'] {
    return ['survey_id', this.dialect.surveyId(survey)]
  }

  #tag(): void {
    const ticket = this.#pick(() => true)
    if (ticket === undefined) return
    toggleTag(this.world, this.dialect, ticket)
  }

  #pick(suits: (ticket: WorldTicket) => boolean): WorldTicket | undefined {
    return this.#dice.pickOf([...this.world.tickets.values()].filter(suits))
  }

  #tell(event: string, about: Occurrence['about'], id: number, at: number): void {
    const email = this.world.customers.get(id)!.email!.toLowerCase()
    const shown = this.dialect.shown(at)
    this.#note({
      event,
      about,
      at: shown,
      customerId: id,
      must: !this.#isLost(email),
      connector: 'outlet',
    })
  }
}

/** With half of the shop's people. */
export function openOutlet(
  shop: Shop,
  universe: Universe,
  seed: number,
  sourceOffsetMs: number,
  dialect: Dialect = GORGIAS,
): World {
  const outlet = new Outlet(
    universe,
    seed,
    sourceOffsetMs,
    {
      note: (occurrence) => shop.occurrences.push(occurrence),
      isLost: (email) => shop.deletedByHand.has(email),
    },
    dialect,
  )
  for (const [id, email] of outlet.seedPast([...shop.addresses])) shop.have(id, email)
  shop.outlet = outlet
  return outlet.world
}

/** What the outlet maps: what is counted and where it belongs; who somebody is, the first account says. */
export const OUTLET_MAPPING = `    lists: { all_support_contacts: ${LISTS.support}, satisfied_customers: ${LISTS.satisfied}, dissatisfied_customers: ${LISTS.dissatisfied} }
    tag_lists: { vip: ${LISTS.vip} }
    field_mapping:
      nb_tickets: TICKET_COUNT
      open_tickets: OPEN_TICKETS
      last_ticket_channel: LAST_CHANNEL
      avg_response_time: AVG_RESPONSE_TIME
      last_satisfaction_score: CSAT_SCORE
      satisfaction_count: CSAT_RESPONSES
    event_mapping:
      ticket.created: TICKET_CREATED
      ticket.closed: TICKET_CLOSED
      ticket.reopened: TICKET_REOPENED
      satisfaction_survey.created: SURVEY_CREATED
      satisfaction_survey.responded: SURVEY_RESPONDED
`
