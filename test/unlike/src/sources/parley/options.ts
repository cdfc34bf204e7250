// What connectors.yml says of a Parley workspace.

export interface ParleyOptions {
  workspace?: string | undefined
  api_url?: string | undefined
  rate_limit?: { requests?: number; per_seconds?: number } | undefined
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
  rate_limit: {
    type: 'object',
    properties: {
      requests: {
        type: 'integer',
        minimum: 1,
        default: RATE_LIMIT.requests,
        description: 'Requests in any window.',
      },
      per_seconds: {
        type: 'number',
        exclusiveMinimum: 0,
        default: RATE_LIMIT.per_seconds,
        description: 'Length of the window, in seconds.',
      },
    },
    required: ['requests', 'per_seconds'],
    additionalProperties: false,
    description: 'The workspace’s limit.',
  },
} as const

export function toPace({ rate_limit: limit }: ParleyOptions): { requests: number; perSeconds: number } {
  const { requests, per_seconds: perSeconds } = { ...RATE_LIMIT, ...limit }
  return { requests, perSeconds }
}

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
