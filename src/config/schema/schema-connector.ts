// The block of a connector in connectors.yml: what every one has, and the helpdesk's own keys.
import { type Static, Type } from '@sinclair/typebox'

import { LOG_LEVELS } from '../../lib/log/log-levels.ts'
import { SOURCE_NAMES, type SourceOptions, SOURCES } from '../../sources/index.ts'
import type { SourceDefinition } from '../../sources/source.ts'
import { listKeys } from './schema-lists.ts'
import { closed, duration, eventMapping, fieldMapping } from './schema-mapping.ts'
import { businessHours, extract } from './schema-tables.ts'

export const flag = (description: string, byDefault: boolean) =>
  Type.Optional(Type.Boolean({ description, default: byDefault }))

export const reconcile = Type.Optional(
  Type.Union([Type.String(), Type.Literal(false)], {
    default: '0 3 * * *',
    description:
      'When the daemon reads everything again, beside its other work, so that what the helpdesk changes without a trace is seen too: cron, or false.',
  }),
)

export const onDelete = Type.Optional(
  Type.Union([Type.Literal('keep'), Type.Literal('unlist')], {
    default: 'unlist',
    description:
      'What a customer’s deletion in the helpdesk does in Brevo: `unlist` ends the list memberships that tajo gave, `keep` leaves them. The contact stays either way.',
  }),
)

const sourceKey = Type.Optional(
  Type.Union(
    SOURCE_NAMES.map((name) => Type.Literal(name)),
    {
      description:
        'The helpdesk, where the name of the connector is another: two accounts of one helpdesk, for example.',
    },
  ),
)

const connector = {
  enabled: flag('Whether this connector runs.', true),
  schedule: Type.Optional(
    Type.String({
      default: '*/5 * * * *',
      description: 'When to look for changes: cron, five fields, or six with seconds.',
    }),
  ),
  survey_window: Type.Optional(
    Type.String({
      default: '45d',
      pattern: duration,
      description: 'How long after it was created a survey may still be scored and be seen at once.',
    }),
  ),
  survey_schedule: Type.Optional(
    Type.String({
      default: '13 * * * *',
      description: 'When the daemon reads the whole survey window again: cron.',
    }),
  ),
  agent_states: Type.Optional(
    Type.String({
      description:
        'When the daemon looks who of the shop is there and who is away, for `tajo status`: cron, six fields for seconds. Default: never. Each look is one request.',
      examples: ['*/15 * * * * *'],
    }),
  ),
  extract: Type.Optional(extract),
  business_hours: Type.Optional(businessHours),
  objectives: Type.Optional(
    Type.Object(
      {
        freshness: Type.Optional(
          Type.String({
            pattern: duration,
            description: 'How soon a change in the helpdesk is to be in Brevo.',
            examples: ['15m'],
          }),
        ),
        attributes: Type.Optional(
          Type.Record(Type.String(), Type.String({ pattern: duration, examples: ['2h'] }), {
            description:
              'The same of single attributes, such as `CSAT_SCORE: 2h`: what is made of scores is as fresh as the last run that read late ones (survey_schedule).',
          }),
        ),
      },
      {
        ...closed,
        minProperties: 1,
        description:
          'What the connector promises: `tajo status` and the metrics say how well it was kept over 1, 7 and 30 days. Default: nothing.',
      },
    ),
  ),
  reconcile,
  on_delete: onDelete,
  backfill: Type.Optional(
    Type.Object(
      {
        since: Type.String({
          description:
            'The first sync reads what changed since this date, or in the last days, weeks or years (`90d`, `8w`, `2y`).',
          examples: ['2024-01-01', '2y'],
        }),
      },
      closed,
    ),
  ),
  default_country: Type.Optional(
    Type.String({
      pattern: '^[A-Z]{2}$',
      description: 'Country (ISO 3166) in which national phone numbers are read.',
      examples: ['US'],
    }),
  ),
  sync: Type.Optional(
    Type.Object(
      {
        customers: flag('Read customers.', true),
        tickets: flag('Read tickets and their messages.', true),
        satisfaction_surveys: flag('Read CSAT surveys.', true),
        tags: flag('Keep tag lists, and name tags in events.', true),
      },
      { ...closed, description: 'What is read.' },
    ),
  ),
  ...listKeys,
  webhooks: Type.Optional(
    Type.Object(
      {
        auto_repair: flag('Whether a webhook that the helpdesk switched off is switched on again.', true),
        hmac: Type.Optional(
          Type.Object(
            {
              header: Type.String({ minLength: 1, description: 'The header that carries the signature.' }),
              algorithm: Type.Optional(
                Type.Union([Type.Literal('sha1'), Type.Literal('sha256'), Type.Literal('sha512')], {
                  default: 'sha256',
                }),
              ),
              encoding: Type.Optional(
                Type.Union([Type.Literal('hex'), Type.Literal('base64')], { default: 'hex' }),
              ),
            },
            {
              ...closed,
              description:
                'Demand a signature over the body instead of the secret that the helpdesk sends: for a proxy that signs.',
            },
          ),
        ),
      },
      { ...closed, description: 'How deliveries are authenticated, and the webhook looked after.' },
    ),
  ),
  debug: flag('Log everything, with e-mail addresses in clear.', false),
  log_level: Type.Optional(
    Type.Union(
      LOG_LEVELS.map((level) => Type.Literal(level)),
      { default: 'info', description: 'How much is logged.' },
    ),
  ),
  log_api_calls: flag(
    'Log each request: method, path, status, duration, budget. Never a secret or a body.',
    false,
  ),
  field_mapping: fieldMapping,
  event_mapping: eventMapping,
}

