// How Intercom's lists are asked, page by page, and what their answers become.
import { TajoError } from '../../lib/errors.ts'
import type { ObjectKind, RecordId, SourceRecord, Stream } from '../../model/records.ts'
import { NO_ID } from '../../model/set-aside.ts'
import { fromMs, type Instant, toMs } from '../../model/time.ts'
import { createLoopGuard } from '../loops.ts'
import type { Page, Refetched } from '../source.ts'
import { type IntercomClient, type Json, LISTS, toId, toList, toObject, toText } from './client.ts'
import { toAgentState } from './agent-states.ts'
import { InvalidItem, toInstant } from './items.ts'
import { readNext, toParams } from './next-page.ts'
import { nextPlace, readPlace, writePlace } from './slices.ts'
import { type Named, type Names, Strangers } from './names.ts'
import {
  isGone,
  type Reading,
  toAgent,
  toContactRecords,
  toConversationRecords,
  toCustomField,
  toDeletion,
  toTag,
} from './to-records.ts'

export interface List {
  path: string
  /** Below which an object has its own address. */
  objects: string
  order: 'ascending' | 'descending'
  toRecords(this: void, item: Json, reading: Reading): SourceRecord[]
}

export const CONTACTS: List = {
  path: '/contacts/search',
  objects: '/contacts',
  order: 'descending',
  toRecords: toContactRecords,
}
export const CONVERSATIONS: List = {
  path: '/conversations/search',
  objects: '/conversations',
  order: 'ascending',
  toRecords: toConversationRecords,
}
const ATTRIBUTES: List = {
  path: '/data_attributes',
  objects: '/data_attributes',
  order: 'ascending',
  toRecords: (item) => [toCustomField(item)].filter((one) => one !== null),
}
const ADMINS: List = {
  path: '/admins',
  objects: '/admins',
  order: 'ascending',
  toRecords: (item) => [toAgent(item)],
}

const TAGS: List = {
  path: '/tags',
  objects: '/tags',
  order: 'ascending',
  toRecords: (item) => [toTag(item)].filter((one) => one !== null),
}
const DELETED: List = {
  path: '/conversations/deleted',
  objects: '/conversations',
  order: 'descending',
  toRecords: (item) => [toDeletion(item)],
}
const ACTIVITIES: List = {
  path: '/admins/activity_logs',
  objects: '/admins/activity_logs',
  order: 'descending',
  toRecords: (item) => [toAgentState(item)].filter((one) => one !== null),
}

/** The most that the list of what was deleted gives at once (§ B.3). */
const DELETED_PER_PAGE = 60

/** Most that a search gives at once (gladly-intercom-api.md § B.3). */
const PER_PAGE = 150
/** Contacts are searched by whole days of the workspace's time zone, of which nothing is known (§ B.4). */
const CONTACT_MARGIN = fromMs(2 * 24 * 3_600_000)

export const emptyPage = (): Page => ({ records: [], invalid: [], newest: null, oldest: null, next: null })

interface Filter {
  field: string
  operator: string
  value: string | number
}
/** One filter, or some of which one must hold. */
type Query = Filter | { operator: 'OR'; value: readonly Filter[] }

/** Whether a rating moves the date of its conversation is not documented: it is found by its own (§ B.3, B.8). */
const CHANGES = ['updated_at', 'conversation_rating.requested_at', 'conversation_rating.replied_at']

/** `>` may or may not take the bound in: a second less, so that it is there in any case. */
export function toSearch(stream: Stream, from: Instant | null): [List, Query] {
  const [list, margin] = stream === 'customers' ? [CONTACTS, CONTACT_MARGIN] : [CONVERSATIONS, fromMs(0)]
  const seconds = from === null ? 0 : Math.max(0, Math.floor(toMs(from - margin) / 1000) - 1)
  const since = (field: string): Filter => ({ field, operator: '>', value: seconds })
  return list === CONTACTS
    ? [list, since('updated_at')]
    : [list, { operator: 'OR', value: CHANGES.map(since) }]
}

