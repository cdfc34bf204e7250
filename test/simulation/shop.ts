// What happens in the helpdesk and, by other hands than tajo's, in Brevo; and a record of it, for the oracle. It knows the
// definitions of docs/definitions.md and nothing of the engine.
import type { Random } from '../../src/lib/random.ts'
import type { BrevoAccount } from '../../src/sandbox/brevo/account.ts'
import { World, type WorldCustomer, type WorldTicket } from '../../src/sandbox/shop/world.ts'
import { createAccount, LISTS, OWN_ADDRESS } from './account.ts'
import { Addresses } from './addresses.ts'
import type { Universe } from './clock.ts'
import { changedAt, type Dialect, findTicket, GORGIAS, toggleTag } from './dialect.ts'
import { Dice } from './dice.ts'
import { isTold, type Occurrence } from './occurrence.ts'
import { OptOuts, pickMoves } from './opt-outs.ts'
import type { Outlet } from './outlet.ts'
import { addPastTicket, DAY, HOUR } from './past.ts'
import { customersAt, drawEmail, withSharing } from './people.ts'

type Action = [weight: number, act: () => void]

export class Shop {
  readonly world: World
  /** Of its helpdesk. */
  readonly dialect: Dialect
  /** The second account; null where there is one helpdesk only. */
  outlet: Outlet | null = null
  readonly account: BrevoAccount
  readonly occurrences: Occurrence[] = []
  /** `contact id/list` that the contact left by a click. */
  readonly left = new Set<string>()
  /** `contact id/list` that somebody added by hand. */
  readonly addedByHand = new Set<string>()
  readonly deletedByHand = new Set<string>()
  /** Customers who have or had the address of a contact that was deleted: a new address of theirs need not become one. */
  readonly lostContact = new Set<number>()
  /** Customers of whom nothing is heard before they change or write, and when they changed last. */
  readonly unheard = new Map<number, number>()
  /** Ids of contacts that must not get e-mails. */
  readonly blocked = new Set<number>()
  readonly optOuts: OptOuts
  readonly had: Addresses
  /** Addresses that customers ever had. */
  readonly addresses = new Set<string>()
  isByHand = false
  /** Since when nothing went wrong: what tajo was told is what it knows. */
  calmSince = 0
  readonly #random: Random
  readonly #dice: Dice
  /** Contacts that tajo has written to: it can only know that those are there. */
  readonly written = new Set<number>()
  /** When a contact last left a list. */
  lastLeftAt = 0
  readonly #universe: Universe
  readonly #snoozed = new Set<number>()
  readonly #formerAddresses = new Map<number, string[]>()
  #names = 0

  constructor(universe: Universe, random: Random, sourceOffsetMs: number, dialect: Dialect = GORGIAS) {
    this.dialect = dialect
    this.#universe = universe
    this.#random = random
    this.#dice = new Dice(random)
    let last = 0
    this.world = new World(() => {
      last = Math.max(last + 1, Math.floor((universe.now + sourceOffsetMs) * 1000))
      return last
    })
    this.had = new Addresses(this.world)
    this.account = createAccount(() => universe.now)
    this.optOuts = new OptOuts(this.account)
    this.world.users.push({ id: 7, email: OWN_ADDRESS, name: 'Mia', created: 1 })
    this.world.tags.push({ id: 21, name: 'vip', created: 1 })
    this.world.fields.push({ id: 11, label: 'Tier', type: 'text', managedType: null, created: 1 })
    this.world.fields.push({ id: 12, label: 'Wholesale', type: 'boolean', managedType: null, created: 1 })
  }

