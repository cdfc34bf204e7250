// What a draft may say of the environment.
import { describe, expect, it } from '@jest/globals'

import { checkConfig } from '../../src/config/load.ts'
import { toShownEnv } from '../../src/config/secrets/shown-env.ts'

const ENV = {
  BREVO_API_KEY: 'xkeysib-real',
  SLACK_WEBHOOK: 'https://hooks.example/services/T0/REAL',
  SHOP_DOMAIN: 'shop.gorgias.com',
  PIN: '4711',
  PATH: '/usr/bin',
}
const KNOWN = `connectors:
  gorgias:
    domain: \${SHOP_DOMAIN}
    field_mapping: { name: FIRSTNAME }
alerts:
  to: { webhook: "\${SLACK_WEBHOOK}" }
`

/** All that is made of a draft, as text. */
const seen = (draft: string, known: string | null = KNOWN): string =>
  JSON.stringify(checkConfig('connectors.yml', draft, toShownEnv(ENV, draft, known)))

describe('a draft', () => {
  it('has what connectors.yml names in the same place, and everything that no text names', () => {
    const env = toShownEnv(ENV, KNOWN.replace('FIRSTNAME', 'VORNAME'), KNOWN)
    expect(env).toEqual(ENV)
  })

  it.each([
    ['a secret', `STOLEN: { value: '"\${BREVO_API_KEY}"', type: text }`],
    ['what stands elsewhere in connectors.yml', `STOLEN: { value: '"\${SLACK_WEBHOOK}"', type: text }`],
    ['what stands nowhere in it', `STOLEN: { value: '\${PIN}', type: number }`],
    ['what is put together', `STOLEN: { value: '"\${SHOP_DOMAIN}" + "\${PIN}"', type: text }`],
    ['a name of an attribute', 'nb_tickets: "X${PIN}"'],
  ])('shows no value of %s', (_, line) => {
    const draft = KNOWN.replace('name: FIRSTNAME', line)
    expect(seen(draft)).not.toMatch(/xkeysib-real|T0.REAL|4711/)
  })

  it('shows none that an alias takes elsewhere, and none where connectors.yml can’t be read', () => {
    const known = KNOWN.replace('"${SLACK_WEBHOOK}"', '${PIN}')
    const moved = `${known.replace('${PIN}', '&taken ${PIN}')}field_mapping: { STOLEN: { value: *taken, type: number } }\n`
    expect(seen(moved, known)).not.toContain('4711')
    expect(toShownEnv(ENV, KNOWN, null)['SHOP_DOMAIN']).not.toBe(ENV.SHOP_DOMAIN)
  })

  it('of a secret shows nothing even where it was', () => {
    const known = `${KNOWN}brevo: { base_url: "https://x.example/\${BREVO_API_KEY}" }\n`
    expect(seen(known, known)).not.toContain('xkeysib-real')
  })
})
