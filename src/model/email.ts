// The identity of a contact is its e-mail address: trimmed and lower-cased, because Brevo stores it so
// (brevo-api.md § 2.7) and compares case-sensitively.

/**
 * Deliberately loose: one @, something on both sides, a dot in the domain, no white space or control characters. A local part in
 * quotes may hold them, and an @.
 */
const LOCAL = /[^\s@\p{Cc}<>()",;:]{1,64}|"(?:[^"\\\p{Cc}]|\\[^\p{Cc}]){1,62}"/u
const DOMAIN = /[^\s@\p{Cc}<>()",;:]{1,253}\.[^\s@\p{Cc}.<>()",;:]{2,63}/u
const EMAIL = new RegExp(`^(?:${LOCAL.source})@${DOMAIN.source}$`, 'u')

/** The address as an identity, or null where there is none or it cannot be one. */
export function normalizeEmail(raw: unknown): string | null {
  if (typeof raw !== 'string') return null
  // A domain may be written with the dot of the root behind it.
  const email = raw.trim().toLowerCase().replace(/\.$/, '')
  return EMAIL.test(email) ? email : null
}
