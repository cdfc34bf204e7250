// Events are told to the address of a customer as it is known. A survey names its customer by id only, and a page of tickets or
// surveys may be read before the page that shows a new customer, or a new address: whoever is concerned is then read first, or
// there would be nobody to tell.
import { normalizeEmail } from '../model/email.ts'
import type { RecordId, SourceRecord } from '../model/records.ts'
import type { SyncContext } from './context.ts'
import { emailOf } from './ingest.ts'
import { reread } from './reread.ts'

export async function readMentioned(
  context: SyncContext,
  records: readonly SourceRecord[],
  signal?: AbortSignal,
): Promise<void> {
  const { store, source, goLive, streams } = context
  const readCustomer = async (id: RecordId | null): Promise<void> => {
    if (id !== null && emailOf(context, id) === null) (await reread(context, 'customer', id, signal))()
  }
  for (const record of records) {
    if (record.kind === 'ticket') {
      const isNew = record.createdAt >= goLive && store.tickets.find(source.name, record.id) === null
      // One that was not read itself is taken as the ticket names it.
      const isRead = record.customerId !== null && store.customers.isRead(source.name, record.customerId)
      if (isNew && isRead && normalizeEmail(record.customer?.email) !== null)
        await readCustomer(record.customerId)
    } else if (record.kind === 'satisfaction_survey') {
      const { customerId, ticketId, createdAt, scoredAt } = record
      if (Math.max(createdAt, scoredAt ?? 0) < goLive || store.surveys.isSame(source.name, record)) continue
      await readCustomer(customerId)
      if (ticketId !== null && streams.has('tickets') && store.tickets.find(source.name, ticketId) === null)
        (await reread(context, 'ticket', ticketId, signal))()
    }
  }
}
