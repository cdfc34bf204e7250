#!/usr/bin/env node
// argv → command → exit code; no logic. Each command is loaded when it is called, so that --help is quick.
import { setFlagsFromString } from 'node:v8'

import { Argument, Command, CommanderError, Option } from 'commander'

import type { ErrorKind } from './lib/errors.ts'

const program = new Command('tajo')
  .description(
    'Keeps a helpdesk and Brevo in step: contacts, lists and timeline events, from one connectors.yml.',
  )
  .version('0.1.0')
  .exitOverride()
  .configureOutput({ writeErr: (text) => process.stderr.write(text.replace(/^error: /, 'tajo: ')) })
  .showHelpAfterError('(tajo --help lists the commands)')

let exitCode = 0

// Collect garbage when the heap has doubled: V8's own factor of four would take 100 MB more for 4 % less CPU.
setFlagsFromString('--heap-growing-percent=100')

/** Options that every command takes. */
function common(command: Command): Command {
  return command
    .addOption(new Option('--config <file>', 'the configuration').default('connectors.yml'))
    .addOption(
      new Option('--state-dir <directory>', 'where cursors, records and the outbox are kept').default(
        'state',
      ),
    )
}

const json = (): Option => new Option('--json', 'print the result as JSON')
const connector = (): Argument => new Argument('<connector>', 'the helpdesk').choices(['gorgias'])

const connectors = program.command('connectors').description('install, test, list or remove a helpdesk')

common(connectors.command('install'))
  .description('write a helpdesk into connectors.yml, store its keys, and make Brevo ready')
  .addArgument(connector())
  .option('--domain <host>', 'the helpdesk’s host, such as yourstore.gorgias.com')
  .option('--email <address>', 'the user who made the API key (or GORGIAS_EMAIL)')
  .option('--api-key <key>', 'the helpdesk’s API key; better from GORGIAS_API_KEY, or "-" for standard input')
  .option('--brevo-api-key <key>', 'the Brevo API key; better from BREVO_API_KEY, or "-" for standard input')
  .option('--base-url <url>', 'where the helpdesk’s API answers, if not at the domain')
  .option('--brevo-base-url <url>', 'where the Brevo API answers')
  .option('--yes', 'create the attributes that Brevo lacks without asking')
  .option('--rotate', 'replace the stored keys, once the new ones were tried; a running tajo takes them')
  .action(async (name: string, options) => {
    exitCode = await (await import('./commands/connectors-install.ts')).runInstall(name, options)
  })

common(connectors.command('test'))
  .description('try everything that must work, at the helpdesk and at Brevo')
  .addArgument(connector())
  .addOption(json())
  .action(async (name: string, options) => {
    exitCode = await (await import('./commands/connectors-test.ts')).runConnectorsTest(name, options)
  })

common(connectors.command('list'))
  .description('list the helpdesks in connectors.yml')
  .addOption(json())
  .action(async (options) => {
    exitCode = (await import('./commands/connectors-list.ts')).runConnectorsList(options)
  })

common(connectors.command('remove'))
  .description('take a helpdesk out of connectors.yml, and its keys out of the store')
  .addArgument(connector())
  .action(async (name: string, options) => {
    exitCode = (await import('./commands/connectors-list.ts')).runConnectorsRemove(name, options)
  })

common(program.command('sync'))
  .description('read what changed and write it to Brevo, once')
  .addArgument(connector())
  .option('--resources <names>', 'only these: customers,tickets,satisfaction_surveys')
  .option('--since <date>', 'read again what changed since then (2024-01-31)')
  .option('--reconcile', 'then read everything again, for what the helpdesk changes without a trace')
  .option('--no-wait', 'do not wait for events in doubt: exit code 3 if there are any')
  .option('--accept-removals', 'take away as many list memberships as the mapping says')
  .addOption(json())
  .action(async (name: string, options) => {
    exitCode = await (await import('./commands/sync.ts')).runSync(name, options)
  })

common(program.command('start'))
  .description('stay and keep everything in step; Ctrl-C or SIGTERM ends it cleanly')
  .option('--accept-removals', 'take away as many list memberships as the mapping says')
  .action(async (options) => {
    exitCode = await (await import('./commands/start.ts')).runStart(options)
  })