interface Searching {
  token: string | null
  signal: AbortSignal | undefined
  ofOne?: boolean
  /** In slices: of a long search by date alone. */
  sliced?: boolean
}

/** Asks, and understands. */
export class Reader {
  readonly client: IntercomClient
  readonly #names: Names
  readonly #ignoresUnanswered: boolean

  /** `names` are shared by the readers of an account. */
  constructor(client: IntercomClient, names: Names, ignoresUnanswered: boolean) {
    this.client = client
    this.#names = names
    this.#ignoresUnanswered = ignoresUnanswered
  }

  async readAdmins(signal?: AbortSignal): Promise<Page> {
    const { json } = await this.client.ask({ path: ADMINS.path }, signal)
    const page = this.#toPage(ADMINS, json)
    for (const one of page.records)
      if (one.kind === 'agent' && one.name !== null) this.#names.set('admin', one.id, one.name)
    return page
  }

  /** Those of contacts, in one answer. */
  async readAttributes(signal?: AbortSignal): Promise<Page> {
    const { json } = await this.client.ask({ path: ATTRIBUTES.path, params: { model: 'contact' } }, signal)
    return this.#toPage(ATTRIBUTES, json)
  }

  async readTags(signal?: AbortSignal): Promise<Page> {
    return this.#toPage(TAGS, (await this.client.ask({ path: TAGS.path }, signal)).json)
  }

  /** By pages with numbers. In which order they come is not documented, so all are read. */
  async *readDeleted(signal?: AbortSignal): AsyncGenerator<Page, void, void> {
    const guard = createLoopGuard(DELETED.path)
    for (let page = 1; ; page += 1) {
      const params = { page, per_page: DELETED_PER_PAGE, order: 'desc' }
      const { json } = await this.client.ask({ path: DELETED.path, params }, signal)
      const found = this.#toPage(DELETED, json)
      guard(found)
      yield found
      const isMore = readNext(toObject(json['pages'])) !== null
      if (toList(json['conversations']).length === 0 || !isMore) return
    }
  }

  /** The newest first. The next page is told as an address: of it only the query is used, whatever host it names. */
  async *readActivities(
    { token, from }: { token: string | null; from: Instant | null },
    signal?: AbortSignal,
  ): AsyncGenerator<Page, void, void> {
    const guard = createLoopGuard(ACTIVITIES.path)
    const since = from === null ? 1 : Math.max(1, Math.floor(toMs(from) / 1000) - 1)
    const first = { created_at_after: since }
    for (let next = token; ;) {
      const params = next === null ? first : { ...first, ...toParams(next) }
      const { json } = await this.client.ask(
        { path: ACTIVITIES.path, params, isContinued: next !== null },
        signal,
      )
      const page = this.#toPage(ACTIVITIES, json)
      page.next = readNext(toObject(json['pages']))
      yield page
      guard(page)
      if (page.next === null) return
      next = page.next
    }
  }

  async *search(
    list: List,
    query: Query,
    { token, signal, ofOne = false, sliced = false }: Searching,
  ): AsyncGenerator<Page, void, void> {
    const guard = createLoopGuard(list.path)
    for (let place = readPlace(token); ;) {
      const { since, cursor } = place
      const after = cursor === null ? {} : { starting_after: cursor }
      const body = {
        // Whatever else was wanted lies before the date that the first slice has come to.
        query: since === null ? query : { field: 'updated_at', operator: '>', value: since },
        sort: { field: 'updated_at', order: list.order },
        pagination: { per_page: PER_PAGE, ...after },
      }
      const isContinued = cursor !== null
      const { json } = await this.client.ask(
        { method: 'POST', path: list.path, body, isContinued, ofOne },
        signal,
      )
      const page = await this.#toNamedPage(list, json, signal)
      guard({ ...page, next: page.next === null ? null : `${since ?? ''}/${page.next}` })
      if (page.next !== null && sliced) {
        place = nextPlace(place, page)
        page.next = writePlace(place)
      } else place = { ...place, cursor: page.next }
      yield page
      if (page.next === null) return
    }
  }

