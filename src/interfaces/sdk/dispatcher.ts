// Calls handlers with what happened, beside everything else: one after the other for each connector, each with a time limit.
import type { Clock } from '../../lib/time/clock.ts'
import { coerceError, isAbort } from '../../lib/errors.ts'
import { createMutex } from '../../lib/async/mutex.ts'
import type { OccurrenceType } from '../../model/occurrence.ts'
import type { Backend, Handler, DeliveredEvent } from './types.ts'

export interface Dispatcher {
  on(connector: string, type: OccurrenceType, handler: Handler<OccurrenceType>): () => void
  /** Tells what is due; resolves when nothing is due any more. */
  drain(): Promise<void>
  close(): Promise<void>
}

/** After something that did not work, a while without asking. */
const PAUSE_MS = 2_000
/** Nothing is waited for. */
const AT_ONCE = AbortSignal.abort()

export function createDispatcher(backend: Backend, clock: Clock, timeoutMs: number): Dispatcher {
  return new Handlers(backend, clock, timeoutMs)
}

class Handlers implements Dispatcher {
  readonly #backend: Backend
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #handlers = new Map<string, Map<OccurrenceType, Set<Handler<OccurrenceType>>>>()
  readonly #closing = new AbortController()
  readonly #loops = new Map<string, Promise<void>>()
  readonly #turns = createMutex()

  constructor(backend: Backend, clock: Clock, timeoutMs: number) {
    this.#backend = backend
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  on(connector: string, type: OccurrenceType, handler: Handler<OccurrenceType>): () => void {
    const ofConnector =
      this.#handlers.get(connector) ?? new Map<OccurrenceType, Set<Handler<OccurrenceType>>>()
    this.#handlers.set(connector, ofConnector)
    const ofType = ofConnector.get(type) ?? new Set()
    ofConnector.set(type, ofType)
    ofType.add(handler)
    if (!this.#loops.has(connector)) this.#loops.set(connector, this.#follow(connector))
    return () => {
      ofType.delete(handler)
      if (ofType.size === 0) ofConnector.delete(type)
    }
  }

  async drain(): Promise<void> {
    for (const connector of this.#handlers.keys()) await this.#tellDue(connector)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#loops.values())
  }

  #typesOf(connector: string): OccurrenceType[] {
    return [...(this.#handlers.get(connector)?.keys() ?? [])]
  }

  /** All that is due; one after the other, whoever asks for it. */
  #tellDue(connector: string): Promise<void> {
    return this.#turns(async () => {
      for (;;) {
        const types = this.#typesOf(connector)
        const events = types.length === 0 ? [] : await this.#backend.deliveries(connector, types, AT_ONCE)
        if (events.length === 0) return
        for (const event of events) await this.#tell(connector, event)
      }
    })
  }

  async #tell(connector: string, event: DeliveredEvent): Promise<void> {
    try {
      for (const handler of this.#handlers.get(connector)?.get(event.type) ?? [])
        await this.#withTimeout(async () => handler(event))
    } catch (thrown) {
      return await this.#backend.nack(connector, event.id, event.attempts, coerceError(thrown).message)
    }
    await this.#backend.ack(connector, event.id)
  }

  async #withTimeout(action: () => Promise<unknown>): Promise<void> {
    const ended = new AbortController()
    const limit = this.#clock.sleep(this.#timeoutMs, ended.signal).then(
      () => {
        throw new Error(`it did not end within ${this.#timeoutMs} ms`)
      },
      (thrown: unknown) => {
        if (!isAbort(thrown)) throw thrown
      },
    )
    try {
      await Promise.race([action(), limit])
    } finally {
      ended.abort()
      await limit.catch(() => undefined)
    }
  }

  async #follow(connector: string): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        const types = this.#typesOf(connector)
        const due = types.length === 0 ? [] : await this.#backend.deliveries(connector, types, signal)
        if (types.length === 0) await this.#clock.sleep(PAUSE_MS, signal)
        if (due.length > 0) await this.#tellDue(connector)
      } catch (thrown) {
        if (isAbort(thrown) || signal.aborted) return
        await this.#clock.sleep(PAUSE_MS, signal).catch(() => undefined)
      }
    }
  }
}
