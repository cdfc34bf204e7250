// What connectors.yml says of a Gorgias account, beyond what every connector has.
import { Type } from '@sinclair/typebox'

export const gorgiasOptions = {
  domain: Type.Optional(
    Type.String({
      pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.gorgias\\.com$',
      description: 'The account’s host name.',
      examples: ['yourstore.gorgias.com'],
    }),
  ),
  base_url: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description:
        'Where the REST API answers. Default: `https://<domain>/api`. Plain http only to this machine.',
      examples: ['https://yourstore.gorgias.com/api'],
    }),
  ),
  rate_limit: Type.Optional(
    Type.Object(
      {
        requests: Type.Integer({ minimum: 1, default: 40, description: 'Requests in any window.' }),
        per_seconds: Type.Number({
          exclusiveMinimum: 0,
          default: 20,
          description: 'Length of the window, in seconds.',
        }),
      },
      {
        additionalProperties: false,
        description:
          'The account’s limit. An API key has 40 in 20 seconds; what Gorgias answers is followed as well.',
      },
    ),
  ),
}
