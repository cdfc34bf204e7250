// Commands to try it without an account, and for the shell.
import { Argument, type Command, Option } from 'commander'

import { TRIGGERED } from '../../../sandbox/trigger.ts'
import { SOURCE_NAMES } from '../../../sources/index.ts'
import { common, exit, json } from './options.ts'

export function addTryCommands(program: Command): void {
  program
    .command('sandbox')
    .description('run a helpdesk and a Brevo on this machine, to try a mapping without an account')
    .addArgument(new Argument('[helpdesk]', 'which').choices(SOURCE_NAMES).default(SOURCE_NAMES[0]!))
    .option('--customers <n>', 'how many customers the shop has', '2000')
    .option('--tickets <n>', 'how many tickets', '4000')
    .option('--messages <n>', 'how many messages', '14000')
    .option('--surveys <n>', 'how many surveys', '600')
    .option('--helpdesk-port <port>', 'port of the helpdesk (0: any)', '0')
    .option('--brevo-port <port>', 'port of Brevo (0: any)', '0')
    .option('--no-limits', 'answer as fast as asked')
    .option('--no-live', 'let nothing happen in the helpdesk by itself')
    .option('--no-prepared', 'start with a Brevo that has no attributes and lists for the mapping')
    .action(async (helpdesk: string, options) => {
      exit.code = await (await import('../trial/sandbox.ts')).runSandbox(helpdesk, options)
    })

  program
    .command('demo')
    .description('show it all: a sandbox, a first sync, and a helpdesk that goes on living')
    .addOption(new Option('--helpdesk <name>', 'which').choices(SOURCE_NAMES).default(SOURCE_NAMES[0]!))
    .action(async ({ helpdesk }: { helpdesk: string }) => {
      exit.code = await (await import('../trial/demo.ts')).runDemo(helpdesk)
    })

  common(program.command('trigger'))
    .description('let something happen to one person in the sandbox')
    .addArgument(new Argument('<occurrence>', 'what').choices(TRIGGERED))
    .requiredOption('--email <address>', 'to whom; somebody new is made a customer')
    .option('--score <n>', 'of a survey that is answered', '5')
    .option('--comment <text>', 'of a survey that is answered')
    .option('--tag <name>', 'that the ticket gets', 'vip')
    .addOption(json())
    .action(async (occurrence: string, options) => {
      exit.code = await (await import('../trial/trigger.ts')).runTrigger(occurrence, options)
    })

  program
    .command('completion')
    .description('print a completion script: source <(tajo completion bash)')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action(async (shell: string) => {
      exit.code = (await import('./completion.ts')).runCompletion(shell, program)
    })
}
