// The command for analysts: extract.
import type { Command } from 'commander'

import { common, connector, exit, json } from './options.ts'

export function addExtractCommand(program: Command): void {
  common(program.command('extract'))
    .description('the helpdesk as tables, for analysts: into a file, a folder or a database')
    .addArgument(connector())
    .option(
      '--to <where>',
      'duckdb://FILE, sqlite://FILE, postgres://…, a folder, or - for one table; default: as connectors.yml says',
    )
    .option('--tables <names>', 'only these: customers,tickets')
    .option(
      '--layout <name>',
      'vendor (default): as the helpdesk has them; workforce: for planners, the same for every helpdesk',
    )
    .option('--format <name>', 'of the files in a folder: csv (default), jsonl or parquet')
    .option('--since <date>', 'what changed since then: 2024-06-19, 8w, 2y, everything')
    .option('--until <date>', 'and before then')
    .option('--full', 'read everything anew')
    .option('--dry-run', 'say what it would cost, in requests and minutes, and write nothing')
    .addOption(json())
    .action(async (name: string, options) => {
      exit.code = await (await import('../run/extract.ts')).runExtract(name, options)
    })
}
