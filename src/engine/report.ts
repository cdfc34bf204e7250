// What a run did, in counts.
import type { DeliveryReport } from '../outbox/report.ts'
import type { Store } from '../state/store.ts'
import type { Instant } from '../model/time.ts'

export type Progress =
  | { phase: 'sampling'; done: number; total: number }
  | { phase: 'reading'; read: Record<string, number> }
  | { phase: 'writing'; report: DeliveryReport; remaining: () => { contacts: number; events: number } }

export interface SyncReport {
  connector: string
  read: Record<string, number>
  contacts: { written: number; unchanged: number; repaired: number }
  /** `confirmed`: in doubt before, and found in Brevo. `inDoubt`: no answer came; Brevo is asked for them later. */
  events: { sent: number; confirmed: number; inDoubt: number }
  /** Set aside in this run, or before and still not delivered. */
  setAside: number
  /** Events that a next run sends, because they happened while this one was reading, are among them. */
  undelivered: { contacts: number; events: number }
  /** Set where a guard stopped something: so many memberships would have been taken away. */
  heldRemovals: { count: number; limit: number } | null
  warnings: string[]
  seconds: number
}

export function toSyncReport(
  store: Store,
  run: {
    connector: string
    read: Record<string, number>
    delivery: DeliveryReport
    warnings: string[]
    since: Instant
    tookMs: number
  },
): SyncReport {
  const { connector, read, delivery, warnings } = run
  const counts = store.outboxEvents.counts()
  const own = store.outboxEvents.counts(connector)
  const { contacts, events } = store.backlog.undelivered()
  return {
    connector,
    read,
    contacts: {
      written: delivery.contactsWritten,
      unchanged: delivery.contactsUnchanged,
      repaired: delivery.repaired,
    },
    events: {
      sent: delivery.eventsSent,
      confirmed: delivery.eventsConfirmed,
      inDoubt: counts.uncertain ?? 0,
    },
    setAside: store.deadLetters.countSince(run.since),
    undelivered: { contacts, events: events + (own.staged ?? 0) + (own.found ?? 0) },
    heldRemovals: delivery.heldRemovals,
    warnings,
    seconds: Math.round(run.tookMs / 100) / 10,
  }
}
