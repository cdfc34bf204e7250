// What was told of a contact, what was not, and why.
import { formatTime } from '../lib/human.ts'
import { toIso } from '../model/time.ts'
import type { CampaignState } from '../state/delivery/campaign-entries.ts'
import type { LedgerRow } from '../state/delivery/ledger.ts'
import type { EventState } from '../state/delivery/outbox-events.ts'
import type { Store } from '../state/store.ts'

export interface ExplainedEvent {
  name: string
  event_id: string
  state: 'sent' | 'pending' | 'held' | 'too_old' | 'not_met' | 'refused'
  reason: string
  /** When it happened; ISO 8601. */
  at: string
}

export interface ExplainedCampaign {
  campaign: string
  event_id: string
  state: CampaignState
  reason: string
  at: string
}

const MOST = 200

export function explainEvents(store: Store, email: string): ExplainedEvent[] {
  return store.ledger.of(email, MOST).map((row) => ({
    name: row.name,
    event_id: row.eventId,
    ...explainState(store, row),
    at: toIso(row.occurredAt),
  }))
}

const WAITS: Partial<Record<EventState, string>> = {
  found: 'It was found in the background, and joins the next run.',
  staged: 'The run that found it is still reading.',
  pending: 'It is to be sent: after its contact, and after everything earlier of the same contact.',
  sending: 'It is on its way.',
}

function explainState(store: Store, row: LedgerRow): Pick<ExplainedEvent, 'state' | 'reason'> {
  const letter = store.deadLetters.find('event', row.eventId)
  switch (row.state) {
    case 'sent':
      return {
        state: 'sent',
        reason: row.sentAt === null ? 'Sent.' : `Sent at ${formatTime(toIso(row.sentAt))}.`,
      }
    case 'uncertain':
      return {
        state: 'held',
        reason: 'It left and was not answered: Brevo is asked for it before it is sent again.',
      }
    case 'parked':
      return { state: 'held', reason: letter?.reason ?? 'It is in doubt, and a person decides.' }
    case 'refused':
      return { state: 'refused', reason: letter?.reason ?? 'Brevo refused it.' }
    case 'skipped':
      return {
        state: row.reason !== null && row.reason.includes('max_age') ? 'too_old' : 'not_met',
        reason: row.reason ?? 'There was no contact to send it to.',
      }
    case 'found':
    case 'staged':
    case 'pending':
    case 'sending':
      return { state: 'pending', reason: WAITS[row.state] ?? 'It waits.' }
  }
}

export function explainCampaigns(store: Store, email: string): ExplainedCampaign[] {
  return store.campaigns.ofContact(email).map((entry) => ({
    campaign: entry.campaign,
    event_id: entry.id,
    state: entry.state,
    reason:
      entry.reason ??
      (entry.state === 'fired'
        ? `Fired at ${formatTime(toIso(entry.decidedAt ?? entry.dueAt))}.`
        : `To be decided at ${formatTime(toIso(entry.dueAt))}.`),
    at: toIso(entry.occurredAt),
  }))
}
