/** The secrets of an account: environment variable, and what it is called in a sentence. */
export const gorgiasSecrets = {
  email: { env: 'GORGIAS_EMAIL', label: 'the e-mail address of the Gorgias user who made the API key' },
  api_key: { env: 'GORGIAS_API_KEY', label: 'the Gorgias API key (Settings → REST API)' },
} as const
