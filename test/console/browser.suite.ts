// The console as people have it: every page in four languages, two palettes and two widths, held by axe; with the keyboard alone; without
// scripts; while the daemon dies and comes back; while somebody else changes the file.
import { readFileSync, writeFileSync } from 'node:fs'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'

import { LANGUAGE_NAMES } from '../../src/interfaces/console/texts/words.ts'
import { findViolations, happen, launchBrowser, openShop, type Shop, watchPage } from './browser.ts'

let browser: Browser
let shop: Shop
beforeAll(async () => {
  ;[browser, shop] = await Promise.all([launchBrowser(), openShop()])
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await shop?.close()
})

async function signIn(
  options: Parameters<Browser['newContext']>[0] = {},
  ...token: string[]
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  const page = await context.newPage()
  const complaints = watchPage(page, shop.address)
  await page.goto(`${shop.address}/console/sign-in`)
  await page.fill('#token', await shop.token(...token))
  await page.press('#token', 'Enter')
  await page.waitForURL(`${shop.address}/console`)
  return { context, page, complaints }
}

/** The pages, one of a person and what is linked from there among them. */
async function listPages(page: Page): Promise<string[]> {
  await page.goto(`${shop.address}/console/live`)
  await page.click('#fresh td a')
  const person = new URL(page.url()).pathname
  return [
    '',
    '/person',
    '/mapping',
    '/live',
    '/set-aside',
    '/campaigns',
    '/runs',
    '/lists/35',
    '/attributes/TICKET_COUNT',
  ]
    .map((path) => `/console${path}`)
    .concat(person, '/console/person/nobody')
}

const LOOKS = Object.keys(LANGUAGE_NAMES).flatMap((language) =>
  (['light', 'dark'] as const).flatMap((colorScheme) =>
    [360, 1440].map((width) => ({ language, colorScheme, width })),
  ),
)
/** Of the looks half: each two of language, palette and width meet in one of them. */
const PAIRS = LOOKS.filter(
  ({ language, colorScheme, width }) =>
    (Object.keys(LANGUAGE_NAMES).indexOf(language) % 2 === 0) ===
    ((colorScheme === 'light') === (width === 360)),
)

describe('every page', () => {
  it.each(process.env['TAJO_BROWSER'] === 'pairs' ? PAIRS : LOOKS)(
    'in $language, $colorScheme, $width pixels wide, is for everybody',
    async ({ language, colorScheme, width }) => {
      const { context, page, complaints } = await signIn(
        { locale: language, colorScheme, viewport: { width, height: 800 } },
        '--editor',
      )
      for (const path of await listPages(page)) {
        await page.goto(`${shop.address}${path}`)
        if (path.endsWith('/mapping')) await page.waitForSelector('.host')
        expect(await page.getAttribute('html', 'lang')).toBe(language)
        expect([path, await findViolations(page)]).toEqual([path, []])
        const text = await page.innerText('body')
        expect(text).not.toMatch(/\{\w+\}|undefined|\[object|NaN/)
        // No key that was not found in the texts.
        expect(text).not.toMatch(
          /\b(?:nav|person|health|live|letters|campaigns|runs|mapping|effect)\.[a-z_]+\b/,
        )
        const [inner, outer] = (await page.evaluate(
          '[document.documentElement.scrollWidth, window.innerWidth]',
        )) as number[]
        expect([path, inner! <= outer!]).toEqual([path, true])
      }
      // The one page that is not there answers 404, which the browser notes.
      expect(complaints.filter((one) => !one.includes('404'))).toEqual([])
      await context.close()
    },
    90_000,
  )

  it('loads little: at most 60 kB, but for the editor on its page', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const sizes = new Map<string, number>()
    page.on('requestfinished', (request) => {
      const { pathname } = new URL(request.url())
      void request.sizes().then(({ responseBodySize }) => sizes.set(pathname, responseBodySize))
    })
    await page.goto(`${shop.address}/console/sign-in`)
    await page.fill('#token', await shop.token('--editor'))
    await page.press('#token', 'Enter')
    await page.waitForURL(`${shop.address}/console`)
    await page.goto(`${shop.address}/console/live`)
    await page.waitForTimeout(500)
    const total = [...sizes]
      .filter(([path]) => !path.endsWith('/changes'))
      .reduce((sum, [, size]) => sum + size, 0)

    expect(total).toBeGreaterThan(10_000)
    expect(total).toBeLessThan(60_000)
    expect([...sizes.keys()].join()).not.toContain('editor')
    await context.close()
  })
})

