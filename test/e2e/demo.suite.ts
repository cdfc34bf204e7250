// tajo demo, as a newcomer runs it: a first sync, then events while the helpdesk goes on living, and a clean end.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, it } from '@jest/globals'

import { startTajo } from '../support/tajo.ts'

it('syncs a shop, shows what happens, and leaves nothing behind', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tajo-e2e-demo-'))
  const demo = startTajo(['demo'], directory, { env: { TMPDIR: directory } })

  await demo.until('First sync done')
  await demo.until(/SUPPORT_TICKET_\w+|CSAT_\w+|SUPPORT_CUSTOMER_\w+/)
  demo.child.kill('SIGINT')
  const { code, stdout } = await demo.ended

  expect(code).toBe(0)
  expect(stdout).toMatch(/Brevo holds 1,\d{3} contacts and took \d+ events?\./)
  expect(readdirSync(directory)).toEqual([])
  rmSync(directory, { recursive: true })
})
