// A Brevo that only pretends to take what is written to it. Reads go to the real one; a write changes a picture of the contacts
// here, is answered as Brevo answers, and leaves nothing behind. What the engine does against it is what it would do.
import { TajoError } from '../lib/errors.ts'
import type { Http, HttpAnswer, HttpOutcome, HttpRequest } from '../lib/net/http.ts'
import type { HeldContact } from '../model/destination.ts'
import { membershipOf } from '../model/memberships.ts'
import type { AttributeValue, ContactWrite } from '../model/operations.ts'
import { holds, toHeld } from './contacts.ts'
import { readRequest, type WrittenContact, type WrittenEvent } from './requests.ts'
import { type Json, toItems, toObject, toText } from './wire.ts'

/** What writes would change of one contact. */
export interface ContactChange {
  email: string
  /** The address that it had; null where it keeps its own. */
  renamedFrom: string | null
  created: boolean
  /** It gets no e-mails from then on: its person was blocked under another address. */
  blocked: boolean
  /** Name → what Brevo holds, and what it would hold; null: nothing. */
  attributes: Record<string, { old: unknown; new: AttributeValue | null }>
  lists: { add: number[]; remove: number[] }
}

/** Everything that would be written of one contact, whether it changes anything or not. */
export type ContactWrites = Pick<WrittenContact, 'email' | 'attributes' | 'add' | 'remove' | 'block'>

export interface PretendedBrevo {
  http: Http
  changes(): ContactChange[]
  writes(): ContactWrites[]
  events: WrittenEvent[]
  /** What the engine asked, by Brevo's buckets, and of the helpdesk; reads that only the pretence needs are not among them. */
  requests: { contacts: number; events: number; other: number; source: number }
  /** All contacts are read beforehand, where many are to be written. */
  readAll(): Promise<void>
  /**
   * What a single write would do, without the way through the SDK: many at once. True if it makes the contact. To be called after
   * `readAll`.
   */
  writeAt(write: ContactWrite, mayCreate: boolean): boolean
  /** Why something could not be foreseen: Brevo could not be read. */
  failure(): string | null
}

interface Pictured {
  /** As Brevo holds it; null: it does not. */
  original: HeldContact | null
  /** After all that was pretended; the same object until something is written. */
  now: HeldContact
  written: ContactWrites | null
}

/** Single reads before all contacts are read instead, a thousand at a time. */
const READ_SINGLY = 40
const PAGE = 1_000
const TIMEOUT_MS = 60_000

