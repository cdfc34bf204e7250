// The shop's helpdesk as data, whoever its vendor is: what it holds, and what can happen in it. Every change moves the dates and writes
// the entries into the log that the harshest of the vendors does, and leaves out those it leaves out: what a fake shows of it is its own.
import { SortedList } from '../sorted-list.ts'
import type {
  WorldAgentState,
  WorldChange,
  WorldCustomer,
  WorldTicket,
  WorldMessage,
  WorldSurvey,
  WorldEvent,
  WorldUser,
  WorldWebhook,
  WorldTag,
  WorldField,
} from './world-types.ts'

export type * from './world-types.ts'

/** What `now` is: microseconds since the epoch. */
export type Now = () => number

export class World {
  readonly customers = new Map<number, WorldCustomer>()
  readonly tickets = new Map<number, WorldTicket>()
  readonly surveys = new Map<number, WorldSurvey>()
  readonly mergedCustomers = new Map<number, number>()
  readonly mergedTickets = new Map<number, number>()
  users: WorldUser[] = []
  tags: WorldTag[] = []
  fields: WorldField[] = []
  mailboxes: { id: number; address: string; created: number }[] = []
  webhooks: WorldWebhook[] = []
  /** What the shop's people did, the oldest first. */
  agentStates: WorldAgentState[] = []
  /** Which tickets were deleted, and when. */
  deletedTickets: { id: number; at: number }[] = []
  /** Told of each entry of the feed when it is written. */
  onLog: ((event: WorldEvent) => void) | null = null

  /** Told of what the shop's people do. */
  onAgentState: ((state: WorldAgentState) => void) | null = null

  customersByUpdate = new SortedList<WorldCustomer>([], (one) => one.updated)
  customersByCreation = new SortedList<WorldCustomer>([], (one) => one.created)
  ticketsByUpdate = new SortedList<WorldTicket>([], (one) => one.updated)
  ticketsByCreation = new SortedList<WorldTicket>([], (one) => one.created)
  messages = new SortedList<WorldMessage>([], (one) => one.created)
  surveysByCreation = new SortedList<WorldSurvey>([], (one) => one.created)
  events = new SortedList<WorldEvent>([], (one) => one.created)

  readonly now: Now
  #nextId: number

  constructor(now: Now, firstId = 500_000_000) {
    this.now = now
    this.#nextId = firstId
  }

  nextId(): number {
    this.#nextId += 1
    return this.#nextId
  }

  /** After seeding the maps directly: sorts everything once. */
  index(messages: Iterable<WorldMessage>): void {
    this.customersByUpdate = new SortedList(this.customers.values(), (one) => one.updated)
    this.customersByCreation = new SortedList(this.customers.values(), (one) => one.created)
    this.ticketsByUpdate = new SortedList(this.tickets.values(), (one) => one.updated)
    this.ticketsByCreation = new SortedList(this.tickets.values(), (one) => one.created)
    this.surveysByCreation = new SortedList(this.surveys.values(), (one) => one.created)
    this.messages = new SortedList(messages, (one) => one.created)
  }

  addCustomer(fields: Partial<WorldCustomer> & { email: string | null }): WorldCustomer {
    const now = this.now()
    const customer: WorldCustomer = {
      id: this.nextId(),
      name: null,
      firstname: '',
      lastname: '',
      externalId: null,
      language: null,
      timezone: null,
      note: null,
      phone: null,
      created: now,
      updated: now,
      customFields: {},
      data: null,
      ...fields,
    }
    this.customers.set(customer.id, customer)
    this.customersByUpdate.add(customer)
    this.customersByCreation.add(customer)
    this.log('customer-created', 'Customer', customer.id)
    return customer
  }

  changeCustomer(id: number, fields: Partial<WorldCustomer>): void {
    const customer = this.customers.get(id)!
    this.customersByUpdate.remove(customer, customer.updated)
    Object.assign(customer, { updated: this.now() }, fields)
    this.customersByUpdate.add(customer)
    this.log('customer-updated', 'Customer', id)
  }

  /** Setting a custom field moves no date and is told by no event. */
  setCustomField(id: number, field: number, value: unknown): void {
    this.customers.get(id)!.customFields[field] = value
  }

  deleteCustomer(id: number): void {
    const customer = this.customers.get(id)!
    this.customersByUpdate.remove(customer, customer.updated)
    this.customersByCreation.remove(customer, customer.created)
    this.customers.delete(id)
    this.log('customer-deleted', 'Customer', id)
  }

  /** The source goes, the target's date stays, tickets change hands; first the deletion is told, then the merge. */
  mergeCustomers(source: number, target: number): void {
    for (const ticket of this.tickets.values()) if (ticket.customerId === source) ticket.customerId = target
    this.deleteCustomer(source)
    this.mergedCustomers.set(source, target)
    this.log('customer-merged', 'Customer', target, { source_customer_id: source })
  }

  addTicket(fields: Partial<WorldTicket> & { customerId: number }): WorldTicket {
    const now = this.now()
    const ticket: WorldTicket = {
      id: this.nextId(),
      status: 'open',
      channel: 'email',
      subject: null,
      tags: [],
      assignee: null,
      spam: false,
      created: now,
      updated: now,
      closed: null,
      snooze: null,
      trashed: null,
      messages: 0,
      ...fields,
    }
    this.tickets.set(ticket.id, ticket)
    this.ticketsByUpdate.add(ticket)
    this.ticketsByCreation.add(ticket)
    this.log('ticket-created', 'Ticket', ticket.id)
    return ticket
  }

  changeTicket(id: number, fields: Partial<WorldTicket>): void {
    const ticket = this.tickets.get(id)!
    this.ticketsByUpdate.remove(ticket, ticket.updated)
    Object.assign(ticket, { updated: this.now() }, fields)
    this.ticketsByUpdate.add(ticket)
  }

