// Commands of whoever looks after it: events, audit, dead-letters, state, forget, privacy.
import type { Command } from 'commander'

import { common, exit, json } from './options.ts'

export function addCareCommands(program: Command): void {
  addDoctor(program)
  addLedgerCommands(program)
  addDeadLetterCommands(program)
  addStateCommands(program)
  addPrivacyCommands(program)
  addAlerts(program)
}

function addAlerts(program: Command): void {
  const alerts = program.command('alerts').description('who is told when something needs a look')
  common(alerts.command('test'))
    .description('tell everybody of `alerts` in connectors.yml that this is a test')
    .action(async (options) => {
      exit.code = await (await import('../upkeep/alerts.ts')).runAlertsTest(options)
    })
}

function addDoctor(program: Command): void {
  common(program.command('doctor'))
    .description('look at everything that must be well, each with the command that mends it')
    .option('--offline', 'only on this machine')
    .addOption(json())
    .action(async (options) => {
      exit.code = await (await import('../upkeep/doctor.ts')).runDoctor(options)
    })
}

function addLedgerCommands(program: Command): void {
  const events = program.command('events').description('the ledger of events')
  common(events.command('tail'))
    .description('print events as they are found, sent, held back or refused')
    .option('-n, --lines <count>', 'so many of the last ones first', '20')
    .option('--no-follow', 'end after those')
    .addOption(json())
    .action(async (options) => {
      exit.code = await (await import('../run/events.ts')).runEventsTail(options)
    })

  common(program.command('replay'))
    .description('send again, from the ledger, what Brevo does not have')
    .requiredOption('--from <date>', 'sent since then')
    .option('--to <date>', 'sent before then; default: now')
    .option('--event <name>', 'only this event')
    .option('--dry-run', 'only count')
    .addOption(json())
    .action(async (options) => {
      exit.code = await (await import('../run/events.ts')).runReplay(options)
    })

  common(program.command('audit'))
    .description(
      'compare the events that were sent with what Brevo shows; exit code 1 if one is doubled or missing',
    )
    .option('--from <date>', 'sent since then; default: a day before --to')
    .option('--to <date>', 'sent before then; default, and latest: a quarter of an hour ago')
    .addOption(json())
    .action(async (options) => {
      exit.code = await (await import('../run/audit.ts')).runAudit(options)
    })
}

function addDeadLetterCommands(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('what was set aside: show it, try it again, or give it up')
  const loadLetters = () => import('../upkeep/dead-letters.ts')
  common(letters.command('list'))
    .description('list what was set aside, and why')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await loadLetters()).runDeadLettersList(options)
    })
  common(letters.command('show'))
    .description('show one, with what to do about it')
    .argument('<id>', 'as `list` shows it')
    .addOption(json())
    .action(async (id: string, options) => {
      exit.code = (await loadLetters()).runDeadLettersShow(id, options)
    })
  common(letters.command('retry'))
    .description('try some again with the next run, of a running daemon too')
    .argument('[ids...]', 'as `list` shows them')
    .option('--all', 'all of them')
    .addOption(json())
    .action(async (ids: string[], options) => {
      exit.code = (await loadLetters()).runDeadLettersRetry(ids, options)
    })
  common(letters.command('drop'))
    .description('give some up')
    .argument('[ids...]', 'as `list` shows them')
    .option('--all', 'all of them')
    .addOption(json())
    .action(async (ids: string[], options) => {
      exit.code = (await loadLetters()).runDeadLettersDrop(ids, options)
    })
}

function addStateCommands(program: Command): void {
  const state = program.command('state').description('back up, restore, check or export what tajo remembers')
  const loadState = () => import('../upkeep/state.ts')
  common(state.command('backup'))
    .description('copy the state as one moment of it, also while a daemon works')
    .option('--out <file>', 'where to; default: backups/ in the state directory')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await loadState()).runStateBackup(options)
    })
  common(state.command('restore'))
    .description('put a backup in the place of the state, while tajo is stopped; what was there is kept')
    .argument('<file>', 'what `state backup` made, or what an upgrade kept')
    .addOption(json())
    .action(async (file: string, options) => {
      exit.code = (await loadState()).runStateRestore(file, options)
    })
  common(state.command('check'))
    .description('look for damage; exit code 1 if there is any')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await loadState()).runStateCheck(options)
    })
  common(state.command('export'))
    .description('write records, contacts and events as lines of JSON')
    .option('--out <file>', 'where to; default: standard output')
    .action(async (options) => {
      exit.code = (await loadState()).runStateExport(options)
    })
  common(state.command('reset-cursor'))
    .description('read a resource again with the next run; no event is repeated')
    .argument('<resource>', 'all, events, customers, tickets, messages or satisfaction_surveys')
    .option('--to <date>', 'what changed since then; default: everything')
    .action(async (resource: string, options) => {
      exit.code = await (await loadState()).runStateResetCursor(resource, options)
    })
}

function addPrivacyCommands(program: Command): void {
  common(program.command('forget'))
    .description('remove a person from the state and from tajo’s lists in Brevo, for good')
    .argument('<email>', 'whom')
    .option('--delete-contact', 'delete the contact in Brevo too')
    .option('--yes', 'do not ask')
    .addOption(json())
    .action(async (email: string, options) => {
      exit.code = await (await import('../upkeep/forget.ts')).runForget(email, options)
    })

  common(program.command('privacy'))
    .description('print which personal data goes where')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await import('../upkeep/privacy.ts')).runPrivacy(options)
    })
}
