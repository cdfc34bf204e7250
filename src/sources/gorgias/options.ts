// What connectors.yml says of a Gorgias account, beyond what every connector has.
import { type Pace, type RateLimit, rateLimitOption, toPace } from '../rate-limit.ts'

export interface GorgiasOptions {
  domain?: string | undefined
  base_url?: string | undefined
  rate_limit?: Partial<RateLimit> | undefined
  log_api_calls?: boolean | undefined
}

/** What an API key has (gorgias-api.md § 2). */
export const RATE_LIMIT = { requests: 40, per_seconds: 20 }

export const gorgiasOptions = {
  domain: {
    type: 'string',
    pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.gorgias\\.com$',
    description: 'The account’s host name.',
    examples: ['yourstore.gorgias.com'],
  },
  base_url: {
    type: 'string',
    pattern: '^https?://',
    description:
      'Where the REST API answers. Default: `https://<domain>/api`. Plain http only to this machine.',
    examples: ['https://yourstore.gorgias.com/api'],
  },
  rate_limit: rateLimitOption(
    RATE_LIMIT,
    'The account’s limit. An API key has 40 in 20 seconds; what Gorgias answers is followed as well.',
  ),
} as const

export const paceOf = ({ rate_limit: limit }: GorgiasOptions): Pace => toPace(RATE_LIMIT, limit)

/** The host of the account, or where its API answers. */
export function toAccount({ domain, base_url: baseUrl }: GorgiasOptions): string {
  return domain ?? new URL(baseUrl!).host
}

export function findMistakes({
  domain,
  base_url: baseUrl,
}: GorgiasOptions): { key: string | null; message: string }[] {
  return domain === undefined && baseUrl === undefined
    ? [{ key: null, message: 'Either `domain` or `base_url` is needed.' }]
    : []
}

export function mend(option: string, value: string): { rule: string; meant: string | null } | null {
  if (option !== 'domain') return null
  const rule = 'A domain is the host alone, without https:// and without a path, and ends in .gorgias.com.'
  const address = value.includes('://') ? value : `https://${value}`
  const host = URL.canParse(address) ? new URL(address).hostname : ''
  if (host.endsWith('.gorgias.com')) return { rule, meant: host }
  const isBare = /^[a-z0-9][a-z0-9-]*$/i.test(value)
  return { rule, meant: isBare ? `${value.toLowerCase()}.gorgias.com` : null }
}
