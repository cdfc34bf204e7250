// A test made from a real contact: what the helpdesk holds of them, and what the mapping makes of it today.
import type { Config } from '../config/config.ts'
import type { GivenTicket, MappingTest } from '../config/schema/schema-tests.ts'
import { compileAll } from '../explain/explain.ts'
import { FIELDS } from '../mapping/fields.ts'
import { type ContactRecords, pickLatest } from '../model/profile.ts'
import { toSlug } from '../model/records.ts'
import { fromMs, type Instant, toIso } from '../model/time.ts'
import type { Store } from '../state/store.ts'
import { projectContact } from '../projection/project.ts'

type Given = NonNullable<MappingTest['given']>
const MINUTE = fromMs(60_000)

/** Null: no customer has the address. `anonymise` leaves nothing that tells who it is. */
export function recordTest(
  store: Store,
  config: Config,
  email: string,
  anonymise: boolean,
): MappingTest | null {
  const found = config.connectors
    .filter((one) => one.enabled)
    .map((connector) => ({ connector, records: store.recordsOf(connector.name, email) }))
    .find(({ records }) => records.customers.length > 0)
  if (found === undefined) return null
  const { connector, records } = found
  const start = latestOf(records) + MINUTE
  const projected = projectContact(
    store,
    compileAll(store, config).map((one) => one.mapping),
    email,
  )
  const attributes = Object.entries(projected?.attributes ?? {}).filter(([name]) => {
    const rule = connector.rules.fields.find((one) => one.attribute === name)
    const sources = rule?.value === undefined ? [rule?.field ?? ''] : [...rule.value.uses]
    return sources.every((field) => !NOT_GIVEN.has(field) && !(anonymise && isPersonal(field)))
  })
  return {
    name: anonymise ? 'Recorded from a contact' : `Recorded from ${email}`,
    start: toIso(start),
    given: toGiven(records, store.customers.customFields(connector.name), email, anonymise),
    expect: { attributes: Object.fromEntries(attributes), lists: projected?.lists ?? [], events: [] },
  }
}

function latestOf({ customers, tickets, surveys }: ContactRecords): Instant {
  return Math.max(
    ...customers.map((one) => Math.max(one.createdAt, one.updatedAt)),
    ...tickets.flatMap((one) => [one.createdAt, one.closedAt ?? 0, one.firstResponseAt ?? 0]),
    ...surveys.map((one) => one.scoredAt),
  )
}

function toGiven(
  records: ContactRecords,
  customFields: ReturnType<Store['customers']['customFields']>,
  email: string,
  anonymise: boolean,
): Given {
  const customer = pickLatest(records).customer!
  const numbers = new Map(records.tickets.map((one, index) => [one.id, index + 1]))
  const names = new Map<string, string>()
  const fields = Object.fromEntries(
    customFields.flatMap(({ id, label }): [string, unknown][] => {
      const value = customer.customFields[id]
      if (value === undefined || value === null) return []
      // Numbers may be a customer's, texts may hold anything.
      return anonymise && typeof value !== 'boolean' ? [] : [[toSlug(label), value]]
    }),
  )
  return {
    customer: {
      email: anonymise ? 'contact@example.com' : email,
      ...given('name', anonymise ? (customer.name === null ? null : 'Some Body') : customer.name),
      ...given('language', customer.language),
      ...given('timezone', customer.timezone),
      ...(anonymise ? {} : { ...given('external_id', customer.externalId), ...given('note', customer.note) }),
      created: toIso(customer.createdAt),
      ...(Object.keys(fields).length === 0 ? {} : { custom_fields: fields }),
      ...(anonymise || customer.data === null ? {} : { data: customer.data }),
    },
    tickets: records.tickets.map((one): GivenTicket => {
      const assignee = one.assigneeName
      if (assignee !== null && !names.has(assignee)) names.set(assignee, `Agent ${names.size + 1}`)
      return {
        id: numbers.get(one.id)!,
        ...given('channel', one.channel),
        ...(one.tags.length === 0 ? {} : { tags: one.tags }),
        ...given('assignee', assignee === null ? null : anonymise ? names.get(assignee)! : assignee),
        created: toIso(one.createdAt),
        ...given('first_response', one.firstResponseAt === null ? null : toIso(one.firstResponseAt)),
        ...given('closed', one.closedAt === null || one.status === 'open' ? null : toIso(one.closedAt)),
      }
    }),
    surveys: records.surveys.map((one) => ({
      ...(numbers.has(one.ticketId ?? '') ? { ticket: numbers.get(one.ticketId ?? '')! } : {}),
      score: one.score,
      scored: toIso(one.scoredAt),
    })),
  }
}

function given<K extends string>(key: K, value: string | null): Partial<Record<K, string>> {
  return value === null || value === '' ? {} : ({ [key]: value } as Partial<Record<K, string>>)
}

/** A test has ids of its own, and no phones. */
const NOT_GIVEN = new Set(['id', 'phone'])

const PERSONAL = new Set([
  'id',
  'email',
  'name',
  'firstname',
  'lastname',
  'phone',
  'external_id',
  'note',
  'last_assignee',
])

/** Custom fields, by whatever name, and `data` may hold anything. */
function isPersonal(field: string): boolean {
  return PERSONAL.has(field) || !Object.hasOwn(FIELDS, field)
}
