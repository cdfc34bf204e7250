// The stream of tickets: reports of a window, and then, where it is long and comes up to now, what has happened since reports were made.
import type { SourceRecord } from '../../model/records.ts'
import { fromMs } from '../../model/time.ts'
import type { Page, ReadRequest } from '../source.ts'
import { readPlace, writePlace } from './places.ts'
import { emptyPage, PER_PAGE, type Reader, REPORT_LAG } from './reader.ts'
import type { Window } from './reports/reports.ts'
import { byCodeUnits, type Found } from './reports/windows.ts'
import { EVENTS_REACH } from './slices.ts'

/** A first sync, or a gap: a live window is of some hours, and what is newer a live run has from its events. */
const LONG = fromMs(6 * 3_600_000)

/** By the ids of their conversations. */
export async function* readTickets(
  reader: Reader,
  { token, from, until }: ReadRequest,
  signal?: AbortSignal,
): AsyncGenerator<Page, void, void> {
  const place = readPlace(token)
  const now = reader.now()
  const window = { from: from ?? 0, until: until ?? now }
  const isNewest = window.until > now - 2 * REPORT_LAG
  const hasLatest = isNewest && window.until - window.from > LONG
  if (place.part === 'reports') {
    const isGap = isNewest && window.from < now - EVENTS_REACH
    const found = await reader.windows.read(window, { asOf: now - REPORT_LAG, isNewest, isGap }, signal)
    for (const page of toPages(found, window, place.after, hasLatest)) {
      yield page
      signal?.throwIfAborted()
    }
  }
  if (hasLatest) yield* readLatest(reader, window, place.part === 'latest' ? place.after : '', signal)
}

function* toPages(
  { groups, invalid }: Found,
  window: Window,
  after: string,
  goesOn: boolean,
): Generator<Page> {
  const open = groups.filter(({ id }) => id > after)
  for (let start = 0; start === 0 || start < open.length; start += PER_PAGE) {
    const part = open.slice(start, start + PER_PAGE)
    const isLast = start + PER_PAGE >= open.length
    const records = part.flatMap((one) => one.records)
    const next = isLast ? (goesOn ? writePlace('latest', '') : null) : writePlace('reports', part.at(-1)!.id)
    yield { ...boundsOf(records, window), records, invalid: start === 0 ? invalid : [], next }
  }
}

/** The conversations that events name, as they are now: each is asked for, so they come a few at a time. */
async function* readLatest(
  reader: Reader,
  window: Window,
  after: string,
  signal?: AbortSignal,
): AsyncGenerator<Page, void, void> {
  const told = new Map<string, SourceRecord[]>()
  const request = { token: null, from: window.until - REPORT_LAG, until: null }
  for await (const page of reader.readEvents(request, signal))
    for (const one of page.records) {
      if (one.kind === 'session') told.set(one.ticketId, [...(told.get(one.ticketId) ?? []), one])
      else if (one.kind === 'event' && one.type === 'ticket_to_open')
        told.set(one.objectId, told.get(one.objectId) ?? [])
    }
  const open = [...told.keys()].filter((id) => id > after).toSorted(byCodeUnits)
  for (let start = 0; start === 0 || start < open.length; start += AT_ONCE) {
    const ids = open.slice(start, start + AT_ONCE)
    const page = emptyPage()
    for (const id of ids) {
      const whole = await reader.refetch('ticket', id, signal)
      if (whole.found === 'record') page.records.push(...whole.records, ...told.get(id)!)
    }
    const isLast = start + AT_ONCE >= open.length
    yield { ...page, next: isLast ? null : writePlace('latest', ids.at(-1)!) }
    signal?.throwIfAborted()
  }
}

/** Two requests each. */
const AT_ONCE = 10

function boundsOf(
  records: readonly SourceRecord[],
  { from, until }: Window,
): Pick<Page, 'newest' | 'oldest'> {
  const times = records.flatMap((one) => (one.kind === 'ticket' ? [one.createdAt] : []))
  if (times.length === 0) return { newest: null, oldest: null }
  return { newest: Math.min(until, Math.max(...times)), oldest: Math.max(from, Math.min(...times)) }
}
