// Reports of a time, as tickets and sessions. A table is cut off at 100,000 rows without a word, so a time whose table comes near is read by
// halves (gladly-intercom-api.md § A.6).
import { TajoError } from '../../../lib/errors.ts'
import type { SourceRecord } from '../../../model/records.ts'
import { NO_ID } from '../../../model/set-aside.ts'
import { fromMs, type Instant, toMs } from '../../../model/time.ts'
import type { Page } from '../../source.ts'
import type { GladlyAnswer, GladlyClient } from '../client.ts'
import { parseReport, type Row } from './csv.ts'
import { InvalidItem } from '../items.ts'
import type { Maps } from '../maps.ts'
import type { Names } from '../names.ts'
import {
  AGENT_TIMES,
  type ContactRow,
  CONTACTS,
  CONVERSATIONS,
  idOf,
  readAgentRow,
  readContactRow,
  readConversationRow,
  readWorkRow,
  type ReportColumns,
  toSeenCustomer,
  toTicketOfContacts,
  WORK_SESSIONS,
} from './rows.ts'

/** From here on a table may have been cut off (§ A.6). */
const NEAR_CUT = 90_000
const DAY = fromMs(24 * 3_600_000)
const MINUTE = fromMs(60_000)
/** A contact may go on for so long. */
const LOOK_BACK = 100 * DAY

export interface Window {
  from: Instant
  until: Instant
}

/** What a window is read for besides its rows. */
export interface Circumstances {
  /** Reports know what was then. */
  asOf: Instant
  /** It reaches up to now: what ended in it may have begun long before. */
  isNewest: boolean
  /** Events of it are not to be had any more. */
  isGap: boolean
}

export type Invalid = Page['invalid']

/** Everything of a window, by conversation: of each its sessions before what names them. */
export interface Found {
  /** In the order of their conversations' ids. */
  groups: { id: string; records: SourceRecord[] }[]
  invalid: Invalid
}

export class WindowReader {
  readonly #client: GladlyClient
  readonly #maps: Maps
  readonly #names: Names
  readonly #nearCut: number

  constructor(
    client: Pick<GladlyClient, 'ask' | 'change' | 'budget'>,
    maps: Maps,
    names: Names,
    nearCut = NEAR_CUT,
  ) {
    this.#nearCut = nearCut
    this.#client = client
    this.#maps = maps
    this.#names = names
  }

  async read(window: Window, circumstances: Circumstances, signal?: AbortSignal): Promise<Found> {
    const invalid: Invalid = []
    const { isGap } = circumstances
    const older = isGap ? await this.#readOlder(window, invalid, signal) : []
    const contacts = await this.#readContacts(window, invalid, signal)
    const works = circumstances.isNewest ? await this.#readWorks(window, invalid, signal) : []
    // What was closed or given a topic in a gap may be older, and none of its contacts have changed.
    const since = isGap ? window.from - LOOK_BACK : window.from
    const conversations = await this.#readConversations(toDays({ ...window, from: since }), signal)
    const isTagged = conversations.rows.some((row) => row['Topics'] !== '')
    if (isTagged) await this.#names.ensure(this.#client, 'topic', signal)
    const agents = isGap ? await this.#readAgents(toDays(window), invalid, signal) : []
    const groups = this.#toGroups(conversations, contacts, [...older, ...works], circumstances, invalid)
    return { groups: agents.length === 0 ? groups : [...groups, { id: LAST, records: agents }], invalid }
  }