/** Schedules where connectors.yml says nothing are the helpdesk's own. */
function toOwnDefaults({ defaults }: SourceDefinition): object {
  const withDefault = (schema: object, value: string): object => ({ ...schema, default: value })
  return {
    schedule: withDefault(connector.schedule, defaults.schedule),
    survey_schedule: withDefault(connector.survey_schedule, defaults.surveySchedule),
    survey_window: withDefault(connector.survey_window, defaults.surveyWindow),
    backfill: {
      ...connector.backfill,
      properties: {
        since: withDefault(connector.backfill.properties.since, defaults.backfill ?? 'everything'),
      },
    },
  }
}

/** The block of a connector of this helpdesk. */
export function toConnectorSchema(source: SourceDefinition): Record<string, unknown> {
  const block = Type.Object({ source: sourceKey, ...connector }, closed)
  const { agent_states, extract: _, business_hours: __, ...shared } = block.properties
  // Where they come within another stream, looking costs nothing.
  const states = source.supports.streams.agent_states
  const own = states === undefined || states.mode === 'within' ? {} : { agent_states }
  const tables =
    source.tables === undefined
      ? {}
      : { extract: block.properties.extract, business_hours: block.properties.business_hours }
  return {
    ...block,
    properties: { ...source.options, ...own, ...shared, ...tables, ...toOwnDefaults(source) },
  }
}

/** One whose name is not its helpdesk's says which it is of. */
function toNamedSchema(source: SourceDefinition): Record<string, unknown> {
  const block = toConnectorSchema(source)
  const properties = block['properties'] as object
  return { ...block, properties: { ...properties, source: { const: source.name } }, required: ['source'] }
}

export const CONNECTOR_NAME = '^[a-z][a-z0-9_-]{0,39}$'

export const connectorsBlock = {
  type: 'object',
  description:
    'One block for each helpdesk account: under the helpdesk’s name, or under one of your own with `source:`.',
  properties: Object.fromEntries(SOURCES.map((source) => [source.name, toConnectorSchema(source)])),
  additionalProperties: { anyOf: SOURCES.map((source) => toNamedSchema(source)) },
}

const common = Type.Object(connector)

/** A connector as it is written. That a helpdesk's own keys stand with their helpdesk, the schema of its block checks. */
export type RawConnector = Static<typeof common> & SourceOptions & { source?: string }
