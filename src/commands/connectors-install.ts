// tajo connectors install: writes the connector into connectors.yml, stores the keys, and makes Brevo ready for the mapping.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import { createBrevoCaller } from '../brevo/client.ts'
import { createAttribute, readAttributes, readLists } from '../brevo/setup.ts'
import { newFile, withConnector } from '../config/edit.ts'
import { loadConfig, parseConfig } from '../config/load.ts'
import { openSecretStore, readEnvSecret } from '../config/secrets.ts'
import { createSource } from '../engine.ts'
import { TajoError } from '../lib/errors.ts'
import { Secret } from '../lib/secret.ts'
import type { Misfit } from '../mapping/compile.ts'
import { refuseUnknownLists } from '../sync/readiness.ts'
import { isSourceName, type SourceName, SOURCES } from '../sources/registry.ts'
import { askSecret, confirm, createStdinLines, type StdinLines } from './ask.ts'
import { checkMapping } from '../check/preparation.ts'
import { BREVO_KEY_LABEL, type CommonOptions, openPorts } from './session.ts'
import { paint, print, say } from './terminal.ts'

export interface InstallOptions extends CommonOptions {
  domain?: string
  email?: string
  apiKey?: string
  brevoApiKey?: string
  baseUrl?: string
  brevoBaseUrl?: string
  yes?: boolean
  rotate?: boolean
}

export async function runInstall(name: string, options: InstallOptions): Promise<number> {
  if (!isSourceName(name))
    throw new TajoError('usage', `There is no connector ${name}.`, {
      hint: `Connectors are: ${Object.keys(SOURCES).join(', ')}.`,
    })
  if (options.rotate === true) return await runRotate(name, options)
  const { text, isNew } = draftFile(name, options)
  const config = parseConfig(options.config, text, process.env)

  const lines = createStdinLines()
  const fields = SOURCES[name].secrets
  const email = await findSecret(options.email, fields.email.env, fields.email.label, lines, false)
  const apiKey = await findSecret(options.apiKey, fields.api_key.env, fields.api_key.label, lines, true)
  const brevoKey = await findSecret(options.brevoApiKey, 'BREVO_API_KEY', BREVO_KEY_LABEL, lines, true)

  // Nothing is written before everything was understood.
  const store = openSecretStore(options.stateDir, process.env)
  store.write(`${name}.email`, email)
  store.write(`${name}.api_key`, apiKey)
  store.write('brevo.api_key', brevoKey)
  writeFileSync(options.config, text)
  print(`${paint('green', '✓')} ${isNew ? 'Wrote' : 'Updated'} ${options.config}`)
  print(`${paint('green', '✓')} Stored the keys, encrypted, in ${options.stateDir}`)

  const session = openPorts(config.log, [email, apiKey, brevoKey])
  try {
    const connector = config.connectors.find((one) => one.name === name)!
    const source = createSource(
      connector,
      { credentials: { [name]: { email, api_key: apiKey } } },
      { ...session.ports, retries: 1 },
    )
    const brevo = createBrevoCaller(
      { baseUrl: config.brevo.baseUrl, apiKey: brevoKey, logApiCalls: config.log.apiCalls },
      session.ports,
    )
    const { misfits, warnings } = await checkMapping(connector, source, brevo)
    for (const warning of warnings) say(`${paint('yellow', 'note', process.stderr)} ${warning}`)
    const ready = await createMissing(misfits, options.yes === true, (attribute, type) =>
      createAttribute(brevo, attribute, type),
    )
    if (connector.listPlaces.length > 0) refuseUnknownLists(connector.listPlaces, await readLists(brevo))
    print(ready ? `Next: tajo connectors test ${name}` : `Then: tajo connectors test ${name}`)
    return ready ? 0 : 2
  } finally {
    session.close()
  }
}

