// A profile → a customer (gladly-intercom-api.md § A.3). Pure.
import type { Agent, Customer, CustomField, Tag } from '../../model/records.ts'
import { type Json, requireId, requireInstant, toId, toList, toObject, toText } from './items.ts'

/** With the fields that it shows: Gladly has no list of them. */
export function toCustomerRecords(item: Json): (Customer | CustomField)[] {
  const fields = toObject(item['customAttributes']) ?? {}
  const known = Object.keys(fields).map((key): CustomField => ({
    kind: 'custom_field',
    id: key,
    label: key,
    dataType: 'text',
  }))
  return [...known, toCustomer(item, fields)]
}

function toCustomer(item: Json, customFields: Json): Customer {
  return {
    kind: 'customer',
    id: requireId(item),
    email: pickPrimary(item['emails']),
    name: toText(item['name']),
    firstname: null,
    lastname: null,
    language: null,
    timezone: null,
    externalId: readExternalId(item),
    note: null,
    phone: pickPrimary(item['phones']),
    customFields,
    data: null,
    createdAt: requireInstant(item, 'createdAt'),
    updatedAt: requireInstant(item, 'updatedAt'),
    version: String(item['updatedAt']),
    stub: false,
  }
}

/** The primary one is the contact's; where none is, the first. The others are found by Gladly's own search. */
function pickPrimary(value: unknown): string | null {
  const all = toList(value)
  const one = all.find(({ primary }) => primary === true) ?? all[0]
  return toText(one?.['normalized']) ?? toText(one?.['original'])
}

/** One for each lookup adaptor; of several none is more so than another. */
function readExternalId(item: Json): string | null {
  const ids = Object.values(toObject(item['externalCustomerIds']) ?? {}).flatMap((one) => toId(one) ?? [])
  return toId(item['externalCustomerId']) ?? (ids.length === 1 ? ids[0]! : null)
}

export const toAgent = (item: Json): Agent => ({
  kind: 'agent',
  id: requireId(item),
  email: toText(item['emailAddress']),
  name: toText(item['name']),
})

export const toTopic = (item: Json, nameOf: (id: string) => string): Tag => {
  const id = requireId(item)
  return { kind: 'tag', id, name: nameOf(id) }
}
