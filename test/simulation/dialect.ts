// How each helpdesk of the simulation shows the same shop: its ids, the grain of its dates, what it knows. Written from docs/definitions.md
// and docs/intercom.md, and not from the engine.
import { toId } from '../../src/sandbox/gladly/ids.ts'
import { toContacts } from '../../src/sandbox/gladly/sessions.ts'
import type { World, WorldMessage, WorldSurvey, WorldTicket } from '../../src/sandbox/shop/world.ts'

export type HelpdeskName = 'gorgias' | 'intercom' | 'gladly'

export interface Dialect {
  helpdesk: HelpdeskName
  customerId(id: number): string
  ticketId(id: number): string
  surveyId(survey: Pick<WorldSurvey, 'id' | 'ticketId'>): string
  /** A time as it is shown: microseconds. */
  shown(at: number): number
  /** Whether a ticket may be spam. */
  hasSpam: boolean
  /** Whether a feed tells of deletions and merges. */
  hasFeed: boolean
  /** Whether a survey is gone with its ticket. */
  surveysGo: boolean
  /** Whether it has surveys. */
  hasSurveys: boolean
  /** Whether tickets can be deleted and merged, and be tagged or given fields without a word. */
  hasSilence: boolean
  /** Whether it is open, as the helpdesk counts: asleep is not always over. */
  isOpen(ticket: WorldTicket): boolean
  /** Minutes from its creation to its first response, or of each of its sessions that was answered. */
  waits(ticket: WorldTicket, messages: readonly WorldMessage[]): number[]
}

const isWords = (one: WorldMessage): boolean => one.public && !one.note
const isAnswer = (one: WorldMessage): boolean => one.fromAgent && one.rule === null

const isAfter = (a: { created: number; id: number }, b: { created: number; id: number }): boolean =>
  a.created > b.created || (a.created === b.created && a.id > b.id)

export const GORGIAS: Dialect = {
  helpdesk: 'gorgias',
  customerId: String,
  ticketId: String,
  surveyId: ({ id }) => String(id),
  shown: (at) => at,
  hasSpam: true,
  hasFeed: true,
  surveysGo: false,
  hasSurveys: true,
  hasSilence: true,
  isOpen: ({ status }) => status === 'open',
  waits({ created }, messages) {
    const words = messages.filter(isWords)
    const asked = words.find((one) => !one.fromAgent)
    const answer = words.find((one) => asked !== undefined && isAnswer(one) && isAfter(one, asked))
    return answer === undefined ? [] : [(answer.created - created) / 60e6]
  },
}

/** A conversation begins with words of somebody's: where the shop has none at its beginning, the customer's. */
const BEGINNING = 1_000_000
const toSeconds = (at: number): number => Math.floor(at / 1e6)

export const INTERCOM: Dialect = {
  helpdesk: 'intercom',
  customerId: (id) => id.toString(16).padStart(24, '0'),
  ticketId: String,
  surveyId: ({ ticketId }) => `${ticketId}/rating`,
  shown: (at) => toSeconds(at) * 1e6,
  hasSpam: false,
  hasFeed: false,
  surveysGo: true,
  hasSurveys: true,
  hasSilence: true,
  isOpen: ({ status }) => status === 'open',
  waits({ created }, messages) {
    const [first] = messages
    const isBegun = first !== undefined && first.created - created < BEGINNING
    const words = messages.filter(isWords)
    const asked = isBegun ? words.findIndex((one) => !one.fromAgent) : -1
    if (isBegun && asked < 0) return []
    const answer = words.find((one, index) => index > asked && isAnswer(one))
    return answer === undefined ? [] : [(toSeconds(answer.created) - toSeconds(created)) / 60]
  },
}

const toMs = (at: number): number => Math.floor(at / 1000)

/** A conversation sleeps only in other helpdesks; it waits for as long as its contact goes on. */
export const GLADLY: Dialect = {
  helpdesk: 'gladly',
  customerId: (id) => toId('customer', id),
  ticketId: (id) => toId('conversation', id),
  surveyId: ({ id }) => toId('item', id),
  shown: (at) => toMs(at) * 1000,
  hasSpam: false,
  hasFeed: true,
  surveysGo: false,
  hasSurveys: false,
  hasSilence: false,
  isOpen: ({ status, snooze }) => status === 'open' || snooze !== null,
  waits: (ticket, messages) =>
    toContacts(ticket, messages).flatMap(({ queued, fulfilled }) =>
      fulfilled === null ? [] : [(toMs(fulfilled) - toMs(queued)) / 60e3],
    ),
}

export const DIALECTS: Readonly<Record<HelpdeskName, Dialect>> = {
  gorgias: GORGIAS,
  intercom: INTERCOM,
  gladly: GLADLY,
}

/** When it was last closed or reopened: by the entry that tells of it, or by the conversation's own history. */
export function changedAt(world: World, { helpdesk }: Dialect, { history }: WorldTicket): number {
  return helpdesk === 'gladly' ? history!.at(-1)!.at : world.events.page('desc', null, 1)[0]!.created
}

/** Without a word, where that is so. */
export function toggleTag(world: World, { hasSilence }: Dialect, { id, tags }: WorldTicket): void {
  const isTagged = tags.includes('vip')
  if (hasSilence) world.changeTicket(id, { tags: isTagged ? [] : ['vip'] })
  else if (isTagged) world.removeTag(id, 'vip')
  else world.addTag(id, 'vip')
}

/** By the id that its helpdesk shows. */
export function findTicket(world: World, { ticketId }: Dialect, shown: string): WorldTicket | undefined {
  return [...world.tickets.values()].find(({ id }) => ticketId(id) === shown)
}
