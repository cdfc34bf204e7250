// What connectors.yml says of a Parley workspace.
import { type Pace, type RateLimit, rateLimitOption, toPace } from '../rate-limit.ts'

export interface ParleyOptions {
  workspace?: string | undefined
  api_url?: string | undefined
  rate_limit?: Partial<RateLimit> | undefined
  log_api_calls?: boolean | undefined
}

const RATE_LIMIT = { requests: 120, per_seconds: 60 }

export const parleyOptions = {
  workspace: {
    type: 'string',
    pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.parley\\.example$',
    description: 'The workspace’s host name.',
    examples: ['yourstore.parley.example'],
  },
  api_url: {
    type: 'string',
    pattern: '^https?://',
    description: 'Where the API answers. Default: `https://<workspace>/v2`. Plain http only to this machine.',
    examples: ['https://yourstore.parley.example/v2'],
  },
  rate_limit: rateLimitOption(RATE_LIMIT, 'The workspace’s limit.'),
} as const

export const paceOf = ({ rate_limit: limit }: ParleyOptions): Pace => toPace(RATE_LIMIT, limit)

export function toAccount({ workspace, api_url: url }: ParleyOptions): string {
  return workspace ?? new URL(url!).host
}

export function findMistakes({
  workspace,
  api_url: url,
}: ParleyOptions): { key: string | null; message: string }[] {
  return workspace === undefined && url === undefined
    ? [{ key: null, message: 'Either `workspace` or `api_url` is needed.' }]
    : []
}

export function mend(option: string, value: string): { rule: string; meant: string | null } | null {
  if (option !== 'workspace') return null
  const rule = 'A workspace is the host alone, and ends in .parley.example.'
  return { rule, meant: /^[a-z0-9][a-z0-9-]*$/i.test(value) ? `${value.toLowerCase()}.parley.example` : null }
}
