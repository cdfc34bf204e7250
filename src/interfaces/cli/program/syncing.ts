// Commands that keep in step, and show how it goes: sync, start, status, campaigns.
import type { Command } from 'commander'

import { common, connector, exit, json } from './options.ts'

export function addSyncCommands(program: Command): void {
  common(program.command('sync'))
    .description('read what changed and write it to Brevo, once')
    .addArgument(connector())
    .option('--resources <names>', 'only these: customers,tickets,satisfaction_surveys')
    .option('--contact <email>', 'this person first and whole, at once')
    .option('--since <date>', 'read again what changed since then (2024-01-31)')
    .option('--reconcile', 'then read everything again, for what the helpdesk changes without a trace')
    .option('--no-wait', 'do not wait for events in doubt: exit code 3 if there are any')
    .option('--accept-removals', 'take away as many list memberships as the mapping says')
    .option('--dry-run', 'only say what would be written: tajo plan --connector')
    .addOption(json())
    .action(async (name: string, options) => {
      exit.code =
        options.dryRun === true
          ? await (await import('../plan/plan.ts')).runPlan({ ...options, connector: name })
          : await (await import('../run/sync.ts')).runSync(name, options)
    })

  common(program.command('start'))
    .description('stay and keep everything in step; Ctrl-C or SIGTERM ends it cleanly')
    .option('--accept-removals', 'take away as many list memberships as the mapping says')
    .action(async (options) => {
      exit.code = await (await import('../run/start.ts')).runStart(options)
    })

  common(program.command('status'))
    .description(
      'show what is connected, how far it is, and what was set aside; exit code 1 if a connector needs a person',
    )
    .addOption(json())
    .action(async (options) => {
      exit.code = (await import('../run/status.ts')).runStatus(options)
    })

  const campaigns = program.command('campaigns').description('what each campaign did and did not do, and why')
  const loadCampaigns = () => import('../run/campaigns.ts')
  common(campaigns.command('list'))
    .description('list the campaigns, with counts')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await loadCampaigns()).runCampaignsList(options)
    })
  common(campaigns.command('why'))
    .description('every decision of a campaign about one contact, with its reason')
    .argument('<campaign>', 'its name in connectors.yml')
    .argument('<email>', 'whom')
    .addOption(json())
    .action(async (name: string, email: string, options) => {
      exit.code = (await loadCampaigns()).runCampaignsWhy(name, email, options)
    })
  common(campaigns.command('pause'))
    .description('hold what comes due, until it is resumed')
    .argument('<campaign>', 'its name in connectors.yml')
    .action(async (name: string, options) => {
      exit.code = (await loadCampaigns()).runCampaignsPause(name, options)
    })
  common(campaigns.command('resume'))
    .description('decide what was held, and go on')
    .argument('<campaign>', 'its name in connectors.yml')
    .action(async (name: string, options) => {
      exit.code = (await loadCampaigns()).runCampaignsResume(name, options)
    })
}