/** `real`: paced reads (brevo/transport.ts), which wait out a 429. */
export function pretendBrevo(real: Http, baseUrl: string): PretendedBrevo {
  /** By address; null: Brevo has no such contact. */
  const pictures = new Map<string, Pictured | null>()
  const all = new Set<Pictured>()
  const events: WrittenEvent[] = []
  const requests = { contacts: 0, events: 0, other: 0, source: 0 }
  /** Those of the last request to Brevo, with its key. */
  let headers: Record<string, string> = {}
  let failure: string | null = null
  let readSingly = 0
  /** Every contact that Brevo has is in the picture. */
  let complete: Promise<boolean> | null = null

  function put(email: string, original: HeldContact | null): Pictured {
    const nobody = { email, attributes: {}, blocked: false, lists: [], unsubscribed: [] }
    const pictured = { original, now: original ?? nobody, written: null }
    pictures.set(email, pictured)
    all.add(pictured)
    return pictured
  }

  function remember(contact: Json): Pictured {
    const held = toHeld(contact)
    return pictures.get(held.email) ?? put(held.email, held)
  }

  /** The contact as it is after all that was pretended; `undefined` where Brevo could not be asked. */
  async function find(email: string, like: HttpRequest): Promise<Pictured | null | undefined> {
    const known = pictures.get(email)
    if (known !== undefined) return known
    if (complete !== null || readSingly >= READ_SINGLY) {
      complete ??= readAll(like)
      return (await complete) ? (pictures.get(email) ?? null) : undefined
    }
    readSingly += 1
    const answer = await read(
      like,
      `${baseUrl}/contacts/${encodeURIComponent(email)}?identifierType=email_id`,
    )
    if (answer === null) return undefined
    const contact = answer.status === 404 ? null : toObject(parse(answer))
    if (contact !== null) return remember(contact)
    pictures.set(email, null)
    return null
  }

  async function readAll(like: HttpRequest): Promise<boolean> {
    for (let offset = 0; ; offset += PAGE) {
      const answer = await read(like, `${baseUrl}/contacts?limit=${PAGE}&offset=${offset}&sort=asc`)
      if (answer === null) return false
      const contacts = toItems(parse(answer), 'contacts', 'Reading contacts')
      for (const contact of contacts) if (toText(contact['email']) !== null) remember(contact)
      if (contacts.length < PAGE) return true
    }
  }

  /** Null, and `failure`, where no answer of use came. */
  async function read(like: HttpRequest, url: string): Promise<HttpAnswer | null> {
    const { body: _, ...rest } = like
    const outcome = await real.send({ ...rest, method: 'GET', url })
    const isUseful = outcome.outcome === 'answer' && (outcome.status === 200 || outcome.status === 404)
    if (isUseful && (outcome.status === 404 || toObject(parse(outcome)) !== null)) return outcome
    failure = outcome.outcome === 'answer' ? `it answered ${outcome.status}` : outcome.reason
    return null
  }

  function write(pictured: Pictured, { email, attributes, add, remove, block }: WrittenContact): void {
    pictured.now =
      pictured.now === pictured.original
        ? { ...pictured.now, attributes: { ...pictured.now.attributes } }
        : pictured.now
    const { now } = pictured
    const written = (pictured.written ??= { email, attributes: {}, add: [], remove: [], block })
    Object.assign(written.attributes, attributes)
    written.add = [...new Set([...written.add, ...add])]
    written.remove = [...new Set([...written.remove, ...remove])]
    Object.assign(now.attributes, attributes)
    if (block) now.blocked = true
    written.block ||= block
    written.email = now.email
    now.lists = [...new Set([...now.lists, ...add])].filter((list) => !remove.includes(list))
  }

  async function upsert(request: HttpRequest, contact: WrittenContact): Promise<HttpOutcome> {
    const found = await find(contact.email, request)
    if (found === undefined) return UNREADABLE
    write(found ?? put(contact.email, null), contact)
    return found === null ? answer(201, { id: 0 }) : answer(204)
  }

  async function update(request: HttpRequest, contact: WrittenContact): Promise<HttpOutcome> {
    const { email, renameTo } = contact
    const found = await find(email, request)
    if (found === undefined) return UNREADABLE
    if (found === null) return answer(404, MISSING)
    if (renameTo !== null) {
      const other = await find(renameTo, request)
      if (other === undefined) return UNREADABLE
      if (other !== null) return answer(400, TAKEN)
      pictures.set(email, null)
      pictures.set(renameTo, found)
      found.now = { ...found.now, email: renameTo, attributes: { ...found.now.attributes } }
    }
    write(found, contact)
    return answer(204)
  }

  async function importAll(request: HttpRequest, contacts: readonly WrittenContact[]): Promise<HttpOutcome> {
    for (const contact of contacts) if ((await upsert(request, contact)) === UNREADABLE) return UNREADABLE
    return answer(202, { processId: 1 })
  }

  async function addToList(
    request: HttpRequest,
    list: number,
    emails: readonly string[],
  ): Promise<HttpOutcome> {
    for (const email of emails) {
      const found = await find(email, request)
      if (found === undefined) return UNREADABLE
      if (found !== null)
        write(found, { email, attributes: {}, add: [list], remove: [], renameTo: null, block: false })
    }
    return answer(201, { contacts: { success: emails, failure: [] } })
  }

  /** Pages of the real Brevo, as they would look by now. After a pretended write, what changed lately is what was pretended. */
  async function list(request: HttpRequest, query: URLSearchParams): Promise<HttpOutcome> {
    const limit = Number(query.get('limit') ?? PAGE)
    const written = [...all].filter((one) => one.written !== null)
    if (query.has('modifiedSince') && written.length > 0) {
      const offset = Number(query.get('offset') ?? 0)
      const page = written.slice(offset, offset + limit)
      return answer(200, { contacts: page.map((one) => toJson(one.now)), count: written.length })
    }
    const outcome = await real.send(request)
    if (outcome.outcome !== 'answer' || outcome.status !== 200) return outcome
    const contacts = toItems(parse(outcome), 'contacts', 'Reading contacts').map((contact) => {
      const pictured = toText(contact['email']) === null ? null : remember(contact)
      return pictured?.written == null ? contact : toJson(pictured.now)
    })
    if (!query.has('modifiedSince') && contacts.length < limit) complete ??= Promise.resolve(true)
    return answer(200, { contacts, count: contacts.length })
  }

  async function sendToBrevo(request: HttpRequest): Promise<HttpOutcome> {
    const asked = readRequest(request, baseUrl)
    switch (asked.kind) {
      case 'read contact': {
        const found = await find(asked.email, request)
        if (found === undefined) return UNREADABLE
        return found === null ? answer(404, MISSING) : answer(200, toJson(found.now))
      }
      case 'read contacts':
        return await list(request, asked.query)
      case 'read process':
        return answer(200, { id: 1, status: 'completed' })
      case 'read': {
        const outcome = await real.send(request)
        return outcome.outcome === 'answer' ? { ...outcome, headers: HEADERS } : outcome
      }
      case 'upsert':
        return await upsert(request, asked.contact)
      case 'update':
        return await update(request, asked.contact)
      case 'import':
        return await importAll(request, asked.contacts)
      case 'add to list':
        return await addToList(request, asked.list, asked.emails)
      case 'events':
        events.push(...asked.events)
        return asked.batch
          ? answer(202, { message: 'Batch accepted.', count: asked.events.length })
          : answer(204)
      case 'unknown':
        throw new TajoError('internal', `A plan does not know how to pretend this ${request.method}.`)
    }
  }

  function count({ url, method, headers: sent }: HttpRequest): void {
    if (url.startsWith(baseUrl)) headers = sent
    if (!url.startsWith(baseUrl)) requests.source += 1
    else if (url.startsWith(`${baseUrl}/contacts`)) requests.contacts += 1
    else requests[method === 'POST' ? 'events' : 'other'] += 1
  }

  return {
    http: {
      async send(request) {
        count(request)
        if (request.url.startsWith(baseUrl)) return await sendToBrevo(request)
        // Whatever a source may do one day: nothing is written anywhere.
        if (request.method !== 'GET')
          throw new TajoError('internal', 'A plan only reads, and something was to be written.')
        return await real.send(request)
      },
      close: () => undefined,
    },
    async readAll() {
      complete ??= readAll({ method: 'GET', url: baseUrl, headers, timeoutMs: TIMEOUT_MS })
      await complete
    },
    writeAt(contact, mayCreate) {
      const found = pictures.get(contact.email) ?? null
      if (found === null && (contact.exists || !mayCreate)) return false
      const add = contact.addLists.filter(
        (list) => membershipOf(list, found?.now ?? null, contact.giving.includes(list)) === null,
      )
      requests.contacts += contact.addLists.length > 0 ? 2 : 1
      const { email, attributes, removeLists: remove } = contact
      write(found ?? put(email, null), { email, attributes, add, remove, renameTo: null, block: false })
      return found === null
    },
    changes: () => [...all].flatMap((one) => (one.written === null ? [] : (toChange(one) ?? []))),
    writes: () => [...all].flatMap((one) => one.written ?? []),
    events,
    requests,
    failure: () => failure,
  }
}

