// What a handler is given of an occurrence: as it happened, with what is known of it now.
import { firstResponseMinutes, resolutionMinutes } from '../../mapping/variables.ts'
import type { Occurrence, OccurrenceType } from '../../model/occurrence.ts'
import type { AttributeValue } from '../../model/operations.ts'
import { toProfile } from '../../model/profile.ts'
import { toIso } from '../../model/time.ts'
import type { HandlerEvent } from '../../state/delivery/handler-events.ts'
import type { Store } from '../../state/store.ts'

/** Times in minutes, dates as ISO 8601; what is not known is null. */
export interface DeliveredEvent<Type extends OccurrenceType = OccurrenceType> {
  /** The same as `event_properties.event_id` in Brevo. */
  id: string
  type: Type
  at: string
  connector: string
  customer: { id: string | null; email: string; name: string | null }
  assignee: { name: string | null }
  ticket: { id: string; status: 'open' | 'closed' } | null
  subject: string | null
  channel: string | null
  status: 'open' | 'closed' | null
  tags: string[]
  resolution_time: number | null
  first_response_time: number | null
  /** NaN where nobody scored: every comparison with it is false. */
  satisfaction_score: number
  /** What this kind of occurrence tells besides: `tags_added`, `merged_into` … */
  details: Record<string, AttributeValue>
  /** How often it was tried before. */
  attempts: number
}

export function toDeliveredEvent(
  store: Store,
  source: string,
  { id, occurrence, attempts }: HandlerEvent,
): DeliveredEvent {
  const { ticket, survey, email } = occurrence
  const profile = toProfile(store.recordsOf(source, email))
  return {
    id,
    type: occurrence.type,
    at: toIso(occurrence.at),
    connector: source,
    customer: { id: occurrence.customerId, email, name: profile?.customer.name ?? null },
    assignee: { name: ticket?.assigneeName ?? null },
    ticket: ticket === null ? null : { id: ticket.id, status: ticket.status },
    subject: ticket?.subject ?? null,
    channel: ticket?.channel ?? null,
    status: ticket?.status ?? null,
    tags: ticket?.tags ?? [],
    resolution_time: resolutionMinutes(occurrence),
    first_response_time: firstResponseMinutes(occurrence),
    satisfaction_score: survey?.score ?? scoreOf(store, source, occurrence) ?? Number.NaN,
    details: occurrence.details ?? {},
    attempts,
  }
}

function scoreOf(store: Store, source: string, { ticket }: Occurrence): number | null {
  return ticket === null ? null : store.surveys.scoreOf(source, ticket.id)
}
