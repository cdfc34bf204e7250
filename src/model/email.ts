// The identity of a contact is its e-mail address: trimmed and lower-cased, because Brevo stores it so
// (brevo-api.md § 2.7) and compares case-sensitively.

/** Deliberately loose: one @, something on both sides, a dot in the domain, no white space or control characters. */
const EMAIL = /^[^\s@\p{Cc}<>()",;:]{1,64}@[^\s@\p{Cc}<>()",;:]{1,253}\.[^\s@\p{Cc}.<>()",;:]{2,63}$/u

/** The address as an identity, or null where there is none or it cannot be one. */
export function normalizeEmail(raw: unknown): string | null {
  if (typeof raw !== 'string') return null
  const email = raw.trim().toLowerCase()
  return EMAIL.test(email) ? email : null
}
