// Campaigns: what happened is noted in the transaction that saw it, and decided when its time has come, after another look at the
// source. Firing puts the event into the outbox in the transaction that keeps the decision, so it is never sent twice.
import { evaluateAll, namesOfSaid, toProperties } from '../../mapping/apply.ts'
import {
  type CampaignFacts,
  type CampaignRule,
  decide,
  type Decision,
  isTimezone,
} from '../../mapping/campaigns.ts'
import type { Values } from '../../mapping/expressions.ts'
import { toEventValues } from '../../mapping/variables.ts'
import { TajoError } from '../../lib/errors.ts'
import type { Occurrence } from '../../model/occurrence.ts'
import type { AttributeValue, EventWrite } from '../../model/operations.ts'
import { type ContactRecords, type Profile, toProfile } from '../../model/profile.ts'
import { fromMs, type Instant, toIso } from '../../model/time.ts'
import type { CampaignEntry } from '../../state/delivery/campaign-entries.ts'
import { readVerifyUntil } from '../../state/db/recover.ts'
import type { Store } from '../../state/store.ts'
import { type SyncContext, toOwnStreams } from '../context.ts'
import { ingestPage } from '../ingest/ingest.ts'
import { requireReferenced } from '../read/referenced.ts'
import { refetch } from '../read/refetch.ts'
import { emailOf, toOccurrenceTicket } from '../ingest/stage.ts'
import { isPaused } from './switch.ts'

/** In one go, so that readings and deliveries get their turn in between. */
const BATCH = 200
/** Each costs two requests at least. */
const MOST_LOOKS = 5
/** The source can't be asked now. */
const ASK_AGAIN = fromMs(60_000)
/** A campaign that is paused is looked at again this often; resuming looks at once. */
const PAUSED_AGAIN = fromMs(3_600_000)
const DAY = fromMs(24 * 3_600_000)
/** Quiet hours end within a day, and an hour more where clocks are set. */
const LONGEST = { postponed: ASK_AGAIN, held: DAY + fromMs(3_600_000) }

/** Decides some of what is due; what is left is due still. All by the helpdesk's clock, which dates what happened. */
export async function decideCampaigns(context: SyncContext, signal?: AbortSignal): Promise<void> {
  const { store, source, log } = context
  // Open tickets and scores of a history that is still being read would be wrong.
  const streams = [...context.streams].filter((stream) => stream !== 'events')
  if (!store.cursors.isBackfilled(source.name, toOwnStreams(context.supports, streams))) return
  // While the helpdesk did not answer, its clock was taken for ours, and ours may have been set.
  store.campaigns.capDue(source.name, source.now(), LONGEST)
  let looks = 0
  for (const entry of store.campaigns.due(source.name, source.now(), BATCH)) {
    signal?.throwIfAborted()
    const rule = context.campaigns.find((one) => one.name === entry.campaign)
    // Only what would fire is worth asking the helpdesk for.
    if (rule !== undefined && rule.delayMs > 0 && judge(context, rule, entry).decision.result === 'fire') {
      if (looks >= MOST_LOOKS) continue
      looks += 1
      try {
        await lookAgain(context, entry, signal)
      } catch (thrown) {
        if (!(thrown instanceof TajoError) || thrown.kind === 'fatal') throw thrown
        // What the helpdesk can't show at all is judged by what is known; it may be back soon otherwise.
        if (thrown.kind !== 'record' || thrown.code === 'record_unavailable') {
          store.campaigns.postpone(entry.id, source.now() + ASK_AGAIN)
          continue
        }
      }
    }
    const decision = store.transaction(() => settle(context, rule, entry))
    log.verbose('A campaign decided', {
      campaign: entry.campaign,
      result: decision.result,
      reason: decision.result === 'fire' ? undefined : decision.reason,
    })
  }
}

/** The ticket, and what was answered about it. */
async function lookAgain(
  context: SyncContext,
  { occurrence }: CampaignEntry,
  signal?: AbortSignal,
): Promise<void> {
  const ticketId = occurrence?.ticket?.id
  if (ticketId === undefined) return
  const apply = await refetch(context, 'ticket', ticketId, signal, requireReferenced)
  const surveys = context.streams.has('satisfaction_surveys')
    ? await context.source.readOf('satisfaction_surveys', ticketId, signal)
    : null
  if (surveys !== null) await requireReferenced(context, surveys.records, signal)
  context.store.transaction(() => {
    apply()
    if (surveys !== null) ingestPage(context, 'satisfaction_surveys', surveys)
  })
}

function judge(
  context: SyncContext,
  rule: CampaignRule | undefined,
  entry: CampaignEntry,
): { decision: Decision; email: string; about: About } {
  const email = emailOf(context, entry.occurrence?.customerId ?? null) ?? entry.email
  const about = gather(context, entry, email)
  const now = context.source.now()
  const decision: Decision =
    rule === undefined
      ? {
          result: 'drop',
          rule: 'removed',
          reason: 'connectors.yml does not name the campaign any more.',
        }
      : decide(rule, toFacts(context, rule, entry, email, about, now))
  return { decision, email, about }
}

