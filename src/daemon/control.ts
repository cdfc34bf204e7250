// What can be asked of a running engine by others: the SDK in the same process, and the control API.
import { type Config, requireEnabled } from '../config/config.ts'
import type { Engine, SyncReport } from '../engine/engine.ts'
import { type ConnectorStatus, readStatus } from '../engine/status.ts'
import { TajoError } from '../lib/errors.ts'
import type { OccurrenceType } from '../model/occurrence.ts'
import { fromMs, type Instant, parseInstant } from '../model/time.ts'
import type { SyncRequest, Triggered, TriggerRequest } from '../model/requests.ts'
import { toDeliveredEvent, type DeliveredEvent } from '../sync/ingest/handler-events.ts'
import { triggerCampaign } from './trigger.ts'

const MAX_PAGE = 100
/** A handler that failed is given it again so long after; then no more. */
const HANDLER_RETRIES_MS = [1_000, 5_000, 30_000, 300_000] as const

export interface ControlPorts {
  now(): number
  /** Names what nobody gave a name. */
  uuid(): string
  /** Follows what was asked to be read again. */
  wake(connector: string): void
}

export class Control {
  readonly #config: Config
  readonly #engine: Engine
  readonly #ports: ControlPorts

  constructor(config: Config, engine: Engine, ports: ControlPorts) {
    this.#config = config
    this.#engine = engine
    this.#ports = ports
  }

  get #now(): Instant {
    return fromMs(this.#ports.now())
  }

  status(name: string): ConnectorStatus {
    return readStatus(this.#engine.store, requireEnabled(this.#config, name), true)
  }

  async probe(name: string): Promise<{ connected: true; account: string }> {
    requireEnabled(this.#config, name)
    await this.#engine.probe(name)
    return { connected: true, account: this.#engine.account(name) }
  }

  async sync(name: string, request: SyncRequest, signal?: AbortSignal): Promise<SyncReport> {
    requireEnabled(this.#config, name)
    const since = request.since === undefined ? undefined : parseInstant(request.since)
    if (since === null)
      throw new TajoError('usage', `"${request.since}" is no date.`, { hint: 'Write it as 2024-01-31.' })
    const { batchSize, resources } = request
    if (batchSize !== undefined && !(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= MAX_PAGE))
      throw new TajoError('usage', `batchSize must be between 1 and ${MAX_PAGE}.`)
    return await this.#engine.sync(name, { resources, since, reconcile: request.type === 'full' }, signal)
  }

  /** On disk when it returns; what it names is read again soon. */
  requestRefresh(name: string, payload: Readonly<Record<string, unknown>>): { accepted: boolean } {
    const { options } = requireEnabled(this.#config, name)
    const heard = this.#engine.receiver(name)?.hear(payload, options) ?? []
    if (heard === 'ping' || heard.length === 0) return { accepted: false }
    const { store } = this.#engine
    store.transaction(() => {
      for (const request of heard) store.refreshRequests.put(name, request, this.#now)
      store.refreshRequests.add(name, { accepted: 1 }, this.#now)
    })
    this.#ports.wake(name)
    return { accepted: true }
  }

  trigger(name: string, request: TriggerRequest): Triggered {
    const trigger = {
      config: this.#config,
      engine: this.#engine,
      now: this.#now,
      uuid: () => this.#ports.uuid(),
    }
    return triggerCampaign(trigger, name, request)
  }

  /** What handlers of these types are to be given now. Throws `usage` where the helpdesk can never tell of one. */
  deliveries(name: string, types: readonly OccurrenceType[], limit: number): DeliveredEvent[] {
    this.requireTold(name, types)
    const { store } = this.#engine
    return store.handlerEvents
      .due(name, types, this.#now, limit)
      .map((event) => toDeliveredEvent(store, name, event))
  }

  requireTold(name: string, types: readonly OccurrenceType[]): void {
    const { label, supports } = requireEnabled(this.#config, name)
    const never = types.filter((type) => supports.occurrences[type] === undefined)
    if (never.length === 0) return
    throw new TajoError('usage', `${label} never tells of ${never.join(', ')}.`, {
      hint: `It tells of: ${Object.keys(supports.occurrences).join(', ')}.`,
    })
  }

  nextDeliveryAt(name: string): number | null {
    return this.#engine.store.handlerEvents.nextDueAt(name)
  }

  ack(id: string): void {
    const { store } = this.#engine
    store.transaction(() => {
      store.handlerEvents.finish(id)
      store.deadLetters.clear('handler', id)
    })
  }

  /** It threw, or did not end in time: tried again, and set aside after the last try. */
  nack(id: string, attempts: number, reason: string): { retryInMs: number | null } {
    const { store } = this.#engine
    const retryInMs = HANDLER_RETRIES_MS[attempts] ?? null
    const now = this.#now
    store.transaction(() => {
      if (retryInMs !== null) return store.handlerEvents.postpone(id, now + fromMs(retryInMs))
      store.handlerEvents.fail(id)
      const why = `A handler failed: ${reason.slice(0, 300)}`
      store.deadLetters.put('handler', id, why, now, { retry: false })
    })
    return { retryInMs }
  }
}