const UNREADABLE: HttpOutcome = { outcome: 'never_left', reason: 'Brevo could not be read' }
const MISSING = { code: 'document_not_found', message: 'Contact does not exist' }
const TAKEN = {
  code: 'duplicate_parameter',
  message: 'Unable to update contact, email is already associated with another Contact',
  metadata: { duplicate_identifiers: ['email'] },
}

/** No window ever closes here: what is pretended need not be paced, and what is read was paced already. */
const HEADERS = {
  'content-type': 'application/json',
  'x-sib-ratelimit-remaining': '1000',
  'x-sib-ratelimit-reset': '1',
}

function answer(status: number, body?: unknown): HttpAnswer {
  return { outcome: 'answer', status, headers: HEADERS, body: body === undefined ? '' : JSON.stringify(body) }
}

function parse({ body }: HttpAnswer): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return null
  }
}

function toJson(contact: HeldContact): Json {
  return {
    id: 0,
    email: contact.email,
    emailBlacklisted: contact.blocked,
    attributes: contact.attributes,
    listIds: contact.lists,
    listUnsubscribed: contact.unsubscribed,
  }
}

/** Null where Brevo would hold what it holds. */
function toChange({ original, now, written }: Pictured): ContactChange | null {
  const attributes: ContactChange['attributes'] = {}
  for (const name of Object.keys(written?.attributes ?? {})) {
    const value = now.attributes[name] ?? null
    const old = original?.attributes[name] ?? null
    const wanted = value as AttributeValue | null
    if (!holds(old, wanted)) attributes[name] = { old, new: wanted }
  }
  const before = original?.lists ?? []
  const add = now.lists.filter((list) => !before.includes(list)).sort((a, b) => a - b)
  const remove = before.filter((list) => !now.lists.includes(list)).sort((a, b) => a - b)
  const renamedFrom = original !== null && original.email !== now.email ? original.email : null
  const blocked = now.blocked && original?.blocked !== true
  const isSame =
    original !== null &&
    renamedFrom === null &&
    !blocked &&
    Object.keys(attributes).length + add.length + remove.length === 0
  return isSame
    ? null
    : {
        email: now.email,
        renamedFrom,
        created: original === null,
        blocked,
        attributes,
        lists: { add, remove },
      }
}
