// One person, at once and whole: for somebody who does not want to wait for the next look at everybody.
import type { RecordId } from '../../model/records.ts'
import type { SyncContext } from '../context.ts'
import { ingestPage } from '../ingest/ingest.ts'
import { requireReferenced } from './referenced.ts'
import { refetch } from './refetch.ts'

/** Every customer with this address, with tickets, messages and surveys. False if there is none. */
export async function readPerson(
  context: SyncContext,
  email: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { store, source } = context
  const known = store.customers.withEmail(source.name, email).map((one) => one.id)
  const page = await source.readOf('customers', email, signal)
  store.transaction(() => ingestPage(context, 'customers', page))
  const listed = page.records.map((one) => one.id)
  // The helpdesk does not list them under the address any more: moved, merged or deleted.
  for (const id of known.filter((one) => !listed.includes(one)))
    (await refetch(context, 'customer', id, signal))()
  const people = new Set([...known, ...listed])
  for (const id of people) await readCustomer(context, id, signal)
  store.transaction(() => store.outboxContacts.mark(email, 'live'))
  return people.size > 0
}

async function readCustomer(context: SyncContext, id: RecordId, signal?: AbortSignal): Promise<void> {
  const { store, source, streams } = context
  if (!streams.has('tickets')) return
  const tickets = await source.readOf('tickets', id, signal)
  await requireReferenced(context, tickets.records, signal)
  store.transaction(() => ingestPage(context, 'tickets', tickets))
  for (const ticket of tickets.records) {
    for (const stream of ['messages', 'satisfaction_surveys'] as const) {
      if (!streams.has(stream)) continue
      const page = await source.readOf(stream, ticket.id, signal)
      await requireReferenced(context, page.records, signal)
      store.transaction(() => ingestPage(context, stream, page))
    }
  }
}
