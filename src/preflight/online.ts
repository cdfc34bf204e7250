// What connectors.yml asks of Brevo and of the helpdesk, held against what both of them have now.
import { type BrevoCaller, createBrevoCaller } from '../brevo/client.ts'
import { readAccount, readLists } from '../brevo/setup.ts'
import type { Config, ConnectorConfig } from '../config/config.ts'
import type { Complaint } from '../config/text/document.ts'
import { suggest } from '../config/schema/validate.ts'
import { createSource, enabled, type EngineOptions, type Ports } from '../engine/engine.ts'
import { parsePlace } from '../explain/explain.ts'
import { nearestField } from '../mapping/nearest-field.ts'
import type { Source } from '../sources/source.ts'
import { checkMapping } from './preparation.ts'

/** A configuration with its keys, and the way to the outside. */
export interface Checked {
  config: Config
  engine: EngineOptions
  ports: Ports
}

export interface Finding extends Complaint {
  severity: 'error' | 'warning'
}

/** Throws where one of them can't be asked. */
export async function checkOnline(session: Checked): Promise<Finding[]> {
  const brevo = openBrevo(session)
  const lists = await readLists(brevo)
  const findings: Finding[] = []
  for (const connector of enabled(session.config)) {
    const source = createSource(connector, session.engine, { ...session.ports, retries: 1 })
    const { issues, warnings } = await checkMapping(connector, source, brevo)
    findings.push(
      ...issues.map((one) =>
        at(
          one.where,
          'error',
          `${one.field} can not go to ${one.attribute}: ${one.reason}.` +
            (one.create === null
              ? ' Map it to an attribute of another type.'
              : ` Create it: tajo connectors install ${connector.name} --yes`),
        ),
      ),
      ...warnings.map((text) => atText(text)),
      ...findUnknownLists(connector, lists),
      ...(await findUnknownTags(connector, source)),
    )
  }
  const { importList } = session.config.brevo
  if (importList !== undefined && !lists.has(importList))
    findings.push(
      at(session.config.file, 'error', `brevo.import_list: there is no list ${importList} in Brevo.`),
    )
  return [...findings, ...(await checkAccount(session, brevo))]
}

export function openBrevo({ config, engine, ports }: Checked): BrevoCaller {
  return createBrevoCaller(
    { baseUrl: config.brevo.baseUrl, apiKey: engine.brevoKey, logApiCalls: config.log.apiCalls },
    ports,
  )
}

function findUnknownLists({ listPlaces }: ConnectorConfig, lists: ReadonlyMap<number, string>): Finding[] {
  const known = [...lists].slice(0, 10).map(([id, name]) => `${id} (${name})`)
  const hint = known.length === 0 ? 'Brevo has none yet.' : `There are: ${known.join(', ')}.`
  return listPlaces
    .filter(({ id }) => !lists.has(id))
    .map(({ id, where }) => at(where, 'error', `There is no list ${id} in Brevo. ${hint}`))
}

/** A tag may be made tomorrow; more likely it was meant otherwise. */
async function findUnknownTags({ rules }: ConnectorConfig, source: Source): Promise<Finding[]> {
  const wanted = rules.lists.flatMap(({ condition, where }) =>
    condition.kind === 'tag' ? [{ tag: condition.tag, where }] : [],
  )
  if (wanted.length === 0) return []
  const names = await readTags(source)
  return wanted
    .filter(({ tag }) => !names.includes(tag))
    .map(({ tag, where }) =>
      at(where, 'warning', `The helpdesk has no tag "${tag}".${suggest(tag, names)} (Case matters.)`),
    )
}

export async function readTags(source: Source): Promise<string[]> {
  const names: string[] = []
  for await (const page of source.readDirectory('tags'))
    for (const record of page.records) if (record.kind === 'tag') names.push(record.name)
  return names
}

/** A key need not have the right to look at the account: then nothing is said (brevo-api.md § 2.0). */
async function checkAccount({ config }: Checked, brevo: BrevoCaller): Promise<Finding[]> {
  const account = await readAccount(brevo)
  if (account === null) return []
  const findings: Finding[] = []
  if (account.automations === false)
    findings.push(
      at(config.file, 'warning', 'Automations are switched off in Brevo: an event starts nothing there.'),
    )
  if (account.sendLimit === 0)
    findings.push(
      at(config.file, 'warning', 'Brevo has no e-mails left in its plan: what an event starts is not sent.'),
    )
  return findings
}

function at(where: string, severity: Finding['severity'], message: string): Finding {
  const [, line = '1', column = '1'] = /:(\d+):(\d+)$/.exec(where) ?? []
  return { severity, line: Number(line), column: Number(column), path: '', message }
}

/** A sentence that begins with its place. */
const NOBODYS_FIELD = /has no customer field "([^"]+)"/

function atText(text: string): Finding {
  const [, where = '', message = text] = /^(\S+:\d+:\d+): (.*)$/s.exec(text) ?? []
  const [, field = ''] = NOBODYS_FIELD.exec(message) ?? []
  const near = nearestField(field)
  const guess = near === null ? '' : ` Did you mean "${near}"?`
  // The helpdesk was asked: what nobody has is a slip.
  const severity = field === '' ? 'warning' : 'error'
  return { ...at(where, severity, `${message}${guess}`), line: Math.max(1, parsePlace(where).line) }
}
