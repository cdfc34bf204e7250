// What connectors.yml says of an Intercom workspace.
import { type Pace, type RateLimit, rateLimitOption, toPace } from '../rate-limit.ts'

export interface IntercomOptions {
  region?: string | undefined
  workspace?: string | undefined
  api_url?: string | undefined
  rate_limit?: Partial<RateLimit> | undefined
  ignore_without_first_reply?: boolean | undefined
  log_api_calls?: boolean | undefined
}

/** Where each region's API answers (gladly-intercom-api.md § B.1). */
const HOSTS: Readonly<Record<string, string>> = {
  us: 'https://api.intercom.io',
  eu: 'https://api.eu.intercom.io',
  au: 'https://api.au.intercom.io',
}

/** 166 in 10 seconds is the smallest limit that was ever documented; the answers' headers lower or keep it (§ B.2). */
const RATE_LIMIT = { requests: 166, per_seconds: 10 }

export const intercomOptions = {
  region: {
    enum: ['us', 'eu', 'au'],
    description:
      'Where the workspace is hosted: `us`, `eu` or `au`. A token of one region is refused by the others.',
    examples: ['eu'],
  },
  workspace: {
    type: 'string',
    pattern: '^[A-Za-z0-9_-]{1,64}$',
    description:
      'The workspace’s id, which stands in the address of its inbox. Only needed where two workspaces of one region have the same tajo: it keeps their events apart.',
    examples: ['abc12xyz'],
  },
  ignore_without_first_reply: {
    type: 'boolean',
    default: true,
    description:
      'Whether conversations in which the customer never wrote count for nothing: what the shop sent to many, and nobody answered.',
  },
  api_url: {
    type: 'string',
    pattern: '^https?://',
    description: 'Where the API answers. Default: that of the region. Plain http only to this machine.',
    examples: ['https://api.eu.intercom.io'],
  },
  rate_limit: rateLimitOption(RATE_LIMIT, 'The app’s limit.'),
} as const

export function toBaseUrl({ region = 'us', api_url: url }: IntercomOptions): string {
  return url ?? HOSTS[region] ?? HOSTS['us']!
}

export const paceOf = ({ rate_limit: limit }: IntercomOptions): Pace => toPace(RATE_LIMIT, limit)

export function toAccount({ region, workspace, api_url: url }: IntercomOptions): string {
  if (workspace !== undefined) return workspace
  return region === undefined ? new URL(url!).host : `intercom.${region}`
}

export function findMistakes({
  region,
  api_url: url,
}: IntercomOptions): { key: string | null; message: string }[] {
  return region === undefined && url === undefined
    ? [{ key: null, message: 'Either `region` or `api_url` is needed.' }]
    : []
}

export function mend(option: string, value: string): { rule: string; meant: string | null } | null {
  if (option === 'region') {
    const meant = /\b(us|eu|au)\b/.exec(value.toLowerCase())?.[1] ?? null
    return { rule: 'A region is us, eu or au.', meant }
  }
  if (option !== 'workspace') return null
  const rule = 'A workspace is the id in the address of its inbox: small letters and digits.'
  return { rule, meant: /\/a\/inbox\/([a-z0-9]{4,32})/.exec(value)?.[1] ?? null }
}
