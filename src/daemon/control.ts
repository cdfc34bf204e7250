// What can be asked of a running engine by others: the SDK in the same process, and the control API.
import { type Config, requireEnabled } from '../config/config.ts'
import type { Engine, SyncReport } from '../engine/engine.ts'
import { type ConnectorStatus, readStatus } from '../engine/status.ts'
import { TajoError } from '../lib/errors.ts'
import { type CampaignFacts, type CampaignRule, decide } from '../mapping/campaigns.ts'
import { normalizeEmail } from '../model/email.ts'
import { type OccurrenceType, toEventId } from '../model/occurrence.ts'
import type { AttributeValue } from '../model/operations.ts'
import { toProfile } from '../model/profile.ts'
import { fromMs, parseInstant } from '../model/time.ts'
import { readVerifyUntil } from '../state/db/recover.ts'
import { factsOf, fire } from '../sync/campaigns/decide.ts'
import type { SyncRequest, Triggered, TriggerRequest } from '../engine/requests.ts'
import { toTold, type ToldEvent } from '../sync/ingest/handler-events.ts'
import { enabled } from '../engine/streams.ts'

export type Control = ReturnType<typeof createControl>

const DAY = fromMs(24 * 3_600_000)
/** So long after a backup was restored its keys are looked for in Brevo first. */
const RESTORED_FOR = 7 * DAY
const MAX_PAGE = 100
/** A handler that failed is told again so long after; then no more. */
const HANDLER_RETRIES_MS = [1_000, 5_000, 30_000, 300_000] as const