describe('with the keyboard alone', () => {
  it('somebody is found, pages are gone to, and the keys can be switched off', async () => {
    const email = happen(shop.sandbox)
    const { context, page } = await signIn()
    await page.keyboard.press('/')
    await page.keyboard.type(email)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/console\/person\/./)
    expect(await page.innerText('h1')).toBe(email)
    expect(page.url()).not.toContain('@')

    await page.keyboard.press('g')
    await page.keyboard.press('c')
    await page.waitForURL(/\/campaigns$/)
    await page.focus('[data-keys]')
    await page.keyboard.press('Enter')
    await page.keyboard.press('g')
    await page.keyboard.press('r')
    await page.waitForTimeout(200)
    expect(page.url()).toMatch(/\/campaigns$/)
    await context.close()
  })

  it('the first Tab leads past the navigation', async () => {
    const { context, page } = await signIn()
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.className')).toBe('skip')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    await context.close()
  })

  it('connectors.yml is completed, complained of, weighed and approved, and the daemon runs by it', async () => {
    const before = readFileSync(shop.config, 'utf8')
    const { context, page, complaints } = await signIn({}, '--editor')
    await page.goto(`${shop.address}/console/mapping#L11`)
    await page.waitForSelector('.host')
    await page.locator('.host :focus').waitFor()
    // A new line below line 11, and the name of a field out of the list.
    await page.keyboard.press('End')
    await page.keyboard.press('Enter')
    await page.keyboard.type('last_ticket_ch')
    await page.waitForSelector('.cm-tooltip-autocomplete')
    await page.keyboard.press('Enter')
    await page.keyboard.type('nowhere!')
    await page.waitForSelector('#effect .notice.bad')
    expect(await page.innerText('#effect .notice.bad')).toContain('line 12')
    for (let times = 0; times < 'nowhere!'.length; times += 1) await page.keyboard.press('Backspace')
    await page.keyboard.type('LAST_SUPPORT_CHANNEL')
    await page.waitForSelector('#effect form')
    expect(await page.innerText('#effect')).toMatch(/\d+ contacts would change/)
    expect(readFileSync(shop.config, 'utf8')).toBe(before)

    // Out of the editor by Escape and Tab, and on to the button that approves.
    await page.keyboard.press('Escape')
    for (let times = 0; times < 60; times += 1) {
      await page.keyboard.press('Tab')
      if (await page.evaluate('document.activeElement.closest("#effect form button") !== null')) break
    }
    await page.keyboard.press('Enter')
    await page.waitForSelector('.notice.good')
    expect(readFileSync(shop.config, 'utf8')).toContain('last_ticket_channel: LAST_SUPPORT_CHANNEL')
    await shop.daemon().until('is in force now')
    // The page that stayed open sees it by itself: the server went away and came back meanwhile.
    await page.waitForSelector('text=is in force', { timeout: 20_000 })
    expect(complaints.filter((one) => !/409|Failed to fetch|network error/.test(one))).toEqual([])
    await context.close()
  }, 60_000)
})

describe('an edit race', () => {
  it('shows what somebody else wrote, keeps what was written here, and writes nothing', async () => {
    const before = readFileSync(shop.config, 'utf8')
    const { context, page } = await signIn({}, '--editor')
    await page.goto(`${shop.address}/console/mapping`)
    await page.click('.host')
    await page.keyboard.press('Control+End')
    await page.keyboard.type('# written here\n')
    await page.waitForSelector('#effect form')
    const elsewhere = `${before}# written elsewhere\n`
    writeFileSync(shop.config, elsewhere)
    await page.click('#effect form button')
    await page.waitForSelector('[role=alert]')

    expect(readFileSync(shop.config, 'utf8')).toBe(elsewhere)
    expect(await page.inputValue('.draft')).toContain('# written here')
    expect(await page.inputValue('textarea[name=text]')).toContain('# written elsewhere')
    writeFileSync(shop.config, before)
    await context.close()
  })
})

describe('an open page', () => {
  it('says that the daemon is gone, and goes on where it left off once it is back', async () => {
    const { context, page } = await signIn()
    await page.goto(`${shop.address}/console/live`)
    const rows = await page.locator('#fresh tbody tr').count()
    await shop.stop('SIGKILL')
    await page.waitForSelector('#lost:not([hidden])')
    expect(await page.innerText('#lost')).toContain('lost')
    await shop.start()
    happen(shop.sandbox)
    await page.locator('#fresh tbody tr').nth(rows).waitFor()
    // Still signed in, by the state.
    expect(page.url()).toMatch(/\/live$/)
    await context.close()
  }, 60_000)

  it('shows events as they leave, and stands still while it is paused', async () => {
    const { context, page } = await signIn()
    await page.goto(`${shop.address}/console/live`)
    const count = () => page.locator('#fresh tbody tr').count()
    const before = await count()
    happen(shop.sandbox)
    await page.locator('#fresh tbody tr').nth(before).waitFor()
    await page.click('[data-pause]')
    const paused = await count()
    happen(shop.sandbox)
    await page.waitForTimeout(3_000)
    expect(await count()).toBe(paused)
    await page.click('[data-pause]')
    await page.locator('#fresh tbody tr').nth(paused).waitFor()
    await context.close()
  }, 30_000)

  it('is signed out the moment its token is revoked', async () => {
    const { context, page } = await signIn()
    await page.goto(`${shop.address}/console/live`)
    await page.waitForTimeout(500)
    const { stdout } = await runCommand('tokens', '--json')
    for (const { id } of JSON.parse(stdout) as { id: string }[]) await runCommand('revoke', id)
    happen(shop.sandbox)
    await page.waitForURL(/\/sign-in/)
    expect(await page.innerText('label')).toBe('Token')
    await context.close()
  })
})

describe('without scripts', () => {
  it('somebody signs in, finds a person, retries what was set aside, and weighs and approves a change', async () => {
    const email = happen(shop.sandbox)
    const { context, page } = await signIn({ javaScriptEnabled: false }, '--editor')
    await page.fill('#find', email)
    await page.press('#find', 'Enter')
    expect(await page.innerText('h1')).toBe(email)
    await page.click('nav >> text=Set aside')
    expect(await page.innerText('main')).toContain('<b>not a phone</b>')
    await page.check('input[name=id] >> nth=0')
    await page.click('main form button >> text=Try the chosen ones again')
    expect(await page.innerText('[role=status].good')).toContain('1')

    await page.click('nav >> text=Mapping')
    const text = await page.inputValue('textarea[name=text]')
    await page.fill('textarea[name=text]', `${text}# by hand\n`)
    await page.click('text=What would this change?')
    await page.click('text=Write it and let it go live')
    expect(readFileSync(shop.config, 'utf8')).toBe(`${text}# by hand\n`)
    await context.close()
  }, 60_000)
})

async function runCommand(...args: string[]) {
  const { runTajo } = await import('../support/tajo.ts')
  return await runTajo(['console', ...args], shop.directory)
}
