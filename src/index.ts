// The SDK: the only file that others import.
export { type Campaigns, type Connectors, TajoClient } from './interfaces/sdk/client.ts'
export type {
  Connected,
  ConnectOptions,
  ConnectorStatus,
  Handler,
  HelpdeskEvent,
  OccurrenceType,
  SyncReport,
  SyncRequest,
  TajoClientOptions,
  DeliveredEvent,
  Triggered,
  TriggerRequest,
} from './interfaces/sdk/types.ts'
export type { ConnectorsFile } from './config/schema/schema.ts'
export { TajoError, type ErrorCode, type ErrorKind } from './lib/errors.ts'
