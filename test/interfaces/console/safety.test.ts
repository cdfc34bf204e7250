// Who may come into the console, and from where: forged names, pages, tokens and cookies are refused.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { parseConfig } from '../../../src/config/load.ts'
import { ACTS } from '../../../src/interfaces/console/acts.ts'
import { Throttle } from '../../../src/interfaces/console/safety/throttle.ts'
import { toOwnPath } from '../../../src/interfaces/console/safety/sign-in.ts'
import { systemClock } from '../../../src/lib/time/clock.ts'
import { fromMs } from '../../../src/model/time.ts'
import { openConsole, type OpenConsole } from '../../support/console.ts'
import { openVirtualShop, type VirtualShop } from '../../support/virtual.ts'

const PAGES = [
  '',
  '/person',
  '/mapping',
  '/live',
  '/set-aside',
  '/campaigns',
  '/runs',
  '/lists/1',
  '/attributes/X',
]
const CHANGES = [...Object.keys(ACTS), '/mapping', '/mapping/approve', '/mapping/editor']

let shop: VirtualShop
beforeEach(() => {
  shop = openVirtualShop()
})
afterEach(() => shop.close())

async function within(
  look: (
    console: OpenConsole,
    store: Parameters<Parameters<VirtualShop['open']>[0]>[0]['store'],
  ) => Promise<void>,
  publicUrl: string | null = null,
): Promise<void> {
  await shop.open(async ({ store }) => {
    const console = await openConsole(store, parseConfig('connectors.yml', shop.yaml(), {}), { publicUrl })
    try {
      await look(console, store)
    } finally {
      await console.close()
    }
  })
}

/** Somebody who wrote, and whose contact Brevo has. */
async function syncJane(): Promise<void> {
  shop.world.addTicket({
    customerId: shop.world.addCustomer({
      email: 'jane.doe@example.com',
      name: 'Jane',
      created: 1,
      updated: shop.world.now(),
    }).id,
  })
  await shop.sync()
}

describe('who is not signed in', () => {
  it('sees the sign-in and nothing else, and comes back to where they wanted to go', async () => {
    await within(async ({ ask }) => {
      for (const page of PAGES) {
        const { status, headers } = await ask(`/console${page}`)
        expect([page, status]).toEqual([page, 303])
        expect(headers['location']).toBe(`/console/sign-in?back=${encodeURIComponent(`/console${page}`)}`)
      }
      for (const change of CHANGES) expect((await ask(`/console${change}`, { form: {} })).status).toBe(303)
      expect((await ask('/console/changes')).status).toBe(401)
    })
  })

  it('is not let in by a token that is wrong, used up, expired or revoked', async () => {
    await within(async ({ ask }, store) => {
      const now = fromMs(systemClock.now())
      const make = (isSingle: boolean, expiresAt = now + fromMs(60_000)) =>
        store.consoleAccess.make({ name: 'Ann', role: 'editor', isMasked: false, isSingle, expiresAt }, now)
      const tryToken = async (token: string) => (await ask('/console/sign-in', { form: { token } })).status
      const single = make(true).secret
      const revoked = make(false)
      store.consoleAccess.revoke(revoked.id, now)

      expect(await tryToken(single)).toBe(303)
      expect(await tryToken(single)).toBe(401)
      expect(await tryToken(make(false, now).secret)).toBe(401)
      expect(await tryToken(revoked.secret)).toBe(401)
      expect(await tryToken('tajo_guessed')).toBe(401)
    })
  })

  it('is slowed down while guessing, and told for how long', async () => {
    await within(async ({ ask, logged, signIn }) => {
      for (let time = 0; time < 5; time += 1)
        expect((await ask('/console/sign-in', { form: { token: `guess ${time}` } })).status).toBe(401)
      const slowed = await ask('/console/sign-in', { form: { token: 'guess' } })

      expect(slowed.status).toBe(429)
      expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0)
      // Whoever has one comes in all the same, from behind the same proxy, too.
      expect((await signIn('viewer')).cookie).toMatch(/^tajo_session=./)
      expect(logged.filter((line) => line.includes('opens nothing'))).toHaveLength(5)
      expect(logged.join('\n')).not.toContain('guess')
    })
  })

  it('has an old cookie that opens nothing once its token is revoked, or they signed out', async () => {
    await within(async ({ ask, signIn }, store) => {
      const [ann, bob] = [await signIn('editor', { name: 'Ann' }), await signIn('viewer', { name: 'Bob' })]
      const [first] = store.consoleAccess.list()
      store.consoleAccess.revoke(first!.id, fromMs(systemClock.now()))
      await ask('/console/sign-out', { form: {}, headers: bob })

      expect((await ask('/console', { headers: ann })).status).toBe(303)
      expect((await ask('/console', { headers: bob })).status).toBe(303)
      const forged = await ask('/console', { headers: { cookie: 'tajo_session=forged' } })
      expect(forged.headers['location']).toBe('/console/sign-in?back=%2Fconsole&ended')
      expect((await ask(String(forged.headers['location']))).text).toContain('You were signed out.')
    })
  })
})

