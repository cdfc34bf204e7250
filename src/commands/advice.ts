// Advice is a command that can be pasted: it names the file and the state that the command at hand was given.
import type { Command } from 'commander'

const DEFAULTS = { config: 'connectors.yml', stateDir: 'state' }

let places: { config?: string; stateDir?: string } = {}
let commands: RegExp | null = null

/** Called before each command. */
export function rememberPlaces(program: Command, given: { config?: string; stateDir?: string }): void {
  places = given
  const paths = leavesOf(program)
    .filter((leaf) => leaf.options.some((option) => option.long === '--config'))
    .map((leaf) => pathOf(leaf))
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

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap((one) => leavesOf(one))
}

function pathOf(command: Command): string {
  const names: string[] = []
  for (let one: Command | null = command; one?.parent != null; one = one.parent) names.unshift(one.name())
  return names.join(' ')
}
