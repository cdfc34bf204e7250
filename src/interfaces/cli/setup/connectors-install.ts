// tajo connectors install: writes the connector into connectors.yml, stores the keys, and makes Brevo ready for the mapping.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import { createBrevoCaller } from '../../../brevo/client.ts'
import { createAttribute, readAttributes, readLists } from '../../../brevo/setup.ts'
import { hasConnector, newFile, withConnector, withImportList } from '../../../config/text/edit.ts'
import type { Config, ConnectorConfig } from '../../../config/config.ts'
import { loadConfig, parseConfig } from '../../../config/load.ts'
import { openSecretStore } from '../../../config/secrets/store.ts'
import { createSource } from '../../../engine/engine.ts'
import { TajoError } from '../../../lib/errors.ts'
import type { Secret } from '../../../lib/log/secret.ts'
import { refuseUnknownLists } from '../../../projection/refusals.ts'
import { findSource, requireSource, SOURCE_NAMES, variablesOf } from '../../../sources/index.ts'
import type { SourceDefinition } from '../../../sources/source.ts'
import { checkMapping } from '../../../preflight/preparation.ts'
import { offerImportList } from './lists.ts'
import {
  createMissing,
  findClient,
  findKeys,
  type KeyOptions,
  type Keys,
  storeKeys,
  toOption,
} from './keys.ts'
import { obtainToken } from './oauth.ts'
import { createStdinLines } from '../terminal/ask.ts'
import { type CommonOptions, isAlone, openPorts } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

export interface InstallOptions extends CommonOptions, KeyOptions {
  /** The helpdesk, where the connector's name is another. */
  source?: string
  brevoBaseUrl?: string
  yes?: boolean
  rotate?: boolean
  oauth?: boolean
  callback?: string
}

export async function runInstall(name: string, options: InstallOptions): Promise<number> {
  if (options.rotate === true) return await runRotate(name, options)
  const { text: draft, isNew, isThere } = draftFile(name, options)
  let text = draft
  const config = parseConfig(options.config, text, process.env)
  const connector = config.connectors.find((one) => one.name === name)!

  const store = openSecretStore(options.stateDir, process.env)
  const keys = await findAll(config, connector, options, (key) => store.read(key))
  const { credentials, brevoKey } = keys

  // Nothing is written before everything was understood.
  storeKeys(store, name, keys)
  writeFileSync(options.config, text)
  print(`${paint('green', '✓')} ${isNew ? 'Wrote' : 'Updated'} ${options.config}`)
  print(`${paint('green', '✓')} Stored the keys, encrypted, in ${options.stateDir}`)

  const session = openPorts(config.log, [...Object.values(credentials), brevoKey])
  try {
    const source = createSource(
      connector,
      { credentials: { [name]: credentials } },
      { ...session.ports, retries: 1 },
    )
    const brevo = createBrevoCaller(
      { baseUrl: config.brevo.baseUrl, apiKey: brevoKey, logApiCalls: config.log.apiCalls },
      session.ports,
    )
    // Of a new one alone: what names an account never changes.
    const told = isThere ? null : ((await source.identify?.()) ?? null)
    if (told !== null) {
      text = withConnector(text, name, { options: told })
      writeFileSync(options.config, text)
    }
    const { issues, warnings } = await checkMapping(connector, source, brevo)
    for (const warning of warnings) say(`${paint('yellow', 'note', process.stderr)} ${warning}`)
    const ready = await createMissing(name, issues, options.yes === true, (attribute, type) =>
      createAttribute(brevo, attribute, type),
    )
    if (config.brevo.importList === undefined) {
      const list = await offerImportList(brevo, options.yes === true)
      if (list !== null) writeFileSync(options.config, withImportList(text, list))
    }
    if (connector.listPlaces.length > 0) refuseUnknownLists(connector.listPlaces, await readLists(brevo))
    print(ready ? `Next: tajo connectors test ${name}` : `Then: tajo connectors test ${name}`)
    return ready ? 0 : 2
  } finally {
    session.close()
  }
}

