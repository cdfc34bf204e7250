// The second line of defence before anything is printed: known secrets are cut out by value,
// e-mail addresses and phone numbers are masked.

const EMAIL = /([^\s@<>"(),;:\\])[^\s@<>"(),;:\\]*@([^\s@<>"(),;:\\])[^\s@<>"(),;:\\]*(\.[\p{L}\d-]{2,})/gu
const PHONE = /(?<![\w.:-])(\+\d{2})\d[\d ()-]{5,}(\d{2})(?![\w.:-])/g
/** Shorter values would cut ordinary words to pieces. */
const SHORTEST_SECRET = 6

export interface Redactor {
  /** From now on this value and its usual encodings never appear. */
  hide(secret: string): void
  /** The text without secrets; without e-mail addresses and phone numbers too, unless `personal` is shown. */
  clean(text: string): string
}

export function createRedactor(options: { showPersonal: boolean }): Redactor {
  const hidden = new Set<string>()

  return {
    hide(secret) {
      if (secret.length < SHORTEST_SECRET) return
      const base64 = Buffer.from(secret).toString('base64')
      for (const form of [secret, encodeURIComponent(secret), base64, JSON.stringify(secret).slice(1, -1)])
        hidden.add(form)
    },
    clean(text) {
      let cleaned = text
      for (const secret of hidden) cleaned = cleaned.replaceAll(secret, '[secret]')
      return options.showPersonal ? cleaned : maskPersonal(cleaned)
    },
  }
}

/** `jane.doe@example.com` → `j***@e***.com`, `+33612345678` → `+33***78`. */
export function maskPersonal(text: string): string {
  return text.replace(EMAIL, '$1***@$2***$3').replace(PHONE, '$1***$2')
}
