// The secrets of a Gorgias account: HTTP Basic with the user's address and an API key (gorgias-api.md § 1).
import type { SecretField } from '../source.ts'

export const gorgiasSecrets = {
  email: {
    variable: 'EMAIL',
    flag: '--email',
    label: 'the e-mail address of the Gorgias user who made the API key',
    sensitive: false,
  },
  api_key: {
    variable: 'API_KEY',
    flag: '--api-key',
    label: 'the Gorgias API key (Settings → REST API)',
    sensitive: true,
  },
} as const satisfies Record<string, SecretField>