  /** The past: fires no event. */
  seedPast(customers: number): void {
    for (let index = 0; index < customers; index += 1) {
      const past = Math.floor(this.world.now() - (1 + this.#random.next() * 90) * DAY)
      const customer = this.#addCustomer({ created: past, updated: past })
      // Whoever never wrote is in no list where customers have none.
      const least = this.dialect.hasSilence ? 0 : 1
      for (let count = Math.max(least, this.#dice.upTo(3)); count > 0; count -= 1)
        addPastTicket(this.world, this.#dice, this.#random, customer.id, past)
    }
    this.occurrences.length = 0
    // Some of them are known in Brevo already, with a history of their own.
    for (const email of this.addresses) {
      if (this.#random.next() < 0.3) this.#byHand(() => this.account.write(email, { attributes: {} }))
      if (this.account.contacts.has(email) && this.#random.next() < 0.3) this.#leave(email, this.#pickList())
      if (this.account.contacts.has(email) && this.#random.next() < 0.2) this.#block(email)
    }
  }

  /** One thing that happens. */
  act(): void {
    if (this.outlet !== null && this.#random.next() < 0.35) return this.outlet.act()
    const actions: Action[] = [
      [3, () => this.#openTicket()],
      [2, () => this.newCustomer()],
      [4, () => this.#message()],
      [5, () => this.#close()],
      [2, () => this.#reopen()],
      [3, () => this.#survey()],
      [4, () => this.#score()],
      [1, () => this.#tag()],
      [1, () => this.#setTier()],
      [1, () => this.#rename()],
      [1.2, () => this.#changeAddress()],
      [0.8, () => this.#changeAddresses()],
      [0.7, () => this.#snooze()],
      [0.4, () => this.#spam()],
      [0.4, () => this.#deleteTicket()],
      [0.4, () => this.#mergeTickets()],
      [0.4, () => this.#deleteCustomer()],
      [0.6, () => this.#mergeCustomers()],
      [1.5, () => this.#leaveByClick()],
      [0.8, () => this.#addByHand()],
      [0.6, () => this.#blockByHand()],
      [0.8, () => this.#deleteByHand()],
    ]
    let dice = this.#random.next() * actions.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, action] of actions) {
      dice -= weight
      if (dice < 0) return action()
    }
  }

  #addCustomer(fields: Partial<WorldCustomer>): WorldCustomer {
    this.#names += 1
    const others = [...this.world.customers.values()].filter((one) => one.email !== null)
    const email = drawEmail(this.#random.next(), this.#dice, others, this.#names)
    const customFields = { 12: this.#names % 3 === 0 }
    const customer = this.world.addCustomer({
      name: `Person ${this.#names}`,
      externalId: `shop-${this.#names}`,
      email,
      customFields,
      ...fields,
    })
    this.have(customer.id, email)
    return customer
  }

  newCustomer(): void {
    const customer = this.#addCustomer({})
    const id = this.dialect.customerId(customer.id)
    this.#note('CUSTOMER_CREATED', ['customer_id', id], customer.id, customer.created)
  }

  #openTicket(customer = this.#anyCustomer()): void {
    if (customer === undefined) return
    const ticket = this.world.addTicket({
      customerId: customer.id,
      channel: this.#dice.pick(['email', 'chat', 'phone']),
      tags: this.#random.next() < 0.2 ? ['vip'] : [],
    })
    this.#note('TICKET_CREATED', ['ticket_id', this.dialect.ticketId(ticket.id)], customer.id, ticket.created)
    this.world.addMessage(ticket.id)
  }

  #message(): void {
    const ticket = this.#anyTicket(() => true)
    if (ticket === undefined) return
    const fromAgent = this.#random.next() < 0.6
    this.world.addMessage(ticket.id, { fromAgent, note: fromAgent && this.#random.next() < 0.2 })
  }

  #close(): void {
    const ticket = this.#anyTicket((one) => one.status === 'open')
    if (ticket === undefined) return
    this.world.closeTicket(ticket.id)
    this.#note(
      'TICKET_CLOSED',
      ['ticket_id', this.dialect.ticketId(ticket.id)],
      ticket.customerId,
      changedAt(this.world, this.dialect, ticket),
    )
  }

  #reopen(): void {
    const ticket = this.#anyTicket((one) => one.status === 'closed')
    if (ticket === undefined) return
    this.world.reopenTicket(ticket.id)
    this.#note(
      'TICKET_REOPENED',
      ['ticket_id', this.dialect.ticketId(ticket.id)],
      ticket.customerId,
      changedAt(this.world, this.dialect, ticket),
    )
  }

  /** For good: whether waking up between two polls was a reopening can't be known (docs/definitions.md). */
  #snooze(): void {
    const ticket = this.#anyTicket((one) => one.status === 'open')
    if (ticket === undefined) return
    this.#doubt((one) => one.about[0] === 'ticket_id' && one.about[1] === this.dialect.ticketId(ticket.id))
    this.world.snoozeTicket(ticket.id, this.world.now() + 30 * DAY)
    this.#snoozed.add(ticket.id)
  }

  #survey(): void {
    const ticket = this.#anyTicket(
      (one) => ![...this.world.surveys.values()].some((survey) => survey.ticketId === one.id),
    )
    if (ticket === undefined) return
    if (!this.dialect.hasSurveys) return
    const survey = this.world.addSurvey(ticket.id)
    const about: Occurrence['about'] = ['survey_id', this.dialect.surveyId(survey)]
    this.#note('SURVEY_CREATED', about, survey.customerId, survey.created)
  }

  #score(): void {
    const survey = this.#dice.pickOf([...this.world.surveys.values()])
    if (survey === undefined || !this.dialect.hasSurveys) return
    // Nobody rates a conversation that is no more.
    if (this.dialect.surveysGo && !this.world.tickets.has(survey.ticketId)) return
    const isFirst = survey.score === null
    this.world.scoreSurvey(survey.id, 1 + this.#dice.upTo(4), { told: this.#random.next() < 0.3 })
    // The first score of one that was scored in the past may never have been seen: then the correction is the answer.
    const id = this.dialect.surveyId(survey)
    const isUnheard = !this.occurrences.some((one) => one.event === 'SURVEY_RESPONDED' && one.about[1] === id)
    if (isFirst || isUnheard)
      this.#note('SURVEY_RESPONDED', ['survey_id', id], survey.customerId, survey.scored!, isFirst)
  }

  #tag(): void {
    const ticket = this.#anyTicket(() => true)
    if (ticket === undefined) return
    toggleTag(this.world, this.dialect, ticket)
  }

  /** Moves no date: only a reconcile sees it. */
  #setTier(): void {
    const customer = this.#anyCustomer()
    if (customer === undefined) return
    this.world.setCustomField(customer.id, 11, this.#dice.pick(['gold', 'silver', 'bronze']))
    if (!this.dialect.hasSilence) this.world.changeCustomer(customer.id, {})
  }

  #rename(): void {
    const customer = this.#anyCustomer()
    if (customer !== undefined)
      this.world.changeCustomer(customer.id, { name: `Renamed ${(this.#names += 1)}` })
  }

  #changeAddress(customer = this.#anyCustomer()): void {
    if (customer === undefined) return
    const email = this.#random.next() < 0.1 ? null : `moved.${(this.#names += 1)}@example.com`
    if (email === null || customer.email === null || customer.email === OWN_ADDRESS)
      this.#doubt((one) => one.customerId === customer.id)
    this.#move(customer, email)
  }

  #move(customer: WorldCustomer, email: string | null): void {
    const former = this.#formerAddresses.get(customer.id) ?? []
    this.optOuts.moved(customer, email, former)
    this.#formerAddresses.set(customer.id, [...former, customer.email?.toLowerCase() ?? ''])
    this.world.changeCustomer(customer.id, { email })
    this.have(customer.id, email)
  }

  /** A customer has an address, or had it. */
  have(customerId: number, email: string | null): void {
    if (email === null) return
    this.addresses.add(email.toLowerCase())
    this.had.note(customerId, email.toLowerCase())
    this.#lose(customersAt(email, this.#worlds()).filter((id) => this.lostContact.has(id)))
  }

  #worlds(): World[] {
    return this.outlet === null ? [this.world] : [this.world, this.outlet.world]
  }

  #lose(customerIds: number[]): void {
    const lost = withSharing(customerIds, this.#worlds())
    for (const id of lost) {
      this.lostContact.add(id)
      this.optOuts.lost(id)
    }
    this.#doubt((one) => one.customerId !== null && lost.has(one.customerId))
  }

  /** Several at once; some of them said no before. */
  #changeAddresses(): void {
    const known = [...this.world.customers.values()].filter(
      ({ email }) =>
        email !== null &&
        email !== OWN_ADDRESS &&
        !this.deletedByHand.has(email.toLowerCase()) &&
        this.account.contacts.has(email.toLowerCase()),
    )
    const moves = pickMoves(this.#random, known, () => `moved.${(this.#names += 1)}@example.com`)
    for (const from of new Set(moves.map((one) => one.from))) {
      if (this.#random.next() < 0.4) this.#block(from)
      if (this.#random.next() < 0.4) this.#leave(from, this.#pickList())
    }
    for (const { customer, to } of moves) this.#move(customer, to)
  }

  #spam(): void {
    if (!this.dialect.hasSpam) return
    const ticket = this.#anyTicket((one) => !one.spam)
    if (ticket === undefined) return
    this.world.changeTicket(ticket.id, { spam: true })
    this.#doubtTicket(ticket.id)
  }

  #deleteTicket(): void {
    const ticket = this.#anyTicket(() => true)
    if (ticket === undefined || !this.dialect.hasSilence) return
    this.#doubtTicket(ticket.id)
    this.world.deleteTicket(ticket.id)
  }

  #mergeTickets(): void {
    const [source, target] = [this.#anyTicket(() => true), this.#anyTicket(() => true)]
    if (source === undefined || target === undefined || source === target || !this.dialect.hasSilence) return
    this.#doubtTicket(source.id)
    this.#note(
      'TICKET_MERGED',
      ['ticket_id', this.dialect.ticketId(source.id)],
      source.customerId,
      this.world.now(),
      false,
    )
    this.world.mergeTickets(source.id, target.id)
  }

  #deleteCustomer(): void {
    const customer = this.#anyCustomer()
    if (customer === undefined) return
    this.#doubt((one) => one.customerId === customer.id)
    this.had.bequeath(customer.id, customer.email?.toLowerCase() ?? '')
    this.world.deleteCustomer(customer.id)
  }

  #mergeCustomers(): void {
    const [source, target] = [this.#anyCustomer(), this.#anyCustomer()]
    if (source === undefined || target === undefined || source === target) return
    this.#doubt((one) => one.customerId === source.id)
    for (const one of this.occurrences) if (one.customerId === source.id) one.customerId = target.id
    for (const email of this.had.of(source.id)) this.have(target.id, email)
    this.world.mergeCustomers(source.id, target.id)
  }

  // In Brevo, by other hands

  #leaveByClick(): void {
    const member = this.#dice.pickOf([...this.account.contacts.values()].filter((one) => one.lists.size > 0))
    if (member !== undefined) this.#leave(member.email, this.#dice.pick([...member.lists]))
  }

  #leave(email: string, list: number): void {
    this.account.leaveList(email, list)
    this.lastLeftAt = this.#universe.now
    this.left.add(`${this.account.contacts.get(email)!.id}/${list}`)
    this.optOuts.left(email, list)
  }

  #addByHand(): void {
    const contact = this.#dice.pickOf([...this.account.contacts.values()])
    if (contact === undefined) return
    const list = this.#pickList()
    // Of a list that they left nobody puts them back by hand.
    if (contact.lists.has(list) || contact.unsubscribed.has(list)) return
    this.#byHand(() => this.account.addToList(contact, list))
    this.addedByHand.add(`${contact.id}/${list}`)
  }

  #blockByHand(): void {
    const contact = this.#dice.pickOf([...this.account.contacts.values()])
    if (contact === undefined) return
    this.#block(contact.email)
    // The block is to go with the address, wherever that goes.
    if (this.#random.next() < 0.5) this.#changeAddress(this.#ownerOf(contact.email))
  }

  #ownerOf(email: string): WorldCustomer | undefined {
    return [...this.world.customers.values()].find((one) => one.email?.toLowerCase() === email)
  }

  #block(email: string): void {
    const contact = this.account.contacts.get(email)!
    contact.emailBlacklisted = true
    this.blocked.add(contact.id)
  }

  /** Only one that tajo knows to be there: it must not be made again. */
  #deleteByHand(): void {
    // A poll and a delivery later it is known, and so is what was in doubt.
    const longEnough = 36 * 60_000
    if (this.#universe.now - this.calmSince < longEnough) return
    const contact = this.#dice.pickOf(
      [...this.account.contacts.values()].filter(
        (one) =>
          this.written.has(one.id) &&
          this.#universe.now - one.createdAt > longEnough &&
          this.#universe.now - one.modifiedAt > longEnough / 2,
      ),
    )
    if (contact === undefined) return
    this.deletedByHand.add(contact.email)
    const had = (id: number): boolean => this.#formerAddresses.get(id)?.includes(contact.email) === true
    const former = [...this.world.customers.keys()].filter((id) => had(id))
    this.#lose([...customersAt(contact.email, this.#worlds()), ...former])
    this.account.delete(contact.email)
    // Whoever is written to no more shows nothing: something happens to them.
    const owner = this.#ownerOf(contact.email)
    if (owner !== undefined) this.#openTicket(owner)
  }

  #byHand(action: () => void): void {
    this.isByHand = true
    try {
      action()
    } finally {
      this.isByHand = false
    }
  }

  /** Still closed, and neither it nor its customer became anything else since. */
  isUntouched(ticketId: string): boolean {
    const ticket = findTicket(this.world, this.dialect, ticketId)
    const customer = ticket === undefined ? undefined : this.world.customers.get(ticket.customerId)
    if (ticket === undefined || customer?.email == null) return false
    const isMerged = [...this.world.mergedCustomers.values()].includes(customer.id)
    const isClosed = ticket.status === 'closed' && ticket.snooze === null
    return (
      isClosed &&
      !ticket.spam &&
      ticket.trashed === null &&
      customer.email !== OWN_ADDRESS &&
      !isMerged &&
      !this.#formerAddresses.has(customer.id) &&
      !this.lostContact.has(customer.id) &&
      !this.deletedByHand.has(customer.email.toLowerCase())
    )
  }

  // The record

  #note(event: string, about: Occurrence['about'], customerId: number, at: number, certain = true): void {
    const customer = this.world.customers.get(customerId)
    const ticket = about[0] === 'ticket_id' ? findTicket(this.world, this.dialect, about[1]) : undefined
    const email = customer?.email?.toLowerCase()
    const must =
      certain &&
      email != null &&
      email !== OWN_ADDRESS &&
      ticket?.spam !== true &&
      !this.deletedByHand.has(email) &&
      !(customerId !== null && this.lostContact.has(customerId))
    this.occurrences.push({ event, about, at: this.dialect.shown(at), customerId, must, connector: 'main' })
  }

  /** What was not told yet may or may not be told from here on. */
  #doubt(concerns: (occurrence: Occurrence) => boolean): void {
    for (const occurrence of this.occurrences) {
      if (occurrence.must && concerns(occurrence) && !isTold(this.account, occurrence))
        occurrence.must = false
    }
  }

  /**
   * Since `from` nothing was heard, for more than its feed reaches back: whoever came and never wrote stands in no report. Whoever came
   * before the last poll may have, or at the edge of the feed's reach, writes now: nobody need know where those edges were.
   */
  doubtUnheard(from: number): void {
    const [polled, unreached, reached] = [from - HOUR, this.world.now() - DAY, this.world.now() - DAY + HOUR]
    const writers = new Set([...this.world.tickets.values()].map((one) => one.customerId))
    for (const one of this.world.customers.values()) {
      if (one.created < polled || one.updated >= reached || writers.has(one.id)) continue
      if (one.updated < from || one.updated >= unreached) this.#openTicket(one)
      else this.unheard.set(one.id, one.updated)
    }
    this.#lose([...this.unheard.keys()])
    this.#doubt(({ event, at }) => event === 'CUSTOMER_CREATED' && at >= polled && at < reached)
  }

  /** And its rating, where that stands in it. */
  #doubtTicket(id: number): void {
    const { surveysGo, surveyId, ticketId } = this.dialect
    const gone = surveysGo ? [ticketId(id), surveyId({ id: 0, ticketId: id })] : [ticketId(id)]
    this.#doubt(({ about: [kind, value] }) => kind !== 'customer_id' && gone.includes(value))
  }

  #anyCustomer(): WorldCustomer | undefined {
    return this.#dice.pickOf([...this.world.customers.values()])
  }

  #anyTicket(suits: (ticket: WorldTicket) => boolean): WorldTicket | undefined {
    return this.#dice.pickOf(
      [...this.world.tickets.values()].filter((one) => !this.#snoozed.has(one.id) && suits(one)),
    )
  }

  #pickList(): number {
    return this.#dice.pick(Object.values(LISTS))
  }
}
