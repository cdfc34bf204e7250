// The SDK: the only file that others import.
export { type Campaigns, type Connectors, TajoClient } from './sdk/client.ts'
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
  ToldEvent,
  Triggered,
  TriggerRequest,
} from './sdk/types.ts'
export type { ConnectorsFile } from './config/schema.ts'
export { TajoError, type ErrorCode, type ErrorKind } from './lib/errors.ts'
