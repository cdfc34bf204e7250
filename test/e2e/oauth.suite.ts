// A person lets the app into their workspace with the browser, through the built binary: by the page that they come back to, or by pasting
// where they were sent.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { type Sandbox, SANDBOX_BREVO_KEY, startSandbox } from '../../src/sandbox/sandbox.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runOnTerminal, runTajo, startTajo } from '../support/tajo.ts'

const APP = { INTERCOM_CLIENT_ID: 'sandbox-client', INTERCOM_CLIENT_SECRET: 'sandbox-client-secret' }

let directory: string
let sandbox: Sandbox
let callback: string
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-oauth-'))
  sandbox = await startSandbox({ helpdesk: 'intercom', size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  callback = `http://127.0.0.1:${await findPort()}/callback`
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

async function findPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const install = (): string[] => [
  'connectors',
  'install',
  'intercom',
  '--oauth',
  '--region',
  'eu',
  '--api-url',
  sandbox.helpdeskUrl,
  '--brevo-base-url',
  sandbox.brevoUrl,
  '--callback',
  callback,
  '--yes',
]
const env = { BREVO_API_KEY: SANDBOX_BREVO_KEY, ...APP }

/** What is printed for the person to open. */
async function findAddress(running: ReturnType<typeof startTajo>): Promise<URL> {
  let text = ''
  running.child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await running.until('redirect URL')
  return new URL(/https:\/\/\S+/.exec(text)![0])
}

it('by the page they come back to: state looked at, token stored encrypted, and used', async () => {
  const running = startTajo(install(), directory, { env })
  const address = await findAddress(running)
  expect(address.origin).toBe('https://app.eu.intercom.com')
  expect(address.searchParams.get('client_id')).toBe('sandbox-client')
  expect(address.searchParams.get('redirect_uri')).toBe(callback)

  // Somebody else's answer changes nothing.
  const forged = await fetch(`${callback}?code=evil&state=guessed`)
  expect([forged.status, await forged.text()]).toEqual([400, expect.stringContaining('state')])
  const state = encodeURIComponent(address.searchParams.get('state')!)
  expect((await fetch(`${callback}?code=sandbox-code&state=${state}`)).status).toBe(200)

  const ended = await running.ended
  expect(ended).toMatchObject({ code: 0 })
  const stored = readFileSync(join(directory, 'state/secrets.json'), 'utf8')
  expect(stored).toContain('intercom.access_token')
  expect(stored + ended.stdout + ended.stderr).not.toContain('sandbox-intercom-token')
  expect(await runTajo(['connectors', 'test', 'intercom'], directory, { env: {} })).toMatchObject({ code: 0 })
})

it('by pasting where they were sent', async () => {
  let state = ''
  const { code, output } = await runOnTerminal(install(), directory, {
    env,
    // The code alone has no state to look at.
    answers: [['redirect URL', 'sandbox-code\n']],
    columns: 400,
    onOutput(text, type) {
      const found = /state=([\w-]+)/.exec(text)?.[1]
      if (state !== '' || found === undefined || !text.includes('not where you were sent')) return
      state = found
      type(`${callback}?code=sandbox-code&state=${state}\n`)
    },
  })

  expect([code, output]).toEqual([0, expect.stringContaining('Stored the keys')])
})

it('a code that the helpdesk does not take writes nothing', async () => {
  const running = startTajo(install(), directory, { env })
  const state = encodeURIComponent((await findAddress(running)).searchParams.get('state')!)
  await fetch(`${callback}?code=old-code&state=${state}`)

  expect(await running.ended).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('gave no token for this code'),
  })
})

it('a helpdesk that lets nobody in so says so', async () => {
  const ended = await runTajo(
    ['connectors', 'install', 'gorgias', '--domain', 'shop.gorgias.com', '--oauth'],
    directory,
    { env },
  )

  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('lets nobody in by OAuth') })
})

it('a new connector is written with the name of its workspace, by which its webhooks are known', async () => {
  const running = startTajo(install(), directory, { env })
  const state = encodeURIComponent((await findAddress(running)).searchParams.get('state')!)
  await fetch(`${callback}?code=sandbox-code&state=${state}`)
  expect((await running.ended).code).toBe(0)

  expect(readFileSync(join(directory, 'connectors.yml'), 'utf8')).toMatch(/^ {4}workspace: "sandbox1"$/m)
})
