// connectors.yml, written once: this gives the JSON Schema (schema/connectors.schema.json, by `npm run gen`), the types of
// what is read, and the texts of the reference documentation.
import { type Static, Type } from '@sinclair/typebox'

import { UNCERTAIN_POLICIES } from '../../model/operations.ts'
import { alerts } from './schema-alerts.ts'
import { connectorsBlock, flag, onDelete, type RawConnector, reconcile } from './schema-connector.ts'
import { listId } from './schema-lists.ts'
import { campaigns, inSupport, timezone } from './schema-campaigns.ts'
import { mappingTests } from './schema-tests.ts'
import { closed, definitions, duration, eventMapping, fieldMapping } from './schema-mapping.ts'

const server = Type.Optional(
  Type.Object(
    {
      enabled: flag('Whether `tajo start` listens for webhooks.', true),
      port: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 65_535, default: 8787, description: '0: any free port.' }),
      ),
      host: Type.Optional(
        Type.String({
          default: '127.0.0.1',
          description: 'Where to listen; put a proxy with https in front of it.',
        }),
      ),
      public_url: Type.Optional(
        Type.String({
          pattern: '^https?://',
          description: 'The address under which the helpdesk reaches this server.',
          examples: ['https://tajo.yourstore.com'],
        }),
      ),
      console: flag('Whether `tajo start` serves the console: tajo in a browser (docs/console.md).', false),
    },
    { ...closed, description: 'The server of `tajo start`.' },
  ),
)

export const connectorsSchema = Type.Object(
  {
    brevo: Type.Optional(
      Type.Object(
        {
          base_url: Type.Optional(
            Type.String({
              pattern: '^https?://',
              default: 'https://api.brevo.com/v3',
              description: 'Where the Brevo API answers.',
            }),
          ),
          import_list: listId(
            'A list for contacts that belong to no other when many are written at once: an import needs one. Without it they are written one by one.',
          ),
        },
        closed,
      ),
    ),
    connectors: Type.Unsafe<Record<string, RawConnector | undefined>>(connectorsBlock),
    field_mapping: fieldMapping,
    event_mapping: eventMapping,
    reconcile,
    on_delete: onDelete,
    server,
    alerts: Type.Optional(alerts),
    timezone,
    campaigns,
    in_support: inSupport,
    tests: Type.Optional(mappingTests),
    contacts: Type.Optional(
      Type.Object(
        {
          create: Type.Optional(
            Type.Union([Type.Literal('always'), Type.Literal('never')], {
              default: 'always',
              description:
                'Whether customers that Brevo does not know become contacts. `never`: only contacts that are there already are kept in step.',
            }),
          ),
          precedence: Type.Optional(
            Type.Array(Type.String(), {
              description:
                'Whose name, phone or custom field counts for a person whom several connectors know: the first of these that has one. Default: the customer who was changed last.',
            }),
          ),
        },
        closed,
      ),
    ),
    events: Type.Optional(
      Type.Object(
        {
          when_uncertain: Type.Optional(
            Type.Union(
              UNCERTAIN_POLICIES.map((policy) => Type.Literal(policy)),
              {
                default: 'verify',
                description:
                  'What is done with an event that left and was not answered. `verify`: Brevo is asked for it, and it is sent again when three looks found nothing. `never_twice`: it is set aside instead. `never_lose`: it is sent again at once.',
              },
            ),
          ),
          verify_after: Type.Optional(
            Type.String({
              default: '5m',
              pattern: duration,
              description:
                'How long after it left Brevo is asked for it first; then three and twelve times as long after.',
            }),
          ),
        },
        { ...closed, description: 'How events are delivered.' },
      ),
    ),
    guards: Type.Optional(
      Type.Object(
        {
          max_change: Type.Optional(
            Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^\\d+(\\.\\d+)?\\s*%$' })], {
              default: '20%',
              description:
                'While the daemon runs, a changed connectors.yml that would touch more contacts than that (a number, or a share), or any campaign, waits for `tajo approve`.',
            }),
          ),
          max_removals: Type.Optional(
            Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^\\d+(\\.\\d+)?\\s*%$' })], {
              default: '5%',
              description:
                'A run that would take more list memberships away than that (a number, or a share of those that tajo gave, then at least 50) takes none and asks.',
            }),
          ),
        },
        closed,
      ),
    ),
    retention: Type.Optional(
      Type.Object(
        {
          events: Type.Optional(
            Type.String({
              default: '400d',
              pattern: duration,
              description:
                'How long the ids of sent events are remembered. What happened earlier than that fires nothing, even if it is read again.',
            }),
          ),
          payloads: Type.Optional(
            Type.String({
              default: '7d',
              pattern: duration,
              description:
                'How long the content of sent events is kept, for `tajo replay`; what a customer wrote goes as soon as it is sent.',
            }),
          ),
        },
        { ...closed, description: 'How long tajo remembers.' },
      ),
    ),
  },
  {
    ...closed,
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'connectors.yml of tajo',
    definitions,
  },
)

/** connectors.yml as it is written: every key optional as there, no default filled in. */
export type ConnectorsFile = Static<typeof connectorsSchema>

/** The same without what stands in the blocks of the connectors: each is checked by the schema of its own helpdesk. */
export const frameSchema: object = {
  ...connectorsSchema,
  properties: { ...connectorsSchema.properties, connectors: { type: 'object' } },
}

export { CONNECTOR_NAME, type RawConnector, toConnectorSchema } from './schema-connector.ts'
