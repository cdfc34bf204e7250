// How reports are asked for. A table is cut off at 100,000 rows without a word, so a time whose table comes near is read by halves
// (gladly-intercom-api.md § A.6).
import { TajoError } from '../../../lib/errors.ts'
import { fromMs, type Instant, toMs } from '../../../model/time.ts'
import type { GladlyAnswer, GladlyClient } from '../client.ts'
import { toInstant } from '../items.ts'
import { parseReport, type Row } from './csv.ts'

/** From here on a table may have been cut off (§ A.6). */
const NEAR_CUT = 90_000
const DAY = fromMs(24 * 3_600_000)
const MINUTE = fromMs(60_000)
/** A contact may go on for so long. */
export const LOOK_BACK = 100 * DAY

export interface Window {
  from: Instant
  until: Instant
}

/** `isCut`: a single day had more rows than a table holds. */
export interface Conversations {
  rows: readonly Row[]
  isCut: boolean
}

/** What a report must have to be one, and what of it is used besides. */
interface ReportColumns {
  required: readonly string[]
  used: readonly string[]
}

const CONTACTS: ReportColumns = {
  required: ['Queued At', 'Customer ID', 'Conversation ID', 'Contact ID', 'Channel', 'Status', 'Ended At'],
  used: [
    'Direction',
    'Fulfilled Type',
    'Inbox When Queued',
    'Inbox When Ended',
    'Accepted At',
    'Fulfilled At',
    'Answered At (Outbound)',
  ],
}

const CONVERSATIONS: ReportColumns = {
  required: ['Created At', 'Conversation ID', 'Customer ID', 'Status'],
  used: [
    'First Closed At',
    'Last Closed At',
    'Topics',
    'First Channel',
    'Current Assigned Agent',
    'Current Agent',
    'Current Assigned Inbox',
    'Current Inbox',
  ],
}

const WORK_SESSIONS: ReportColumns = {
  required: ['contact_session_id', 'conversation_id', 'customer_id', 'contact_session_created_at'],
  used: ['channel', 'direction', 'sla_fulfilled_at', 'contact_session_ended_at', 'status'],
}

const AGENT_TIMES: ReportColumns = {
  required: ['Timestamp', 'Type', 'Agent ID'],
  used: ['Occurred At', 'Available For', 'Away Reason', 'Active Reason'],
}

interface ReportOptions {
  /** Whether rows have all that a report says, and not only what a sync needs. */
  whole?: boolean
  nearCut?: number
}

export class Reports {
  readonly #client: Pick<GladlyClient, 'ask'>
  readonly #whole: boolean
  readonly #nearCut: number

  constructor(client: Pick<GladlyClient, 'ask'>, { whole = false, nearCut = NEAR_CUT }: ReportOptions = {}) {
    this.#client = client
    this.#whole = whole
    this.#nearCut = nearCut
  }

  /** Contacts that were queued in a time, and those of which it does not say when. */
  async contacts({ from, until }: Window, signal?: AbortSignal): Promise<Row[]> {
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
        ...(await this.contacts({ from, until: middle }, signal)),
        ...(await this.contacts({ from: middle, until }, signal)),
      ]
    }
    return rows.filter((row) => {
      const at = toInstant(row['Queued At'])
      return at === null || (at >= from && at < until)
    })
  }

  /** Conversations that were begun on the days that a time touches. */
  conversations(window: Window, signal?: AbortSignal): Promise<Conversations> {
    return this.#conversationsOf(toDays(window), signal)
  }

  /** By whole days, both of them included. */
  async #conversationsOf({ from, until }: Window, signal?: AbortSignal): Promise<Conversations> {
    const rows = await this.#ask(
      '/reports',
      toBody('ConversationExportReport', { from, until }),
      CONVERSATIONS,
      signal,
    )
    const days = (until - from) / DAY
    const isCut = this.#isCut(rows)
    if (!isCut || days <= 1) return { rows, isCut }
    const middle = from + Math.floor(days / 2) * DAY
    const first = await this.#conversationsOf({ from, until: middle }, signal)
    const second = await this.#conversationsOf({ from: middle, until }, signal)
    return { rows: [...first.rows, ...second.rows], isCut: first.isCut || second.isCut }
  }

  /** Contacts that ended in a time, or go on and were queued in it. */
  works({ from, until }: Window, signal?: AbortSignal): Promise<Row[]> {
    const body = { startAtTime: toMinute(from), endAtTime: toMinute(until) }
    return this.#ask('/reports/work-session-events', body, WORK_SESSIONS, signal)
  }

  /** What agents did on the days that a time touches. */
  agentTimes(window: Window, signal?: AbortSignal): Promise<Row[]> {
    return this.#agentTimesOf(toDays(window), signal)
  }

  async #agentTimesOf({ from, until }: Window, signal?: AbortSignal): Promise<Row[]> {
    const rows = await this.#ask(
      '/reports',
      toBody('AgentTimestampsReport', { from, until }),
      AGENT_TIMES,
      signal,
    )
    const days = (until - from) / DAY
    if (!this.#isCut(rows) || days <= 1) return rows
    const middle = from + Math.floor(days / 2) * DAY
    return [
      ...(await this.#agentTimesOf({ from, until: middle }, signal)),
      ...(await this.#agentTimesOf({ from: middle, until }, signal)),
    ]
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
    const rows = parseReport(answer.text, required, this.#whole ? null : [...required, ...used])
    if (rows !== null) return rows
    throw new TajoError(
      'source_unreadable',
      'Gladly sent a report that is none: columns that it documents are missing, or it was cut off.',
    )
  }

  #isCut(rows: readonly Row[]): boolean {
    return rows.length >= this.#nearCut
  }
}

const toBody = (metricSet: string, { from, until }: Window): object => ({
  metricSet,
  timezone: 'UTC',
  startAt: toDay(from),
  endAt: toDay(until - DAY),
})

function toDays({ from, until }: Window): Window {
  const low = Math.floor(from / DAY) * DAY
  return { from: low, until: Math.max(low + DAY, Math.ceil(until / DAY) * DAY) }
}

const toDay = (at: Instant): string => new Date(toMs(at)).toISOString().slice(0, 10)
const toMinute = (at: Instant): string => `${new Date(toMs(at)).toISOString().slice(0, 16)}Z`
