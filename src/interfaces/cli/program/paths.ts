// The commands as they are written: `sync`, `state check`.
import type { Command } from 'commander'

/** Those that work with a configuration and a state. */
export function pathsWithPlaces(program: Command): string[] {
  return leavesOf(program)
    .filter((leaf) => leaf.options.some((option) => option.long === '--config'))
    .map((leaf) => pathOf(leaf))
}

function leavesOf(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap((one) => leavesOf(one))
}

function pathOf(command: Command): string {
  const names: string[] = []
  for (let one: Command | null = command; one?.parent != null; one = one.parent) names.unshift(one.name())
  return names.join(' ')
}
