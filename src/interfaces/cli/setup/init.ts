// tajo init: a first connectors.yml that fits this helpdesk and this Brevo, from the few things that matter.
import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

import { type BrevoCaller, createBrevoCaller } from '../../../brevo/client.ts'
import { createAttribute, readAttributes } from '../../../brevo/setup.ts'
import { readTags } from '../../../preflight/online.ts'
import { checkMapping } from '../../../preflight/preparation.ts'
import { newFile } from '../../../config/text/edit.ts'
import { parseConfig } from '../../../config/load.ts'
import { openSecretStore } from '../../../config/secrets/store.ts'
import { createSource } from '../../../engine/engine.ts'
import { findOwnFile } from '../../../lib/own-file.ts'
import { TajoError } from '../../../lib/errors.ts'
import { type CustomField, toSlug } from '../../../model/records.ts'
import { requireSource, SOURCE_NAMES } from '../../../sources/index.ts'
import type { Source, SourceDefinition } from '../../../sources/source.ts'
import { askSecret } from '../terminal/ask.ts'
import { findOrCreateLists, offerImportList } from './lists.ts'
import { readAddress, toAddressMissing } from './connectors-install.ts'
import { createMissing, findKeys, type KeyOptions, storeKeys } from './keys.ts'
import { type CommonOptions, openPorts } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

export interface InitOptions extends CommonOptions, KeyOptions {
  /** Which helpdesk; the first of the list where none is named. */
  helpdesk?: string
  brevoBaseUrl?: string
  /** False under --no-lists. */
  lists?: boolean
  yes?: boolean
}

/** What the known lists are called where they are made. */
const LIST_NAMES = {
  all_support_contacts: 'Support contacts',
  satisfied_customers: 'Satisfied customers',
  dissatisfied_customers: 'Dissatisfied customers',
} as const

/** Exit code 0: written, and Brevo is ready; 2: written, and something is still missing in Brevo. */
export async function runInit(options: InitOptions): Promise<number> {
  const helpdesk = requireSource(options.helpdesk ?? SOURCE_NAMES[0]!)
  if (existsSync(options.config))
    throw new TajoError('usage', `${options.config} is there already, and is not touched.`, {
      hint: `Add a helpdesk to it: tajo connectors install ${helpdesk.name} — or look at it: tajo validate --online`,
    })
  const { name } = helpdesk
  const address = { options: await findAddress(helpdesk, options), brevoBaseUrl: options.brevoBaseUrl }
  const keys = await findKeys({ name, source: name }, options, true)
  const { credentials, brevoKey } = keys
  const first = parseConfig(options.config, newFile(name, address), process.env)
  const session = openPorts(first.log, [...Object.values(credentials), brevoKey])
  try {
    const source = createSource(
      first.connectors[0]!,
      { credentials: { [name]: credentials } },
      { ...session.ports, retries: 1 },
    )
    const brevo = createBrevoCaller(
      { baseUrl: first.brevo.baseUrl, apiKey: brevoKey, logApiCalls: false },
      session.ports,
    )
    // Nothing is written before both have let us in.
    await source.checks()[0]!.run()
    print(`${paint('green', '✓')} The helpdesk lets tajo in`)
    await readAttributes(brevo)
    print(`${paint('green', '✓')} Brevo lets tajo in`)

    const text = newFile(name, address, {
      schema: findSchema(options.config),
      lists: options.lists === false ? {} : await chooseLists(brevo, options.yes === true),
      importList: await offerImportList(brevo, options.yes === true),
      tags: await readTags(source),
      customFields: (await readCustomFields(source)).map(({ label }) => ({
        slug: toSlug(label),
        attribute: toSlug(label).toUpperCase(),
      })),
    })
    const config = parseConfig(options.config, text, process.env)
    storeKeys(openSecretStore(options.stateDir, process.env), name, keys)
    writeFileSync(options.config, text, { flag: 'wx' })
    print(`${paint('green', '✓')} Wrote ${options.config}`)
    print(`${paint('green', '✓')} Stored the keys, encrypted, in ${options.stateDir}`)

    const { issues, warnings } = await checkMapping(config.connectors[0]!, source, brevo)
    for (const warning of warnings) say(`${paint('yellow', 'note', process.stderr)} ${warning}`)
    const ready = await createMissing(name, issues, options.yes === true, (attribute, type) =>
      createAttribute(brevo, attribute, type),
    )
    print()
    print('Next:')
    print(`  tajo plan --sample 20     what a first sync would write, for the twenty newest customers`)
    print(`  tajo sync ${name}         the first sync; nothing that happened before it fires an event`)
    print(`  tajo start                stay, and keep everything in step`)
    return ready ? 0 : 2
  } finally {
    session.close()
  }
}

/** As given, or asked for; a host is taken out of an address that was pasted. */
async function findAddress(
  helpdesk: SourceDefinition,
  options: InitOptions,
): Promise<Record<string, string>> {
  const given = readAddress(helpdesk, options)
  if (given[helpdesk.address.base] !== undefined)
    return { [helpdesk.address.base]: given[helpdesk.address.base]! }
  const { option, label } = helpdesk.address
  const value = given[option] ?? (process.stdin.isTTY ? await askSecret(label, false) : '')
  if (value === '') throw toAddressMissing(helpdesk)
  return { [option]: value.replace(/^https?:\/\//, '').replace(/\/.*$/, '') }
}

/** Those of the known names that are there, and those that may be made. */
async function chooseLists(brevo: BrevoCaller, yes: boolean): Promise<Record<string, number>> {
  const found = await findOrCreateLists(
    brevo,
    Object.values(LIST_NAMES),
    yes,
    (names) => `Brevo has no lists ${names}. Create them?`,
  )
  return Object.fromEntries(
    Object.entries(LIST_NAMES).flatMap(([key, name]) => {
      const id = found.get(name)
      return id === undefined ? [] : [[key, id]]
    }),
  )
}

async function readCustomFields(source: Source): Promise<CustomField[]> {
  const fields: CustomField[] = []
  for await (const page of source.readDirectory('custom_fields'))
    for (const record of page.records) if (record.kind === 'custom_field') fields.push(record)
  return fields
}

/**
 * From the configuration to the schema, so that both can be moved, or mounted, together: that of the package which is installed
 * beside or above the configuration, else this one's.
 */
function findSchema(config: string): string {
  const own = findOwnFile('schema/connectors.schema.json')
  const beside = dirname(resolve(config))
  for (let at = beside; ; at = dirname(at)) {
    const installed = join(at, 'node_modules', '@tajo', 'sdk', 'schema', 'connectors.schema.json')
    const isFound = existsSync(installed)
    if (!isFound && at !== dirname(at)) continue
    const path = relative(beside, isFound ? installed : own)
    return path.startsWith('.') ? path : `./${path}`
  }
}
