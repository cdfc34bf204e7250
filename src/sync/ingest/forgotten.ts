// Whoever was forgotten stays forgotten: their customer is a number without a name, their tickets have no subject.
import { normalizeEmail } from '../../model/email.ts'
import type { Customer, SourceRecord } from '../../model/records.ts'
import type { Store } from '../../state/store.ts'

/** As much of the state as it takes. */
interface Remembering {
  forgotten: Pick<Store['forgotten'], 'has'>
}

export function withoutForgotten(store: Remembering, record: SourceRecord): SourceRecord {
  if (record.kind === 'customer') return isForgotten(store, record) ? withoutPerson(record) : record
  if (record.kind !== 'ticket' || record.customer === null || !isForgotten(store, record.customer))
    return record
  return { ...record, subject: null, customer: withoutPerson(record.customer) }
}

function isForgotten(store: Remembering, { email }: Customer): boolean {
  const address = normalizeEmail(email)
  return address !== null && store.forgotten.has(address)
}

function withoutPerson(customer: Customer): Customer {
  return {
    ...customer,
    email: null,
    name: null,
    firstname: null,
    lastname: null,
    language: null,
    timezone: null,
    externalId: null,
    note: null,
    customFields: {},
    data: null,
    ...(customer.phone === undefined ? {} : { phone: null }),
  }
}