describe('a request', () => {
  it('under another name than its own is refused: a page elsewhere may have its name point here', async () => {
    await within(async ({ ask, address, signIn }) => {
      const cookie = await signIn()
      const port = new URL(address).port
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        `127.0.0.1.evil.example:${port}`,
        '127.0.0.1:1',
        `localhost`,
      ])
        for (const path of ['/console', '/console/sign-in', '/console/changes'])
          expect([host, (await ask(path, { headers: { ...cookie, host } })).status]).toEqual([host, 421])
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`])
        expect([host, (await ask('/console', { headers: { ...cookie, host } })).status]).toEqual([host, 200])
    })
  })

  it('that changes something comes from a page of its own', async () => {
    await within(async ({ ask, address, signIn, synced }) => {
      const cookie = await signIn()
      const forged = [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'none' },
        { origin: 'http://evil.example' },
        { origin: 'null' },
        { origin: address.replace('127.0.0.1', 'localhost') },
      ]
      for (const headers of forged)
        for (const path of [...CHANGES, '/sign-in', '/sign-out', '/choice', '/person'])
          expect([
            path,
            (await ask(`/console${path}`, { form: {}, headers: { ...cookie, ...headers } })).status,
          ]).toEqual([path, 403])
      expect(synced).toEqual([])
      // Where a browser says nothing of itself, the origin is believed.
      const own = { ...cookie, origin: address }
      expect(
        (await ask('/console/health/sync', { form: { connector: 'gorgias' }, headers: own })).status,
      ).toBe(303)
      expect(synced).toEqual([{ connector: 'gorgias', acceptRemovals: false }])
    })
  })

  it('by a link from elsewhere is asked once more by its own page, which has the cookie', async () => {
    await within(async ({ ask }) => {
      const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
      const answer = await ask('/console/live', { headers })

      expect(answer.status).toBe(200)
      expect(answer.text).toContain('http-equiv="refresh" content="0"')
    })
  })

  it('behind a proxy is known by its public address, whose cookie is for https alone', async () => {
    await within(async ({ ask }, store) => {
      const now = fromMs(systemClock.now())
      const token = {
        name: 'Ann',
        role: 'viewer',
        isMasked: false,
        isSingle: false,
        expiresAt: now + fromMs(60_000),
      } as const
      const { secret } = store.consoleAccess.make(token, now)
      const headers = { host: 'tajo.shop.example', origin: 'https://tajo.shop.example' }
      const signedIn = await ask('/console/sign-in', { form: { token: secret }, headers })
      const [cookie] = signedIn.headers['set-cookie'] as string[]

      expect(signedIn.headers['location']).toBe('/ops/console')
      expect(cookie).toMatch(
        /^__Host-tajo_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+; Secure$/,
      )
      const page = await ask('/console', { headers: { ...headers, cookie: cookie!.split(';')[0]! } })
      expect(page.status).toBe(200)
      expect(page.text).toContain('href="/ops/console/live"')
      expect(page.text).not.toMatch(/(?:href|src|action)="\/console/)
    }, 'https://tajo.shop.example/ops')
  })
})

describe('a viewer', () => {
  it('looks at every page, and changes nothing', async () => {
    await within(async ({ ask, signIn, synced }) => {
      const cookie = await signIn('viewer')
      for (const page of PAGES) {
        const { status, text } = await ask(`/console${page}`, { headers: cookie })
        expect([page, status]).toEqual([page, 200])
        // Nothing is offered that would be refused.
        const forms = [...text.matchAll(/<form\s+method="post"\s+action="([^"]+)"/g)].map(
          ([, action]) => action,
        )
        expect(forms.length).toBeGreaterThan(2)
        expect(forms.filter((one) => !/\/(person|sign-out|choice)$/.test(one!))).toEqual([])
      }
      for (const change of CHANGES)
        expect([
          change,
          (await ask(`/console${change}`, { form: { connector: 'gorgias' }, headers: cookie })).status,
        ]).toEqual([change, 403])
      expect(synced).toEqual([])
    })
  })

  it('sees addresses masked where the token says so', async () => {
    await syncJane()
    await within(async ({ ask, signIn }) => {
      const [plain, masked] = [await signIn('viewer'), await signIn('viewer', { isMasked: true })]
      const find = async (headers: { cookie: string }) => {
        const found = await ask('/console/person', { form: { email: 'jane.doe@example.com' }, headers })
        return await ask(String(found.headers['location']), { headers })
      }

      expect((await find(plain)).text).toContain('jane.doe@example.com')
      const page = await find(masked)
      expect(page.status).toBe(200)
      expect(page.text).toContain('j***@e***.com')
      expect(page.text).not.toContain('jane.doe@example.com')
      for (const path of ['', '/live', '/lists/35', '/runs'])
        expect((await ask(`/console${path}`, { headers: masked })).text).not.toContain('jane.doe')
    })
  })
})

describe('every answer', () => {
  it('lets a browser load nothing from elsewhere, run no script of a page, and keep nothing', async () => {
    await within(async ({ ask, signIn }) => {
      const cookie = await signIn()
      for (const page of [...PAGES, '/sign-in', '/nowhere']) {
        const { status, headers, text } = await ask(`/console${page}`, { headers: cookie })
        if (status === 404 && page === '/nowhere') continue
        expect(headers['content-security-policy']).toMatch(
          /default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'/,
        )
        expect(headers['content-security-policy']).not.toContain('unsafe')
        expect(headers['cache-control']).toBe('private, no-store')
        expect(headers['referrer-policy']).toBe('no-referrer')
        expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|javascript:/i)
        for (const [, url] of text.matchAll(/(?:src|href|action|hx-get)="([^"]*)"/g))
          expect(url).toMatch(/^[/#]/)
      }
    })
  })

  it('names nobody in the address of a page', async () => {
    await syncJane()
    await within(async ({ ask, signIn }) => {
      const headers = await signIn()
      const found = await ask('/console/person', { form: { email: ' Jane.Doe@Example.com ' }, headers })
      const path = String(found.headers['location'])

      expect(path).toMatch(/^\/console\/person\/[\w-]{40,}$/)
      // The same person has the same address; a forged one has none.
      expect(
        (await ask('/console/person', { form: { email: 'jane.doe@example.com' }, headers })).headers[
          'location'
        ],
      ).toBe(path)
      const forged = path.slice(0, -1) + (path.endsWith('A') ? 'B' : 'A')
      expect((await ask(forged, { headers })).status).toBe(404)
      const missed = await ask('/console/person', { form: { email: 'nobody@example.com' }, headers })
      expect(missed.headers['location']).toBe('/console/person?missed=unknown')
      for (const path of ['/attributes/%00', '/attributes/a%20b', '/lists/x', '/person/x'])
        expect([path, (await ask(`/console${path}`, { headers })).status]).toEqual([path, 404])
    })
  })
})

it('somebody with a long address has a page, too; only pages that renew themselves do so without scripts', async () => {
  const email = `${'a'.repeat(64)}@${'b'.repeat(60)}.${'c'.repeat(60)}.example.com`
  const { world } = shop
  world.addTicket({
    customerId: world.addCustomer({ email, name: 'A', created: 1, updated: world.now() }).id,
  })
  await shop.sync()
  await within(async ({ ask, signIn }) => {
    const headers = await signIn()
    const found = await ask('/console/person', { form: { email }, headers })
    const page = await ask(String(found.headers['location']), { headers })
    expect(page.status).toBe(200)
    expect(page.text).toContain(email)
    expect(page.text).toContain('http-equiv="refresh"')
    expect((await ask('/console/mapping', { headers })).text).not.toContain('http-equiv="refresh"')
  })
})

describe('a page that can’t be made', () => {
  it('says so, with what to do, and the others go on', async () => {
    await shop.open(async ({ store }) => {
      const config = parseConfig('connectors.yml', shop.yaml(), {})
      const console = await openConsole(store, config, { fails: true })
      const headers = await console.signIn()
      const page = await console.ask('/console', { headers })

      expect(page.status).toBe(500)
      expect(page.text).toContain('This could not be done')
      expect(page.text).toMatch(/The disk is &lt;gone&gt;\. Look at the disk\./)
      expect(page.text).toContain('state_unusable')
      expect(console.logged.join('\n')).toContain('A page of the console could not be made')
      expect((await console.ask('/console/live', { headers })).status).toBe(200)
      await console.close()
    })
  })
})

describe('signing in', () => {
  it.each([
    ['/console/live?state=sent', '/console/live?state=sent'],
    ['https://evil.example', '/console'],
    ['//evil.example', '/console'],
    ['/console//evil.example', '/console'],
    [String.raw`/console\evil.example`, '/console'],
    ['/consolevil', '/console'],
    [null, '/console'],
  ])('leads to %s only within the console', (asked, path) => {
    expect(toOwnPath(asked)).toBe(path)
  })

  it('waits longer with each failure, for the address that fails, and forgets them after a while', () => {
    let now = 0
    const throttle = new Throttle(() => now)
    const fail = (address: string, times: number): void => {
      for (let time = 0; time < times; time += 1) throttle.fail(address)
    }
    fail('a', 5)
    expect(throttle.waitMs('a')).toBe(1_000)
    expect(throttle.waitMs('b')).toBe(0)
    fail('a', 3)
    expect(throttle.waitMs('a')).toBe(8_000)
    fail('a', 30)
    expect(throttle.waitMs('a')).toBe(60_000)
    // Many addresses at once: everybody waits a little, and nobody is kept out.
    for (let index = 0; index < 60; index += 1) throttle.fail(`bot ${index}`)
    expect(throttle.waitMs('b')).toBe(2_000)
    now += 16 * 60_000
    throttle.fail('a')
    expect(throttle.waitMs('a')).toBe(0)
  })
})
