// A campaign that somebody asks for by hand, or a program: it fires where its guards allow it, and once for a key.
import { type Config } from '../config/config.ts'
import type { Engine } from '../engine/engine.ts'
import { enabled } from '../engine/streams.ts'
import type { Triggered, TriggerRequest } from '../model/requests.ts'
import { TajoError } from '../lib/errors.ts'
import { type CampaignFacts, type CampaignRule, decide } from '../mapping/campaigns.ts'
import { normalizeEmail } from '../model/email.ts'
import { toEventId } from '../model/occurrence.ts'
import type { AttributeValue } from '../model/operations.ts'
import { toProfile } from '../model/profile.ts'
import { fromMs, type Instant } from '../model/time.ts'
import { readVerifyUntil } from '../state/db/recover.ts'
import type { Store } from '../state/store.ts'
import { factsOf, fire } from '../sync/campaigns/decide.ts'

/** So long after a backup was restored its keys are looked for in Brevo first. */
const RESTORED_FOR = fromMs(7 * 24 * 3_600_000)

export interface Trigger {
  config: Config
  engine: Engine
  now: Instant
  /** Names what nobody gave a name. */
  uuid(): string
}

/** Fires a campaign by hand, if its guards allow it. */
export function triggerCampaign(trigger: Trigger, name: string, request: TriggerRequest): Triggered {
  const { config, engine, now } = trigger
  const { store } = engine
  const email = normalizeEmail(request.email)
  if (email === null) throw new TajoError('usage', `"${request.email}" is no e-mail address.`)
  const objection = findObjection(config, store, email)
  if (objection !== null) return { fired: false, reason: objection, eventId: '' }
  const rule = config.campaigns.find((one) => one.name === name) ?? toBareRule(name)
  const key = request.idempotencyKey ?? trigger.uuid()
  const source = config.connectors[0]?.name ?? ''
  const account = source === '' ? '' : engine.account(source)
  const id = findId(store, account, name, key, email)
  const entry = { id, campaign: name, source, email, occurrence: null, occurredAt: now, dueAt: now }
  return store.transaction((): Triggered => {
    if (!store.campaigns.enlist(entry)) {
      const before = store.campaigns.find(id)
      return { fired: before?.state === 'fired', reason: before?.reason ?? null, eventId: id }
    }
    // Whoever calls has decided when; the guards are for everybody.
    const decision = decide({ ...rule, when: null }, toFacts(trigger, rule, source, email))
    if (decision.result !== 'fire') {
      // Whoever asks by hand learns of it, and asks again: nothing fires behind their back.
      store.campaigns.close(id, 'dropped', decision, email, now)
      return { fired: false, reason: decision.reason, eventId: id }
    }
    // No customer of the helpdesk need have the address: then it is sent to the contact as it is.
    if (!store.customers.isLive(email)) store.contacts.expect(email)
    fire(store, rule, { id, source, email, occurredAt: now }, toKnown(request.params), {
      now,
      // A key that a lost state may have used already.
      isUnsure: request.idempotencyKey !== undefined && now < readVerifyUntil(store) + RESTORED_FOR,
    })
    return { fired: true, reason: null, eventId: id }
  })
}

/** A key is one person's: where somebody else's event has it, this is another one. */
function findId(store: Store, account: string, campaign: string, key: string, email: string): string {
  const id = toEventId(account, `campaign:${campaign}`, `trigger:${key}`)
  const owner = store.campaigns.find(id)?.email
  return owner === undefined || owner === email
    ? id
    : toEventId(account, `campaign:${campaign}`, `trigger:${key}/${email}`)
}

/** Whom nothing is sent, whatever the campaign says. */
function findObjection(config: Config, store: Store, email: string): string | null {
  if (store.forgotten.has(email)) return 'This person was forgotten.'
  if (store.customers.isOwnAddress(email)) return 'It is an address of the shop’s own.'
  if (store.contacts.lastSent(email).gone) return 'The contact was deleted in Brevo.'
  if (!config.delivery.createContacts && !store.contacts.lastSent(email).exists)
    return 'It is no contact that tajo keeps in step, and contacts.create is never.'
  return null
}

function toFacts(
  { config, engine, now }: Trigger,
  rule: CampaignRule,
  source: string,
  email: string,
): CampaignFacts {
  const { store } = engine
  const profile = toProfile(store.recordsOf(source, email))
  const everywhere = enabled(config).map((one) => store.recordsOf(one.name, email))
  return {
    ...factsOf(store, rule, email, everywhere, profile, now),
    dueAt: null,
    occurrence: null,
    ticket: null,
    ticketIsGone: false,
    values: () => ({}),
  }
}

/** A campaign that connectors.yml does not name has no guards. */
function toBareRule(name: string): CampaignRule {
  return {
    name,
    on: 'ticket.closed',
    when: null,
    event: name,
    params: {},
    delayMs: 0,
    maxAgeMs: Number.POSITIVE_INFINITY,
    guards: {
      notWhileOpenTickets: false,
      cooldownMs: null,
      quietHours: null,
      notAfterScoreBelow: null,
      maxPerDay: null,
    },
  }
}

function toKnown(params: TriggerRequest['params'] = {}): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(params).filter(
      (entry): entry is [string, AttributeValue] => entry[1] !== null && !Number.isNaN(entry[1]),
    ),
  )
}