  async refetch(kind: ObjectKind, id: RecordId, signal?: AbortSignal): Promise<Refetched> {
    // A rating stands in its conversation.
    const [list, asked] = kind === 'customer' ? [CONTACTS, id] : [CONVERSATIONS, id.replace(/\/rating$/, '')]
    const path = `${list.objects}/${encodeURIComponent(asked)}`
    const answer = await this.client.ask({ path, ofOne: true }, signal)
    if (answer.into !== null) return { found: 'merged', into: answer.into }
    if (answer.status === 404 || isGone(answer.json)) return { found: 'gone' }
    const page = await this.#toNamedPage(list, { [LISTS[list.path]!]: [answer.json] }, signal)
    const [invalid] = page.invalid.filter((one) => one.stream === undefined || kind === 'satisfaction_survey')
    if (invalid !== undefined) throw new TajoError('record_invalid', `${kind} ${id}: ${invalid.reason}`)
    const isThere = kind !== 'satisfaction_survey' || page.records.some((one) => one.id === id)
    return isThere ? { found: 'record', records: page.records } : { found: 'gone' }
  }

  /** Whether it may be searched. */
  async try({ path }: List, at: Instant, signal?: AbortSignal): Promise<void> {
    const value = Math.floor(toMs(at) / 1000)
    const query = { field: 'updated_at', operator: '>', value }
    const body = { query, pagination: { per_page: 1 } }
    await this.client.ask({ method: 'POST', path, body, retries: 1 }, signal)
  }

  /** Nothing where no conversation has named one so far. */
  async refreshTeams(signal?: AbortSignal): Promise<void> {
    if (this.#names.has('team')) await this.#readTeams(signal)
  }

  async #readTeams(signal?: AbortSignal): Promise<void> {
    const { json } = await this.client.ask({ path: '/teams' }, signal)
    for (const team of toList(json['teams'])) {
      const [id, name] = [toId(team['id']), toText(team['name'])]
      if (id !== null) this.#names.set('team', id, name)
    }
  }

  /** Once more with the names of admins and teams, where one is not known so far. */
  async #toNamedPage(list: List, json: Json, signal?: AbortSignal): Promise<Page> {
    const strangers = new Strangers()
    const page = this.#toPage(list, json, strangers)
    const [admins, teams] = [strangers.of('admin'), strangers.of('team')]
    if (admins.length + teams.length === 0) return page
    if (admins.length > 0) await this.readAdmins(signal)
    if (teams.length > 0) await this.#readTeams(signal)
    for (const id of admins)
      if (this.#names.get('admin', id) === undefined) this.#names.set('admin', id, null)
    for (const id of teams) if (this.#names.get('team', id) === undefined) this.#names.set('team', id, null)
    return this.#toPage(list, json)
  }

  #toPage(list: List, json: Json, strangers = new Strangers()): Page {
    const nameOf = (of: Named, id: string): string | null => {
      const name = this.#names.get(of, id)
      if (name === undefined) strangers.add(of, id)
      return name ?? null
    }
    const page = emptyPage()
    const reading: Reading = {
      refuse: (one) => page.invalid.push(one),
      nameOf,
      ignoresUnanswered: this.#ignoresUnanswered,
    }
    page.next = toText(toObject(toObject(json['pages'])?.['next'])?.['starting_after'])
    const items = json[LISTS[list.path]!]
    for (const item of Array.isArray(items) ? (items as unknown[]) : []) {
      const entry = toObject(item) ?? {}
      const at = toInstant(entry['updated_at'] ?? entry['created_at'])
      if (at !== null) {
        page.newest = Math.max(page.newest ?? at, at)
        page.oldest = Math.min(page.oldest ?? at, at)
      }
      try {
        page.records.push(...list.toRecords(entry, reading))
      } catch (thrown) {
        if (!(thrown instanceof InvalidItem)) throw thrown
        page.invalid.push({ id: readId(entry), reason: `${thrown.message}.` })
      }
    }
    return page
  }
}

const readId = ({ id }: Json): RecordId => toId(id) ?? NO_ID
