// connectors.yml in the browser: weighed before it is written, never over somebody else's change, and without the secrets that stand in it.
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'

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

  const CASES: [text: string, secret: string][] = [
    ["secret: 'correct,horse#battery'\n", 'battery'],
    ["a: { smtp: 'smtps://tajo:p@ssw0rd@mail.example.com' }\n", 'ssw0rd'],
    ['alerts: { to: [{ webhook: "https://hooks.example.com/tajo?key=VERY", secret: x }] }\n', 'VERY'],
    ['alerts: { to: [{ slack: https://hooks.slack.com/workflows/T/SECR }] }\n', 'SECR'],
    ['secret: >-\n  hidden words\n  and more\nnext: 1\n', 'hidden words'],
    ['secret: "whsec xkeysib-1"\n', 'whsec'],
    ['secret: pre-xkeysib-abc\n', 'xkeysib'],
    ['# the smtp password: see smtps://tajo:pwpw@mail\na: 1\n', 'pwpw'],
    ['secret: abcdef\r\ntoken: defabc\r\n', 'defabc'],
    ['a: ‹hidden-1›\nsecret: bbbbbb\n', 'bbbbbb'],
    ['a: [\n no yaml\n token: zzzzzz', 'zzzzzz'],
  ]
  it.each(CASES)('%j is shown without what it hides, and is the same again', (text, secret) => {
    const { text: shown, secrets } = hideSecrets(text)
    expect(shown).not.toContain(secret)
    expect(restoreSecrets(shown, secrets)).toBe(text)
  })

  it('a variable that names one is none', () => {
    const text = "secret: '${TAJO_ALERT_SECRET}'\nsmtp: smtps://tajo:${SMTP_PASSWORD}@mail\n"
    expect(hideSecrets(text)).toEqual({ text, secrets: [] })
  })

  it('whatever a file holds, it comes back as it was', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'secret: ',
        'xkeysib-a1',
        '\n',
        '\r\n',
        '#',
        "'",
        '"',
        ': ',
        '- ',
        '{',
        '}',
        '@',
        '://u:',
        '‹hidden-1›',
        'alerts:\n  to:\n',
        '>-\n',
      ),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('')
        const { text: shown, secrets } = hideSecrets(text)
        expect(restoreSecrets(shown, secrets)).toBe(text)
      }),
    )
  })

  it('a placeholder that stands for none is a mistake, and is not written', async () => {
    await within(async ({ ask, signIn }) => {
      const headers = await signIn()
      const { base } = readForm((await ask('/console/mapping', { headers })).text)
      const text = `${shop.yaml()}# ‹hidden-7›\n`
      const weighed = await ask('/console/mapping', { headers, form: { base: base!, text } })
      expect(weighed.text).toContain('‹hidden-7› stands for no secret')
      expect(weighed.text).not.toContain('/mapping/approve"')
    })
  })
})

describe('the file', () => {
  it('keeps its line ends', async () => {
    const windows = shop.yaml().replaceAll('\n', '\r\n')
    writeFileSync(file, windows)
    await within(async ({ ask, signIn }, store) => {
      writeInForce(store, windows)
      const headers = await signIn()
      const { base } = readForm((await ask('/console/mapping', { headers })).text)
      const same = await ask('/console/mapping', { headers, form: { base: base!, text: shop.yaml() } })
      expect(same.text).toContain('This is what is in force.')
      const weighed = await ask('/console/mapping', { headers, form: { base: base!, text: renamed() } })
      await ask('/console/mapping/approve', { headers, form: { ...readForm(weighed.text), text: renamed() } })
      expect(readFileSync(file, 'utf8')).toBe(renamed().replaceAll('\n', '\r\n'))
    })
  })

  it('keeps its mode whatever the umask, and is not in the way of what a crash left', () => {
    writeFileSync(file, 'a: 1\n')
    chmodSync(file, 0o664)
    writeFileSync(`${file}.tajo-${process.pid}`, 'left over')
    expect(openConfigFile(file).replace('a: 1\n', 'a: 2\n')).toBe(true)
    expect(readFileSync(file, 'utf8')).toBe('a: 2\n')
    expect(statSync(file).mode & 0o777).toBe(0o664)
    expect(openConfigFile(file).replace('a: 1\n', 'a: 3\n')).toBe(false)
  })

  it('that is no UTF-8 is not offered: it would be written back as something else', () => {
    writeFileSync(file, Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]))
    expect(openConfigFile(file).read()).toBeNull()
  })

  it('may be as large as tajo takes it', async () => {
    await within(async ({ ask, signIn }) => {
      const headers = await signIn()
      const text = shop.yaml() + '# é: {a}\n'.repeat(20_000)
      const answer = await ask('/console/mapping/editor', { headers, form: { ask: 'check', text } })
      expect(JSON.parse(answer.text)).toEqual([])
    })
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
