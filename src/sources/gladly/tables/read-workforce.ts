// What planners need beyond the tables: contacts with the topics of their conversation and who had them, and who was there.
import type { AgentState } from '../../../model/records.ts'
import type { Instant } from '../../../model/time.ts'
import type { TablePage, TableRequest } from '../../tables.ts'
import { toAgentStates, toHeard } from '../events.ts'
import { InvalidItem, type Json, toInstant, toList, toObject, toText } from '../items.ts'
import type { Reader } from '../reader.ts'
import { Reports, type Window } from '../reports/reports.ts'
import { readAgentRow } from '../reports/rows.ts'
import { readSlices, toReach } from '../slices.ts'
import { readReport } from './read-reports.ts'
import { lastOf, type Pages, reachedBy, toSpan, toWindows } from './span.ts'
import { AGENT_ID, TOPICS } from './workforce.ts'

export async function* readWholeContacts(reader: Reader, request: TableRequest, signal?: AbortSignal): Pages {
  const agents = await readAgentIds(reader, signal)
  const topics = new Topics(reader)
  for await (const page of readReport(reader, 'contacts', request, signal, true)) {
    await topics.learn(page, signal)
    for (const { json } of page.items) {
      const told = topics.of(String(json['Conversation ID']))
      if (told !== null) json[TOPICS] = told
      const agent = agents.get(toText(json['Agent When Ended']) ?? '') ?? null
      if (agent !== null) json[AGENT_ID] = agent
    }
    yield page
  }
}

/** The report has their names; null for one that two have. */
async function readAgentIds(
  { client, names }: Reader,
  signal?: AbortSignal,
): Promise<Map<string, string | null>> {
  const ids = new Map<string, string | null>()
  for (const { id, name } of toList(await names.read(client, 'agent', signal)))
    ids.set(String(name), ids.has(String(name)) ? null : toText(id))
  return ids
}

/** Of the conversations of a page: from their report, or, where they are older than the page, from their own address. */
class Topics {
  readonly #reader: Reader
  readonly #reports: Reports
  #window: Window | null = null
  #known = new Map<string, string>()

  constructor(reader: Reader) {
    this.#reader = reader
    this.#reports = new Reports(reader.client)
  }

  of(conversation: string): string | null {
    return this.#known.get(conversation) ?? null
  }

  async learn({ items }: TablePage, signal?: AbortSignal): Promise<void> {
    const times = items.flatMap(({ json }) => toInstant(json['Queued At']) ?? [])
    if (times.length === 0) return
    const needed = { from: Math.min(...times), until: Math.max(...times) + 1 }
    if (!isWithin(needed, this.#window)) {
      const { rows } = await this.#reports.conversations(needed, signal)
      this.#window = needed
      this.#known = new Map(rows.map((row) => [row['Conversation ID'] ?? '', row['Topics'] ?? '']))
    }
    for (const { json } of items) await this.#ask(String(json['Conversation ID']), signal)
  }

  async #ask(conversation: string, signal?: AbortSignal): Promise<void> {
    if (this.#known.has(conversation)) return
    const { client, names } = this.#reader
    const path = `/conversations/${encodeURIComponent(conversation)}`
    const { status, json } = await client.ask({ path, ofOne: true }, signal)
    const ids = status === 200 ? (toObject(json)?.['topicIds'] ?? []) : []
    const topics = (Array.isArray(ids) ? ids : []).map(String)
    await names.learn(client, 'topic', topics, signal)
    const found = topics.flatMap((id) => names.nameOf('topic', id) ?? [])
    this.#known.set(conversation, found.join(', '))
  }
}

const isWithin = ({ from, until }: Window, window: Window | null): boolean =>
  window !== null && from >= window.from && until <= window.until

/** Each a record of where somebody was from then on. */
export async function* readAgentTimes(reader: Reader, request: TableRequest, signal?: AbortSignal): Pages {
  const span = toSpan(reader, request)
  const low = Math.max(span.low, request.from ?? request.since ?? 0)
  if (!span.isFresh)
    for (const window of toWindows(low, span.now)) {
      const rows = await new Reports(reader.client).agentTimes(window, signal)
      yield toPage(understand(rows, readAgentRow), reachedBy(window, span))
    }
  const from = await toReach(reader.client, request.from ?? 0, reader.now, signal)
  for await (const { json } of readSlices(reader.client, { low: from }, reader.now, signal)) {
    // Reports do not tell what an agent is available for in a way that was seen, so events of it would stand alone.
    const events = toList(json).filter(({ type }) => toText(type)?.startsWith('AGENT_STATUS/'))
    yield toPage(
      understand(events, (event) => toAgentStates(toHeard(event))),
      null,
    )
  }
  yield lastOf([], span.now)
}

/** The id goes by the second: nobody has seen whether a report has milliseconds, as events do. */
const toPage = (states: readonly AgentState[], newest: Instant | null): TablePage => ({
  items: states.map((one) => ({
    json: { ...one, id: `${one.id.replace(/\/\d+$/, '')}/${Math.floor(one.at / 1e6)}` } as Json,
    at: one.at,
  })),
  newest,
  oldest: newest,
  next: 'more',
})

/** One that can't be understood tells of nobody. */
function understand<T, R>(items: readonly T[], read: (item: T) => R[]): R[] {
  return items.flatMap((item) => {
    try {
      return read(item)
    } catch (thrown) {
      if (thrown instanceof InvalidItem) return []
      throw thrown
    }
  })
}
