// The only import of libphonenumber-js. Helpdesks store phones as typed (`0719908543`); Brevo refuses a whole contact
// for a bad one, so nothing but a valid number leaves here.
import { createRequire } from 'node:module'

import type * as PhoneNumbers from 'libphonenumber-js/max'

let loaded: typeof PhoneNumbers | null = null

/** Loaded when the first phone is seen: it is a fifth of the time that a command takes to start. */
function load(): typeof PhoneNumbers {
  loaded ??= createRequire(import.meta.url)('libphonenumber-js/max') as typeof PhoneNumbers
  return loaded
}

/** E.164 (`+33612345678`), or null if the text is no valid number. National numbers are read as of `defaultCountry`. */
export function toE164(raw: string, defaultCountry: string | undefined): string | null {
  const { isSupportedCountry, parsePhoneNumberFromString } = load()
  const country =
    defaultCountry !== undefined && isSupportedCountry(defaultCountry) ? defaultCountry : undefined
  const parsed = parsePhoneNumberFromString(raw, country)
  return parsed?.isValid() === true ? parsed.number : null
}

export function isCountry(code: string): boolean {
  return load().isSupportedCountry(code)
}
