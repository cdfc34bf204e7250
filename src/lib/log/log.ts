// The only door to winston. JSON lines when nobody watches, readable lines on a terminal; every line passes the redactor.
import { stripVTControlCharacters, styleText } from 'node:util'
import winston from 'winston'

import { LOG_LEVELS, type Log, type LogFields, type LogLevel } from './log-levels.ts'
import type { Redactor } from './redact.ts'

export type { Log, LogFields, LogLevel } from './log-levels.ts'

const COLORS = { error: 'red', warn: 'yellow', info: 'cyan', verbose: 'gray', debug: 'gray' } as const

/** A log to standard error, so that standard output stays for results. */
export function createLog(options: {
  level: LogLevel
  readable: boolean
  color: boolean
  redactor: Redactor
}): Log {
  const line = winston.format.printf((info) => {
    const { level, message, timestamp, ...fields } = info
    if (!options.readable)
      return options.redactor.clean(JSON.stringify({ time: timestamp, level, message, ...fields }))
    const extras = Object.entries(fields).map(([key, value]) => ` ${key}=${format(value)}`)
    const label = options.color
      ? styleText(COLORS[level as LogLevel], level.padEnd(7), { validateStream: false })
      : level.padEnd(7)
    const text = options.redactor.clean(stripVTControlCharacters(`${String(message)}${extras.join('')}`))
    return `${toLocalTime(String(timestamp))} ${label} ${text.replaceAll('\n', '\\n')}`
  })
  const logger = winston.createLogger({
    level: options.level,
    format: winston.format.combine(winston.format.timestamp(), line),
    transports: [new winston.transports.Console({ stderrLevels: [...LOG_LEVELS] })],
  })
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    logger.log({ ...fields, level, message })
  }
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    verbose: at('verbose'),
    debug: at('debug'),
  }
}

/** `14:03:22`, where people look; JSON lines keep UTC. */
const toLocalTime = (timestamp: string): string => new Date(timestamp).toTimeString().slice(0, 8)

function format(value: unknown): string {
  return typeof value === 'string' && !/[\s"=]/.test(value) ? value : JSON.stringify(value)
}
