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
  const handlers = new Map<string, Map<OccurrenceType, Set<Handler<OccurrenceType>>>>()
  const closing = new AbortController()
  const loops = new Map<string, Promise<void>>()
  const turns = createMutex()

  const typesOf = (connector: string): OccurrenceType[] => [...(handlers.get(connector)?.keys() ?? [])]

  /** All that is due; one after the other, whoever asks for it. */
  const tellDue = (connector: string): Promise<void> =>
    turns(async () => {
      for (;;) {
        const types = typesOf(connector)
        const events = types.length === 0 ? [] : await backend.deliveries(connector, types, AT_ONCE)
        if (events.length === 0) return
        for (const event of events) await tell(connector, event)
      }
    })

  async function tell(connector: string, event: DeliveredEvent): Promise<void> {
    try {
      for (const handler of handlers.get(connector)?.get(event.type) ?? [])
        await withTimeout(async () => handler(event))
    } catch (thrown) {
      return await backend.nack(connector, event.id, event.attempts, coerceError(thrown).message)
    }
    await backend.ack(connector, event.id)
  }

  async function withTimeout(action: () => Promise<unknown>): Promise<void> {
    const ended = new AbortController()
    const limit = clock.sleep(timeoutMs, ended.signal).then(
      () => {
        throw new Error(`it did not end within ${timeoutMs} ms`)
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

  async function follow(connector: string): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const types = typesOf(connector)
        const due = types.length === 0 ? [] : await backend.deliveries(connector, types, closing.signal)
        if (types.length === 0) await clock.sleep(PAUSE_MS, closing.signal)
        if (due.length > 0) await tellDue(connector)
      } catch (thrown) {
        if (isAbort(thrown) || closing.signal.aborted) return
        await clock.sleep(PAUSE_MS, closing.signal).catch(() => undefined)
      }
    }
  }

  return {
    on(connector, type, handler) {
      const ofConnector = handlers.get(connector) ?? new Map<OccurrenceType, Set<Handler<OccurrenceType>>>()
      handlers.set(connector, ofConnector)
      const ofType = ofConnector.get(type) ?? new Set()
      ofConnector.set(type, ofType)
      ofType.add(handler)
      if (!loops.has(connector)) loops.set(connector, follow(connector))
      return () => {
        ofType.delete(handler)
        if (ofType.size === 0) ofConnector.delete(type)
      }
    },

    async drain() {
      for (const connector of handlers.keys()) await tellDue(connector)
    },

    async close() {
      closing.abort()
      await Promise.all(loops.values())
    },
  }
}
