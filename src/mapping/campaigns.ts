// Whether a campaign fires for an occurrence: pure, from what is known at that moment. Each answer has its reason, in the words of
// whoever wrote the YAML.
import type { Occurrence, OccurrenceType } from '../model/occurrence.ts'
import { fromMs, type Instant, toIso, toMs } from '../model/time.ts'
import { type Expression, isMet, showUses, type Values } from './expressions.ts'

export interface QuietHours {
  /** Minutes since midnight. */
  from: number
  to: number
  /** IANA, or `contact`: the contact's own, and where that is not known `fallback`. */
  timezone: string
  fallback: string
}

export interface CampaignGuards {
  notWhileOpenTickets: boolean
  /** Between two for the same contact. */
  cooldownMs: number | null
  quietHours: QuietHours | null
  /** Not within this time after a score below. */
  notAfterScoreBelow: { score: number; forMs: number } | null
  maxPerDay: number | null
}

export interface CampaignRule {
  name: string
  on: OccurrenceType
  when: Expression | null
  event: string
  params: Record<string, Expression>
  delayMs: number
  /** What could not fire so long after its time never does. */
  maxAgeMs: number
  guards: CampaignGuards
}

/** What is known when it is decided. */
export interface CampaignFacts {
  now: Instant
  paused: boolean
  /** When it was to fire; null where it was asked for by hand. */
  dueAt: Instant | null
  occurrence: Pick<Occurrence, 'type'> | null
  /** Of the occurrence's ticket: null where there is none, or none any more. */
  ticket: { status: 'open' | 'closed' } | null
  ticketIsGone: boolean
  values: () => Values
  openTickets: number
  lastScores: readonly { score: number; at: Instant }[]
  lastFiredAt: Instant | null
  firedToday: number
  timezone: string
}

/** What held a campaign back, or decided against it: `removed` from connectors.yml, or what `decide` looks at. */
export const DECISION_RULES = [
  'max_age',
  'paused',
  'ticket_gone',
  'reopened',
  'when',
  'open_tickets',
  'low_score',
  'cooldown',
  'quiet_hours',
  'max_per_day',
  'removed',
] as const
export type DecisionRule = (typeof DECISION_RULES)[number]

interface Objection {
  rule: DecisionRule
  reason: string
}

export type Decision =
  | { result: 'fire' }
  | ({ result: 'drop' } & Objection)
  | ({ result: 'hold'; until: Instant | null } & Objection)

export function decide(rule: CampaignRule, facts: CampaignFacts): Decision {
  const { guards } = rule
  const aged = findAge(rule, facts)
  if (aged !== null) return { result: 'drop', ...aged }
  if (facts.paused) return { result: 'hold', rule: 'paused', reason: 'The campaign is paused.', until: null }
  const objection =
    findChange(facts) ??
    findCondition(rule, facts) ??
    findSupport(guards, facts) ??
    findCooldown(guards, facts)
  if (objection !== null) return { result: 'drop', ...objection }
  const { quietHours, maxPerDay } = guards
  if (quietHours !== null) {
    const until = endOfQuiet(quietHours, facts.timezone, facts.now)
    if (until !== null)
      return {
        result: 'hold',
        rule: 'quiet_hours',
        reason: `quiet_hours: it is night in ${facts.timezone}.`,
        until,
      }
  }
  if (maxPerDay !== null && facts.firedToday >= maxPerDay) {
    return {
      result: 'hold',
      rule: 'max_per_day',
      reason: `max_per_day: it fired ${facts.firedToday} times in the last 24 hours.`,
      until: facts.now + fromMs(30 * 60_000),
    }
  }
  return { result: 'fire' }
}

function findAge({ maxAgeMs }: CampaignRule, { now, dueAt }: CampaignFacts): Objection | null {
  return dueAt !== null && now - dueAt > fromMs(maxAgeMs)
    ? { rule: 'max_age', reason: 'max_age: it could not fire in time.' }
    : null
}

/** What happened to the ticket since. */
function findChange({ occurrence, ticket, ticketIsGone }: CampaignFacts): Objection | null {
  if (ticketIsGone)
    return { rule: 'ticket_gone', reason: 'The ticket was deleted, merged or marked as spam since.' }
  return occurrence?.type === 'ticket.closed' && ticket?.status === 'open'
    ? { rule: 'reopened', reason: 'The ticket was reopened since.' }
    : null
}

function findCondition({ when }: CampaignRule, { values }: CampaignFacts): Objection | null {
  if (when === null || isMet(when, values())) return null
  return { rule: 'when', reason: `when: ${when.source} (${showUses(when, values())}).` }
}

function findSupport(
  guards: CampaignGuards,
  { openTickets, lastScores, now }: CampaignFacts,
): Objection | null {
  if (guards.notWhileOpenTickets && openTickets > 0)
    return { rule: 'open_tickets', reason: `not_while_open_tickets: ${openTickets} open.` }
  const rule = guards.notAfterScoreBelow
  const low = lastScores.find(
    (one) => rule !== null && one.score < rule.score && one.at > now - fromMs(rule.forMs),
  )
  if (low === undefined) return null
  const day = toIso(low.at).slice(0, 10)
  return {
    rule: 'low_score',
    reason: `not_after_score_below: a score of ${low.score} was given on ${day}.`,
  }
}

function findCooldown({ cooldownMs }: CampaignGuards, { lastFiredAt, now }: CampaignFacts): Objection | null {
  if (cooldownMs === null || lastFiredAt === null || lastFiredAt <= now - fromMs(cooldownMs)) return null
  return {
    rule: 'cooldown',
    reason: `cooldown: it fired for this contact on ${toIso(lastFiredAt).slice(0, 10)}.`,
  }
}

/** The moment at which the quiet hours that it is in end; null if it is in none. */
export function endOfQuiet({ from, to }: QuietHours, timezone: string, now: Instant): Instant | null {
  const minute = minuteOfDay(timezone, now)
  const isQuiet = from <= to ? minute >= from && minute < to : minute >= from || minute < to
  if (!isQuiet) return null
  // Minute by minute would find the end on days when clocks are set, too; steps of five minutes are exact enough and quick.
  const start = toMs(now) - (toMs(now) % STEP_MS)
  for (let at = start + STEP_MS; ; at += STEP_MS) {
    const later = minuteOfDay(timezone, fromMs(at))
    const isStillQuiet = from <= to ? later >= from && later < to : later >= from || later < to
    if (!isStillQuiet || at - start > 25 * 3_600_000) return fromMs(at)
  }
}

const STEP_MS = 5 * 60_000
const formats = new Map<string, Intl.DateTimeFormat>()

function minuteOfDay(timezone: string, at: Instant): number {
  let format = formats.get(timezone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone: timezone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
    formats.set(timezone, format)
  }
  const [hour = 0, minute = 0] = format.format(toMs(at)).split(':').map(Number)
  return hour * 60 + minute
}

export function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