  /** Of those that were queued before a gap: what became of them in it. */
  async #readOlder({ from }: Window, invalid: Invalid, signal?: AbortSignal): Promise<ContactRow[]> {
    const rows = await this.#readContacts({ from: from - LOOK_BACK, until: from }, invalid, signal)
    // That they began is no news.
    return rows.flatMap((row) =>
      row.at < from ? [] : [{ ...row, entries: row.entries.filter(({ at }) => at >= from) }],
    )
  }

  async #readContacts(
    { from, until }: Window,
    invalid: Invalid,
    signal?: AbortSignal,
  ): Promise<ContactRow[]> {
    // To the minute; what is cut off by that is left out below.
    const [low, high] = [Math.floor(from / MINUTE) * MINUTE, Math.ceil(until / MINUTE) * MINUTE]
    const body = {
      metricSet: 'ContactExportReportV3',
      startAtTime: toMinute(low),
      endAtTime: toMinute(high),
      filters: { channel: 'allChannels', inboxes: [] },
    }
    const rows = await this.#ask('/reports', body, CONTACTS, signal)
    if (this.#isCut(rows) && high - low > MINUTE) {
      const middle = low + Math.ceil((high - low) / 2 / MINUTE) * MINUTE
      return [
        ...(await this.#readContacts({ from, until: middle }, invalid, signal)),
        ...(await this.#readContacts({ from: middle, until }, invalid, signal)),
      ]
    }
    return understand(rows, 'Contact ID', invalid, (row) => readContactRow(row, this.#maps)).filter(
      ({ session }) => session.queuedAt! >= from && session.queuedAt! < until,
    )
  }

  /** By whole days, both of them included. */
  async #readConversations({ from, until }: Window, signal?: AbortSignal): Promise<Conversations> {
    const body = {
      metricSet: 'ConversationExportReport',
      timezone: 'UTC',
      startAt: toDay(from),
      endAt: toDay(until - DAY),
    }
    const rows = await this.#ask('/reports', body, CONVERSATIONS, signal)
    const days = (until - from) / DAY
    const isCut = this.#isCut(rows)
    if (!isCut || days <= 1) return { rows: rows, isCut }
    const middle = from + Math.floor(days / 2) * DAY
    const first = await this.#readConversations({ from, until: middle }, signal)
    const second = await this.#readConversations({ from: middle, until }, signal)
    return { rows: [...first.rows, ...second.rows], isCut: first.isCut || second.isCut }
  }

  async #readWorks({ from, until }: Window, invalid: Invalid, signal?: AbortSignal): Promise<ContactRow[]> {
    const body = { startAtTime: toMinute(from), endAtTime: toMinute(until) }
    const rows = await this.#ask('/reports/work-session-events', body, WORK_SESSIONS, signal)
    return understand(rows, 'contact_session_id', invalid, (row) => readWorkRow(row, this.#maps))
  }

  async #readAgents(
    { from, until }: Window,
    invalid: Invalid,
    signal?: AbortSignal,
  ): Promise<SourceRecord[]> {
    const body = {
      metricSet: 'AgentTimestampsReport',
      timezone: 'UTC',
      startAt: toDay(from),
      endAt: toDay(until - DAY),
    }
    const rows = await this.#ask('/reports', body, AGENT_TIMES, signal)
    return understand(rows, 'Agent ID', invalid, readAgentRow).flat()
  }

  async #ask(
    path: string,
    body: object,
    { required, used }: ReportColumns,
    signal?: AbortSignal,
  ): Promise<Row[]> {
    const answer: GladlyAnswer = await this.#client.ask(
      { method: 'POST', path, body, accept: 'text/csv' },
      signal,
    )
    const rows = parseReport(answer.text, required, [...required, ...used])
    if (rows !== null) return rows
    throw new TajoError(
      'source_unreadable',
      'Gladly sent a report that is none: columns that it documents are missing, or it was cut off.',
    )
  }

  #isCut(rows: readonly Row[]): boolean {
    return rows.length >= this.#nearCut
  }

  #toGroups(
    { rows, isCut: isCutOff }: Conversations,
    contacts: readonly ContactRow[],
    works: readonly ContactRow[],
    { isGap, asOf }: Circumstances,
    invalid: Invalid,
  ): Found['groups'] {
    const byTicket = group([...contacts, ...works], ({ session }) => session.ticketId)
    const named = new Map<string, SourceRecord[]>()
    understand(rows, 'Conversation ID', invalid, (row) => {
      const id = idOf(row, 'Conversation ID')
      const own = byTicket.get(id) ?? []
      named.set(id, [readConversationRow(row, own, asOf, this.#maps, this.#names)])
    })
    const inWindow = new Set(contacts.map(({ session }) => session.ticketId))
    const ids = [...new Set([...named.keys(), ...byTicket.keys()])].toSorted(byCodeUnits)
    return ids.map((id) => {
      const own = byTicket.get(id) ?? []
      const seen = isGap ? own.flatMap((one) => toSeenCustomer(one)) : []
      // One that began before the window has no row there: its entries have it read. On a day with more rows than a table holds nobody
      // can say which it is, so its contacts stand for it.
      const isLost = isCutOff && inWindow.has(id)
      const ticket = named.get(id) ?? (isLost ? [toTicketOfContacts(id, own, this.#maps)] : [])
      const told = own.flatMap(({ session, entries }) => [session, ...entries])
      return { id, records: [...ticket, ...told, ...seen] }
    })
  }
}

/** `isCut`: a single day had more rows than a table holds. */
interface Conversations {
  rows: readonly Row[]
  isCut: boolean
}

/** After every id. */
const LAST = '\uFFFF'

/** The days that a time touches. */
function toDays({ from, until }: Window): Window {
  const low = Math.floor(from / DAY) * DAY
  return { from: low, until: Math.max(low + DAY, Math.ceil(until / DAY) * DAY) }
}

const toDay = (at: Instant): string => new Date(toMs(at)).toISOString().slice(0, 10)
const toMinute = (at: Instant): string => `${new Date(toMs(at)).toISOString().slice(0, 16)}Z`

export const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function group<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}

function understand<T>(rows: readonly Row[], idColumn: string, invalid: Invalid, read: (row: Row) => T): T[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)]
    } catch (thrown) {
      if (!(thrown instanceof InvalidItem)) throw thrown
      invalid.push({ id: row[idColumn] ?? NO_ID, reason: `${thrown.message}.` })
      return []
    }
  })
}
