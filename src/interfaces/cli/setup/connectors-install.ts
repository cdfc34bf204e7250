// tajo connectors install: writes the connector into connectors.yml, stores the keys, and makes Brevo ready for the mapping.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

import { createBrevoCaller } from '../../../brevo/client.ts'
import { createAttribute, readAttributes, readLists } from '../../../brevo/setup.ts'
import { newFile, withConnector, withImportList } from '../../../config/text/edit.ts'
import { loadConfig, parseConfig } from '../../../config/load.ts'
import { openSecretStore } from '../../../config/secrets/store.ts'
import { createSource } from '../../../engine/engine.ts'
import { TajoError } from '../../../lib/errors.ts'
import { refuseUnknownLists } from '../../../projection/refusals.ts'
import { isSourceName, type SourceName } from '../../../sources/names.ts'
import { SOURCES } from '../../../sources/registry.ts'
import { checkMapping } from '../../../preflight/preparation.ts'
import { offerImportList } from './lists.ts'
import { createMissing, findKeys, type KeyOptions } from './keys.ts'
import { type CommonOptions, openPorts } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

export interface InstallOptions extends CommonOptions, KeyOptions {
  domain?: string
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

  const store = openSecretStore(options.stateDir, process.env)
  const { email, apiKey, brevoKey } = await findKeys(name, options, (key) => store.read(key))

  // Nothing is written before everything was understood.
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
  const { email, apiKey, brevoKey } = await findKeys(name, options)
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
