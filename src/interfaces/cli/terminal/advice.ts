// Advice is a command that can be pasted: it names the file and the state that the command at hand was given. So does every
// sentence that says connectors.yml.
import { basename } from 'node:path'

import type { Log, LogFields } from '../../../lib/log/log.ts'

const DEFAULTS = { config: 'connectors.yml', stateDir: 'state' }

let places: { config?: string; stateDir?: string } = {}
let commands: RegExp | null = null

/** Called before each command. `paths`: the commands that take a configuration and a state, as they are written. */
export function rememberPlaces(
  paths: readonly string[],
  given: { config?: string; stateDir?: string },
): void {
  places = given
  // The longest first: `state check` before a `state` of its own.
  commands = new RegExp(
    `(?<![\\w/@.-])tajo (${paths.toSorted((a, b) => b.length - a.length).join('|')})(?![\\w-])([^\\n]*)`,
    'g',
  )
}

/** `tajo sync shop-eu` as `tajo sync --state-dir other shop-eu`, `connectors.yml` as `shop.yml`, where that was given. */
export function toRunnable(text: string): string {
  const { config = DEFAULTS.config } = places
  return withFlags(text.replace(THE_FILE, () => basename(config)))
}

/** What a log says to whoever reads it, in the same words. */
export function inPlaces(log: Log): Log {
  const at =
    (level: keyof Log): Log[keyof Log] =>
    (message, fields) =>
      log[level](toRunnable(message), fields && mapTexts(fields))
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    verbose: at('verbose'),
    debug: at('debug'),
  }
}

const mapTexts = (fields: LogFields): LogFields =>
  Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'string' ? toRunnable(value) : value,
    ]),
  )

/** Not where it is a part of a path, or of another name. */
const THE_FILE = /(?<![\w./\\-])connectors\.yml(?![\w-])/g

function withFlags(text: string): string {
  const { config, stateDir } = places
  const flags = [
    ...(config === undefined || config === DEFAULTS.config ? [] : [['--config', config] as const]),
    ...(stateDir === undefined || stateDir === DEFAULTS.stateDir ? [] : [['--state-dir', stateDir] as const]),
  ]
  if (commands === null || flags.length === 0) return text
  return text.replace(commands, (_, path: string, rest: string) => {
    const missing = flags.filter(([flag]) => !rest.includes(`${flag} `))
    return `tajo ${path}${missing.map(([flag, value]) => ` ${flag} ${quote(value)}`).join('')}${withFlags(rest)}`
  })
}

const quote = (value: string): string =>
  /^[\w./@:-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`
