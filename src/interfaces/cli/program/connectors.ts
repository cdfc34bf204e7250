// Commands that connect a helpdesk: connectors, webhooks.
import { type Command, Option } from 'commander'

import { SOURCE_NAMES, SOURCES, toVariable } from '../../../sources/index.ts'
import { common, connector, exit, json } from './options.ts'

export function addConnectorCommands(program: Command): void {
  account(common(program.command('init')))
    .description('write a first connectors.yml that fits your helpdesk and your Brevo')
    .addOption(
      new Option('--helpdesk <name>', 'which helpdesk').choices(SOURCE_NAMES).default(SOURCE_NAMES[0]),
    )
    .option('--no-lists', 'fill no lists')
    .option('--yes', 'create the attributes and lists that Brevo lacks without asking')
    .action(async (options) => {
      exit.code = await (await import('../setup/init.ts')).runInit(options)
    })
  addConnectors(program)
  addWebhooks(program)
}

function addConnectors(program: Command): void {
  const connectors = program.command('connectors').description('install, test, list or remove a helpdesk')

  account(common(connectors.command('install')))
    .description('write a helpdesk into connectors.yml, store its keys, and make Brevo ready')
    .addArgument(connector())
    .option('--source <helpdesk>', 'the helpdesk, where the connector’s name is another')
    .option('--yes', 'create the attributes that Brevo lacks without asking')
    .option(
      '--oauth',
      'let the app in with your browser instead of by a key; it is known by its client id and secret',
    )
    .option('--callback <url>', 'where the browser comes back to; default: http://127.0.0.1:8976/callback')
    .option('--rotate', 'replace the stored keys, once the new ones were tried; a running tajo takes them')
    .action(async (name: string, options) => {
      exit.code = await (await import('../setup/connectors-install.ts')).runInstall(name, options)
    })

  common(connectors.command('test'))
    .description('try everything that must work, at the helpdesk and at Brevo')
    .addArgument(connector())
    .addOption(json())
    .action(async (name: string, options) => {
      exit.code = await (await import('../setup/connectors-test.ts')).runConnectorsTest(name, options)
    })

  common(connectors.command('list'))
    .description('list the helpdesks in connectors.yml')
    .addOption(json())
    .action(async (options) => {
      exit.code = (await import('../setup/connectors-list.ts')).runConnectorsList(options)
    })

  common(connectors.command('remove'))
    .description('take a helpdesk out of connectors.yml, and its keys out of the store')
    .addArgument(connector())
    .action(async (name: string, options) => {
      exit.code = (await import('../setup/connectors-list.ts')).runConnectorsRemove(name, options)
    })
}

function addWebhooks(program: Command): void {
  const webhooks = program.command('webhooks').description('have the helpdesk tell at once what happened')
  const loadWebhooks = () => import('../setup/webhooks.ts')
  common(webhooks.command('install'))
    .description('make the webhook in the helpdesk, or put it right')
    .addArgument(connector())
    .option(
      '--url <url>',
      'the address under which the helpdesk reaches `tajo start`; default: server.public_url',
    )
    .option('--rotate', 'with a new secret; the one before stays valid')
    .action(async (name: string, options) => {
      exit.code = await (await loadWebhooks()).runWebhooksInstall(name, options)
    })
  common(webhooks.command('status'))
    .description('show the webhook, and what came in; exit code 1 if something is wrong with it')
    .addArgument(connector())
    .addOption(json())
    .action(async (name: string, options) => {
      exit.code = await (await loadWebhooks()).runWebhooksStatus(name, options)
    })
  common(webhooks.command('test'))
    .description('wait until the helpdesk calls a running tajo, and say whether it was let in')
    .addArgument(connector())
    .option('--wait <duration>', 'for how long', '2m')
    .action(async (name: string, options) => {
      exit.code = await (await import('../setup/webhooks-test.ts')).runWebhooksTest(name, options)
    })
  common(webhooks.command('remove'))
    .description('take the webhook out of the helpdesk; polls go on')
    .addArgument(connector())
    .action(async (name: string, options) => {
      exit.code = await (await loadWebhooks()).runWebhooksRemove(name, options)
    })
}

/** Whom to ask, and with which keys: what each helpdesk has for itself, and Brevo's. */
function account(command: Command): Command {
  const flags = new Map<string, string>()
  for (const { name, label, address, secrets, oauth } of SOURCES) {
    flags.set(`${toFlag(address.option)} <value>`, `${address.label} (${label})`)
    flags.set(`${toFlag(address.base)} <url>`, 'where the helpdesk’s API answers, if not there')
    for (const { flag, label: what, sensitive, variable } of [
      ...Object.values(secrets),
      ...Object.values(oauth?.client ?? {}),
    ])
      flags.set(
        `${flag} <value>`,
        sensitive
          ? `${what}; better from ${toVariable(name)}_${variable}, or "-" for standard input`
          : `${what} (or ${toVariable(name)}_${variable})`,
      )
  }
  for (const [flag, description] of flags) command.option(flag, description)
  return command
    .option(
      '--brevo-api-key <key>',
      'the Brevo API key; better from BREVO_API_KEY, or "-" for standard input',
    )
    .option('--brevo-base-url <url>', 'where the Brevo API answers')
}

/** `base_url` → `--base-url`. */
const toFlag = (key: string): string => `--${key.replaceAll('_', '-')}`
