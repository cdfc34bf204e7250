// What a delivery did, in counts.
export interface DeliveryReport {
  contactsWritten: number
  /** Looked at and found to be in step. */
  contactsUnchanged: number
  eventsSent: number
  setAside: number
  /** Repaired singly after an import had dropped values. */
  repaired: number
}

/** `remaining` counts when it is called: not for every write. */
export type OnDelivery = (
  report: DeliveryReport,
  remaining: () => { contacts: number; events: number },
) => void

export function emptyReport(): DeliveryReport {
  return { contactsWritten: 0, contactsUnchanged: 0, eventsSent: 0, setAside: 0, repaired: 0 }
}