/** Both sides' keys; with `--oauth` a person lets the app in first, and the helpdesk's key is what that gives. */
async function findAll(
  config: Config,
  connector: ConnectorConfig,
  options: InstallOptions,
  stored: (name: string) => Secret | null,
): Promise<Keys> {
  const alone = isAlone(config, connector)
  const lines = createStdinLines()
  if (options.oauth !== true) return await findKeys(connector, options, alone, stored, lines)
  const client = await findClient(connector, options, alone, lines)
  const session = openPorts(config.log, [client.clientSecret])
  try {
    const { gives, token } = await obtainToken(
      connector,
      client,
      { ...session.ports, lines },
      options.callback,
    )
    // The next question has the terminal for itself.
    if (process.stdin.isTTY) lines.close()
    return await findKeys(connector, { ...options, tokens: { [gives]: token } }, alone, stored, lines)
  } finally {
    session.close()
    lines.close()
  }
}

/** New keys, tried before they replace the old ones; a running daemon takes them with its next request. */
async function runRotate(name: string, options: InstallOptions): Promise<number> {
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
  const alone = isAlone(config, connector)
  const fields = Object.values(requireSource(connector.source).secrets)
  const isGiven = fields.some((one) => one.sensitive && options[toOption(one.flag)] !== undefined)
  const shadowing = [...fields.flatMap((one) => variablesOf(connector, one, alone)), 'BREVO_API_KEY'].filter(
    (variable) => !isGiven && process.env[variable] !== undefined,
  )
  const keys = await findAll(config, connector, options, () => null)
  const { credentials, brevoKey } = keys
  const session = openPorts(config.log, [...Object.values(credentials), brevoKey])
  try {
    const source = createSource(
      connector,
      { credentials: { [name]: credentials } },
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
  storeKeys(openSecretStore(options.stateDir, process.env), name, keys)
  print(`${paint('green', '✓')} The new keys work, and are stored in ${options.stateDir}`)
  print('A running tajo takes them with its next request, unless its keys come from the environment.')
  if (shadowing.length > 0)
    say(
      `${paint('yellow', 'note', process.stderr)} ${shadowing.join(', ')} in the environment goes before what is stored.`,
    )
  return 0
}

function draftFile(
  name: string,
  options: InstallOptions,
): { text: string; isNew: boolean; isThere: boolean } {
  const isNew = !existsSync(options.config)
  const before = isNew ? '' : readFileSync(options.config, 'utf8')
  const isThere = hasConnector(before, name)
  const source = findSource(options.source ?? name)
  if (source === null && !isThere)
    throw new TajoError('usage', `There is no helpdesk ${options.source ?? name}.`, {
      hint: `Helpdesks are: ${SOURCE_NAMES.join(', ')}. A connector with a name of its own says which it is of: --source ${SOURCE_NAMES[0]}`,
    })
  const given = source === null ? {} : readAddress(source, options)
  if (source !== null && Object.keys(given).length === 0 && !isThere) throw toAddressMissing(source)
  const address = { source: source?.name, options: given, brevoBaseUrl: options.brevoBaseUrl }
  return { text: isNew ? newFile(name, address) : withConnector(before, name, address), isNew, isThere }
}

/** The helpdesk's own keys, as they were given on the command line. */
export function readAddress({ address }: SourceDefinition, options: KeyOptions): Record<string, string> {
  return Object.fromEntries(
    [address.option, address.base].flatMap((key): [string, string][] => {
      const value = options[toOption(toFlag(key))]
      return typeof value === 'string' ? [[key, value]] : []
    }),
  )
}

/** `base_url` → `--base-url`. */
export const toFlag = (key: string): string => `--${key.replaceAll('_', '-')}`

export function toAddressMissing({ address }: SourceDefinition): TajoError {
  return new TajoError(
    'usage',
    `Which helpdesk? Give ${toFlag(address.option)} (or ${toFlag(address.base)}).`,
    { hint: `For example: ${toFlag(address.option)} ${address.example}` },
  )
}
