// Events that were sent, and that Brevo does not have: in doubt again, so that it is asked before anything is sent twice.
import type { Store } from '../state/store.ts'

export interface Replayed {
  eventId: string
  email: string
}

/** Gives how many are sent again, unless a look finds them; those whose content is not kept any more are left. */
export function replayEvents(store: Store, events: readonly Replayed[]): number {
  return store.transaction(() => {
    let replayed = 0
    for (const { eventId, email } of events) {
      if (!store.ledger.replay(eventId)) continue
      replayed += 1
      // Whether the contact is still there is seen first: one that was deleted gets no events.
      store.outboxContacts.mark(email, 'background')
      store.outboxContacts.doubt(email)
    }
    return replayed
  })
}
