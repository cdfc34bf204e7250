// The limit of an API as connectors.yml states it: so many requests in any window of so many seconds.
export interface RateLimit {
  requests: number
  per_seconds: number
}

/** The option `rate_limit` of a helpdesk; `usual` where connectors.yml says nothing. */
export const rateLimitOption = (usual: RateLimit, description: string) =>
  ({
    type: 'object',
    properties: {
      requests: {
        type: 'integer',
        minimum: 1,
        default: usual.requests,
        description: 'Requests in any window.',
      },
      per_seconds: {
        type: 'number',
        exclusiveMinimum: 0,
        default: usual.per_seconds,
        description: 'Length of the window, in seconds.',
      },
    },
    required: ['requests', 'per_seconds'],
    additionalProperties: false,
    description,
  }) as const

export interface Pace {
  requests: number
  perSeconds: number
}

export function toPace(usual: RateLimit, limit: Partial<RateLimit> = {}): Pace {
  const { requests, per_seconds: perSeconds } = { ...usual, ...limit }
  return { requests, perSeconds }
}
