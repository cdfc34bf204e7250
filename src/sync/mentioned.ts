// A survey names its customer and its ticket by id only. While the first sync is under way, one that is told of now may be of
// a customer that was not read yet: whoever answered is read first, or there would be nobody to tell.
import type { SourceRecord } from '../model/records.ts'
import type { SyncContext } from './context.ts'
import { reread } from './reread.ts'

export async function readMentioned(
  context: SyncContext,
  records: readonly SourceRecord[],
  signal?: AbortSignal,
): Promise<void> {
  const { store, source, goLive, streams } = context
  for (const record of records) {
    if (record.kind !== 'satisfaction_survey') continue
    const { customerId, ticketId, createdAt, scoredAt } = record
    if (Math.max(createdAt, scoredAt ?? 0) < goLive) continue
    if (customerId !== null && !store.customers.isKnown(source.name, customerId))
      (await reread(context, 'customer', customerId, signal))()
    if (ticketId !== null && streams.has('tickets') && store.tickets.find(source.name, ticketId) === null)
      (await reread(context, 'ticket', ticketId, signal))()
  }
}
