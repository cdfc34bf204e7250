// Commands of the console: open it, and say who may look into it.
import type { Command } from 'commander'

import { common, exit, json } from './options.ts'

export function addConsoleCommands(program: Command): void {
  const load = () => import('../run/console.ts')
  const console = program
    .command('console')
    .description('tajo in a browser: open it, and say who may look (needs `server: { console: true }`)')
  common(console.command('open', { isDefault: true }))
    .description('open it in a browser, signed in; `tajo console` is short for it')
    .option('--no-open', 'only print the address')
    .action(async (options) => {
      exit.code = (await load()).runConsole(options)
    })
  common(console.command('token'))
    .description('make a token that somebody signs in with; it is shown once')
    .requiredOption('--name <name>', 'whose it is, as the log of changes calls them')
    .option('--editor', 'it may change things, too')
    .option('--masked', 'addresses and phone numbers are shown masked')
    .option('--expires <duration>', 'when it ends', '90d')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await load()).runConsoleToken(options)
    })
  common(console.command('tokens'))
    .description('list the tokens')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await load()).runConsoleTokens(options)
    })
  common(console.command('revoke'))
    .description('end a token; whoever is signed in by it is signed out')
    .argument('<id>', 'as `tokens` lists it')
    .action(async (id: string, options) => {
      exit.code = (await load()).runConsoleRevoke(id, options)
    })
  common(console.command('log'))
    .description('print what was changed through the console, and by whom')
    .option('-n, --lines <count>', 'so many of the last ones', '50')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await load()).runConsoleLog(options)
    })
}
