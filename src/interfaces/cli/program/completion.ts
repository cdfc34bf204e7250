// tajo completion: a script for the shell, made from the commands themselves.
import type { Command } from 'commander'

import { TajoError } from '../../../lib/errors.ts'
import { print } from '../terminal/terminal.ts'

interface Entry {
  /** `connectors install`; empty for the program itself. */
  path: string
  words: string[]
  /** What its argument names beside those. */
  takes: 'files' | 'campaigns' | null
}

/** Options that are followed by a file or a directory: whoever completes them wants files. */
const FILE_OPTIONS = ['--config', '--state-dir', '--out']
/** Asked of tajo itself when someone presses the key; says nothing where there is no configuration. */
const CAMPAIGNS = `tajo campaigns list --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4`

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
  const { registeredArguments } = command
  const choices = registeredArguments.flatMap((argument) => argument.argChoices ?? [])
  const names = registeredArguments.map((argument) => argument.name())
  const takes = names.includes('campaign') ? 'campaigns' : names.includes('file') ? 'files' : null
  return [
    { path: path.join(' '), words: [...children, ...choices, ...options, '--help'], takes },
    ...command.commands.flatMap((child) => collect(child, [...path, child.name()])),
  ]
}

function toBash(entries: readonly Entry[]): string {
  const cases = entries
    .map(({ path, words, takes }) => `    "${path}") words="${words.join(' ')}"; takes=${takes ?? ''} ;;`)
    .join('\n')
  return `_tajo() {
  local path="" word current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  case "\${COMP_WORDS[COMP_CWORD-1]}" in ${FILE_OPTIONS.join('|')}) return ;; esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) case "$(_tajo_words "\${path:+$path }$word" -)" in "") ;; *) path="\${path:+$path }$word" ;; esac ;; esac
  done
  COMPREPLY=($(compgen -W "$(_tajo_words "$path" "$current")" -- "$current"))
}
_tajo_words() {
  local words="" takes=""
  case "$1" in
${cases}
  esac
  case "$takes,\${2-}" in
    *,-*|,*) ;;
    # None of the words: bash completes files then, as it was told below.
    files,*) words="" ;;
    campaigns,*) words="$(${CAMPAIGNS})" ;;
  esac
  echo "$words"
}
complete -o default -F _tajo tajo`
}

function toFish(entries: readonly Entry[]): string {
  return entries
    .map(({ path, words, takes }) => {
      const condition =
        path === ''
          ? '__fish_use_subcommand'
          : path
              .split(' ')
              .map((word) => `__fish_seen_subcommand_from ${word}`)
              .join('; and ')
      const lines = [`complete -c tajo -n "${condition}" -a "${words.join(' ')}"`]
      if (takes === 'campaigns') lines.push(`complete -c tajo -n "${condition}" -f -a "(${CAMPAIGNS})"`)
      return lines.join('\n')
    })
    .join('\n')
}
