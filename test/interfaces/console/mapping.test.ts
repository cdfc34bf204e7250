// connectors.yml in the browser: weighed before it is written, never over somebody else's change, and without the secrets that stand in it.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { complete, describe as describeKey } from '../../../src/config/assist/assist.ts'
import { parseConfig } from '../../../src/config/load.ts'
import { openConfigFile } from '../../../src/config/text/file.ts'
import { hideSecrets, restoreSecrets } from '../../../src/config/text/hidden.ts'
import { fingerprint } from '../../../src/dry-run/report.ts'
import { readApproved, writeInForce } from '../../../src/state/reading/applied-config.ts'
import type { Store } from '../../../src/state/store.ts'
import { openConsole, type OpenConsole } from '../../support/console.ts'
import { openVirtualShop, type VirtualShop } from '../../support/virtual.ts'

let shop: VirtualShop
let directory: string
let file: string
beforeEach(() => {
  shop = openVirtualShop()
  directory = mkdtempSync(join(tmpdir(), 'tajo-console-'))
  file = join(directory, 'connectors.yml')
  writeFileSync(file, shop.yaml(), { mode: 0o640 })
})
afterEach(() => {
  shop.close()
  rmSync(directory, { recursive: true, force: true })
})

async function within(look: (console: OpenConsole, store: Store) => Promise<void>): Promise<void> {
  await shop.open(async ({ store }) => {
    writeInForce(store, shop.yaml())
    const config = parseConfig(file, shop.yaml(), {})
    const console = await openConsole(store, config, { file: openConfigFile(file) })
    try {
      await look(console, store)
    } finally {
      await console.close()
    }
  })
}

const addCustomer = (): void => {
  const { world } = shop
  const customer = world.addCustomer({
    email: 'ann@example.com',
    name: 'Ann',
    created: 1,
    updated: world.now(),
  })
  world.addTicket({ customerId: customer.id })
}

const renamed = (): string => shop.yaml().replace('TICKET_COUNT', 'LAST_SUPPORT_CHANNEL')

/** What a form of the page would send. */
function readForm(text: string): Record<string, string> {
  const value = (name: string): string =>
    new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(text)?.[1] ?? ''
  return { base: value('base'), seen: value('seen') }
}

describe('a draft', () => {
  it('is weighed against what is in force, approved as it was seen, and taken from the disk', async () => {
    addCustomer()
    await shop.sync()
    await within(async ({ ask, signIn }, store) => {
      const headers = await signIn()
      const { base } = readForm((await ask('/console/mapping', { headers })).text)
      const text = renamed()
      const weighed = await ask('/console/mapping', {
        headers,
        form: { base: base!, text: text.replaceAll('\n', '\r\n') },
      })

      expect(weighed.text).toContain('1 contact would change, 0 stay as they are.')
      expect(weighed.text).toMatch(/LAST_SUPPORT_CHANNEL: <del>nothing<\/del> → <ins>1<\/ins>/)
      expect(readFileSync(file, 'utf8')).toBe(shop.yaml())

      const form = { ...readForm(weighed.text), text }
      expect((await ask('/console/mapping/approve', { headers, form })).headers['location']).toBe(
        '/console/mapping?outcome=approved',
      )
      expect(readFileSync(file, 'utf8')).toBe(text)
      expect(statSync(file).mode & 0o777).toBe(0o640)
      expect(readApproved(store)).toBe(fingerprint(text))
      expect(store.consoleLog.last(1)[0]).toMatchObject({
        who: 'Ann',
        action: 'config.write',
        what: fingerprint(text).slice(0, 12),
      })
    })
  })

  it('is not written over a change that was made elsewhere meanwhile', async () => {
    await within(async ({ ask, signIn }, store) => {
      const headers = await signIn()
      const { base } = readForm((await ask('/console/mapping', { headers })).text)
      const weighed = await ask('/console/mapping', { headers, form: { base: base!, text: renamed() } })
      const elsewhere = `${shop.yaml()}# of somebody else\n`
      writeFileSync(file, elsewhere)
      const refused = await ask('/console/mapping/approve', {
        headers,
        form: { ...readForm(weighed.text), text: renamed() },
      })

      expect(refused.status).toBe(409)
      expect(readFileSync(file, 'utf8')).toBe(elsewhere)
      expect(readApproved(store)).toBeNull()
      // Both are shown: theirs to go on from, and what was written.
      expect(refused.text).toContain('# of somebody else')
      expect(refused.text).toContain('LAST_SUPPORT_CHANNEL')
    })
  })

  it('that has mistakes is not written, and says where they are', async () => {
    await within(async ({ ask, signIn }) => {
      const headers = await signIn()
      const { base } = readForm((await ask('/console/mapping', { headers })).text)
      const text = shop.yaml().replace('field_mapping:', 'field_maping:')
      const weighed = await ask('/console/mapping', { headers, form: { base: base!, text } })

      expect(weighed.text).toContain('data-line=')
      expect(weighed.text).not.toContain('/mapping/approve"')
      const form = { base: base!, seen: fingerprint(text), text }
      expect((await ask('/console/mapping/approve', { headers, form })).status).toBe(409)
      expect(readFileSync(file, 'utf8')).toBe(shop.yaml())
    })
  })

  it('is approved only as it was seen', async () => {
    await within(async ({ ask, signIn }, store) => {
      const headers = await signIn()
      const { base } = readForm((await ask('/console/mapping', { headers })).text)
      const form = { base: base!, seen: fingerprint(renamed()), text: `${renamed()}# and more\n` }
      const refused = await ask('/console/mapping/approve', { headers, form })

      expect(refused.status).toBe(409)
      expect(readFileSync(file, 'utf8')).toBe(shop.yaml())
      expect(readApproved(store)).toBeNull()
    })
  })
})