/** New keys, tried before they replace the old ones; a running daemon takes them with its next request. */
async function runRotate(name: SourceName, options: InstallOptions): Promise<number> {
  const config = loadConfig(options.config, process.env)
  const connector = config.connectors.find((one) => one.name === name)
  if (connector === undefined) {
    throw new TajoError(
      'usage',
      `There is no connector ${name} in ${options.config}, so there is nothing to rotate.`,
      {
        hint: `Install it: tajo connectors install ${name}`,
      },
    )
  }
  const fields = SOURCES[name].secrets
  const shadowing = [fields.email.env, fields.api_key.env, 'BREVO_API_KEY'].filter(
    (variable) => options.apiKey === undefined && process.env[variable] !== undefined,
  )
  const lines = createStdinLines()
  const email = await findSecret(options.email, fields.email.env, fields.email.label, lines, false)
  const apiKey = await findSecret(options.apiKey, fields.api_key.env, fields.api_key.label, lines, true)
  const brevoKey = await findSecret(options.brevoApiKey, 'BREVO_API_KEY', BREVO_KEY_LABEL, lines, true)
  const session = openPorts(config.log, [email, apiKey, brevoKey])
  try {
    const source = createSource(
      connector,
      { credentials: { [name]: { email, api_key: apiKey } } },
      { ...session.ports, retries: 1 },
    )
    await source.checks()[0]!.run()
    await readAttributes(
      createBrevoCaller(
        { baseUrl: config.brevo.baseUrl, apiKey: brevoKey, logApiCalls: config.log.apiCalls },
        session.ports,
      ),
    )
  } finally {
    session.close()
  }
  const store = openSecretStore(options.stateDir, process.env)
  store.write(`${name}.email`, email)
  store.write(`${name}.api_key`, apiKey)
  store.write('brevo.api_key', brevoKey)
  print(`${paint('green', '✓')} The new keys work, and are stored in ${options.stateDir}`)
  print('A running tajo takes them with its next request, unless its keys come from the environment.')
  if (shadowing.length > 0)
    say(
      `${paint('yellow', 'note', process.stderr)} ${shadowing.join(', ')} in the environment goes before what is stored.`,
    )
  return 0
}

function draftFile(name: string, options: InstallOptions): { text: string; isNew: boolean } {
  const { domain, baseUrl, brevoBaseUrl } = options
  const address = { domain, baseUrl, brevoBaseUrl }
  const isNew = !existsSync(options.config)
  const before = isNew ? '' : readFileSync(options.config, 'utf8')
  if (domain === undefined && baseUrl === undefined && !before.includes(`${name}:`)) {
    throw new TajoError('usage', 'Which helpdesk? Give --domain (or --base-url).', {
      hint: 'For example: --domain yourstore.gorgias.com',
    })
  }
  return { text: isNew ? newFile(name, address) : withConnector(before, name, address), isNew }
}

/** From the command line, the environment, standard input, or a prompt that shows nothing. */
async function findSecret(
  given: string | undefined,
  variable: string,
  label: string,
  lines: StdinLines,
  sensitive: boolean,
): Promise<Secret> {
  if (given !== undefined && given !== '' && given !== '-') {
    if (sensitive)
      say(
        `${paint('yellow', 'note', process.stderr)} A key on the command line can be seen by others on this machine; ${variable} or "-" (standard input) can not.`,
      )
    return new Secret(given)
  }
  const fromEnv = given === '-' ? null : readEnvSecret(variable, process.env)
  if (fromEnv !== null) return fromEnv
  const secret = process.stdin.isTTY ? await askSecret(label, sensitive) : ((await lines.next()) ?? '')
  if (secret === '')
    throw new TajoError('secret_missing', `There is no ${variable}: ${label}.`, {
      hint: `Set ${variable}, or give it on standard input, a line for each key.`,
    })
  return new Secret(secret)
}

/** Creates what is missing, if that is wanted; says what is in the way. False if something still is. */
async function createMissing(
  misfits: readonly Misfit[],
  yes: boolean,
  create: (name: string, type: NonNullable<Misfit['create']>) => Promise<void>,
): Promise<boolean> {
  const missing = misfits.filter((one) => one.create !== null)
  for (const one of misfits) {
    if (one.create === null)
      say(
        `${paint('red', '✗', process.stderr)} ${one.where}: ${one.field} can not go to ${one.attribute}: ${one.reason}.`,
      )
  }
  if (missing.length === 0) return misfits.length === 0
  const names = missing.map((one) => `${one.attribute} (${one.create})`).join(', ')
  const wanted =
    yes ||
    (process.stdin.isTTY &&
      (await confirm(`Brevo has no ${names}. Create ${missing.length === 1 ? 'it' : 'them'}?`)))
  if (!wanted) {
    say(
      `${paint('red', '✗', process.stderr)} Brevo has no ${names}. Create them there, or run this again with --yes.`,
    )
    return false
  }
  for (const { attribute, create: type } of missing) {
    await create(attribute, type!)
    print(`${paint('green', '✓')} Created the attribute ${attribute} in Brevo`)
  }
  return missing.length === misfits.length
}
