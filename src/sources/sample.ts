// A source of which only some customers are seen, with everything of theirs: for a look at a part before the first sync.
import type { RecordId, SourceRecord, Stream } from '../model/records.ts'
import { fromMs } from '../model/time.ts'
import type { Page, Reading, Related, Source } from './source.ts'

/** Before their tickets are known: so many a customer. */
const TICKETS_EACH = 2
/** For each customer its tickets; for each ticket its messages and its surveys. */
export const requestsForSample = (customers: number, tickets = customers * TICKETS_EACH): number =>
  1 + customers + 2 * tickets

/**
 * The newest `customers` of `source`, and all their tickets, messages and surveys. `onRequest`: how many of its requests, as far
 * as it knows, are done.
 */
export function sampleOf(
  source: Source,
  reading: Reading,
  customers: number,
  onRequest: (done: number, total: number) => void = () => undefined,
): Source {
  let collecting: Promise<Map<Stream, Page>> | null = null
  let done = 0
  let total = requestsForSample(customers)

  async function collect(signal?: AbortSignal): Promise<Map<Stream, Page>> {
    const found = emptyPage()
    for await (const page of readNewest(source, reading, signal)) {
      add(found, { ...page, records: page.records.slice(0, customers - found.records.length) })
      if (found.records.length >= customers) break
    }
    const tickets = await collectOf('tickets', idsOf(found), signal)
    total = requestsForSample(found.records.length, tickets.records.length)
    return new Map<Stream, Page>([
      ['customers', found],
      ['tickets', tickets],
      ['messages', await collectOf('messages', idsOf(tickets), signal)],
      ['satisfaction_surveys', await collectOf('satisfaction_surveys', idsOf(tickets), signal)],
    ])
  }

  async function collectOf(stream: Related, ids: readonly RecordId[], signal?: AbortSignal): Promise<Page> {
    const found = emptyPage()
    for (const id of ids) {
      add(found, await source.readOf(stream, id, signal))
      onRequest((done += 1), total)
    }
    return found
  }

  const sampled: Source = {
    ...source,
    async *read(stream, _, signal) {
      collecting ??= collect(signal)
      yield (await collecting).get(stream) ?? emptyPage()
    },
    inBackground: () => sampled,
  }
  return sampled
}

/** Where a list begins with the oldest, it is asked for ever longer times, until there are some. */
const LOOK_BACK = [1, 30, 365].map((days) => fromMs(days * 24 * 3_600_000))

async function* readNewest(
  source: Source,
  { mode }: Reading,
  signal?: AbortSignal,
): AsyncGenerator<Page, void, void> {
  if (mode === 'newest_first')
    return yield* source.read('customers', { token: null, from: null, until: null }, signal)
  for (const back of [...LOOK_BACK, null]) {
    const from = back === null ? null : source.now() - back
    const pages: Page[] = []
    for await (const page of source.read('customers', { token: null, from, until: null }, signal))
      pages.push(page)
    if (back !== null && !pages.some((page) => page.records.length > 0)) continue
    yield { ...emptyPage(), records: pages.flatMap((page) => page.records).toReversed() }
    return
  }
}

function emptyPage(): Page {
  return { records: [], invalid: [], newest: null, oldest: null, next: null }
}

function add(whole: Page, page: Page): void {
  whole.records.push(...page.records)
  whole.invalid.push(...page.invalid)
  if (page.newest !== null) whole.newest = Math.max(whole.newest ?? page.newest, page.newest)
  if (page.oldest !== null) whole.oldest = Math.min(whole.oldest ?? page.oldest, page.oldest)
}

const idsOf = ({ records }: Page): RecordId[] => records.map((one: SourceRecord) => one.id)
