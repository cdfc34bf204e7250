// How each helpdesk of the simulation shows the same shop: its ids, the grain of its dates, what it knows. Written from docs/definitions.md
// and docs/intercom.md, and not from the engine.
import type { WorldMessage, WorldSurvey, WorldTicket } from '../../src/sandbox/shop/world.ts'

export interface Dialect {
  helpdesk: 'gorgias' | 'intercom'
  customerId(id: number): string
  surveyId(survey: Pick<WorldSurvey, 'id' | 'ticketId'>): string
  /** A time as it is shown: microseconds. */
  shown(at: number): number
  /** Whether a ticket may be spam. */
  hasSpam: boolean
  /** Whether a feed tells of deletions and merges. */
  hasFeed: boolean
  /** Whether a survey is gone with its ticket. */
  surveysGo: boolean
  /** Minutes from the ticket's creation to its first response; null: none. */
  wait(ticket: WorldTicket, messages: readonly WorldMessage[]): number | null
}

const isWords = (one: WorldMessage): boolean => one.public && !one.note
const isAnswer = (one: WorldMessage): boolean => one.fromAgent && one.rule === null

const isAfter = (a: { created: number; id: number }, b: { created: number; id: number }): boolean =>
  a.created > b.created || (a.created === b.created && a.id > b.id)

export const GORGIAS: Dialect = {
  helpdesk: 'gorgias',
  customerId: String,
  surveyId: ({ id }) => String(id),
  shown: (at) => at,
  hasSpam: true,
  hasFeed: true,
  surveysGo: false,
  wait({ created }, messages) {
    const words = messages.filter(isWords)
    const asked = words.find((one) => !one.fromAgent)
    const answer = words.find((one) => asked !== undefined && isAnswer(one) && isAfter(one, asked))
    return answer === undefined ? null : (answer.created - created) / 60e6
  },
}

/** A conversation begins with words of somebody's: where the shop has none at its beginning, the customer's. */
const BEGINNING = 1_000_000
const toSeconds = (at: number): number => Math.floor(at / 1e6)

export const INTERCOM: Dialect = {
  helpdesk: 'intercom',
  customerId: (id) => id.toString(16).padStart(24, '0'),
  surveyId: ({ ticketId }) => `${ticketId}/rating`,
  shown: (at) => toSeconds(at) * 1e6,
  hasSpam: false,
  hasFeed: false,
  surveysGo: true,
  wait({ created }, messages) {
    const [first] = messages
    const isBegun = first !== undefined && first.created - created < BEGINNING
    const words = messages.filter(isWords)
    const asked = isBegun ? words.findIndex((one) => !one.fromAgent) : -1
    if (isBegun && asked < 0) return null
    const answer = words.find((one, index) => index > asked && isAnswer(one))
    return answer === undefined ? null : (toSeconds(answer.created) - toSeconds(created)) / 60
  },
}
