// What a contact should hold, by all connectors and from its records, against what Brevo was sent.
import { toWrite } from '../mapping/apply.ts'
import type { ContactWrite, ProjectedContact, SentState } from '../model/operations.ts'
import { toE164 } from '../model/phone.ts'
import { toProfile } from '../model/profile.ts'
import type { Store } from '../state/store.ts'
import { type Contributor, type Part, unite } from './unite.ts'
import { META } from '../state/meta.ts'

/** A connector's mapping, as Brevo's attributes and the helpdesk's fields allow it. */
export interface ConnectorMapping extends Contributor {
  /** Whether a deleted customer keeps the memberships that tajo gave. */
  keepListsOfDeleted: boolean
  defaultCountry: string | undefined
}

/** What a contact should hold by all connectors, against what Brevo was sent. Null for the shop's own addresses. */
export function prepareContact(
  store: Store,
  mappings: readonly ConnectorMapping[],
  email: string,
  lastSent: SentState,
  recordsOf?: Store['recordsOf'],
): ContactWrite | null {
  if (store.customers.isOwnAddress(email)) return null
  const projected = projectContact(store, mappings, email, recordsOf)
  if (projected !== null)
    return toWrite(email, projected, lastSent, (list) => projected.undecided.includes(list))
  const keepsAll = mappings.some(
    (one) => one.partial || (one.keepListsOfDeleted && store.customers.wasDeleted(email)),
  )
  return toWrite(email, null, lastSent, () => keepsAll)
}

export function projectContact(
  store: Store,
  mappings: readonly ConnectorMapping[],
  email: string,
  recordsOf?: Store['recordsOf'],
): ProjectedContact | null {
  return unite(email, toParts(store, mappings, email, recordsOf))
}

/** What each connector knows of a contact. */
export function toParts(
  store: Store,
  mappings: readonly ConnectorMapping[],
  email: string,
  recordsOf: Store['recordsOf'] = (source, address) => store.recordsOf(source, address),
): Part[] {
  return mappings.map((one) => {
    const records = recordsOf(one.source, email)
    for (const customer of records.customers)
      customer.phone = customer.phone === null ? null : toE164(customer.phone, one.defaultCountry)
    const asOf = one.mapping.inSupport === null ? 0 : (store.meta.get(META.readUpTo(one.source)) ?? 0)
    return { ...one, records, profile: toProfile(records), asOf }
  })
}

/** Reads the records of so many contacts at once. */
const RECORDS_BATCH = 500

/** As `store.recordsOf`, for contacts that are asked for in this order. */
export function recordsInBatches(store: Store, emails: readonly string[]): Store['recordsOf'] {
  const batchOf = new Map(emails.map((email, index) => [email, Math.floor(index / RECORDS_BATCH)]))
  const known = new Map<string, ReturnType<Store['recordsOfMany']>>()
  let current = -1
  return (source, email) => {
    const batch = batchOf.get(email)!
    if (batch !== current) known.clear()
    current = batch
    const start = batch * RECORDS_BATCH
    const records =
      known.get(source) ?? store.recordsOfMany(source, emails.slice(start, start + RECORDS_BATCH))
    known.set(source, records)
    return records.get(email)!
  }
}

/** Visits contacts, with their records at hand; `pause` is waited for now and then, where others need their turn. */
export async function visitContacts(
  store: Store,
  emails: readonly string[],
  pause: () => Promise<void>,
  visit: (email: string, recordsOf: Store['recordsOf']) => void,
): Promise<void> {
  const recordsOf = recordsInBatches(store, emails)
  for (const [index, email] of emails.entries()) {
    if (index % RECORDS_BATCH === 0) await pause()
    visit(email, recordsOf)
  }
}
