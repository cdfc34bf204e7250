// What the commands have in common: their options, and the exit code that they leave.
import { Argument, type Command, Option } from 'commander'

import { SOURCE_NAMES } from '../../../sources/index.ts'

export const exit = { code: 0 }

/** Options that every command takes. */
export function common(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'the configuration').default('connectors.yml'))
    .addOption(
      new Option('--state-dir <directory>', 'where cursors, records and the outbox are kept').default(
        'state',
      ),
    )
}

export const json = (): Option => new Option('--json', 'print the result as JSON')
export const connector = (): Argument =>
  new Argument('<connector>', `as connectors.yml calls it: ${SOURCE_NAMES.join(', ')}, or a name of its own`)
