// docs/images/console-*.png, from the demo as it is: node scripts/console-pictures.mjs (needs a build, and Chromium).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chromium } from 'playwright-core'

const SETTLED_MS = 45_000
const demo = spawn(process.execPath, ['dist/cli.js', 'demo'], { stdio: ['ignore', 'pipe', 'inherit'] })
const link = await new Promise((resolve) => {
  let said = ''
  demo.stdout.on('data', (chunk) => {
    said += chunk
    const found = /http\S+\/console\/sign-in#\S+/.exec(said)?.[0]
    if (found !== undefined) resolve(found)
  })
})
const base = link.split('/sign-in')[0]
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
})

async function open(options) {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    ...options,
  })
  const page = await context.newPage()
  await page.goto(link)
  await page.waitForURL(base)
  return page
}

const light = await open({ colorScheme: 'light' })
await light.waitForTimeout(9_000)
await take(light, 'first-sync')
await light.waitForTimeout(SETTLED_MS)
await take(light, 'health')
await light.goto(`${base}/live`)
await light.waitForTimeout(500)
await take(light, 'live')
await light.click('#fresh tbody tr:has-text("thanks_for_the_stars") a')
await light.waitForSelector('.timeline')
await take(light, 'person', true)
await light.goto(`${base}/campaigns`)
await take(light, 'campaigns')
const dark = await open({ colorScheme: 'dark' })
await dark.goto(`${base}/mapping`)
await dark.waitForSelector('.host')
await dark.locator('.host >> text=TICKET_COUNT').dblclick()
await dark.keyboard.type('LAST_TICKET_COUNT')
await dark.keyboard.press('Escape')
await dark.waitForSelector('#effect .notice, #effect form')
await take(dark, 'mapping')
const phone = await open({ colorScheme: 'dark', viewport: { width: 360, height: 740 } })
await phone.waitForTimeout(500)
await take(phone, 'phone')
await browser.close()
demo.kill('SIGTERM')
await once(demo, 'close')

function take(page, name, fullPage = false) {
  return page.screenshot({ path: `docs/images/console-${name}.png`, fullPage })
}
