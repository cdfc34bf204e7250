// Commands that show what will happen, and why something did.
import type { Command } from 'commander'

import { common, exit, json } from './options.ts'

export function addPlanCommands(program: Command): void {
  addForesight(program)
  addConfigurationCommands(program)
  addMappingTests(program)
}

/** What will change, doing exactly that, and why a value is what it is. */
function addForesight(program: Command): void {
  const loadPlan = () => import('../plan/plan.ts')
  common(program.command('plan'))
    .description('say what a sync with this file would do to Brevo; nothing is written')
    .option('--connector <name>', 'only this helpdesk')
    .option('--limit <n>', 'how many contacts to show', '10')
    .option('--sample <n>', 'before the first sync: look at so many customers only')
    .option('--accept-removals', 'as if the sync were called so')
    .option('--out <file>', 'write the whole plan, for tajo apply')
    .addOption(json())
    .action(async (options) => {
      exit.code = await (await loadPlan()).runPlan(options)
    })

  common(program.command('apply'))
    .description('do what a plan says and nothing else; exit code 4 if the world has changed')
    .argument('<file>', 'written by tajo plan --out')
    .addOption(json())
    .action(async (file: string, options) => {
      exit.code = await (await loadPlan()).runApply(file, options)
    })

  common(program.command('explain'))
    .description('say why a contact holds what it holds; who is in a list, what an attribute holds')
    .argument('[email]', 'whom')
    .option('--list <id>', 'who is in this list, and why')
    .option('--attribute <name>', 'what this attribute holds, and where from')
    .option('--limit <n>', 'how many contacts or values to show', '20')
    .addOption(json())
    .action(async (email: string | undefined, options) => {
      exit.code = (await import('../plan/explain.ts')).runExplain(email, options)
    })
}

function addConfigurationCommands(program: Command): void {
  common(program.command('validate'))
    .description('say everything that is wrong with connectors.yml, each in its place')
    .argument('[file]', 'the configuration, as of --config')
    .option('--online', 'also ask Brevo and the helpdesk: attributes, lists, tags, custom fields')
    .option('--format <name>', 'github: annotations for a pull request')
    .addOption(json())
    .action(async (file: string | undefined, options) => {
      const config = file ?? options.config
      exit.code = await (await import('../plan/validate.ts')).runValidate({ ...options, config })
    })

  common(program.command('diff-config'))
    .description(
      'say who would change with another connectors.yml than the one in force, without one request',
    )
    .argument('[file]', 'the other one; by default connectors.yml as it is now')
    .option('--limit <n>', 'how many contacts to show', '10')
    .addOption(json())
    .action(async (file: string | undefined, options) => {
      const other = file ?? options.config
      exit.code = await (await import('../plan/diff-config.ts')).runDiffConfig(other, options)
    })

  common(program.command('approve'))
    .description('let a changed connectors.yml go live that a running daemon holds back')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await import('../plan/approve.ts')).runApprove(options)
    })
}

function addMappingTests(program: Command): void {
  const loadTests = () => import('../plan/test-mapping.ts')
  common(program.command('test-mapping'))
    .description('run the tests beside connectors.yml: given records, expected values, lists, events')
    .addOption(json())
    .action(async (options) => {
      exit.code = await (await loadTests()).runTestMapping(options)
    })

  common(program.command('record'))
    .description('print a test made from a real contact')
    .argument('<email>', 'whose')
    .option('--anonymise', 'without anything that tells who it is')
    .action(async (email: string, options) => {
      exit.code = (await loadTests()).runRecord(email, options)
    })
}
