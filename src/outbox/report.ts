// What a delivery did, in counts.
export interface DeliveryReport {
  contactsWritten: number
  /** Looked at and found to be in step. */
  contactsUnchanged: number
  eventsSent: number
  /** In doubt before, and found in Brevo. */
  eventsConfirmed: number
  setAside: number
  /** A guard held memberships back that would have been taken away. */
  heldRemovals: { count: number; limit: number } | null
  /** Repaired singly after an import had dropped values. */
  repaired: number
}

/** `remaining` counts when it is called: not for every write. */
export type OnDelivery = (
  report: DeliveryReport,
  remaining: () => { contacts: number; events: number },
) => void

export function emptyReport(): DeliveryReport {
  return {
    contactsWritten: 0,
    contactsUnchanged: 0,
    eventsSent: 0,
    eventsConfirmed: 0,
    setAside: 0,
    heldRemovals: null,
    repaired: 0,
  }
}