it('a file that can’t be written is shown, and not offered', async () => {
  await shop.open(async ({ store }) => {
    const config = parseConfig(file, shop.yaml(), {})
    const readOnly = { ...openConfigFile(file), mayWrite: () => false }
    const console = await openConsole(store, config, { file: readOnly })
    const headers = await console.signIn('editor')
    const { text } = await console.ask('/console/mapping', { headers })

    expect(text).toContain('TICKET_COUNT')
    expect(text).toContain('tajo can’t write this file')
    expect(text).not.toContain('<textarea')
    const form = { base: fingerprint(shop.yaml()), seen: fingerprint(renamed()), text: renamed() }
    expect((await console.ask('/console/mapping/approve', { headers, form })).status).toBe(409)
    expect(readFileSync(file, 'utf8')).toBe(shop.yaml())
    await console.close()
  })
})

describe('secrets in the file', () => {
  const SECRETS = `alerts:
  to:
    - { webhook: "https://hooks.example.com", secret: "a-secret-of-16-letters" }
    - slack: https://hooks.slack.com/services/T0/B0/abcdef
    - { email: ops@example.com, smtp: "smtps://tajo:hunter2hunter2@mail.example.com" }
    - { email: two@example.com, smtp: "smtps://tajo:\${SMTP_PASSWORD}@mail.example.com" }
`

  it('are shown to nobody, and stand where they stood when the rest was changed', async () => {
    writeFileSync(file, shop.yaml() + SECRETS)
    await within(async ({ ask, signIn }) => {
      const headers = await signIn()
      const page = await ask('/console/mapping', { headers })
      const viewed = await ask('/console/mapping', { headers: await signIn('viewer') })
      for (const { text } of [page, viewed]) {
        expect(text).not.toMatch(/a-secret-of-16-letters|abcdef|hunter2/)
        expect(text).toContain('${SMTP_PASSWORD}')
      }
      const { base } = readForm(page.text)
      const text = hideSecrets(shop.yaml() + SECRETS)
        .text.replace('TICKET_COUNT', 'LAST_SUPPORT_CHANNEL')
        .replace(
          '    - { email: two@example.com, smtp: "smtps://tajo:${SMTP_PASSWORD}@mail.example.com" }\n',
          '',
        )
      const weighed = await ask('/console/mapping', { headers, form: { base: base!, text } })
      await ask('/console/mapping/approve', { headers, form: { ...readForm(weighed.text), text } })

      const written = readFileSync(file, 'utf8')
      expect(written).toContain('a-secret-of-16-letters')
      expect(written).toContain('services/T0/B0/abcdef')
      expect(written).toContain('smtps://tajo:hunter2hunter2@mail')
      expect(written).toContain('LAST_SUPPORT_CHANNEL')
    })
  })

  it('come back as they were, whatever they are', () => {
    const texts = [
      SECRETS,
      'api_key: xkeysib-abc\n',
      "token: 'it''s'\n",
      'password: "a, b"\n',
      'a: https://x:y@z\nb: https://x:y@z\n',
    ]
    for (const text of texts) {
      const { text: shown, secrets } = hideSecrets(text)
      expect(restoreSecrets(shown, secrets)).toBe(text)
    }
  })
})

describe('the editor', () => {
  const text = `connectors:
  gorgias:
    domain: shop.gorgias.com
    field_mapping:
      nb_tickets: TICKET_COUNT
      last_
    lists:
      all_support_contacts: 3
`
  const known = { attributes: ['TICKET_COUNT', 'CSAT_SCORE'], lists: { 35: 'Support contacts' } }
  const at = (needle: string): number => text.indexOf(needle) + needle.length
  const labels = (needle: string): string[] =>
    complete(text, at(needle), known)!.options.map(({ label }) => label)

  it('is told what may stand here, but for what stands there already', () => {
    expect(labels('      last_')).toEqual(
      expect.arrayContaining(['last_ticket_date', 'last_satisfaction_score']),
    )
    expect(labels('      last_')).not.toContain('nb_tickets')
    expect(labels('nb_tickets: ')).toEqual(expect.arrayContaining(['CSAT_SCORE']))
    expect(labels('all_support_contacts: ')).toContain('35')
    expect(complete('conn', 4, known)!.options.map(({ label }) => label)).toContain('connectors')
    expect(complete('server:\n  pu', 12, known)!.options.map(({ label }) => label)).toContain('public_url')
    expect(complete('alerts:\n  to:\n    - we', 22, known)!.options.map(({ label }) => label)).toContain(
      'webhook',
    )
    expect(complete('# a comm', 8, known)).toBeNull()
  })

  it('is told what a key means', () => {
    expect(describeKey(text, at('    field_mapp'))!.text).toContain('Helpdesk field')
    expect(describeKey(text, at('      nb_tick'))!.text).toMatch(/ticket/i)
    expect(describeKey(text, at('nb_tickets: TICK'))).toBeNull()
  })

  it('hears the complaints of tajo validate, where they are', async () => {
    await within(async ({ ask, signIn }) => {
      const headers = await signIn()
      const wrong = shop.yaml().replace('field_mapping:', 'field_maping:')
      const answer = await ask('/console/mapping/editor', { headers, form: { ask: 'check', text: wrong } })
      const [first] = JSON.parse(answer.text) as {
        from: number
        to: number
        severity: string
        message: string
      }[]

      expect(wrong.slice(first!.from, first!.to)).toBe('field_maping')
      expect(first!.severity).toBe('error')
      expect(first!.message).toContain('field_mapping')
    })
  })
})
