// The door for assistants.
import type { Command } from 'commander'

import { common, exit } from './options.ts'

export function addAssistantCommand(program: Command): void {
  common(program.command('mcp'))
    .description('let an assistant ask (Model Context Protocol, over standard input and output)')
    .option('--allow-write', 'let it sync, retry and approve, too')
    .option('--show-addresses', 'do not mask addresses and phone numbers')
    .action(async (options) => {
      exit.code = await (await import('../run/mcp.ts')).runMcp(options)
    })
}
