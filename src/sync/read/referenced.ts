// Events are sent to the address of a customer as it is known. A survey names its customer by id only, and a page of tickets or
// surveys may be read before the page that shows a new customer, or a new address: whoever is concerned is then read first, or
// there would be nobody to tell.
import { TajoError } from '../../lib/errors.ts'
import { normalizeEmail } from '../../model/email.ts'
import { HOME_OF, type RecordId, type SourceRecord } from '../../model/records.ts'
import { META } from '../../state/meta.ts'
import { isSingly, type SyncContext } from '../context.ts'
import { emailOf } from '../ingest/stage.ts'
import { refetch } from './refetch.ts'

const MESSAGE_EVENTS = [
  'ticket.message.received',
  'ticket.message.sent',
  'macro.applied',
  'rule.executed',
] as const

/** What a record waits for. */
export interface Waiting {
  /** The object to ask for again. */
  stream: string
  id: RecordId
  reason: string
}

/** Reads whom the records name. Those of the records that have to wait, because the helpdesk does not give whom they name. */
export async function readReferenced(
  context: SyncContext,
  records: readonly SourceRecord[],
  signal?: AbortSignal,
): Promise<Map<SourceRecord, Waiting>> {
  const waiting = new Map<SourceRecord, Waiting>()
  const failed = new Map<string, string>()
  for (const record of records) {
    for (const [kind, id] of toRead(context, record)) {
      const key = `${kind}/${id}`
      try {
        if (!failed.has(key)) (await refetch(context, kind, id, signal))()
      } catch (thrown) {
        if (!(thrown instanceof TajoError) || thrown.kind !== 'record') throw thrown
        failed.set(key, thrown.message)
      }
      const reason = failed.get(key)
      if (reason === undefined) continue
      waiting.set(record, {
        ...toObject(record),
        reason: `Its ${kind} ${id} is not to be had: ${reason}`,
      })
    }
  }
  return waiting
}

/** Messages are not asked for one by one: their ticket is, and they come with it. */
function toObject(record: SourceRecord): Pick<Waiting, 'stream' | 'id'> {
  return record.kind === 'message'
    ? { stream: 'tickets', id: record.ticketId }
    : { stream: HOME_OF[record.kind], id: record.id }
}

function* toRead(
  context: SyncContext,
  record: SourceRecord,
): Generator<[kind: 'customer' | 'ticket', id: RecordId]> {
  const { store, source, goLive, streams } = context
  const isUnknown = (ticketId: RecordId): boolean =>
    streams.has('tickets') && store.tickets.find(source.name, ticketId) === null
  const isNobody = (email: string | null): boolean => email === null || store.customers.isOwnAddress(email)
  if (record.kind === 'ticket') {
    const { customerId, customer, createdAt, updatedAt } = record
    if (isSingly(context)) {
      // Of what was before a first sync asks when it has read all that has a list.
      if (context.priority === 'live' || updatedAt >= goLive) yield* toReadCustomer(context, customerId)
      return
    }
    if (customerId === null || createdAt < goLive || store.tickets.find(source.name, record.id) !== null)
      return
    // The ticket shows an address that the customer did not have when they were read.
    const isRead = store.customers.isRead(source.name, customerId)
    if (isRead && normalizeEmail(customer?.email) !== emailOf(context, customerId))
      yield ['customer', customerId]
  } else if (record.kind === 'message') {
    // What was said in a ticket that no page has shown yet.
    const isTold = record.createdAt >= goLive && MESSAGE_EVENTS.some((type) => context.wants.has(type))
    if (isTold && isUnknown(record.ticketId)) yield ['ticket', record.ticketId]
    else if (isTold && isSingly(context))
      yield* toReadCustomer(context, store.tickets.find(source.name, record.ticketId)?.customerId ?? null)
  } else if (record.kind === 'satisfaction_survey') {
    const { customerId, ticketId, createdAt, scoredAt } = record
    if (Math.max(createdAt, scoredAt ?? 0) < goLive || store.surveys.isSame(source.name, record)) return
    if (customerId !== null && isNobody(emailOf(context, customerId))) yield ['customer', customerId]
    if (ticketId !== null && isUnknown(ticketId)) yield ['ticket', ticketId]
  }
}

/** Whom nothing else would have read; also who may have another address by now: after a gap, or where a change of theirs was not read yet. */
function* toReadCustomer(
  { store, source }: SyncContext,
  id: RecordId | null,
): Generator<['customer', RecordId]> {
  if (id === null) return
  const inDoubt = store.meta.get(META.customersInDoubt(source.name))
  const isVerified = inDoubt === null || id <= inDoubt
  const isChanged = store.sourceEvents.isAwaited(source.name, id)
  if (!isVerified || isChanged || !store.customers.isKnown(source.name, id)) yield ['customer', id]
}

/** Whoever a ticket belongs to is to be told of it, and where customers have no list, may not have been read. */
export async function requireCustomerOf(
  context: SyncContext,
  ticketId: RecordId,
  signal?: AbortSignal,
): Promise<void> {
  if (!isSingly(context)) return
  const customerId = context.store.tickets.find(context.source.name, ticketId)?.customerId ?? null
  for (const [kind, id] of toReadCustomer(context, customerId)) (await refetch(context, kind, id, signal))()
}

/** Throws `record_unavailable` where any of the records has to wait: for whoever reads but one object. */
export async function requireReferenced(
  context: SyncContext,
  records: readonly SourceRecord[],
  signal?: AbortSignal,
): Promise<void> {
  for (const { reason } of (await readReferenced(context, records, signal)).values())
    throw new TajoError('record_unavailable', reason)
}
