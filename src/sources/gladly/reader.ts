// How Gladly is asked: events by the hour, reports by windows, export files by job, everything else by its id.
import { TajoError } from '../../lib/errors.ts'
import type { ObjectKind, SourceRecord } from '../../model/records.ts'
import { NO_ID } from '../../model/set-aside.ts'
import { fromMs, type Instant, toIso } from '../../model/time.ts'
import type { Page, ReadRequest, Refetched } from '../source.ts'
import type { GladlyClient } from './client.ts'
import { toItem, toTicketRecords } from './conversations.ts'
import { readJobPlace, readToken, toParts } from './places.ts'
import { type HeardEvent, inboxOf, toEventRecords, toHeard } from './events.ts'
import { ITEMS_FILE, type Job, readJob, toSurvey } from './exports.ts'
import { InvalidItem, type Json, toId, toList, toObject } from './items.ts'
import type { Maps } from './maps.ts'
import type { Names } from './names.ts'
import { toAgent, toCustomerRecords, toTopic } from './profiles.ts'
import type { SurveyText } from './scores.ts'
import { Reports, type Window } from './reports/reports.ts'
import { byCodeUnits, WindowReader } from './reports/windows.ts'
import { readSlices, toReach } from './slices.ts'

/** Reports are so far behind (§ A.6). */
export const REPORT_LAG = fromMs(3_600_000)
/** Of events, conversations or answers. */
export const PER_PAGE = 100

export const emptyPage = (): Page => ({ records: [], invalid: [], newest: null, oldest: null, next: null })

type ReadScore = (text: SurveyText) => number | null

export class Reader {
  readonly client: GladlyClient
  readonly names: Names
  readonly #maps: Maps
  readonly #readScore: ReadScore
  readonly now: () => Instant
  /** Reports. */
  readonly windows: WindowReader

  /** `names` are shared by the readers of an account. */
  constructor(
    client: GladlyClient,
    names: Names,
    { maps, readScore, now }: { maps: Maps; readScore: ReadScore; now: () => Instant },
  ) {
    this.client = client
    this.names = names
    this.#maps = maps
    this.#readScore = readScore
    this.now = now
    this.windows = new WindowReader(client, new Reports(client), maps, names)
  }

  /** Oldest first. A page tells up to when it has read, also where nothing happened: the cursor must not grow old. */
  async *readEvents({ token, from }: ReadRequest, signal?: AbortSignal): AsyncGenerator<Page, void, void> {
    const low = await toReach(this.client, token === null ? (from ?? 0) : readToken(token), this.now, signal)
    const place = { low, isContinued: token !== null }
    for await (const { json, window, isLast } of readSlices(this.client, place, this.now, signal)) {
      for (const page of await this.#toEventPages(json, window, signal)) {
        yield { ...page, next: page.next ?? (isLast ? null : String(window.until)) }
        signal?.throwIfAborted()
      }
    }
  }