common(program.command('status'))
  .description('show what is connected, how far it is, and what was set aside')
  .addOption(json())
  .action(async (options) => {
    exitCode = (await import('./commands/status.ts')).runStatus(options)
  })

const campaigns = program.command('campaigns').description('what each campaign did and did not do, and why')
const loadCampaigns = () => import('./commands/campaigns.ts')
common(campaigns.command('list'))
  .description('list the campaigns, with counts')
  .addOption(json())
  .action(async (options) => {
    exitCode = (await loadCampaigns()).runCampaignsList(options)
  })
common(campaigns.command('why'))
  .description('every decision of a campaign about one contact, with its reason')
  .argument('<campaign>', 'its name in connectors.yml')
  .argument('<email>', 'whom')
  .addOption(json())
  .action(async (name: string, email: string, options) => {
    exitCode = (await loadCampaigns()).runCampaignsWhy(name, email, options)
  })
common(campaigns.command('pause'))
  .description('hold what comes due, until it is resumed')
  .argument('<campaign>', 'its name in connectors.yml')
  .action(async (name: string, options) => {
    exitCode = (await loadCampaigns()).runCampaignsPause(name, options)
  })
common(campaigns.command('resume'))
  .description('decide what was held, and go on')
  .argument('<campaign>', 'its name in connectors.yml')
  .action(async (name: string, options) => {
    exitCode = (await loadCampaigns()).runCampaignsResume(name, options)
  })

const events = program.command('events').description('the ledger of events')
common(events.command('tail'))
  .description('print events as they are found, sent, held back or refused')
  .option('-n, --lines <count>', 'so many of the last ones first', '20')
  .option('--no-follow', 'end after those')
  .addOption(json())
  .action(async (options) => {
    exitCode = await (await import('./commands/events.ts')).runEventsTail(options)
  })

common(program.command('replay'))
  .description('send again, from the ledger, what Brevo does not have')
  .requiredOption('--from <date>', 'sent since then')
  .option('--to <date>', 'sent before then; default: now')
  .option('--event <name>', 'only this event')
  .option('--dry-run', 'only count')
  .addOption(json())
  .action(async (options) => {
    exitCode = await (await import('./commands/events.ts')).runReplay(options)
  })

common(program.command('audit'))
  .description(
    'compare the events that were sent with what Brevo shows; exit code 1 if one is doubled or missing',
  )
  .option('--from <date>', 'sent since then; default: a day before --to')
  .option('--to <date>', 'sent before then; default, and latest: a quarter of an hour ago')
  .addOption(json())
  .action(async (options) => {
    exitCode = await (await import('./commands/audit.ts')).runAudit(options)
  })

const webhooks = program.command('webhooks').description('have the helpdesk tell at once what happened')
const loadWebhooks = () => import('./commands/webhooks.ts')
common(webhooks.command('install'))
  .description('make the webhook in the helpdesk, or put it right')
  .addArgument(connector())
  .option(
    '--url <url>',
    'the address under which the helpdesk reaches `tajo start`; default: server.public_url',
  )
  .option('--rotate', 'with a new secret; the one before stays valid')
  .action(async (name: string, options) => {
    exitCode = await (await loadWebhooks()).runWebhooksInstall(name, options)
  })
common(webhooks.command('status'))
  .description('show the webhook, and what came in; exit code 1 if something is wrong with it')
  .addArgument(connector())
  .addOption(json())
  .action(async (name: string, options) => {
    exitCode = await (await loadWebhooks()).runWebhooksStatus(name, options)
  })
common(webhooks.command('remove'))
  .description('take the webhook out of the helpdesk; polls go on')
  .addArgument(connector())
  .action(async (name: string, options) => {
    exitCode = await (await loadWebhooks()).runWebhooksRemove(name, options)
  })

const letters = program
  .command('dead-letters')
  .description('what was set aside: show it, try it again, or give it up')
const loadLetters = () => import('./commands/dead-letters.ts')
common(letters.command('list'))
  .description('list what was set aside, and why')
  .addOption(json())
  .action(async (options) => {
    exitCode = (await loadLetters()).runDeadLettersList(options)
  })
common(letters.command('show'))
  .description('show one, with what to do about it')
  .argument('<id>', 'as `list` shows it')
  .addOption(json())
  .action(async (id: string, options) => {
    exitCode = (await loadLetters()).runDeadLettersShow(id, options)
  })
