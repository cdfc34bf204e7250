// tajo completion: a script for the shell, made from the commands themselves.
import type { Command } from 'commander'

import { TajoError } from '../lib/errors.ts'
import { print } from './terminal.ts'

interface Entry {
  /** `connectors install`; empty for the program itself. */
  path: string
  words: string[]
}

export function runCompletion(shell: string, program: Command): number {
  const entries = collect(program, [])
  if (shell === 'bash') print(toBash(entries))
  else if (shell === 'zsh') print(`autoload -U +X bashcompinit && bashcompinit\n${toBash(entries)}`)
  else if (shell === 'fish') print(toFish(entries))
  else
    throw new TajoError('usage', `There is no completion for ${shell}.`, {
      hint: 'Shells are bash, zsh and fish.',
    })
  return 0
}

function collect(command: Command, path: readonly string[]): Entry[] {
  const options = command.options.flatMap((option) => option.long ?? [])
  const children = command.commands.map((child) => child.name())
  const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? [])
  return [
    { path: path.join(' '), words: [...children, ...choices, ...options, '--help'] },
    ...command.commands.flatMap((child) => collect(child, [...path, child.name()])),
  ]
}

function toBash(entries: readonly Entry[]): string {
  const cases = entries.map(({ path, words }) => `    "${path}") words="${words.join(' ')}" ;;`).join('\n')
  return `_tajo() {
  local path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case "$(_tajo_words "\${path:+$path }$word")" in "") ;; *) path="\${path:+$path }$word" ;; esac ;; esac
  done
  COMPREPLY=($(compgen -W "$(_tajo_words "$path")" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
_tajo_words() {
  local words=""
  case "$1" in
${cases}
  esac
  echo "$words"
}
complete -o default -F _tajo tajo`
}

function toFish(entries: readonly Entry[]): string {
  return entries
    .map(({ path, words }) => {
      const condition =
        path === ''
          ? '__fish_use_subcommand'
          : path
              .split(' ')
              .map((word) => `__fish_seen_subcommand_from ${word}`)
              .join('; and ')
      return `complete -c tajo -n "${condition}" -a "${words.join(' ')}"`
    })
    .join('\n')
}
