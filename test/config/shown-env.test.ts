// What a draft may say of the environment.
import { expect, it } from '@jest/globals'

import { checkConfig } from '../../src/config/load.ts'
import { withoutSecrets } from '../../src/config/secrets/shown-env.ts'

it('hides the values of secrets from what a draft computes, and of nothing else', () => {
  const env = withoutSecrets({
    BREVO_API_KEY: 'xkeysib-real',
    SMTP_PASSWORD: 'hunter2',
    TAJO_SECRET_KEY: 'k',
    SLACK_TOKEN: 't',
    SHOP_DOMAIN: 'shop.gorgias.com',
    HOME: '/root',
    MONKEY: 'banana',
    NOTHING: undefined,
  })
  expect(Object.values(env).join(' ')).not.toMatch(/xkeysib|hunter2/)
  expect(env).toMatchObject({ SHOP_DOMAIN: 'shop.gorgias.com', HOME: '/root', MONKEY: 'banana' })
  expect(env['NOTHING']).toBeUndefined()
  const text = `connectors:
  gorgias:
    domain: \${SHOP_DOMAIN}
    field_mapping: { STOLEN: { value: '"\${BREVO_API_KEY}"', type: text } }
`
  const { config } = checkConfig('connectors.yml', text, env)
  expect(JSON.stringify(config)).not.toContain('xkeysib-real')
})
