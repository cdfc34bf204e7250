// What an application asks for, by the SDK or over HTTP. Whoever compiles against the SDK reads this: it imports nothing but the model.
import type { AttributeValue } from './operations.ts'

export type Resource = 'customers' | 'tickets' | 'satisfaction_surveys'

export interface SyncRequest {
  /** `full` reads everything again, after what changed. */
  type?: 'incremental' | 'full' | undefined
  resources?: Resource[] | undefined
  /** What changed since then is read again: `2024-01-31`. */
  since?: string | undefined
  /** Rows a request; the helpdesk's most is always asked for, so this is only checked. */
  batchSize?: number | undefined
}

export interface TriggerRequest {
  email: string
  /** Properties of the event; what is null or no number is left out. */
  params?: Readonly<Record<string, AttributeValue | null>> | undefined
  /** The same key fires once; default: every call is one of its own. */
  idempotencyKey?: string | undefined
}

export interface Triggered {
  fired: boolean
  /** Why not; null if it fired. */
  reason: string | null
  eventId: string
}
