// Events are told to the address of a customer as it is known. A survey names its customer by id only, and a page of tickets or
// surveys may be read before the page that shows a new customer, or a new address: whoever is concerned is then read first, or
// there would be nobody to tell.
import { normalizeEmail } from '../model/email.ts'
import type { RecordId, SourceRecord } from '../model/records.ts'
import type { SyncContext } from './context.ts'
import { emailOf } from './stage.ts'
import { reread } from './reread.ts'

const MESSAGE_EVENTS = [
  'ticket.message.received',
  'ticket.message.sent',
  'macro.applied',
  'rule.executed',
] as const

export async function readMentioned(
  context: SyncContext,
  records: readonly SourceRecord[],
  signal?: AbortSignal,
): Promise<void> {
  const { store, source, goLive, streams } = context
  const readCustomer = async (id: RecordId): Promise<void> => {
    ;(await reread(context, 'customer', id, signal))()
  }
  const isNobody = (email: string | null): boolean => email === null || store.customers.isOwnAddress(email)
  for (const record of records) {
    if (record.kind === 'ticket') {
      const { customerId, customer, createdAt } = record
      if (customerId === null || createdAt < goLive || store.tickets.find(source.name, record.id) !== null)
        continue
      // The ticket shows an address that the customer did not have when they were read.
      const isRead = store.customers.isRead(source.name, customerId)
      if (isRead && normalizeEmail(customer?.email) !== emailOf(context, customerId))
        await readCustomer(customerId)
    } else if (record.kind === 'message') {
      // What was said in a ticket that no page has shown yet.
      const isTold = record.createdAt >= goLive && MESSAGE_EVENTS.some((type) => context.wants.has(type))
      if (isTold && streams.has('tickets') && store.tickets.find(source.name, record.ticketId) === null)
        (await reread(context, 'ticket', record.ticketId, signal))()
    } else if (record.kind === 'satisfaction_survey') {
      const { customerId, ticketId, createdAt, scoredAt } = record
      if (Math.max(createdAt, scoredAt ?? 0) < goLive || store.surveys.isSame(source.name, record)) continue
      if (customerId !== null && isNobody(emailOf(context, customerId))) await readCustomer(customerId)
      if (ticketId !== null && streams.has('tickets') && store.tickets.find(source.name, ticketId) === null)
        (await reread(context, 'ticket', ticketId, signal))()
    }
  }
}
