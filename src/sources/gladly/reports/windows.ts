// Reports of a time, as tickets and sessions.
import type { SourceRecord } from '../../../model/records.ts'
import { NO_ID } from '../../../model/set-aside.ts'
import type { Instant } from '../../../model/time.ts'
import type { Page } from '../../source.ts'
import type { GladlyClient } from '../client.ts'
import type { Row } from './csv.ts'
import { InvalidItem } from '../items.ts'
import type { Maps } from '../maps.ts'
import type { Names } from '../names.ts'
import { type Conversations, LOOK_BACK, type Reports, type Window } from './reports.ts'
import {
  type ContactRow,
  idOf,
  readAgentRow,
  readContactRow,
  readConversationRow,
  readWorkRow,
  toSeenCustomer,
  toTicketOfContacts,
} from './rows.ts'

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
  readonly #reports: Reports

  constructor(client: GladlyClient, reports: Reports, maps: Maps, names: Names) {
    this.#client = client
    this.#reports = reports
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
    const conversations = await this.#reports.conversations({ ...window, from: since }, signal)
    const isTagged = conversations.rows.some((row) => row['Topics'] !== '')
    if (isTagged) await this.#names.ensure(this.#client, 'topic', signal)
    const agents = isGap ? await this.#readAgents(window, invalid, signal) : []
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

  async #readContacts(window: Window, invalid: Invalid, signal?: AbortSignal): Promise<ContactRow[]> {
    const rows = await this.#reports.contacts(window, signal)
    return understand(rows, 'Contact ID', invalid, (row) => readContactRow(row, this.#maps))
  }

  async #readWorks(window: Window, invalid: Invalid, signal?: AbortSignal): Promise<ContactRow[]> {
    const rows = await this.#reports.works(window, signal)
    return understand(rows, 'contact_session_id', invalid, (row) => readWorkRow(row, this.#maps))
  }

  async #readAgents(window: Window, invalid: Invalid, signal?: AbortSignal): Promise<SourceRecord[]> {
    const rows = await this.#reports.agentTimes(window, signal)
    return understand(rows, 'Agent ID', invalid, readAgentRow).flat()
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

/** After every id. */
const LAST = '\uFFFF'

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
