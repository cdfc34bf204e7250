// A source of which only some customers are seen, with everything of theirs: for a look at a part before the first sync.
import type { RecordId, SourceRecord, Stream } from '../model/records.ts'
import type { Page, Related, Source } from './source.ts'

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
  customers: number,
  onRequest: (done: number, total: number) => void = () => undefined,
): Source {
  let collecting: Promise<Map<Stream, Page>> | null = null
  let done = 0
  let total = requestsForSample(customers)

  async function collect(signal?: AbortSignal): Promise<Map<Stream, Page>> {
    const found = emptyPage()
    for await (const page of source.read('customers', { token: null }, signal)) {
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
