#!/usr/bin/env node
// argv → command → exit code; no logic. Each command is loaded when it is called, so that --help is quick.
import { setFlagsFromString } from 'node:v8'

import { Command, CommanderError } from 'commander'

import { addCommands } from './interfaces/cli/program/index.ts'
import { exit } from './interfaces/cli/program/options.ts'
import { pathsWithPlaces } from './interfaces/cli/program/paths.ts'
import { rememberPlaces } from './interfaces/cli/terminal/advice.ts'
import { leaveToOwner } from './interfaces/cli/terminal/owner.ts'
import type { ErrorKind } from './lib/errors.ts'
import { VERSION } from './lib/version.ts'

const program = new Command('tajo')
  .description(
    'Keeps a helpdesk and Brevo in step: contacts, lists and timeline events, from one connectors.yml.',
  )
  .version(VERSION)
  .exitOverride()
  .configureOutput({ writeErr: (text) => process.stderr.write(text.replace(/^error: /, 'tajo: ')) })
  .showHelpAfterError('(tajo --help lists the commands)')

// Collect garbage when the heap has doubled: V8's own factor of four would take 100 MB more for 4 % less CPU.
setFlagsFromString('--heap-growing-percent=100')

addCommands(program)

program.hook('preAction', (_, command) => {
  const { stateDir } = command.opts<{ stateDir?: string }>()
  rememberPlaces(pathsWithPlaces(program), command.opts())
  if (stateDir !== undefined) process.once('exit', () => leaveToOwner(stateDir))
})

const EXIT_CODES: Record<ErrorKind, number> = { config: 2, fatal: 1, transient: 1, record: 3, guard: 4 }

// A reader that goes away (`tajo status | head`) is no error; what has work to do goes on without one.
const goesOn = ['start', 'sync', 'apply', 'sandbox'].includes(process.argv[2] ?? '')
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    if (!goesOn) process.exit(0)
  })

try {
  await program.parseAsync()
} catch (thrown) {
  if (thrown instanceof CommanderError) {
    exit.code = thrown.exitCode === 0 ? 0 : 2
    const file = process.argv.slice(2).find((one) => /\.ya?ml$/.test(one))
    if (thrown.code === 'commander.excessArguments' && file !== undefined)
      process.stderr.write(`→ The file is named by an option: --config ${file}\n`)
  } else if (['EMFILE', 'ENFILE'].includes((thrown as NodeJS.ErrnoException).code ?? '')) {
    // Not even the words for it could be loaded.
    process.stderr.write(
      'tajo: This process may open too few files.\n  → Let it have 256 or more: ulimit -n 256, or LimitNOFILE=256 in a systemd unit.\n',
    )
    exit.code = 1
  } else {
    const { printError } = await import('./interfaces/cli/terminal/terminal.ts')
    exit.code = EXIT_CODES[printError(thrown).kind]
  }
}
process.exitCode = exit.code
