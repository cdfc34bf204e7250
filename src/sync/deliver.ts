// Delivering what the state says must be delivered: contacts first, then the events that wait for them, with patience for
// an API that does not answer at the moment.
import type { Clock } from '../lib/clock.ts'
import { toDesired, toWrite } from '../mapping/apply.ts'
import type { Mapping } from '../mapping/compile.ts'
import type { ContactWrite, DesiredContact, ToldContact } from '../model/operations.ts'
import { toE164 } from '../model/phone.ts'
import { toProfile } from '../model/profile.ts'
import { fromMs, toMs } from '../model/time.ts'
import { deliverContacts } from '../outbox/deliver-contacts.ts'
import { deliverEvents } from '../outbox/deliver-events.ts'
import type { DeliveryContext } from '../outbox/delivery.ts'
import type { Store } from '../state/store.ts'

/** A connector's mapping, as Brevo's attributes and the helpdesk's fields allow it. */
export interface ConnectorMapping {
  source: string
  mapping: Mapping
  defaultCountry: string | undefined
}

/** What a contact should hold by all connectors, against what Brevo was told. Null for the shop's own addresses. */
export function prepareContact(
  store: Store,
  mappings: readonly ConnectorMapping[],
  email: string,
  told: ToldContact,
): ContactWrite | null {
  if (store.customers.isOwnAddress(email)) return null
  return toWrite(email, desireContact(store, mappings, email), told)
}

function desireContact(
  store: Store,
  mappings: readonly ConnectorMapping[],
  email: string,
): DesiredContact | null {
  const wishes = mappings.flatMap(({ source, mapping, defaultCountry }): DesiredContact[] => {
    const records = store.recordsOf(source, email)
    for (const customer of records.customers) {
      customer.phone = customer.phone === null ? null : toE164(customer.phone, defaultCountry)
    }
    const profile = toProfile(records)
    return profile === null ? [] : [toDesired(profile, mapping)]
  })
  if (wishes.length === 0) return null
  // Where two helpdesks fill the same attribute, the one that stands first in connectors.yml does.
  const attributes = Object.assign(
    {},
    ...wishes.toReversed().map((one) => one.attributes),
  ) as DesiredContact['attributes']
  return { email, attributes, lists: [...new Set(wishes.flatMap((one) => one.lists))] }
}

/** Waited after a round that Brevo did not take, before everything is tried again. */
const NEXT_ROUND_MS = 5_000

/** Delivers until nothing is left, or until what is left would take longer than `patienceMs`. */
export async function deliverAll(
  context: DeliveryContext,
  patienceMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const { store, clock } = context
  const deadline = clock.monotonic() + patienceMs
  for (;;) {
    const contactsTaken = await deliverContacts(context, signal)
    const eventsTaken = await deliverEvents(context, signal)
    const postponedMs = untilNextDue(store, clock)
    const waitMs = contactsTaken && eventsTaken ? postponedMs : Math.max(postponedMs ?? 0, NEXT_ROUND_MS)
    if (waitMs === null || clock.monotonic() + waitMs > deadline) return
    await clock.sleep(waitMs, signal)
  }
}

/** Milliseconds until the next postponed delivery; null if none was postponed. */
export function untilNextDue(store: Store, clock: Clock): number | null {
  const { contacts, events } = store.undelivered()
  if (contacts + events === 0) return null
  const at = store.nextDueAfter(fromMs(clock.now()))
  return at === null ? null : Math.max(0, toMs(at) + 1 - clock.now())
}
