// Reads one object again where no list tells what became of it: deletions and merges are seen here alone, by the object's own
// address answering 404 or 301. An absence from a list never removes anything.
import type { RecordId, SourceRecord } from '../../model/records.ts'
import { isSingly, type SyncContext } from '../context.ts'
import { ingestPage, ingestRecords, markCustomer, readdressUntold } from '../ingest/ingest.ts'
import { emailOf, stageForCustomer, stageForKnownTicket } from '../ingest/stage.ts'

export type ObjectKind = 'customer' | 'ticket' | 'satisfaction_survey'

/** Asks what has to be asked; the function it gives changes the state, all at once, in a transaction. */
export async function refetch(
  context: SyncContext,
  kind: ObjectKind,
  id: RecordId,
  signal?: AbortSignal,
  prepare?: (context: SyncContext, records: readonly SourceRecord[], signal?: AbortSignal) => Promise<void>,
): Promise<() => void> {
  const { store, source } = context
  const watch = context.freshness.watch()
  try {
    const object = await source.refetch(kind, id, signal)
    if (object.found === 'record') await prepare?.(context, object.records, signal)
    const survivor = object.found === 'merged' ? await readSurvivor(context, kind, object.into, signal) : null
    const isOvertaken =
      context.priority !== 'live' &&
      object.found === 'record' &&
      // What comes with every object, such as the fields that it has, says nothing of this one.
      object.records.some((record) => record.kind !== 'custom_field' && watch.isOvertaken(record))
    return () =>
      store.transaction(() => {
        if (isOvertaken) return
        if (object.found === 'record') {
          if (kind === 'satisfaction_survey')
            ingestPage(context, 'satisfaction_surveys', { records: object.records, invalid: [] })
          else ingestRecords(context, object.records)
          return
        }
        context.freshness.note(kind, id)
        const into = object.found === 'merged' ? object.into : null
        if (kind === 'ticket') removeTicket(context, id, into)
        else if (kind === 'satisfaction_survey') removeSurvey(context, id)
        else if (into !== null) {
          mergeCustomer(context, id, into)
          survivor?.()
        } else removeCustomer(context, id)
      })
  } finally {
    watch.close()
  }
}

/** Where customers have no list, nothing else would have them read. */
async function readSurvivor(
  context: SyncContext,
  kind: ObjectKind,
  id: RecordId,
  signal?: AbortSignal,
): Promise<(() => void) | null> {
  const { store, source } = context
  const isAsked = kind === 'customer' && isSingly(context) && !store.customers.isKnown(source.name, id)
  return isAsked ? await refetch(context, 'customer', id, signal) : null
}

function removeTicket(context: SyncContext, id: RecordId, into: RecordId | null): void {
  const { store, source } = context
  if (into !== null) {
    const transition = { type: 'ticket.merged', key: id, at: source.now() } as const
    stageForKnownTicket(context, transition, id, { merged_into: into })
  }
  store.tickets.remove(source.name, id, into)
  // What stands in it goes with it.
  if (context.supports.streams.satisfaction_surveys?.mode === 'within')
    store.surveys.removeOfTicket(source.name, id)
  markCustomer(context, store.tickets.find(source.name, id)?.customerId ?? null)
}

function removeSurvey(context: SyncContext, id: RecordId): void {
  const { store, source } = context
  markCustomer(context, store.surveys.customerOf(source.name, id))
  store.surveys.remove(source.name, id)
}

function removeCustomer(context: SyncContext, id: RecordId): void {
  markCustomer(context, id)
  const email = emailOf(context, id)
  // Whoever is no contact does not become one by being deleted.
  if (email !== null && context.store.contacts.lastSent(email).exists)
    stageForCustomer(context, { type: 'customer.deleted', key: id, at: context.source.now() }, id)
  context.store.customers.remove(context.source.name, id)
}

/** Tickets and surveys of `from` count for `into` from now on; both contacts are looked at again. */
export function mergeCustomer(context: SyncContext, from: RecordId, into: RecordId): void {
  const { store, source } = context
  const before = emailOf(context, from)
  markCustomer(context, from)
  store.customers.merge(source.name, from, into)
  markCustomer(context, into)
  stageForCustomer(context, { type: 'customer.merged', key: from, at: source.now() }, into, {
    merged_from: from,
  })
  const after = emailOf(context, into)
  if (before !== null && after !== null && before !== after) readdressUntold(context, before, after)
}
