// What connectors.yml says of a Gladly organization, beyond what every connector has.
import { findScoreMistake } from './scores.ts'
import { type Pace, type RateLimit, rateLimitOption, toPace } from '../rate-limit.ts'

export interface GladlyOptions {
  domain?: string | undefined
  base_url?: string | undefined
  rate_limit?: Partial<RateLimit> | undefined
  channels?: Readonly<Record<string, string>> | undefined
  status?: Readonly<Record<string, 'solved' | 'open'>> | undefined
  count_canceled?: boolean | undefined
  surveys?: { source?: 'export' | 'none'; score?: string } | undefined
  log_api_calls?: boolean | undefined
}

/** Below the 600 a minute that an organization has, which leaves room for its other tools (gladly-intercom-api.md § 0.2, A.2). */
export const RATE_LIMIT = { requests: 500, per_seconds: 60 }

/** Gladly's channels → ours (§ 0.4); Instagram came later than the table. Any other is `unknown`, and counted. */
export const CHANNELS: Readonly<Record<string, string>> = {
  PHONE_CALL: 'phone',
  VOICEMAIL: 'phone',
  ABANDONED_CALL: 'phone',
  EMAIL: 'email',
  CHAT: 'chat',
  SMS: 'sms',
  FB_MESSENGER: 'social',
  WHATSAPP: 'social',
  INSTAGRAM_DIRECT: 'social',
}

/** How a contact ended → whether the customer was helped (§ 0.8). */
export const STATUS: Readonly<Record<string, 'solved' | 'open'>> = {
  answered: 'solved',
  unanswered: 'open',
  abandoned: 'open',
  unknown: 'open',
}

const words = (names: readonly string[]): string => names.map((one) => `\`${one}\``).join(', ')

export const gladlyOptions = {
  domain: {
    type: 'string',
    pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9-]{1,20})?\\.gladly\\.(com|qa)$',
    description: 'The organization’s host name; a region may stand in it. No other host ever sees the key.',
    examples: ['yourshop.gladly.com', 'yourshop.us-1.gladly.com'],
  },
  base_url: {
    type: 'string',
    pattern: '^https?://',
    description:
      'Where the REST API answers. Default: `https://<domain>/api/v1`. Plain http only to this machine.',
    examples: ['https://yourshop.gladly.com/api/v1'],
  },
  rate_limit: rateLimitOption(
    RATE_LIMIT,
    'How much of the organization’s limit tajo may use. 10 a second, and 10 reports a minute of which 2 at once, hold beside it.',
  ),
  channels: {
    type: 'object',
    additionalProperties: { type: 'string', pattern: '^[a-z][a-z0-9_]{0,39}$' },
    description: `What Gladly’s channels are called; those that are not named stay as they are: ${Object.entries(
      CHANNELS,
    )
      .map(([from, to]) => `\`${from}\` ${to}`)
      .join(', ')}. Any other is \`unknown\`, and \`tajo status\` counts it.`,
    examples: [{ INSTAGRAM_DIRECT: 'instagram' }],
  },
  status: {
    type: 'object',
    properties: Object.fromEntries(
      Object.entries(STATUS).map(([name, value]) => [
        name,
        { enum: ['solved', 'open'], default: value, description: `Contacts that ended ${name}.` },
      ]),
    ),
    additionalProperties: false,
    description: `Whether a customer was helped, by how the last contact of their conversation ended: ${words(Object.keys(STATUS))}.`,
  },
  count_canceled: {
    type: 'boolean',
    default: false,
    description: 'Whether a contact whose fulfilment was canceled counts as answered.',
  },
  surveys: {
    type: 'object',
    properties: {
      source: {
        enum: ['export', 'none'],
        default: 'none',
        description:
          'Gladly has no surveys of its own. `export`: what a survey tool has written back, from the export files; that is late by hours or a day.',
      },
      score: {
        type: 'string',
        description:
          'How the score stands in the text: a pattern between slashes whose first group is the number, or a CEL expression over `title`, `body` and `source`.',
        examples: ['/Score: (\\d+)/', 'body.contains("great") ? 5 : 1'],
      },
    },
    additionalProperties: false,
    description: 'Where answers to surveys come from.',
  },
} as const

export const toBaseUrl = ({ domain, base_url: url }: GladlyOptions): string =>
  url ?? `https://${domain}/api/v1`

export const paceOf = ({ rate_limit: limit }: GladlyOptions): Pace => toPace(RATE_LIMIT, limit)

export const toAccount = ({ domain, base_url: url }: GladlyOptions): string => domain ?? new URL(url!).host

export const hasSurveys = ({ surveys }: GladlyOptions): boolean => surveys?.source === 'export'

export function findMistakes({
  domain,
  base_url: url,
  surveys,
}: GladlyOptions): { key: string | null; message: string }[] {
  const mistakes: { key: string | null; message: string }[] = []
  if (domain === undefined && url === undefined)
    mistakes.push({ key: null, message: 'Either `domain` or `base_url` is needed.' })
  if (surveys?.source === 'export' && surveys.score === undefined)
    mistakes.push({
      key: 'surveys',
      message: '`score` is needed: the text of a survey has no score of its own.',
    })
  const mistake = surveys?.score === undefined ? null : findScoreMistake(surveys.score)
  if (mistake !== null) mistakes.push({ key: 'surveys', message: `\`score\`: ${mistake}` })
  return mistakes
}

export function mend(option: string, value: string): { rule: string; meant: string | null } | null {
  if (option !== 'domain') return null
  const rule = 'A domain is the host alone, without https:// and without a path, and ends in .gladly.com.'
  const address = value.includes('://') ? value : `https://${value}`
  const host = URL.canParse(address) ? new URL(address).hostname : ''
  if (/\.gladly\.(com|qa)$/.test(host)) return { rule, meant: host }
  const isBare = /^[a-z0-9][a-z0-9-]*$/i.test(value)
  return { rule, meant: isBare ? `${value.toLowerCase()}.gladly.com` : null }
}
