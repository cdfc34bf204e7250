// What happened, as the difference between what was known of a record and what it is now. Pure. Events come from here and
// from the event feed (sync/read/feed.ts), never from a row having been seen.
import type { OccurrenceType } from '../../model/occurrence.ts'
import type { Instant } from '../../model/time.ts'

export interface Transition {
  type: OccurrenceType
  /** With the type, the identity of the occurrence. */
  key: string
  at: Instant
}

interface Since {
  goLive: Instant
}

/** A customer counts as created when there is an address to reach them at for the first time. */
export function findCustomerTransitions(
  before: { email: string | null; stub: boolean } | null,
  now: { id: string; email: string | null; createdAt: Instant },
  { goLive }: Since,
): Transition[] {
  const isNew = before === null || before.stub || before.email === null
  return isNew && now.email !== null && now.createdAt >= goLive
    ? [{ type: 'customer.created', key: now.id, at: now.createdAt }]
    : []
}

/** A ticket counts as created when it first counts: spam that turns out to be none is created then. */
export function findTicketTransitions(
  before: { counted: boolean } | null,
  now: { id: string; counted: boolean; createdAt: Instant },
  { goLive }: Since,
): Transition[] {
  const isNew = before === null || !before.counted
  return isNew && now.counted && now.createdAt >= goLive
    ? [{ type: 'ticket.created', key: now.id, at: now.createdAt }]
    : []
}

/**
 * A survey is answered once: a corrected score changes attributes, and is no second answer. One that was seen unscored and
 * has a score now was answered since, whatever its `scored_datetime` says.
 */
export function findSurveyTransitions(
  before: { score: number | null; sent_at: Instant | null } | null,
  now: {
    id: string
    score: number | null
    createdAt: Instant
    sentAt: Instant | null
    scoredAt: Instant | null
  },
  { goLive }: Since,
): Transition[] {
  const transitions: Transition[] = []
  if (before === null && now.createdAt >= goLive) {
    transitions.push({ type: 'satisfaction_survey.created', key: now.id, at: now.createdAt })
  }
  if (now.sentAt !== null && now.sentAt >= goLive && (before === null || before.sent_at === null))
    transitions.push({ type: 'satisfaction_survey.sent', key: now.id, at: now.sentAt })
  if (now.score !== null && now.scoredAt !== null) {
    const answered = before === null ? now.scoredAt >= goLive : before.score === null
    if (answered) transitions.push({ type: 'satisfaction_survey.responded', key: now.id, at: now.scoredAt })
  }
  return transitions
}
