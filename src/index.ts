// The SDK: the only file that others import.
export { loadConfig } from './config/load.ts'
export type { Config } from './config/config.ts'
export { TajoError, type ErrorCode, type ErrorKind } from './lib/errors.ts'
export { startDaemon, type Daemon } from './daemon.ts'
export { openEngine, type Engine, type EngineOptions, type SyncOptions, type SyncReport } from './engine.ts'
