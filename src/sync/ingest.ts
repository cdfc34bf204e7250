// Records → state, and what follows from them: contacts that must be brought in step, events that happened. Called inside
// the transaction of a page, so that a record, its consequences and the cursor are stored together or not at all.
import { toEvent } from '../mapping/apply.ts'
import { normalizeEmail } from '../model/email.ts'
import type { Occurrence, OccurrenceTicket } from '../model/occurrence.ts'
import type { Customer, RecordId, SatisfactionSurvey, SourceRecord, Ticket } from '../model/records.ts'
import { fromMs } from '../model/time.ts'
import type { Page } from '../sources/source.ts'
import { isCounted, type StoredTicket } from '../state/tickets.ts'
import { isConcerned, type SyncContext } from './context.ts'
import { withoutForgotten } from './forgotten.ts'
import { TouchedContacts } from './touched.ts'
import {
  findCustomerTransitions,
  findSurveyTransitions,
  findTicketTransitions,
  type Transition,
} from './transitions.ts'

/** Stores a page; what could not be understood is set aside. */
export function ingestPage(
  context: SyncContext,
  stream: string,
  page: Pick<Page, 'records' | 'invalid'>,
): void {
  const { store, source, clock } = context
  ingestRecords(context, page.records)
  if (page.records.length > 0 && !store.deadLetters.isEmpty()) {
    for (const { id } of page.records) store.deadLetters.clear('record', `${source.name}/${stream}/${id}`)
  }
  for (const { id, reason } of page.invalid) {
    store.deadLetters.put('record', `${source.name}/${stream}/${id}`, reason, fromMs(clock.now()))
  }
}

export function ingestRecords(context: SyncContext, records: readonly SourceRecord[]): void {
  const touched = new TouchedContacts()
  for (const record of records) {
    ingestRecord(context, record, touched)
    context.freshness.note(record.kind, record.id)
  }
  touched.mark(context)
}

function ingestRecord(context: SyncContext, raw: SourceRecord, touched: TouchedContacts): void {
  const { store, source } = context
  const record = store.forgotten.isEmpty() ? raw : withoutForgotten(store, raw)
  switch (record.kind) {
    case 'customer':
      return ingestCustomer(context, record, touched)
    case 'ticket':
      return ingestTicket(context, record, touched)
    case 'message':
      if (store.tickets.putMessage(source.name, record)) touched.ticket(record.ticketId)
      return
    case 'satisfaction_survey':
      return ingestSurvey(context, record, touched)
    case 'event':
      if (isConcerned(context, record.type)) store.sourceEvents.put(source.name, record)
      return
    case 'agent':
    case 'mailbox':
      return store.customers.putOwnAddress(source.name, record)
    case 'custom_field':
      return store.customers.putCustomField(source.name, record)
  }
}

function ingestCustomer(context: SyncContext, customer: Customer, touched: TouchedContacts): void {
  const { before, changed } = context.store.customers.put(context.source.name, customer)
  if (!changed) return
  const email = normalizeEmail(customer.email)
  touched.email(before?.email ?? null)
  touched.email(email)
  if (before?.email != null && email !== null && before.email !== email) {
    followAddress(context, before.email, email)
  }
  for (const transition of findCustomerTransitions(before, { ...customer, email }, context)) {
    stage(context, transition, { customerId: customer.id, email, ticket: null, survey: null })
  }
}

/** The contact goes with its only customer to the new address, unless there is a contact already. */
function followAddress(context: SyncContext, from: string, to: string): void {
  const { store } = context
  const isKnown = store.contacts.told(from).exists || store.renames.has(from)
  if (isKnown && !store.customers.isLive(from) && !store.contacts.told(to).exists) store.renames.put(from, to)
  // Deleted in Brevo under its old address, it is not made under the new one.
  if (store.contacts.told(from).gone && !store.customers.isLive(from)) store.contacts.expect(to)
  readdressUntold(context, from, to)
}

