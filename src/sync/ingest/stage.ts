// What happened becomes an event of the outbox, in the transaction that saw it. Decided once: an occurrence that is seen again
// is known by its id, whatever connectors.yml says by then.
import { toEvent } from '../../mapping/apply.ts'
import type { EventRule } from '../../mapping/compile.ts'
import { isMet, type Values } from '../../mapping/expressions.ts'
import { toEventValues } from '../../mapping/variables.ts'
import {
  type Occurrence,
  type OccurrenceSession,
  type OccurrenceTicket,
  type OccurrenceType,
  toEventId,
} from '../../model/occurrence.ts'
import type { AttributeValue } from '../../model/operations.ts'
import { type ProfileSession, toProfile } from '../../model/profile.ts'
import type { RecordId, Ticket } from '../../model/records.ts'
import { fromMs, type Instant } from '../../model/time.ts'
import { META } from '../../state/meta.ts'
import type { StoredTicket } from '../../state/records/tickets.ts'
import type { SyncContext } from '../context.ts'
import { enlist, withoutComment } from '../campaigns/enqueue.ts'
import type { Transition } from './transitions.ts'

type About = Omit<Occurrence, 'type' | 'key' | 'at' | 'email'> & { email: string | null }

/** Nobody to tell: a customer without an address, or one of the shop's own. Called in a transaction. */
export function stage(context: SyncContext, transition: Transition, about: About): void {
  const { store, eventHorizon, wants } = context
  const { email } = about
  if (email === null || !wants.has(transition.type) || store.customers.isOwnAddress(email)) return
  if (transition.at < Math.max(eventHorizon, wantedSince(context, transition.type))) return
  const occurrence: Occurrence = { ...transition, ...about, email }
  const rule = context.rules.events[transition.type]
  if (rule !== undefined) stageEvent(context, occurrence, rule)
  enlist(context, occurrence)
  if (context.handled.has(occurrence.type))
    store.handlerEvents.put(
      toEventId(context.account, occurrence.type, occurrence.key),
      context.source.name,
      withoutComment(occurrence),
    )
}

/** Only a ticket's own history goes back to before somebody wanted it. */
function wantedSince({ store, source, supports }: SyncContext, type: OccurrenceType): Instant {
  if (supports.occurrences[type] !== 'opened') return 0
  return store.meta.get(META.openedSince(source.name))?.[type] ?? 0
}

function stageEvent(context: SyncContext, occurrence: Occurrence, rule: EventRule): void {
  const { store, account, priority, source, helpdesk } = context
  if (store.outboxEvents.has(toEventId(account, occurrence.type, occurrence.key))) return
  let known: Values | null = null
  const values = (): Values => (known ??= valuesOf(context, occurrence))
  const event = toEvent(occurrence, rule, { account, connector: source.name, helpdesk }, values)
  const reason = findObjection(context, occurrence, rule, values)
  if (reason !== null) return store.outboxEvents.stageSkipped(source.name, event, occurrence.at, reason)
  store.outboxEvents.stage(source.name, event, occurrence.at, priority === 'live')
  // An event waits for its contact: make sure that there is one.
  store.outboxContacts.mark(occurrence.email, 'live')
}

/** Why it is not sent; null if it is. */
function findObjection(
  { source }: SyncContext,
  occurrence: Occurrence,
  { when, maxAgeMs }: EventRule,
  values: () => Values,
): string | null {
  if (maxAgeMs !== null && occurrence.at < source.now() - fromMs(maxAgeMs))
    return 'It was first seen later than `max_age` after it happened.'
  if (when !== null && !isMet(when, values())) return `\`when\` was not met: ${when.source}`
  return null
}

/** What expressions may name, as it is known now. */
export function valuesOf(
  { store, source }: Pick<SyncContext, 'store' | 'source'>,
  occurrence: Occurrence,
): Values {
  const profile = toProfile(store.recordsOf(source.name, occurrence.email))
  const ticketId = occurrence.ticket?.id ?? null
  const score = ticketId === null ? null : store.surveys.scoreOf(source.name, ticketId)
  return toEventValues(occurrence, profile, score, store.customers.customFields(source.name))
}

/** An event on the timeline of a ticket's customer. */
export function stageForTicket(
  context: SyncContext,
  transition: Transition,
  ticket: OccurrenceTicket,
  customerId: RecordId | null,
  details?: Record<string, AttributeValue>,
): void {
  stage(context, transition, {
    customerId,
    email: emailOf(context, customerId),
    ticket,
    survey: null,
    details,
  })
}

/** The same for a ticket that the state knows; nothing for one that it does not know, or that does not count. */
export function stageForKnownTicket(
  context: SyncContext,
  transition: Transition,
  ticketId: RecordId,
  details?: Record<string, AttributeValue>,
): void {
  if (!context.wants.has(transition.type) || transition.at < context.goLive) return
  const ticket = context.store.tickets.find(context.source.name, ticketId)
  if (ticket === null || !ticket.counted) return
  stageForTicket(context, transition, toOccurrenceTicket(context, ticket), ticket.customerId, details)
}

/** An event on the timeline of a customer. */
export function stageForCustomer(
  context: SyncContext,
  transition: Transition,
  customerId: RecordId,
  details?: Record<string, AttributeValue>,
): void {
  if (!context.wants.has(transition.type) || transition.at < context.goLive) return
  const email = emailOf(context, customerId)
  stage(context, transition, { customerId, email, ticket: null, survey: null, details })
}

export function toOccurrenceTicket(
  { store, source, withTags }: Pick<SyncContext, 'store' | 'source' | 'withTags'>,
  ticket: Pick<StoredTicket, 'id' | 'subject' | 'channel' | 'status' | 'createdAt' | 'tags'> &
    Pick<Ticket, 'channelSource' | 'assigneeName' | 'groupName'>,
): OccurrenceTicket {
  const {
    id,
    subject,
    channel,
    channelSource = null,
    status,
    assigneeName = null,
    groupName = null,
    createdAt,
  } = ticket
  const tags = withTags ? ticket.tags : []
  const firstResponseAt = store.tickets.firstResponse(source.name, id)
  const session = store.tickets.sessions.of(source.name, id).at(-1)
  return {
    id,
    subject,
    channel,
    channelSource,
    status,
    tags,
    assigneeName,
    groupName,
    createdAt,
    firstResponseAt,
    ...(session === undefined ? {} : { session: toOccurrenceSession(session) }),
  }
}

function toOccurrenceSession({
  channel,
  direction,
  status,
  inboxWhenQueued,
  inboxWhenEnded,
}: ProfileSession): OccurrenceSession {
  return { channel, direction, status, inboxWhenQueued, inboxWhenEnded }
}

/** The address of a customer, or of the one they were merged into. */
export function emailOf(
  { store, source }: Pick<SyncContext, 'store' | 'source'>,
  customerId: RecordId | null,
): string | null {
  return customerId === null ? null : store.customers.emailOf(source.name, customerId)
}