function settle(context: SyncContext, rule: CampaignRule | undefined, entry: CampaignEntry): Decision {
  const { store, source } = context
  const now = source.now()
  const { decision, email, about } = judge(context, rule, entry)
  if (decision.result === 'hold')
    store.campaigns.hold(entry.id, decision, decision.until ?? now + PAUSED_AGAIN)
  else if (decision.result === 'drop') store.campaigns.close(entry.id, 'dropped', decision, email, now)
  else {
    const params = evaluateAll(rule!.params, about.values)
    const isUnsure = entry.occurredAt <= readVerifyUntil(store)
    const properties = { ...about.told, ...params }
    fire(store, rule!, { ...entry, email }, properties, { now, isUnsure, ...namesOfSaid(rule!.params) })
  }
  return decision
}

/**
 * Its event, and the decision: together, or not at all. `isUnsure`: a state that was lost may have fired it, so Brevo is asked
 * first. Called in a transaction.
 */
export function fire(
  store: Store,
  rule: Pick<CampaignRule, 'name' | 'event'>,
  entry: Pick<CampaignEntry, 'id' | 'source' | 'email' | 'occurredAt'>,
  properties: Record<string, AttributeValue>,
  { now, isUnsure, said }: { now: Instant; isUnsure: boolean; said?: EventWrite['said'] },
): void {
  const { id, source, email, occurredAt } = entry
  const event = {
    eventId: id,
    email,
    name: rule.event,
    date: toIso(now),
    properties: { event_id: id, campaign: rule.name, ...properties },
    ...(said === undefined ? {} : { said }),
  }
  store.outboxEvents.stageReady(source, event, occurredAt, isUnsure)
  store.outboxContacts.mark(email, 'live')
  store.campaigns.close(id, 'fired', null, email, now)
}

interface About {
  /** Of all connectors: guards look at each. */
  everywhere: readonly ContactRecords[]
  profile: Profile | null
  values: () => Values
  /** What the event tells of its occurrence. */
  told: Record<string, AttributeValue>
  ticket: { status: 'open' | 'closed' } | null
  ticketIsGone: boolean
}

/** Everything as it is now, and no more as it was when it happened. */
function gather(context: SyncContext, { occurrence }: CampaignEntry, email: string): About {
  const { store, source, helpdesk, connectors } = context
  const records = store.recordsOf(source.name, email)
  const profile = toProfile(records)
  const then = occurrence?.ticket ?? null
  const stored = then === null ? null : store.tickets.find(source.name, then.id)
  const ticket = stored === null || !stored.counted ? then : toOccurrenceTicket(context, stored)
  const now = occurrence === null ? null : { ...occurrence, email, ticket }
  const score = then === null ? null : store.surveys.scoreOf(source.name, then.id)
  const customFields = store.customers.customFields(source.name)
  let known: Values | null = null
  return {
    everywhere: connectors.map((one) => store.recordsOf(one, email)),
    profile,
    values: () => (known ??= toEventValues(now ?? toBare(email), profile, score, customFields)),
    told: { connector: source.name, helpdesk, ...(now === null ? {} : toProperties(now)) },
    ticket: stored,
    ticketIsGone: stored !== null && !stored.counted,
  }
}

/** Where nothing happened: somebody asked for it. */
function toBare(email: string): Occurrence {
  return { type: 'ticket.closed', key: '', at: 0, email, customerId: null, ticket: null, survey: null }
}

function toFacts(
  { store }: SyncContext,
  rule: CampaignRule,
  entry: CampaignEntry,
  email: string,
  { everywhere, profile, values, ticket, ticketIsGone }: About,
  now: Instant,
): CampaignFacts {
  return {
    ...factsOf(store, rule, email, everywhere, profile, now),
    dueAt: entry.plannedAt,
    occurrence: entry.occurrence,
    ticket,
    ticketIsGone,
    values,
  }
}

/** What is known of the contact, whatever happened. */
export function factsOf(
  store: Store,
  rule: CampaignRule,
  email: string,
  everywhere: readonly ContactRecords[],
  profile: Profile | null,
  now: Instant,
): Omit<CampaignFacts, 'dueAt' | 'occurrence' | 'ticket' | 'ticketIsGone' | 'values'> {
  return {
    now,
    paused: isPaused(store, rule.name),
    openTickets: everywhere.reduce((sum, one) => sum + (toProfile(one)?.openTickets ?? 0), 0),
    lastScores: everywhere.flatMap(({ surveys }) =>
      surveys.map((one) => ({ score: one.score, at: one.scoredAt })),
    ),
    lastFiredAt: store.lastFiredAt(rule.name, email),
    firedToday: store.campaigns.firedSince(rule.name, now - DAY),
    timezone: findTimezone(rule, profile),
  }
}

/** The contact's own where that is asked for and known. */
function findTimezone({ guards }: CampaignRule, profile: Profile | null): string {
  const { timezone = 'UTC', fallback = 'UTC' } = guards.quietHours ?? {}
  if (timezone !== 'contact') return timezone
  const own = profile?.customer.timezone
  return own != null && isTimezone(own) ? own : fallback
}