/** Events of an address that never became a contact, and that nobody has any more, are told to the new one. */
export function readdressUntold({ store }: SyncContext, from: string, to: string): void {
  const { exists, gone } = store.contacts.told(from)
  if (exists || gone || store.customers.isLive(from) || store.outboxEvents.openOf(from).length === 0) return
  store.outboxEvents.readdress(from, to)
  store.outboxContacts.mark(to, 'live')
}

function ingestTicket(context: SyncContext, ticket: Ticket, touched: TouchedContacts): void {
  const { store, source } = context
  const mentioned = ticket.customer
  if (mentioned !== null && !store.customers.isRead(source.name, mentioned.id)) {
    ingestCustomer(context, mentioned, touched)
  }
  const { before, changed } = store.tickets.put(source.name, ticket)
  if (!changed) return
  touched.customer(before?.customerId ?? null)
  touched.customer(ticket.customerId)
  for (const transition of findTicketTransitions(
    before,
    { ...ticket, counted: isCounted(ticket) },
    context,
  )) {
    stageForTicket(context, transition, toOccurrenceTicket(context, ticket), ticket.customerId)
  }
}

function ingestSurvey(context: SyncContext, survey: SatisfactionSurvey, touched: TouchedContacts): void {
  const { store, source } = context
  const { before, changed } = store.surveys.put(source.name, survey)
  if (!changed) return
  touched.customer(before?.customer_id ?? null)
  touched.customer(survey.customerId)
  const ticket = survey.ticketId === null ? null : store.tickets.find(source.name, survey.ticketId)
  for (const transition of findSurveyTransitions(before, survey, context)) {
    stage(context, transition, {
      customerId: survey.customerId,
      email: emailOf(context, survey.customerId),
      ticket: ticket === null ? null : toOccurrenceTicket(context, ticket),
      // When it was made nobody had answered it yet, even if it is first seen with its answer.
      survey:
        transition.type === 'satisfaction_survey.created'
          ? { id: survey.id, score: null, comment: null }
          : survey,
    })
  }
}

/** An event on the timeline of a ticket's customer. */
export function stageForTicket(
  context: SyncContext,
  transition: Transition,
  ticket: OccurrenceTicket,
  customerId: RecordId | null,
): void {
  stage(context, transition, { customerId, email: emailOf(context, customerId), ticket, survey: null })
}

export function toOccurrenceTicket(
  { store, source, withTags }: SyncContext,
  ticket: Pick<StoredTicket, 'id' | 'subject' | 'channel' | 'status' | 'assigneeName' | 'createdAt' | 'tags'>,
): OccurrenceTicket {
  const { id, subject, channel, status, assigneeName, createdAt } = ticket
  const tags = withTags ? ticket.tags : []
  const firstResponseAt = store.tickets.firstResponse(source.name, id)
  return { id, subject, channel, status, tags, assigneeName, createdAt, firstResponseAt }
}

/** Nobody to tell: a customer without an address, or one of the shop's own. */
function stage(
  { store, rules, account, lane, eventHorizon }: SyncContext,
  transition: Transition,
  about: Omit<Occurrence, 'type' | 'key' | 'at' | 'email'> & { email: string | null },
): void {
  if (about.email === null || store.customers.isOwnAddress(about.email)) return
  const event = toEvent({ ...transition, ...about, email: about.email }, rules, account)
  if (transition.at < eventHorizon) return
  if (event === null || !store.outboxEvents.stage(event, transition.at, lane === 'live')) return
  // An event waits for its contact: make sure that there is one.
  store.outboxContacts.mark(about.email, 'live')
}

/** The address of a customer, or of the one they were merged into. */
export function emailOf({ store, source }: SyncContext, customerId: RecordId | null): string | null {
  return customerId === null ? null : store.customers.emailOf(source.name, customerId)
}

export function markCustomer(context: SyncContext, customerId: RecordId | null): void {
  const email = emailOf(context, customerId)
  if (email !== null) context.store.outboxContacts.mark(email, context.lane)
}
