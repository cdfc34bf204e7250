// What users of the SDK hand in and get back.
import type { SyncReport } from '../../engine/report.ts'
import type { ConnectorStatus } from '../../state/connector-status.ts'
import type { ConnectorsFile } from '../../config/schema/schema.ts'
import type { SyncRequest, Triggered, TriggerRequest } from '../../model/requests.ts'
import type { OccurrenceType } from '../../model/occurrence.ts'
import type { DeliveredEvent } from '../../sync/ingest/handler-events.ts'

export type {
  ConnectorStatus,
  OccurrenceType,
  SyncReport,
  SyncRequest,
  DeliveredEvent,
  Triggered,
  TriggerRequest,
}

export interface TajoClientOptions {
  /** What authorises towards a running daemon (its TAJO_API_KEY); not needed in-process. */
  apiKey?: string | undefined
  /** Default: BREVO_API_KEY, or what `tajo connectors install` stored. */
  brevoApiKey?: string | undefined
  /** A running daemon. Default: the engine runs in this process. */
  baseUrl?: string | undefined
  /** connectors.yml by its path, or what would stand in it. Default: `./connectors.yml`. */
  config?: string | ConnectorsFile | undefined
  /** Default: `./state`. */
  stateDir?: string | undefined
  /** What is logged to standard error. Default: nothing. */
  logLevel?: 'silent' | 'error' | 'warn' | 'info' | 'verbose' | undefined
  /** How long a handler may take, in milliseconds, before it counts as hanging. Default: 30,000. */
  handlerTimeoutMs?: number | undefined
}

/**
 * The helpdesk's own keys and secrets in camel case, such as `domain`, `email` and `apiKey`. Defaults: as in the configuration; secrets
 * from the environment (`<CONNECTOR>_API_KEY`), or what is stored.
 */
export interface ConnectOptions {
  /** The helpdesk, where the connector's name is another. */
  source?: string | undefined
  domain?: string | undefined
  email?: string | undefined
  apiKey?: string | undefined
  [key: string]: string | undefined
}

export interface Connected {
  connected: true
  account: string
}

/** Something that a helpdesk told by a webhook. It is a refresh request: the ticket is read again. */
export interface HelpdeskEvent {
  type: string
  payload: {
    ticketId: string | number
    status?: string
    customerEmail?: string
    channel?: string
    tags?: readonly string[]
    satisfaction?: unknown
    [other: string]: unknown
  }
}

/** Throwing, or taking too long, has it called again later; after five tries the event is set aside. */
export type Handler<Type extends OccurrenceType> = (event: DeliveredEvent<Type>) => unknown

/** In this process, or in a daemon. */
export interface Backend {
  connect(name: string, options: ConnectOptions): Promise<Connected>
  sync(name: string, request: SyncRequest): Promise<SyncReport>
  status(name: string): Promise<ConnectorStatus>
  requestRefresh(name: string, event: HelpdeskEvent): Promise<{ accepted: boolean }>
  trigger(name: string, request: TriggerRequest): Promise<Triggered>
  /** What handlers of these types are to be given now; may wait for something to come. */
  deliveries(name: string, types: readonly OccurrenceType[], signal: AbortSignal): Promise<DeliveredEvent[]>
  ack(name: string, id: string): Promise<void>
  nack(name: string, id: string, attempts: number, reason: string): Promise<void>
  /** These types are waited for from now on. */
  listen(name: string, types: readonly OccurrenceType[]): Promise<void>
  close(): Promise<void>
}