  /** A slice in pages, cut between two times. */
  async #toEventPages(
    json: readonly unknown[],
    { from, until }: Window,
    signal?: AbortSignal,
  ): Promise<Page[]> {
    const whole = emptyPage()
    const events: HeardEvent[] = []
    for (const raw of json) attempt(raw, whole.invalid, (item) => void events.push(toHeard(item)))
    events.sort((a, b) => a.at - b.at || byCodeUnits(a.id, b.id))
    await this.names.learn(this.client, 'inbox', events.map(inboxOf), signal)
    const pages: Page[] = []
    for (let start = 0; start < events.length || pages.length === 0;) {
      const end = findCut(events, start)
      const low = pages.at(-1)?.newest ?? from
      const next = end < events.length ? String(events[end]!.at) : null
      const part = events.slice(start, end)
      const records = part.flatMap((one) => toEventRecords(one, this.#maps, this.names))
      const newest = next === null ? until : part.at(-1)!.at
      pages.push({ records, invalid: pages.length === 0 ? whole.invalid : [], oldest: low, newest, next })
      start = end
    }
    return pages
  }

  /** What survey tools have written back, job by job. */
  async *readSurveys({ token, from }: ReadRequest, signal?: AbortSignal): AsyncGenerator<Page, void, void> {
    const place = token === null ? { at: Math.max(0, from ?? 0), job: '', offset: 0 } : readJobPlace(token)
    const params = { status: 'COMPLETED', startAt: toIso(place.at), endAt: toIso(this.now()) }
    const { json } = await this.client.ask(
      { path: '/export/jobs', params, isContinued: token !== null },
      signal,
    )
    const jobs: Job[] = []
    const invalid: Page['invalid'] = []
    for (const raw of json as unknown[])
      attempt(raw, invalid, (item) => void jobs.push(...[readJob(item)].filter((one) => one !== null)))
    jobs.sort((a, b) => a.at - b.at || byCodeUnits(a.id, b.id))
    const open = jobs.filter(({ at, id }) => at > place.at || id >= place.job)
    if (open.length === 0) yield { ...emptyPage(), invalid }
    for (const [index, job] of open.entries()) {
      const whole = await this.#readJob(job, signal)
      if (index === 0) whole.invalid.push(...invalid)
      const skipped = job.id === place.job ? place.offset : 0
      for (const page of toParts(whole, job, skipped, open[index + 1] ?? null, PER_PAGE)) {
        yield page
        signal?.throwIfAborted()
      }
    }
  }

  async #readJob({ id }: Job, signal?: AbortSignal): Promise<Page> {
    const path = `/export/jobs/${encodeURIComponent(id)}/files/${ITEMS_FILE}`
    const answer = await this.client.ask({ path, ofOne: true }, signal)
    const page = emptyPage()
    if (answer.status !== 200) return page
    for (const raw of answer.json as unknown[])
      attempt(raw, page.invalid, (item) => {
        const survey = toSurvey(item, this.#readScore)
        if (survey !== null) page.records.push(survey)
      })
    return page
  }

  async refetch(kind: ObjectKind, id: string, signal?: AbortSignal): Promise<Refetched> {
    const path = `/${PATHS[kind]}/${encodeURIComponent(id)}`
    const answer = await this.client.ask({ path, ofOne: true }, signal)
    if (answer.into !== null) return { found: 'merged', into: answer.into }
    if (answer.status === 404) return { found: 'gone' }
    const object = toObject(answer.json) ?? {}
    try {
      return { found: 'record', records: await this.#toRecords(kind, object, signal) }
    } catch (thrown) {
      if (!(thrown instanceof InvalidItem)) throw thrown
      throw new TajoError('record_invalid', `${kind} ${id}: ${thrown.message}.`)
    }
  }

  async #toRecords(kind: ObjectKind, object: Json, signal?: AbortSignal): Promise<SourceRecord[]> {
    if (kind === 'customer') return toCustomerRecords(object)
    if (kind === 'ticket') return await this.readConversation(object, signal)
    const survey = toSurvey(object, this.#readScore)
    return survey === null ? [] : [survey]
  }

  /** With everything that stands in it. */
  async readConversation(conversation: Json, signal?: AbortSignal): Promise<SourceRecord[]> {
    const id = toId(conversation['id'])
    if (id === null) throw new InvalidItem('it has no id')
    const path = `/conversations/${encodeURIComponent(id)}/items`
    const { json, status, isLimited } = await this.client.ask({ path, ofOne: true }, signal)
    if (status !== 200) throw new InvalidItem('its items are not to be had')
    const { agentId, inboxId, topicIds } = conversation
    await this.names.learn(this.client, 'agent', [toId(agentId)], signal)
    await this.names.learn(this.client, 'inbox', [toId(inboxId)], signal)
    await this.names.learn(this.client, 'topic', toIds(topicIds), signal)
    const invalid: Page['invalid'] = []
    const items = toList(json).flatMap((raw) => attempt(raw, invalid, (item) => toItem(item)) ?? [])
    const whole = { conversation, items, isWhole: !isLimited, now: this.now() }
    return toTicketRecords(whole, this.#maps, this.names)
  }

  async readAgents(signal?: AbortSignal): Promise<Page> {
    return toPage(await this.names.read(this.client, 'agent', signal), toAgent)
  }

  async readTopics(signal?: AbortSignal): Promise<Page> {
    const items = await this.names.read(this.client, 'topic', signal)
    return toPage(items, (item) => toTopic(item, (id) => this.names.tagsOf([id]).at(-1) ?? id))
  }

  async readCustomersOf(email: string, signal?: AbortSignal): Promise<Page> {
    const answer = await this.client.ask(
      { path: '/customer-profiles', params: { email }, ofOne: true },
      signal,
    )
    return answer.status === 200 ? toPage(answer.json as unknown[], toCustomerRecords) : emptyPage()
  }

  /** Not more than a hundred of them are told. */
  async readTicketsOf(customerId: string, signal?: AbortSignal): Promise<Page> {
    const path = `/customers/${encodeURIComponent(customerId)}/conversations`
    const answer = await this.client.ask({ path, ofOne: true }, signal)
    const page = emptyPage()
    if (answer.status !== 200) return page
    for (const conversation of toList(answer.json)) {
      try {
        page.records.push(...(await this.readConversation(conversation, signal)))
      } catch (thrown) {
        if (!(thrown instanceof InvalidItem)) throw thrown
        page.invalid.push({ id: toId(conversation['id']) ?? NO_ID, reason: `${thrown.message}.` })
      }
    }
    return page
  }
}

const PATHS: Readonly<Record<ObjectKind, string>> = {
  customer: 'customer-profiles',
  ticket: 'conversations',
  satisfaction_survey: 'conversation-items',
}

const toIds = (value: unknown): string[] =>
  Array.isArray(value) ? (value as unknown[]).flatMap((one) => toId(one) ?? []) : []

/** Where a page ends: after so many, and never between two of one time. */
function findCut(events: readonly HeardEvent[], start: number): number {
  let end = Math.min(start + PER_PAGE, events.length)
  while (end < events.length && events[end]!.at === events[end - 1]!.at) end += 1
  return end
}

function toPage(items: readonly unknown[], toRecords: (item: Json) => SourceRecord | SourceRecord[]): Page {
  const page = emptyPage()
  for (const raw of items)
    attempt(raw, page.invalid, (item) => void page.records.push(...[toRecords(item)].flat()))
  return page
}

/** What can't be understood is told by its id. */
function attempt<T>(raw: unknown, invalid: Page['invalid'], read: (item: Json) => T): T | undefined {
  const item = toObject(raw) ?? {}
  try {
    return read(item)
  } catch (thrown) {
    if (!(thrown instanceof InvalidItem)) throw thrown
    invalid.push({ id: toId(item['id']) ?? NO_ID, reason: `${thrown.message}.` })
    return undefined
  }
}
