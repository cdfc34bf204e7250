// The second line of defence before anything is printed: known secrets are cut out by value,
// e-mail addresses and phone numbers are masked.

import type { Secret } from './secret.ts'

/** A local part may stand in quotes, which in JSON, and so in the log, have a backslash before them. */
const EMAIL =
  /(?:\\?"[^"\n]{1,66}"|([^\s@<>"(),;:\\])[^\s@<>"(),;:\\]*)@([^\s@<>"(),;:\\])[^\s@<>"(),;:\\]*(\.[\p{L}\d-]{2,})/gu
/** As people write them: `+1 (415) 555-2671`; without a country's code only what begins with 0 and has a gap behind the area's, `0171 1234567`. */
const PHONE =
  /(?:(?<!\w)(\+\d{1,2})[\d ()/.-]{5,}|(?<![\w.:-])(0\d{1,4})[ /-]\d{3}[\d /-]{2,})(\d{2})(?![\w:-]|\.\d)/g
/** Shorter values would cut ordinary words to pieces. */
const SHORTEST_SECRET = 6

export interface Redactor {
  /** From now on this value and its usual encodings never appear; nor do the values that replace it. */
  hide(secret: Secret): void
  /** The text without secrets; without e-mail addresses and phone numbers too, unless `personal` is shown. */
  clean(text: string): string
}

export function createRedactor(options: { showPersonal: boolean }): Redactor {
  const secrets = new Set<Secret>()
  const known = new Set<string>()
  const hidden = new Set<string>()

  function learn(value: string): void {
    known.add(value)
    if (value.length < SHORTEST_SECRET) return
    const base64 = Buffer.from(value).toString('base64')
    for (const form of [value, encodeURIComponent(value), base64, JSON.stringify(value).slice(1, -1)])
      hidden.add(form)
  }

  return {
    hide(secret) {
      secrets.add(secret)
      learn(secret.reveal())
    },
    clean(text) {
      for (const secret of secrets) {
        const value = secret.reveal()
        if (!known.has(value)) learn(value)
      }
      let cleaned = text
      for (const secret of hidden) cleaned = cleaned.replaceAll(secret, '[secret]')
      return options.showPersonal ? cleaned : maskPersonal(cleaned)
    },
  }
}

/** `jane.doe@example.com` → `j***@e***.com`, `+33612345678` → `+33***78`. */
export function maskPersonal(text: string): string {
  return text.replace(EMAIL, '$1***@$2***$3').replace(PHONE, '$1$2***$3')
}
