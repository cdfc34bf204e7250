// How much is logged, and the shape of a log: apart from winston, which only those load who write one.
export const LOG_LEVELS = ['error', 'warn', 'info', 'verbose', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export type LogFields = Record<string, unknown>
/** Static text first, what varies in `fields`, so that lines can be grouped. */
export type Log = Record<LogLevel, (message: string, fields?: LogFields) => void>