  closeTicket(id: number): void {
    const closed = this.now()
    this.changeTicket(id, { status: 'closed', closed, done: closed, snooze: null })
    this.#note(id, 'closed')
    this.log('ticket-closed', 'Ticket', id)
  }

  /** A snooze is a closing with a date on it. */
  snoozeTicket(id: number, until: number): void {
    this.changeTicket(id, { status: 'closed', closed: this.now(), snooze: until })
    this.#note(id, 'snoozed')
    this.log('ticket-closed', 'Ticket', id)
  }

  reopenTicket(id: number): void {
    const wasAsleep = this.tickets.get(id)!.snooze !== null
    const reopened = wasAsleep ? {} : { reopened: this.now() }
    this.changeTicket(id, { status: 'open', closed: null, snooze: null, ...reopened })
    this.#note(id, wasAsleep ? 'woken' : 'reopened')
    this.log('ticket-reopened', 'Ticket', id)
  }

  assignTicket(id: number, user: number): void {
    this.changeTicket(id, { assignee: user })
    this.#note(id, 'assigned')
    this.log('ticket-assigned', 'Ticket', id, { assignee_user_id: user })
  }

  setAgentState(user: number, state: WorldAgentState['state'], reason: string | null = null): void {
    const noted = { id: this.nextId(), user, state, reason, at: this.now() }
    this.agentStates.push(noted)
    this.onAgentState?.(noted)
  }

  /** An AI agent leaves it to people. */
  handOver(id: number): void {
    this.changeTicket(id, {})
    this.#note(id, 'handed_over')
    this.log('ticket-handed-over', 'Ticket', id)
  }

  #note(ticketId: number, type: WorldChange['type']): void {
    const ticket = this.tickets.get(ticketId)!
    const { updated: at, assignee: user } = ticket
    ticket.history = [...(ticket.history ?? []), { id: this.nextId(), type, at, user }]
  }

  changeSubject(id: number, subject: string): void {
    this.changeTicket(id, { subject })
    this.log('ticket-updated', 'Ticket', id)
    this.log('ticket-subject-updated', 'Ticket', id, { new_subject: subject })
  }

  addTag(id: number, name: string): void {
    this.changeTicket(id, { tags: [...this.tickets.get(id)!.tags, name] })
    this.log('ticket-tags-added', 'Ticket', id, { tags_added: [this.#tagId(name)] })
  }

  removeTag(id: number, name: string): void {
    this.changeTicket(id, { tags: this.tickets.get(id)!.tags.filter((one) => one !== name) })
    this.log('ticket-tags-removed', 'Ticket', id, { tags_removed: [this.#tagId(name)] })
  }

  #tagId(name: string): number {
    const known = this.tags.find((one) => one.name === name)
    if (known !== undefined) return known.id
    const tag = { id: this.nextId(), name, created: this.now() }
    this.tags.push(tag)
    return tag.id
  }

  deleteTicket(id: number): void {
    this.#dropTicket(id)
    this.deletedTickets.push({ id, at: this.now() })
    this.log('ticket-deleted', 'Ticket', id)
  }

  mergeTickets(source: number, target: number): void {
    this.#dropTicket(source)
    this.mergedTickets.set(source, target)
    this.log('ticket-merged', 'Ticket', source)
  }

  #dropTicket(id: number): void {
    const ticket = this.tickets.get(id)!
    this.ticketsByUpdate.remove(ticket, ticket.updated)
    this.ticketsByCreation.remove(ticket, ticket.created)
    this.tickets.delete(id)
  }

  addMessage(ticketId: number, fields: Partial<WorldMessage> = {}): WorldMessage {
    const ticket = this.tickets.get(ticketId)!
    const created = fields.created ?? this.now()
    const message: WorldMessage = {
      id: this.nextId(),
      ticketId,
      customerId: ticket.customerId,
      created,
      fromAgent: false,
      public: true,
      note: false,
      rule: null,
      macros: [],
      ...fields,
    }
    this.messages.add(message)
    this.changeTicket(ticketId, { messages: ticket.messages + 1, updated: Math.max(ticket.updated, created) })
    this.log('ticket-message-created', 'TicketMessage', message.id)
    return message
  }

  addSurvey(ticketId: number, fields: Partial<WorldSurvey> = {}): WorldSurvey {
    const now = this.now()
    const customerId = this.tickets.get(ticketId)?.customerId ?? 0
    const survey: WorldSurvey = {
      id: this.nextId(),
      ticketId,
      customerId,
      score: null,
      comment: null,
      created: now,
      sent: now,
      scored: null,
      ...fields,
    }
    this.surveys.set(survey.id, survey)
    this.surveysByCreation.add(survey)
    return survey
  }

  /** The helpdesk decided not to ask. */
  skipSurvey(ticketId: number): void {
    this.log('ticket-satisfaction-survey-skipped', 'Ticket', ticketId, {
      reasons: ['The ticket lacks the required minimum interaction.'],
    })
  }

  /** The list is sorted by creation, so an answer moves nothing. Whether an event tells of it is not known: by default none does. */
  scoreSurvey(id: number, score: number, options: { comment?: string; told?: boolean } = {}): void {
    Object.assign(this.surveys.get(id)!, { score, comment: options.comment ?? null, scored: this.now() })
    if (options.told === true) this.log('satisfaction-survey-responded', 'SatisfactionSurvey', id)
  }

  log(type: string, objectType: string, objectId: number, data: Record<string, unknown> | null = null): void {
    const id = 2_190_000_000 + this.nextId()
    const event = { id, type, objectType, objectId, data, created: this.now() }
    this.events.add(event)
    this.onLog?.(event)
  }
}
