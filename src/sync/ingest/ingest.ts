// Records → state, and what follows from them: contacts that must be brought in step, events that happened. Called inside
// the transaction of a page, so that a record, its consequences and the cursor are stored together or not at all.
import { normalizeEmail } from '../../model/email.ts'
import { toE164 } from '../../model/phone.ts'
import {
  type Customer,
  HOME_OF,
  type Message,
  type RecordId,
  type SatisfactionSurvey,
  type SourceRecord,
  type Ticket,
} from '../../model/records.ts'
import { toSetAsideKey } from '../../model/set-aside.ts'
import { fromMs } from '../../model/time.ts'
import type { Page } from '../../sources/source.ts'
import { isCounted } from '../../state/records/tickets.ts'
import { isConcerned, isSingly, type SyncContext } from '../context.ts'
import { withoutForgotten } from './forgotten.ts'
import { emailOf, stage, stageForKnownTicket, stageForTicket, toOccurrenceTicket } from './stage.ts'
import { ChangedContacts } from './changed-contacts.ts'
import { deriveTicketTransitions } from './derived.ts'
import { findCustomerTransitions, findSurveyTransitions, findTicketTransitions } from './transitions.ts'

/** Stores a page; what could not be understood is set aside. `stream`: of what it says nothing else. */
export function ingestPage(
  context: SyncContext,
  stream: string,
  page: Pick<Page, 'records' | 'invalid'>,
): void {
  const { store, source, clock } = context
  ingestRecords(context, page.records)
  if (page.records.length > 0 && !store.deadLetters.isEmpty()) {
    for (const { kind, id } of page.records)
      store.deadLetters.clear('record', toSetAsideKey(source.name, HOME_OF[kind], id))
  }
  for (const { id, reason, stream: home = stream } of page.invalid) {
    store.deadLetters.put('record', toSetAsideKey(source.name, home, id), reason, fromMs(clock.now()))
  }
}

export function ingestRecords(context: SyncContext, records: readonly SourceRecord[]): void {
  const changedContacts = new ChangedContacts()
  for (const record of records) {
    ingestRecord(context, record, changedContacts)
    context.freshness.note(record.kind, record.id)
  }
  changedContacts.mark(context)
}

function ingestRecord(context: SyncContext, raw: SourceRecord, changedContacts: ChangedContacts): void {
  const { store, source } = context
  const record = store.forgotten.isEmpty() ? raw : withoutForgotten(store, raw)
  switch (record.kind) {
    case 'customer':
      return ingestCustomer(context, record, changedContacts)
    case 'ticket':
      return ingestTicket(context, record, changedContacts)
    case 'session':
      if (context.streams.has('tickets') && store.tickets.sessions.put(source.name, record))
        changedContacts.ticket(record.ticketId)
      return
    case 'message':
      return ingestMessage(context, record, changedContacts)
    case 'satisfaction_survey':
      return ingestSurvey(context, record, changedContacts)
    case 'event':
      if (record.at >= context.goLive && isConcerned(context, record.type))
        store.sourceEvents.put(source.name, record)
      return
    case 'agent':
      store.agents.put(source.name, record)
      return store.customers.putOwnAddress(source.name, record)
    case 'agent_state':
      return store.agents.putState(source.name, record)
    case 'mailbox':
      return store.customers.putOwnAddress(source.name, record)
    case 'custom_field':
      return store.customers.putCustomField(source.name, record)
    case 'tag':
      return store.customers.putTag(source.name, record)
  }
}

function ingestCustomer(context: SyncContext, customer: Customer, changedContacts: ChangedContacts): void {
  const { before, changed } = context.store.customers.put(context.source.name, customer)
  if (customer.phone !== undefined) ingestPhone(context, customer.id, customer.phone, changedContacts)
  if (!changed) return
  const email = normalizeEmail(customer.email)
  changedContacts.email(before?.email ?? null)
  changedContacts.email(email)
  if (before?.email != null && before.email !== email) {
    const mayHaveContact = context.store.moves.put(context.source.name, customer.id, before.email)
    if (!mayHaveContact && email !== null)
      context.store.readdressOf(context.source.name, customer.id, before.email, email)
  }
  const about = { customerId: customer.id, email, ticket: null, survey: null }
  for (const transition of findCustomerTransitions(before, { ...customer, email }, context))
    stage(context, transition, about)
  const isUpdate =
    before !== null && !before.stub && context.supports.occurrences['customer.updated'] === 'derived'
  if (isUpdate && customer.updatedAt >= context.goLive)
    stage(
      context,
      { type: 'customer.updated', key: `${customer.id}/${customer.version}`, at: customer.updatedAt },
      about,
    )
}

/** Where the helpdesk lists phones. */
function ingestPhone(
  { store, source, defaultCountry }: SyncContext,
  customerId: RecordId,
  phone: string | null,
  changedContacts: ChangedContacts,
): void {
  const isValid = phone !== null && toE164(phone, defaultCountry) !== null
  if (store.customers.putPhone(source.name, customerId, phone, isValid)) changedContacts.customer(customerId)
}

