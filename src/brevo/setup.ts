// What a Brevo account has, and what may be added to it before the first write: attributes and lists.
// Facts: brevo-api.md § 2.8, § 2.9.
import type { Attribute } from '../model/attributes.ts'
import { type BrevoCaller, unavailable } from './client.ts'
import { toItems, toObject, toText } from './wire.ts'

export async function readAttributes(caller: BrevoCaller, signal?: AbortSignal): Promise<Attribute[]> {
  const answer = await caller.callSoon(
    'reading the attributes',
    (sdk, options) => sdk.contacts.getAttributes(options),
    signal,
  )
  if (!answer.answered || !answer.ok) throw unavailable('Reading the attributes from Brevo', answer)
  return toItems(answer.body, 'attributes', 'Reading the attributes').flatMap((attribute): Attribute[] => {
    const name = toText(attribute['name'])
    if (name === null) return []
    return [
      {
        name,
        category: toText(attribute['category']) ?? '',
        type: toText(attribute['type']) ?? '',
        options: [...toEnumeration(attribute['enumeration']), ...toLabels(attribute['multiCategoryOptions'])],
      },
    ]
  })
}

/** What an account may send, and whether events can start anything; null where the key does not let us look. */
export async function readAccount(
  caller: BrevoCaller,
  signal?: AbortSignal,
): Promise<{ sendLimit: number | null; automations: boolean | null } | null> {
  const answer = await caller
    .callSafely('reading the account', (sdk, options) => sdk.account.getAccount(options), signal)
    .catch(() => null)
  const body = answer?.answered === true && answer.ok ? toObject(answer.body) : null
  if (body === null) return null
  const raw: unknown[] = Array.isArray(body['plan']) ? body['plan'] : []
  const plans = raw.map((one) => toObject(one)).filter((one) => one !== null)
  const limited = plans.find((one) => one['creditsType'] === 'sendLimit')?.['credits']
  const enabled = toObject(body['marketingAutomation'])?.['enabled']
  return {
    sendLimit: typeof limited === 'number' ? limited : null,
    automations: typeof enabled === 'boolean' ? enabled : null,
  }
}

/** The first folder of lists; null where there is none. */
export async function readFirstFolder(caller: BrevoCaller): Promise<number | null> {
  const answer = await caller.callSafely('reading the folders', (sdk, options) =>
    sdk.contacts.getFolders({ limit: 10, offset: 0 }, options),
  )
  if (!answer.answered || !answer.ok) return null
  const id = toItems(answer.body, 'folders', 'Reading the folders')[0]?.['id']
  return typeof id === 'number' ? id : null
}

export async function createFolder(caller: BrevoCaller, name: string): Promise<number> {
  const answer = await caller.call('creating a folder', (sdk, options) =>
    sdk.contacts.createFolder({ name }, options),
  )
  if (!answer.answered || !answer.ok) throw unavailable(`Creating the folder ${name} in Brevo`, answer)
  return answer.body.id
}

/** Whether names must be unique is not documented: look before. */
export async function createList(caller: BrevoCaller, name: string, folderId: number): Promise<number> {
  const answer = await caller.call('creating a list', (sdk, options) =>
    sdk.contacts.createList({ name, folderId }, options),
  )
  if (!answer.answered || !answer.ok) throw unavailable(`Creating the list ${name} in Brevo`, answer)
  return answer.body.id
}

type Option = Attribute['options'][number]

function toEnumeration(raw: unknown): Option[] {
  return (Array.isArray(raw) ? raw : []).flatMap((one): Option[] => {
    const option = toObject(one)
    const label = toText(option?.['label'])
    // Newer enumerations have ids that are no numbers.
    const id = option?.['value'] === 0 ? (option['valueStr'] ?? 0) : option?.['value']
    return label !== null && (typeof id === 'number' || typeof id === 'string') ? [{ label, value: id }] : []
  })
}

function toLabels(raw: unknown): Option[] {
  return (Array.isArray(raw) ? raw : []).flatMap((label): Option[] =>
    typeof label === 'string' ? [{ label, value: label }] : [],
  )
}

export async function createAttribute(
  caller: BrevoCaller,
  name: string,
  type: 'text' | 'float' | 'date' | 'boolean',
): Promise<void> {
  const answer = await caller.callSafely('creating an attribute', (sdk, options) =>
    sdk.contacts.createAttribute({ attributeCategory: 'normal', attributeName: name, type }, options),
  )
  // It is there: made by somebody else, or by a request that was not answered.
  if (answer.answered && !answer.ok && /must be unique/i.test(answer.message)) return
  if (!answer.answered || !answer.ok) throw unavailable(`Creating the attribute ${name} in Brevo`, answer)
}

const LIST_PAGE = 50

/** Id → name of every list. */
export async function readLists(caller: BrevoCaller, signal?: AbortSignal): Promise<Map<number, string>> {
  const lists = new Map<number, string>()
  for (let offset = 0; ; offset += LIST_PAGE) {
    const answer = await caller.callSoon(
      'reading the lists',
      (sdk, options) => sdk.contacts.getLists({ limit: LIST_PAGE, offset }, options),
      signal,
    )
    if (!answer.answered || !answer.ok) throw unavailable('Reading the lists from Brevo', answer)
    const page = toItems(answer.body, 'lists', 'Reading the lists')
    for (const list of page) {
      if (typeof list['id'] === 'number') lists.set(list['id'], toText(list['name']) ?? '')
    }
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
