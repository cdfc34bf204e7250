// What a Brevo account has, and what may be added to it before the first write: attributes and lists.
// Facts: brevo-api.md § 2.8, § 2.9.
import type { Attribute } from '../model/attributes.ts'
import { type BrevoCaller, unavailable } from './client.ts'

export async function readAttributes(caller: BrevoCaller, signal?: AbortSignal): Promise<Attribute[]> {
  const answer = await caller.callSafely(
    'reading the attributes',
    (sdk, options) => sdk.contacts.getAttributes(options),
    signal,
  )
  if (!answer.answered || !answer.ok) throw unavailable('Reading the attributes from Brevo', answer)
  const raw = (answer.body as { attributes?: WireAttribute[] }).attributes ?? []
  return raw.map((attribute) => ({
    name: attribute.name,
    category: attribute.category,
    type: attribute.type ?? '',
    options: [
      ...(attribute.enumeration ?? []).map((option) => ({
        label: option.label,
        // Newer enumerations have ids that are no numbers.
        value: option.valueStr !== undefined && option.value === 0 ? option.valueStr : option.value,
      })),
      ...(attribute.multiCategoryOptions ?? []).map((label) => ({ label, value: label })),
    ],
  }))
}

interface WireAttribute {
  name: string
  category: string
  type?: string
  enumeration?: { value: number; label: string; valueStr?: string }[]
  multiCategoryOptions?: string[]
}

export async function createAttribute(
  caller: BrevoCaller,
  name: string,
  type: 'text' | 'float' | 'date' | 'boolean',
): Promise<void> {
  const answer = await caller.callSafely('creating an attribute', (sdk, options) =>
    sdk.contacts.createAttribute({ attributeCategory: 'normal', attributeName: name, type }, options),
  )
  if (!answer.answered || !answer.ok) throw unavailable(`Creating the attribute ${name} in Brevo`, answer)
}

const LIST_PAGE = 50

/** Id → name of every list. */
export async function readLists(caller: BrevoCaller, signal?: AbortSignal): Promise<Map<number, string>> {
  const lists = new Map<number, string>()
  for (let offset = 0; ; offset += LIST_PAGE) {
    const answer = await caller.callSafely(
      'reading the lists',
      (sdk, options) => sdk.contacts.getLists({ limit: LIST_PAGE, offset }, options),
      signal,
    )
    if (!answer.answered || !answer.ok) throw unavailable('Reading the lists from Brevo', answer)
    const page = answer.body.lists ?? []
    for (const list of page) lists.set(list.id, list.name)
    if (page.length < LIST_PAGE) return lists
  }
}

/** Throws where the event list can't be read with this key. */
export async function readNewestEvent(caller: BrevoCaller, signal?: AbortSignal): Promise<void> {
  const answer = await caller.callSafely(
    'reading events',
    (sdk, options) => sdk.event.getEvents({ limit: 1 }, options),
    signal,
  )
  if (!answer.answered || !answer.ok) throw unavailable('Reading events from Brevo', answer)
}
