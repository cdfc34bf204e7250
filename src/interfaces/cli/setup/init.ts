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
import type { Source } from '../../../sources/source.ts'
import { askSecret } from '../terminal/ask.ts'
import { findOrCreateLists, offerImportList } from './lists.ts'
import { createMissing, findKeys, type KeyOptions } from './keys.ts'
import { type CommonOptions, openPorts } from '../terminal/session.ts'
import { paint, print, say } from '../terminal/terminal.ts'

export interface InitOptions extends CommonOptions, KeyOptions {
  domain?: string
  baseUrl?: string
  brevoBaseUrl?: string
  /** False under --no-lists. */
  lists?: boolean
  yes?: boolean
}

const NAME = 'gorgias'
/** What the known lists are called where they are made. */
const LIST_NAMES = {
  all_support_contacts: 'Support contacts',
  satisfied_customers: 'Satisfied customers',
  dissatisfied_customers: 'Dissatisfied customers',
} as const

/** Exit code 0: written, and Brevo is ready; 2: written, and something is still missing in Brevo. */
export async function runInit(options: InitOptions): Promise<number> {
  if (existsSync(options.config))
    throw new TajoError('usage', `${options.config} is there already, and is not touched.`, {
      hint: 'Add a helpdesk to it: tajo connectors install gorgias — or look at it: tajo validate --online',
    })
  const address = {
    domain: options.baseUrl === undefined ? await findDomain(options.domain) : undefined,
    baseUrl: options.baseUrl,
    brevoBaseUrl: options.brevoBaseUrl,
  }
  const { email, apiKey, brevoKey } = await findKeys(NAME, options)
  const first = parseConfig(options.config, newFile(NAME, address), process.env)
  const session = openPorts(first.log, [email, apiKey, brevoKey])
  try {
    const source = createSource(
      first.connectors[0]!,
      { credentials: { [NAME]: { email, api_key: apiKey } } },
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

    const text = newFile(NAME, address, {
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
    const store = openSecretStore(options.stateDir, process.env)
    store.write(`${NAME}.email`, email)
    store.write(`${NAME}.api_key`, apiKey)
    store.write('brevo.api_key', brevoKey)
    writeFileSync(options.config, text, { flag: 'wx' })
    print(`${paint('green', '✓')} Wrote ${options.config}`)
    print(`${paint('green', '✓')} Stored the keys, encrypted, in ${options.stateDir}`)

    const { misfits, warnings } = await checkMapping(config.connectors[0]!, source, brevo)
    for (const warning of warnings) say(`${paint('yellow', 'note', process.stderr)} ${warning}`)
    const ready = await createMissing(misfits, options.yes === true, (attribute, type) =>
      createAttribute(brevo, attribute, type),
    )
    print()
    print('Next:')
    print(`  tajo plan --sample 20     what a first sync would write, for the twenty newest customers`)
    print(`  tajo sync ${NAME}         the first sync; nothing that happened before it fires an event`)
    print(`  tajo start                stay, and keep everything in step`)
    return ready ? 0 : 2
  } finally {
    session.close()
  }
}

async function findDomain(given: string | undefined): Promise<string> {
  const domain =
    given ??
    (process.stdin.isTTY ? await askSecret('the helpdesk’s host, such as yourstore.gorgias.com', false) : '')
  if (domain !== '') return domain.replace(/^https?:\/\//, '').replace(/\/.*$/, '')
  throw new TajoError('usage', 'Which helpdesk? Give --domain.', {
    hint: 'For example: --domain yourstore.gorgias.com',
  })
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
