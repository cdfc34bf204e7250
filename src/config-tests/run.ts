// Runs a test of a mapping: the real engine against a helpdesk and a Brevo that hold what the test says.
import { type Config, type ConnectorConfig, requireEnabled } from '../config/config.ts'
import type { MappingTest } from '../config/schema/schema-tests.ts'
import { enabled, openEngine, type Ports } from '../engine/engine.ts'
import { compileMapping } from '../mapping/compile.ts'
import type { Attribute } from '../model/attributes.ts'
import { TajoError } from '../lib/errors.ts'
import { Secret } from '../lib/log/secret.ts'
import { createSeededRandom } from '../lib/random.ts'
import type { Log } from '../lib/log/log.ts'
import { normalizeEmail } from '../model/email.ts'
import type { BrevoAccount } from '../sandbox/brevo/account.ts'
import { createScratch } from '../state/db/scratch.ts'
import { openStoreScratch } from '../state/store.ts'
import { requireHelpdesk } from '../sandbox/helpdesks.ts'
import { requireSource } from '../sources/index.ts'
import { BREVO_KEY, BREVO_URL, openTestWorld, type TestWorld } from './world.ts'

export interface Outcome {
  attributes: Record<string, unknown>
  lists: number[]
  events: { name: string; properties: Record<string, unknown> }[]
  campaigns: Record<string, { state: string; reason: string | null }>
}

/** Differences between what was expected and what came, a line each; empty if there are none. */
export async function runMappingTest(
  test: MappingTest,
  config: Config,
  attributes: readonly Attribute[],
  log: Log,
): Promise<string[]> {
  return compare(test, await play(test, config, attributes, log))
}

async function play(
  test: MappingTest,
  config: Config,
  attributes: readonly Attribute[],
  log: Log,
): Promise<Outcome> {
  const connector = findConnector(test, config)
  const definition = requireHelpdesk(connector.source)
  const world = openTestWorld(test, definition)
  prepareBrevo(world.account, config, attributes)
  const scratch = createScratch(null)
  const ports: Ports = {
    http: world.http,
    clock: world.clock,
    random: createSeededRandom(1),
    log,
    openStore: openStoreScratch,
  }
  try {
    const engine = openEngine(
      {
        config: toTestConfig(config, connector, world),
        stateDir: scratch.directory,
        credentials: {
          [connector.name]: Object.fromEntries(
            Object.entries(definition.keys).map(([name, key]) => [name, new Secret(key)]),
          ),
        },
        brevoKey: new Secret(BREVO_KEY),
      },
      ports,
    )
    const sync = () => engine.sync(connector.name, { patienceMs: 0, acceptRemovals: true })
    try {
      await sync()
      while (world.next()) await sync()
      world.wait()
      await sync()
      const email = normalizeEmail(test.given?.customer.email) ?? ''
      const contact = world.account.contacts.get(email)
      const decided = engine.store.campaigns.ofContact(email)
      return {
        // An identifier of its own, and an attribute to whoever writes a mapping.
        attributes: { ...contact?.attributes, ...(contact?.extId == null ? {} : { EXT_ID: contact.extId }) },
        lists: [...(contact?.lists ?? [])].sort((a, b) => a - b),
        events: world.account.events
          .filter((one) => one.email === email)
          .map(({ name, properties }) => ({ name, properties })),
        campaigns: Object.fromEntries(
          decided.toReversed().map(({ campaign, state, reason }) => [campaign, { state, reason }]),
        ),
      }
    } finally {
      engine.close()
    }
  } finally {
    scratch.remove()
    await world.close()
  }
}

