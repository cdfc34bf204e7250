// What the event stream tells tables of.
import type { Instant } from '../../../model/time.ts'
import type { TablePage } from '../../tables.ts'
import { readMerge } from '../events.ts'
import { type Json, toId, toInstant, toList, toObject, toText } from '../items.ts'
import { type Reader } from '../reader.ts'
import { readSlices, toReach } from '../slices.ts'

/** By id, what changed. */
export interface Heard {
  customers: Set<string>
  conversations: Set<string>
  contacts: Set<string>
}

/** What changed from `from` on, as far as the stream reaches, and not after `until`. */
export async function hear(
  reader: Reader,
  from: Instant | null,
  until: Instant,
  signal?: AbortSignal,
): Promise<Heard> {
  const { client, now } = reader
  const heard: Heard = { customers: new Set(), conversations: new Set(), contacts: new Set() }
  const low = await toReach(client, from ?? 0, now, signal)
  for await (const { json } of readSlices(client, { low }, now, signal))
    for (const event of toList(json)) if ((toInstant(event['timestamp']) ?? 0) <= until) note(event, heard)
  return heard
}

/** Whoever writes for the first time may have been made long ago. */
const OF_CUSTOMER = /^CUSTOMER|^CONVERSATION\/CREATED$/

function note(event: Json, { customers, conversations, contacts }: Heard): void {
  const type = toText(event['type']) ?? ''
  const content = toObject(event['content']) ?? {}
  const [customer, conversation, contact] = ['customerId', 'conversationId', 'contactId'].map((key) =>
    toId(content[key]),
  )
  if (customer && OF_CUSTOMER.test(type)) customers.add(customer)
  if (type === 'CUSTOMER/MERGED') {
    // The survivor has the other's addresses now, and their conversations may be one.
    const into = readMerge(content)[1]
    if (into !== null) customers.add(into)
    for (const [key, value] of Object.entries(content))
      if (/conversation/i.test(key) && toId(value) !== null) conversations.add(toId(value)!)
  }
  if (conversation) conversations.add(conversation)
  if (contact) contacts.add(contact)
}

/** The last day of it, at most. */
export async function* readEventTable(
  { client, now }: Reader,
  from: Instant | null,
  signal?: AbortSignal,
): AsyncGenerator<TablePage, void, void> {
  const low = await toReach(client, from ?? 0, now, signal)
  for await (const { json, window, isLast } of readSlices(client, { low }, now, signal))
    yield {
      items: toList(json).map((one) => ({ json: one, at: toInstant(one['timestamp']) })),
      newest: window.until,
      oldest: window.from,
      next: isLast ? null : 'more',
    }
}
