// tajo privacy: which personal data goes where, from connectors.yml alone. For a record of processing.
import type { Config, ConnectorConfig } from '../../../config/config.ts'
import { loadConfig } from '../../../config/load.ts'
import { chooseTables, layoutOf } from '../../../extract/layouts.ts'
import { withoutPassword } from '../../../lib/net/address.ts'
import { needsMessages, needsPhone } from '../../../mapping/compile.ts'
import type { CommonOptions } from '../terminal/session.ts'
import { paint, print } from '../terminal/terminal.ts'

interface ConnectorPrivacy {
  /** Read from the helpdesk and kept in the state directory. */
  kept: string[]
  /** Read, used for one event, and not kept after it was sent. */
  passed_on: string[]
  /** Never kept, though the helpdesk's API shows it. */
  not_kept: string[]
  /** Helpdesk field → Brevo attribute. */
  attributes: Record<string, string>
  lists: number[]
  /** What happens → event in Brevo; each carries `event_properties`. */
  events: Record<string, string>
  event_properties: string[]
  /** Where `extract` copies tables; null: nowhere. */
  tables: { to: string; content: string[] } | null
}

export function runPrivacy(options: CommonOptions & { json?: boolean }): number {
  const config = loadConfig(options.config, process.env)
  const days = toDays(config.eventRetentionMs)
  const connectors = config.connectors.filter((one) => one.enabled)
  const report = {
    kept_in: options.stateDir,
    events_remembered_days: days,
    connectors: Object.fromEntries(connectors.map((one) => [one.name, describe(one, config)])),
  }
  if (options.json === true) print(JSON.stringify(report))
  else {
    for (const [name, one] of Object.entries(report.connectors))
      printConnector(name, one, options.stateDir, days, toDays(config.payloadRetentionMs))
  }
  return 0
}

function describe(one: ConnectorConfig, config: Config): ConnectorPrivacy {
  const { rules, sync } = one
  const events = Object.fromEntries(Object.entries(rules.events).map(([type, rule]) => [type, rule.event]))
  for (const campaign of config.campaigns) events[`campaign ${campaign.name}`] = campaign.event
  const hasEvents = Object.keys(events).length > 0
  const computed = [...Object.values(rules.events), ...config.campaigns].flatMap((rule) =>
    Object.keys('params' in rule ? rule.params : rule.properties),
  )
  return {
    kept: describeKept(one, config, hasEvents),
    passed_on: hasEvents && sync.satisfactionSurveys ? ['survey comments'] : [],
    not_kept: [
      'message texts and attachments',
      'e-mail headers',
      'shop orders (integrations)',
      'survey comments, once sent',
    ],
    attributes: describeAttributes(rules),
    lists: [...new Set(one.listPlaces.map((place) => place.id))],
    events,
    event_properties: hasEvents ? [...new Set([...PROPERTIES, ...computed])] : [],
    tables: describeTables(one),
  }
}

function describeTables(connector: ConnectorConfig): ConnectorPrivacy['tables'] {
  const { extract } = connector
  const layout = extract === null ? null : layoutOf(connector, extract.layout)
  if (extract === null || layout === null) return null
  const tables = chooseTables(layout.tables, extract.tables)
  return {
    to: withoutPassword(extract.to),
    content: tables.map(
      ({ name, holdsWords }) => `${name}${holdsWords === true ? ', with what was said' : ''}`,
    ),
  }
}

function describeKept({ rules, sync }: ConnectorConfig, config: Config, hasEvents: boolean): string[] {
  return [
    sync.customers
      ? 'customers: id, e-mail address, names, language, time zone, external id, note, custom fields, data'
      : 'customers: id, e-mail address and names, as tickets name them',
    ...(needsPhone(rules) ? ['customers: phone number'] : []),
    ...(sync.tickets ? ['tickets: id, customer, subject, status, channel, tags, assignee, dates'] : []),
    ...(sync.tickets && needsMessages(rules) ? ['messages: who spoke when'] : []),
    ...(sync.satisfactionSurveys ? ['surveys: id, customer, ticket, score, dates'] : []),
    'contacts: the values that Brevo was last told, when, and the value before each',
    'names and addresses of helpdesk users and mailboxes, to leave them out',
    ...(hasEvents
      ? [`events: what was in them, for ${toDays(config.payloadRetentionMs)} days after they were sent`]
      : []),
    ...(config.campaigns.length > 0 ? ['campaigns: every decision, with address and reason'] : []),
  ]
}

function describeAttributes(rules: ConnectorConfig['rules']): Record<string, string> {
  const byEvents = Object.values(rules.events).flatMap((rule) =>
    Object.entries(rule.contactProperties).map(([name, { source }]) => [source, name]),
  )
  return Object.fromEntries([
    ...rules.fields.map((rule) => [rule.value?.source ?? rule.field, rule.attribute]),
    ...byEvents,
    ...(rules.inSupport?.attribute == null ? [] : [['in_support', rules.inSupport.attribute]]),
  ]) as Record<string, string>
}

const toDays = (ms: number): number => Math.round(ms / 86_400_000)

const PROPERTIES = [
  'event_id',
  'customer_id',
  'ticket_id',
  'survey_id',
  'subject',
  'channel',
  'channel_source',
  'status',
  'tags',
  'assignee_name',
  'group_name',
  'score',
  'comment',
  'first_response_time',
  'resolution_time',
]

function printConnector(
  name: string,
  one: ConnectorPrivacy,
  stateDir: string,
  days: number,
  contentDays: number,
): void {
  const section = (title: string, lines: readonly string[]): void => {
    if (lines.length === 0) return
    print(`  ${paint('bold', title)}`)
    for (const line of lines) print(`    ${line}`)
  }
  print(paint('bold', name))
  section(`Kept in ${stateDir}`, one.kept)
  section('Passed on, not kept', one.passed_on)
  section('Never kept', one.not_kept)
  section('Sent to Brevo as contact attributes', [
    'email → the contact’s address',
    ...Object.entries(one.attributes).map(([field, attribute]) => `${field} → ${attribute}`),
  ])
  section(
    'Sent to Brevo as list memberships',
    one.lists.length === 0 ? [] : [`lists ${one.lists.join(', ')}`],
  )
  section(
    'Sent to Brevo as events',
    Object.entries(one.events).map(([type, event]) => `${type} → ${event}`),
  )
  section('Each event carries', one.event_properties.length === 0 ? [] : [one.event_properties.join(', ')])
  if (one.tables !== null)
    section(`Copied to ${one.tables.to} (\`tajo forget\` does not reach it)`, one.tables.content)
  section('How long', [
    'customers, tickets, surveys: while they are in the helpdesk; of deleted ones id and address stay; `tajo forget` removes a person',
    `sent events: their id, name and address for ${days} days; their content for ${contentDays} days after Brevo has taken them, the comment of a survey only until then`,
    'events that are set aside: with what is in them, until they are sent or dropped (tajo dead-letters list)',
    'log: ids only, addresses masked (unless `debug: true`)',
  ])
}