/** As Brevo was when it was last asked; what is not known is of the kind that suits the mapping. */
function prepareBrevo(account: BrevoAccount, config: Config, attributes: readonly Attribute[]): void {
  for (const one of attributes)
    if (one.category === 'normal') account.addAttribute(one.name, one.type || 'text')
    else
      account.attributes.set(one.name, {
        name: one.name,
        category: 'category',
        enumeration: one.options.map(({ label, value }) => ({ label, value: Number(value) })),
      })
  for (const connector of enabled(config)) {
    for (const { attribute, create } of compileMapping(connector.rules, [], attributes).issues)
      if (create !== null) account.addAttribute(attribute, create)
    // Custom fields exist in the test alone: they go where they fit.
    for (const { attribute } of connector.rules.fields)
      if (!account.attributes.has(attribute)) account.addAttribute(attribute, 'text')
    for (const { id } of connector.listPlaces) if (!account.lists.has(id)) account.lists.set(id, `list ${id}`)
  }
  if (config.brevo.importList !== undefined) account.lists.set(config.brevo.importList, 'import')
}

/** Whose helpdesk the test's shop has: the one that it names, else the first. Throws `usage` where there is none. */
function findConnector(test: MappingTest, config: Config): ConnectorConfig {
  if (test.connector !== undefined) return requireEnabled(config, test.connector)
  const [first] = enabled(config)
  if (first !== undefined) return first
  throw new TajoError('usage', `There is no enabled connector in ${config.file}.`)
}

/** The shop of a test has one helpdesk. */
function toTestConfig(config: Config, connector: ConnectorConfig, world: TestWorld): Config {
  const { address, options } = requireSource(connector.source)
  const limit =
    options['rate_limit'] === undefined ? {} : { rate_limit: { requests: 100_000, per_seconds: 1 } }
  return {
    ...config,
    brevo: { ...config.brevo, baseUrl: BREVO_URL },
    connectors: [
      {
        ...connector,
        backfillSince: world.since,
        options: { ...connector.options, [address.base]: world.helpdeskUrl, ...limit },
      },
    ],
  }
}

function compare({ expect }: MappingTest, outcome: Outcome): string[] {
  const lines: string[] = []
  for (const [name, wanted] of Object.entries(expect.attributes ?? {})) {
    const held = outcome.attributes[name] ?? null
    if (!isSame(held, wanted)) lines.push(`${name}: expected ${show(wanted)}, got ${show(held)}`)
  }
  if (expect.lists !== undefined) {
    const missing = expect.lists.filter((list) => !outcome.lists.includes(list))
    const extra = outcome.lists.filter((list) => !expect.lists!.includes(list))
    if (missing.length > 0) lines.push(`lists: not in ${missing.join(', ')}`)
    if (extra.length > 0) lines.push(`lists: in ${extra.join(', ')}, which was not expected`)
  }
  if (expect.events !== undefined) lines.push(...compareEvents(expect.events, outcome.events))
  for (const [name, wanted] of Object.entries(expect.campaigns ?? {})) {
    const decided = outcome.campaigns[name]
    const state = decided?.state ?? 'none'
    if (state !== wanted)
      lines.push(
        `campaign ${name}: expected ${wanted}, got ${state}${decided?.reason == null ? '' : ` (${decided.reason})`}`,
      )
  }
  return lines
}

function compareEvents(
  wanted: NonNullable<MappingTest['expect']['events']>,
  sent: Outcome['events'],
): string[] {
  const names = wanted.map((one) => (typeof one === 'string' ? one : one.name))
  const got = sent.map((one) => one.name)
  if (JSON.stringify(names) !== JSON.stringify(got))
    return [`events: expected ${names.join(', ') || 'none'}, got ${got.join(', ') || 'none'}`]
  return wanted.flatMap((one, index) =>
    typeof one === 'string'
      ? []
      : Object.entries(one.properties ?? {}).flatMap(([name, value]) => {
          const held = sent[index]!.properties[name] ?? null
          return isSame(held, value)
            ? []
            : [`${one.name}.${name}: expected ${show(value)}, got ${show(held)}`]
        }),
  )
}

/** To whom writes YAML `5` and `"5"` are the same. */
function isSame(held: unknown, wanted: unknown): boolean {
  if (Array.isArray(held) || Array.isArray(wanted)) return JSON.stringify(held) === JSON.stringify(wanted)
  const text = (value: unknown): string =>
    typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value)
  return text(held) === text(wanted)
}

function show(value: unknown): string {
  return value === null || value === undefined || value === '' ? 'nothing' : JSON.stringify(value)
}