common(letters.command('retry'))
  .description('try some again with the next run, of a running daemon too')
  .argument('[ids...]', 'as `list` shows them')
  .option('--all', 'all of them')
  .addOption(json())
  .action(async (ids: string[], options) => {
    exitCode = (await loadLetters()).runDeadLettersRetry(ids, options)
  })
common(letters.command('drop'))
  .description('give some up')
  .argument('[ids...]', 'as `list` shows them')
  .option('--all', 'all of them')
  .addOption(json())
  .action(async (ids: string[], options) => {
    exitCode = (await loadLetters()).runDeadLettersDrop(ids, options)
  })

const state = program.command('state').description('back up, check or export what tajo remembers')
const loadState = () => import('./commands/state.ts')
common(state.command('backup'))
  .description('copy the state as one moment of it, also while a daemon works')
  .option('--out <file>', 'where to; default: backups/ in the state directory')
  .addOption(json())
  .action(async (options) => {
    exitCode = (await loadState()).runStateBackup(options)
  })
common(state.command('check'))
  .description('look for damage; exit code 1 if there is any')
  .addOption(json())
  .action(async (options) => {
    exitCode = (await loadState()).runStateCheck(options)
  })
common(state.command('export'))
  .description('write records, contacts and events as lines of JSON')
  .option('--out <file>', 'where to; default: standard output')
  .action(async (options) => {
    exitCode = (await loadState()).runStateExport(options)
  })
common(state.command('reset-cursor'))
  .description('read a resource again with the next run; no event is repeated')
  .argument('<resource>', 'all, events, customers, tickets, messages or satisfaction_surveys')
  .option('--to <date>', 'what changed since then; default: everything')
  .action(async (resource: string, options) => {
    exitCode = (await loadState()).runStateResetCursor(resource, options)
  })

common(program.command('forget'))
  .description('remove a person from the state and from tajo’s lists in Brevo, for good')
  .argument('<email>', 'whom')
  .option('--delete-contact', 'delete the contact in Brevo too')
  .option('--yes', 'do not ask')
  .addOption(json())
  .action(async (email: string, options) => {
    exitCode = await (await import('./commands/forget.ts')).runForget(email, options)
  })

common(program.command('privacy'))
  .description('print which personal data goes where')
  .addOption(json())
  .action(async (options) => {
    exitCode = (await import('./commands/privacy.ts')).runPrivacy(options)
  })

program
  .command('sandbox')
  .description('run a helpdesk and a Brevo on this machine, to try a mapping without an account')
  .option('--customers <n>', 'how many customers the shop has', '2000')
  .option('--tickets <n>', 'how many tickets', '4000')
  .option('--messages <n>', 'how many messages', '14000')
  .option('--surveys <n>', 'how many surveys', '600')
  .option('--gorgias-port <port>', 'port of the helpdesk (0: any)', '0')
  .option('--brevo-port <port>', 'port of Brevo (0: any)', '0')
  .option('--no-limits', 'answer as fast as asked')
  .option('--no-live', 'let nothing happen in the helpdesk by itself')
  .option('--no-prepared', 'start with a Brevo that has no attributes and lists for the mapping')
  .action(async (options) => {
    exitCode = await (await import('./commands/sandbox.ts')).runSandbox(options)
  })

program
  .command('demo')
  .description('show it all: a sandbox, a first sync, and a helpdesk that goes on living')
  .action(async () => {
    exitCode = await (await import('./commands/demo.ts')).runDemo()
  })

program
  .command('completion')
  .description('print a completion script: source <(tajo completion bash)')
  .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
  .action(async (shell: string) => {
    exitCode = (await import('./commands/completion.ts')).runCompletion(shell, program)
  })

const EXIT_CODES: Record<ErrorKind, number> = { config: 2, fatal: 1, transient: 1, record: 3 }

// A reader that goes away (`tajo status | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await program.parseAsync()
} catch (thrown) {
  if (thrown instanceof CommanderError) exitCode = thrown.exitCode === 0 ? 0 : 2
  else {
    const { printError } = await import('./commands/terminal.ts')
    exitCode = EXIT_CODES[printError(thrown).kind]
  }
}
process.exitCode = exitCode
