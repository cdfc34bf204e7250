// Who is told when something needs a look.
import { type Static, Type } from '@sinclair/typebox'

import { closed, duration } from './schema-mapping.ts'

const address = (description: string, example: string) =>
  Type.String({ pattern: '^https?://', description, examples: [example] })

const to = Type.Union([
  Type.Object(
    {
      webhook: address('Gets a POST with JSON (docs/operations.md).', 'https://hooks.example.com/tajo'),
      secret: Type.Optional(
        Type.String({
          minLength: 16,
          description: 'Signs it: `X-Tajo-Signature` is the HMAC-SHA256 of the body.',
        }),
      ),
    },
    closed,
  ),
  Type.Object(
    { slack: address('An incoming webhook of Slack.', 'https://hooks.slack.com/services/T/B/X') },
    closed,
  ),
  Type.Object(
    {
      email: Type.String({ pattern: '^[^@\\s]+@[^@\\s]+$', description: 'Who gets an e-mail.' }),
      smtp: Type.String({
        pattern: '^smtps?://',
        description: 'By which server: `smtps://user:password@host`. Needs `npm install nodemailer`.',
        examples: ['smtps://tajo:${SMTP_PASSWORD}@mail.example.com'],
      }),
      from: Type.Optional(Type.String({ description: 'From whom. Default: the user of the server.' })),
    },
    closed,
  ),
])

const span = Type.String({ pattern: duration })
const number = Type.Integer({ minimum: 1 })

const when = Type.Union([
  Type.Literal('needs_attention'),
  Type.Literal('guard'),
  Type.Literal('config'),
  Type.Literal('webhooks'),
  Type.Literal('tables'),
  Type.Object({ stale: span }, closed),
  Type.Object({ dead_letters: number }, closed),
  Type.Object({ in_doubt: number }, closed),
])

export const alerts = Type.Object(
  {
    to: Type.Array(to, {
      minItems: 1,
      description: 'Who is told: a webhook, a channel of Slack, an address.',
    }),
    when: Type.Optional(
      Type.Array(when, {
        minItems: 1,
        description:
          'Of what: `needs_attention` (only a person can mend it), `stale: 30m` (what changed then is not in Brevo), `dead_letters: 10` (more were set aside), `in_doubt: 1` (so many events without an answer), `guard` (memberships are held back), `config` (connectors.yml was changed and is not in force), `webhooks` (they can’t be relied on), `tables` (they are not fresh). Default: needs_attention, stale: 30m, dead_letters: 10, guard, config.',
        examples: [['needs_attention', { stale: '30m' }, { dead_letters: 10 }]],
      }),
    ),
  },
  {
    ...closed,
    description:
      'Each is told once when it begins and once when it is mended, while `tajo start` runs. Try it: `tajo alerts test`.',
  },
)

export type RawAlerts = Static<typeof alerts>
