// A plan at the ordinary limits of both APIs: forty requests in twenty seconds, and ten a second.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { EMPTY } from '../support/sandbox.ts'
import { runTajo } from '../support/tajo.ts'

const CUSTOMERS = 14
let directory: string
let sandbox: Sandbox
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-limits-'))
  sandbox = await startSandbox({ size: EMPTY })
  for (let index = 0; index < CUSTOMERS; index += 1)
    sandbox.world.addCustomer({ email: `p${index}@example.com` })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    lists: { all_support_contacts: 35 }
    field_mapping: { nb_tickets: TICKET_COUNT }
`,
  )
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

it.each([
  ['a sample', ['--sample', String(CUSTOMERS)]],
  ['everything', []],
])('of %s waits for its turn, and says before how long it takes', async (_, args) => {
  const { code, stdout, stderr } = await runTajo(['plan', ...args], directory)

  expect(stderr).toMatch(/^Reads /m)
  expect(stdout).toMatch(/14 created/)
  expect(code).toBe(0)
})

it('what was planned is applied', async () => {
  await runTajo(['plan', '--out', 'plan.json'], directory)

  const { code, stderr } = await runTajo(['apply', 'plan.json'], directory)

  expect(stderr).not.toMatch(/429/)
  expect(code).toBe(0)
  expect(sandbox.brevo.account.contacts.size).toBe(CUSTOMERS)
})