/** `wake` follows what was hinted at; `uuid` names what nobody gave a name. */
export function createControl(
  config: Config,
  engine: Engine,
  ports: { now(): number; uuid(): string; wake(connector: string): void },
) {
  const { store } = engine
  const now = (): number => fromMs(ports.now())

  return {
    status(name: string): ConnectorStatus {
      requireEnabled(config, name)
      return readStatus(store, name, true)
    },

    async probe(name: string): Promise<{ connected: true; account: string }> {
      requireEnabled(config, name)
      await engine.probe(name)
      return { connected: true, account: engine.account(name) }
    },

    async sync(name: string, request: SyncRequest, signal?: AbortSignal): Promise<SyncReport> {
      requireEnabled(config, name)
      const since = request.since === undefined ? undefined : parseInstant(request.since)
      if (since === null)
        throw new TajoError('usage', `"${request.since}" is no date.`, { hint: 'Write it as 2024-01-31.' })
      const { batchSize } = request
      if (
        batchSize !== undefined &&
        !(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= MAX_PAGE)
      )
        throw new TajoError('usage', `batchSize must be between 1 and ${MAX_PAGE}.`)
      return await engine.sync(
        name,
        { resources: request.resources, since, reconcile: request.type === 'full' },
        signal,
      )
    },

    /** On disk when it returns; the ticket is read again soon. */
    hint(name: string, payload: Readonly<Record<string, unknown>>): { accepted: boolean } {
      requireEnabled(config, name)
      const heard = engine.receiver(name)?.hear(payload) ?? []
      if (heard === 'ping' || heard.length === 0) return { accepted: false }
      store.transaction(() => {
        for (const request of heard) store.refreshRequests.put(name, request, now())
        store.refreshRequests.add(name, { accepted: 1 }, now())
      })
      ports.wake(name)
      return { accepted: true }
    },

    /** Fires a campaign by hand, if its guards allow it. */
    trigger(name: string, request: TriggerRequest): Triggered {
      const email = normalizeEmail(request.email)
      if (email === null) throw new TajoError('usage', `"${request.email}" is no e-mail address.`)
      const objection = findObjection(email)
      if (objection !== null) return { fired: false, reason: objection, eventId: '' }
      const rule = config.campaigns.find((one) => one.name === name) ?? toBareRule(name)
      const key = request.idempotencyKey ?? ports.uuid()
      const source = config.connectors[0]?.name ?? ''
      const account = source === '' ? '' : engine.account(source)
      const id = findTriggerId(account, name, key, email)
      const at = now()
      return store.transaction((): Triggered => {
        const isNew = store.campaigns.enlist({
          id,
          campaign: name,
          source,
          email,
          occurrence: null,
          occurredAt: at,
          dueAt: at,
        })
        if (!isNew) {
          const before = store.campaigns.find(id)
          return { fired: before?.state === 'fired', reason: before?.reason ?? null, eventId: id }
        }
        // Whoever calls has decided when; the guards are for everybody.
        const decision = decide({ ...rule, when: null }, triggerFacts(rule, source, email, at))
        if (decision.result !== 'fire') {
          // Whoever asks by hand learns of it, and asks again: nothing fires behind their back.
          store.campaigns.close(id, 'dropped', decision.reason, email, at)
          return { fired: false, reason: decision.reason, eventId: id }
        }
        // No customer of the helpdesk need have the address: then it is told to the contact as it is.
        if (!store.customers.isLive(email)) store.contacts.expect(email)
        fire(store, rule, { id, source, email, occurredAt: at }, toKnown(request.params), {
          now: at,
          // A key that a lost state may have used already.
          isUnsure: request.idempotencyKey !== undefined && at < readVerifyUntil(store) + RESTORED_FOR,
        })
        return { fired: true, reason: null, eventId: id }
      })
    },

    /** What handlers of these types are to be told now. */
    told(name: string, types: readonly OccurrenceType[], limit: number): ToldEvent[] {
      requireEnabled(config, name)
      return store.handlerEvents.due(name, types, now(), limit).map((event) => toTold(store, name, event))
    },

    nextToldAt: (name: string): number | null => store.handlerEvents.nextDueAt(name),

    taken(id: string): void {
      store.transaction(() => {
        store.handlerEvents.finish(id)
        store.deadLetters.clear('handler', id)
      })
    },

    /** It threw, or did not end in time: tried again, and set aside after the last try. */
    refused(id: string, attempts: number, reason: string): { retryInMs: number | null } {
      const retryInMs = HANDLER_RETRIES_MS[attempts] ?? null
      store.transaction(() => {
        if (retryInMs !== null) return store.handlerEvents.postpone(id, now() + fromMs(retryInMs))
        store.handlerEvents.fail(id)
        store.deadLetters.put('handler', id, `A handler failed: ${reason.slice(0, 300)}`, now(), {
          retry: false,
        })
      })
      return { retryInMs }
    },
  }

  /** A key is one person's: where somebody else's event has it, this is another one. */
  function findTriggerId(account: string, campaign: string, key: string, email: string): string {
    const id = toEventId(account, `campaign:${campaign}`, `trigger:${key}`)
    const owner = store.campaigns.find(id)?.email
    return owner === undefined || owner === email
      ? id
      : toEventId(account, `campaign:${campaign}`, `trigger:${key}/${email}`)
  }

  /** Whom nothing is told, whatever the campaign says. */
  function findObjection(email: string): string | null {
    if (store.forgotten.has(email)) return 'This person was forgotten.'
    if (store.customers.isOwnAddress(email)) return 'It is an address of the shop’s own.'
    if (store.contacts.told(email).gone) return 'The contact was deleted in Brevo.'
    if (!config.delivery.createContacts && !store.contacts.told(email).exists)
      return 'It is no contact that tajo keeps in step, and contacts.create is never.'
    return null
  }

  function triggerFacts(rule: CampaignRule, source: string, email: string, at: number): CampaignFacts {
    const profile = toProfile(store.recordsOf(source, email))
    const everywhere = enabled(config).map((one) => store.recordsOf(one.name, email))
    return {
      ...factsOf(store, rule, email, everywhere, profile, at),
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
}

function toKnown(params: TriggerRequest['params'] = {}): Record<string, AttributeValue> {
  return Object.fromEntries(
    Object.entries(params).filter(
      (entry): entry is [string, AttributeValue] => entry[1] !== null && !Number.isNaN(entry[1]),
    ),
  )
}
