// What must not be shown of a connectors.yml, though it stands there by mistake: keys and passwords.

/** Names of keys whose values are secrets, wherever they stand. */
export const SECRET_NAME = /api[_-]?key|secret|password|passwd|token/i
const NAMED =
  /(\b["']?[\w-]*(?:api[_-]?key|secret|password|passwd|token)[\w-]*["']?\s*[:=]\s*)([^\s,}#][^,}#\n]*)/gi
const BREVO_KEY = /xkeysib-[\w-]+/gi
const IN_ADDRESS = /(:\/\/)[^\s/@]+@/g

/** The text with `••••` in the place of what looks like a key. */
export function maskSecrets(text: string): string {
  return text.replace(NAMED, '$1••••').replace(BREVO_KEY, '••••').replace(IN_ADDRESS, '$1••••@')
}
