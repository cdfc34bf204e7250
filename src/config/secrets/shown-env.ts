// The environment as it may be put into a draft that somebody else looks at: a text may name any variable, and what is computed from it may be
// shown. So whoever writes `${BREVO_API_KEY}` into an expression of a draft sees no key.
import type { Env } from '../load.ts'
import { SECRET_NAME } from '../text/mask.ts'

/** Long enough for whatever asks for a length. */
const standIn = (name: string): string => `the-value-of-${name}-is-not-shown`

const isSecret = (name: string): boolean =>
  SECRET_NAME.test(name) || /(?:^|_)(?:KEY|PASS|AUTH|CREDENTIALS?)(?:_|$)/i.test(name)

export const withoutSecrets = (env: Env): Env =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      value !== undefined && isSecret(name) ? standIn(name) : value,
    ]),
  )
