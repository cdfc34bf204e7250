// What happened to a ticket of a helpdesk that has no event feed: the difference between two readings of it. Pure. What leaves no
// trace between them is not seen; docs/definitions.md names it.
import type { OccurrenceType } from '../../model/occurrence.ts'
import type { AttributeValue } from '../../model/operations.ts'
import type { Ticket } from '../../model/records.ts'
import type { Instant } from '../../model/time.ts'
import type { StoredTicket } from '../../state/records/tickets.ts'
import type { Transition } from './transitions.ts'

export interface Derived extends Transition {
  type: OccurrenceType
  /** The ticket's own at that time: a closing that was followed by a reopening is told as a closing. */
  status: 'open' | 'closed'
  details?: Record<string, AttributeValue>
}

type Before = Pick<
  StoredTicket,
  'status' | 'closedAt' | 'snoozedUntil' | 'assigneeName' | 'tags' | 'updatedAt'
> | null
type Now = Ticket & { counted: boolean }

/** Oldest first. Keys are made of what the helpdesk says, so that every machine gives an occurrence the same id. */
export function deriveTicketTransitions(
  before: Before,
  now: Now,
  { goLive }: { goLive: Instant },
): Derived[] {
  return [...deriveStatus(before, now), ...deriveChanges(before, now)]
    .filter(({ at }) => at >= goLive)
    .toSorted((a, b) => a.at - b.at)
}

function deriveStatus(before: Before, now: Now): Derived[] {
  const { id, updatedAt, snoozedUntil, closedAt } = now
  const wasAsleep = before !== null && isAsleep(before)
  const wasClosed = before?.status === 'closed' && !wasAsleep
  if (isAsleep(now))
    return wasAsleep
      ? []
      : [{ type: 'ticket.snoozed', key: `${id}/${snoozedUntil}`, at: updatedAt, status: 'closed' }]
  const closed = findClosing(before, now)
  const found: Derived[] = []
  if (wasAsleep && now.status === 'open' && closed === null)
    found.push({
      type: 'ticket.unsnoozed',
      key: `${id}/${before.snoozedUntil}`,
      at: updatedAt,
      status: 'open',
    })
  if (closed !== null)
    found.push({ type: 'ticket.closed', key: `${id}/${closed}`, at: closed, status: 'closed' })
  // It was closed before, or in between.
  const last = closed ?? (wasClosed ? (before.closedAt ?? closedAt) : null)
  if (now.status === 'open' && last !== null) {
    const at = Math.max(now.reopenedAt ?? updatedAt, last)
    found.push({ type: 'ticket.reopened', key: `${id}/${last}`, at, status: 'open' })
  }
  return found
}

/** A closing that was not known: of a later date, or, where the helpdesk tells none, the first reading that shows it. */
function findClosing(before: Before, now: Now): Instant | null {
  if (now.closedAt !== null)
    return before?.closedAt == null || isAsleep(before) || now.closedAt > before.closedAt
      ? now.closedAt
      : null
  const isNew = now.status === 'closed' && (before === null || before.status === 'open' || isAsleep(before))
  return isNew ? now.updatedAt : null
}

function deriveChanges(
  before: Before,
  { id, version, updatedAt: at, status, tags, assigneeName }: Now,
): Derived[] {
  if (before === null) return []
  const key = `${id}/${version}`
  // A reading may know more without anything having happened.
  const found: Derived[] = before.updatedAt === at ? [] : [{ type: 'ticket.updated', key, at, status }]
  // Two tags may come without moving the date in between.
  const tagKey = `${key}/${tags.toSorted().join(',')}`
  if (assigneeName != null && assigneeName !== before.assigneeName)
    found.push({ type: 'ticket.assigned', key, at, status })
  const added = tags.filter((tag) => !before.tags.includes(tag))
  if (added.length > 0)
    found.push({ type: 'ticket.tagged', key: tagKey, at, status, details: { tags_added: added } })
  const removed = before.tags.filter((tag) => !tags.includes(tag))
  if (removed.length > 0)
    found.push({ type: 'ticket.untagged', key: tagKey, at, status, details: { tags_removed: removed } })
  return found
}

const isAsleep = ({ status, snoozedUntil }: { status: string; snoozedUntil: Instant | null }): boolean =>
  status === 'closed' && snoozedUntil !== null