/** Events of an address that never became a contact, and that nobody has any more, go to the new one. */
export function readdressUntold({ store }: SyncContext, from: string, to: string): void {
  const { exists, gone } = store.contacts.lastSent(from)
  if (exists || gone || store.customers.isLive(from)) return
  const hasOpen = store.outboxEvents.openOf(from).length > 0
  store.readdress(from, to)
  if (!hasOpen) return
  store.outboxContacts.mark(to, 'live')
}

function ingestTicket(context: SyncContext, ticket: Ticket, changedContacts: ChangedContacts): void {
  const { store, source } = context
  const mentioned = ticket.customer
  if (mentioned !== null && !store.customers.isRead(source.name, mentioned.id)) {
    ingestCustomer(context, mentioned, changedContacts)
  }
  const { before, changed, isNews } = store.tickets.put(source.name, ticket)
  if (!changed) return
  if (isNews && isToBeOpened(context, ticket)) {
    const { id: objectId, trail = '', updatedAt: at } = ticket
    const id = `${objectId}/${trail}`
    const entry = { kind: 'event', type: 'ticket_to_open', id, objectId, at } as const
    store.sourceEvents.put(source.name, { ...entry, names: [] })
    // It may have been so before.
    store.sourceEvents.reopen(source.name, id)
  }
  changedContacts.customer(before?.customerId ?? null)
  changedContacts.customer(ticket.customerId)
  if (before !== null) noteHandOver(context, before, ticket)
  const now = { ...ticket, counted: isCounted(ticket) }
  for (const transition of findTicketTransitions(before, now, context))
    stageForTicket(context, transition, toOccurrenceTicket(context, ticket), ticket.customerId)
  if (!now.counted) return
  for (const derived of deriveTicketTransitions(before, now, context)) {
    if (context.supports.occurrences[derived.type] !== 'derived') continue
    const shown = { ...toOccurrenceTicket(context, ticket), status: derived.status }
    stageForTicket(context, derived, shown, ticket.customerId, derived.details)
  }
}

/** It belongs to somebody else now: whoever had it may have been merged, and where customers have no list nothing else would tell. */
function noteHandOver(
  context: SyncContext,
  { customerId: from }: { customerId: RecordId | null },
  ticket: Ticket,
): void {
  if (!isSingly(context) || from === null || from === ticket.customerId) return
  const id = `${ticket.id}/${from}/left`
  const entry = { kind: 'event', type: 'customer_gone', id, objectId: from, at: ticket.updatedAt } as const
  context.store.sourceEvents.put(context.source.name, { ...entry, names: [] })
}

/** Whether what happened to it, or its first response, is wanted: its own address tells. */
function isToBeOpened({ supports, wants, goLive, streams }: SyncContext, ticket: Ticket): boolean {
  if (ticket.firstResponse === 'asked' && streams.has('messages')) return true
  if (!isCounted(ticket) || ticket.updatedAt < goLive) return false
  return [...wants].some((type) => supports.occurrences[type] === 'opened')
}

/** What was said fires by its own id, each time it is read: its ticket may have become known only now. */
function ingestMessage(context: SyncContext, message: Message, changedContacts: ChangedContacts): void {
  const { id, ticketId, author, ruleId, macroIds, createdAt: at } = message
  // It may come within its ticket, unasked.
  if (!context.streams.has('messages')) return
  if (context.store.tickets.putMessage(context.source.name, message)) changedContacts.ticket(ticketId)
  if (at < context.goLive) return
  if (author !== 'other') {
    const type = author === 'customer' ? 'ticket.message.received' : 'ticket.message.sent'
    stageForKnownTicket(context, { type, key: id, at }, ticketId, { message_id: id })
  }
  if (ruleId !== null)
    stageForKnownTicket(context, { type: 'rule.executed', key: id, at }, ticketId, { rule_id: ruleId })
  for (const macroId of macroIds) {
    const transition = { type: 'macro.applied', key: `${id}/${macroId}`, at } as const
    stageForKnownTicket(context, transition, ticketId, { macro_id: macroId })
  }
}

function ingestSurvey(
  context: SyncContext,
  survey: SatisfactionSurvey,
  changedContacts: ChangedContacts,
): void {
  const { store, source } = context
  if (!context.streams.has('satisfaction_surveys')) return
  const { before, changed } = store.surveys.put(source.name, survey)
  if (!changed) return
  changedContacts.customer(before?.customer_id ?? null)
  changedContacts.customer(survey.customerId)
  const ticket = survey.ticketId === null ? null : store.tickets.find(source.name, survey.ticketId)
  for (const transition of findSurveyTransitions(before, survey, context)) {
    stage(context, transition, {
      customerId: survey.customerId,
      email: emailOf(context, survey.customerId),
      ticket: ticket === null ? null : toOccurrenceTicket(context, ticket),
      // When it was made nobody had answered it yet, even if it is first seen with its answer.
      survey:
        transition.type !== 'satisfaction_survey.responded'
          ? { id: survey.id, score: null, comment: null }
          : survey,
    })
  }
}

export function markCustomer(context: SyncContext, customerId: RecordId | null): void {
  const email = emailOf(context, customerId)
  if (email !== null) context.store.outboxContacts.mark(email, context.priority)
}
