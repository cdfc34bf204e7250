// Advice is a command that can be pasted: it names the file and the state that the command at hand was given.
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

/** `tajo sync gorgias` as `tajo sync --state-dir other gorgias`, where that was given; all other text as it is. */
export function toRunnable(text: string): string {
  const { config, stateDir } = places
  const flags = [
    ...(config === undefined || config === DEFAULTS.config ? [] : [['--config', config] as const]),
    ...(stateDir === undefined || stateDir === DEFAULTS.stateDir ? [] : [['--state-dir', stateDir] as const]),
  ]
  if (commands === null || flags.length === 0) return text
  return text.replace(commands, (_, path: string, rest: string) => {
    const missing = flags.filter(([flag]) => !rest.includes(`${flag} `))
    return `tajo ${path}${missing.map(([flag, value]) => ` ${flag} ${quote(value)}`).join('')}${toRunnable(rest)}`
  })
}

const quote = (value: string): string =>
  /^[\w./@:-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`
