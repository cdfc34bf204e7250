// A helpdesk through the built binary, as a user meets it: installed, tested, planned, synced, explained; what happens then reaches Brevo
// once; its webhooks are installed, or a person is told how.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { type Sandbox, SANDBOX_BREVO_KEY, startSandbox } from '../../src/sandbox/sandbox.ts'
import { variablesOf } from '../../src/sources/index.ts'
import { EMPTY } from '../support/sandbox.ts'
import { type Ended, runTajo } from '../support/tajo.ts'
import { HELPDESKS } from './helpdesk.ts'

const EMAIL = 'jane@example.com'

describe.each(HELPDESKS)('$name', ({ name, definition, fake }) => {
  let directory: string
  let sandbox: Sandbox
  const env = {
    BREVO_API_KEY: SANDBOX_BREVO_KEY,
    ...Object.fromEntries(
      Object.entries(definition.secrets).map(([key, field]) => [
        variablesOf({ name, source: name }, field, true)[0]!,
        fake.keys[key]!,
      ]),
    ),
  }
  const tajo = (...args: string[]): Promise<Ended> => runTajo(args, directory, { env })
  const flag = (option: string): string => `--${option.replaceAll('_', '-')}`

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), `tajo-${name}-`))
    sandbox = await startSandbox({ helpdesk: name, size: EMPTY, helpdeskLimit: null, brevoLimit: null })
    const jane = sandbox.world.addCustomer({ email: EMAIL, name: 'Jane', phone: '+16502530000' })
    const ticket = sandbox.world.addTicket({ customerId: jane.id, subject: 'Where is it?' })
    sandbox.world.addMessage(ticket.id)
    const address = [flag(definition.address.base), sandbox.helpdeskUrl, '--brevo-base-url', sandbox.brevoUrl]
    const installed = await tajo('connectors', 'install', name, ...address, '--yes')
    if (installed.code !== 0) throw new Error(installed.stderr)
    // A moment ago, as seen from here.
    const file = join(directory, 'connectors.yml')
    const yaml = readFileSync(file, 'utf8').replace(
      '    sync:',
      '    rate_limit: { requests: 1000, per_seconds: 1 }\n    backfill: { since: 1d }\n    sync:',
    )
    writeFileSync(
      file,
      definition.options['rate_limit'] === undefined ? yaml.replace(/ +rate_limit.*\n/, '') : yaml,
    )
  })
  afterEach(async () => {
    await sandbox.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it('is installed, tested, planned, synced and explained, and its event is sent once', async () => {
    const tested = await tajo('connectors', 'test', name)
    expect(tested).toMatchObject({ code: 0 })
    expect(tested.stdout).toContain('API authentication successful')

    const planned = JSON.parse((await tajo('plan', '--json')).stdout) as { contacts: object }
    expect(planned.contacts).toMatchObject({ create: 1 })
    expect(await tajo('sync', name)).toMatchObject({ code: 0 })
    expect(sandbox.brevo.account.contacts.get(EMAIL)?.attributes).toMatchObject({
      TICKET_COUNT: 1,
      [definition.idAttribute]: expect.stringMatching(/./),
    })
    expect((await tajo('explain', EMAIL)).stdout).toContain(name)
    expect((await tajo('status')).stdout).toContain(name)

    // Dates may have whole seconds: what happens now is later than the first sync.
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    const [ticket] = [...sandbox.world.tickets.values()]
    sandbox.world.closeTicket(ticket!.id)
    for (const _ of [1, 2]) expect(await tajo('sync', name)).toMatchObject({ code: 0 })

    expect(sandbox.brevo.account.events.map((one) => [one.name, one.properties['helpdesk']])).toEqual([
      ['SUPPORT_TICKET_RESOLVED', name],
    ])
  }, 60_000)

  it('runs the tests of a mapping', async () => {
    const test = `tests:
  - name: three tickets make three
    given: { customer: { email: jane@example.com }, tickets: [{ id: 1 }, { id: 2 }] }
    happens: [{ ticket.created: { id: 3 } }, { ticket.closed: 1 }]
    wait: 30m
    expect: { attributes: { TICKET_COUNT: 3 }, events: [SUPPORT_TICKET_OPENED, SUPPORT_TICKET_RESOLVED] }
`
    writeFileSync(join(directory, 'connectors.test.yml'), test)
    expect(await tajo('test-mapping')).toMatchObject({ code: 0 })
  }, 60_000)

  it('has its webhook installed, or a person told how', async () => {
    const installed = await tajo('webhooks', 'install', name, '--url', 'https://tajo.shop.example')
    const status = await tajo('webhooks', 'status', name)

    const hasNone = definition.supports.webhooks === 'none'
    expect(installed.code).toBe(hasNone ? 2 : 0)
    expect(status.code).toBe(hasNone ? 2 : 0)
    expect(installed.stdout.includes(`https://tajo.shop.example/webhooks/${name}`)).toBe(!hasNone)
    if (definition.supports.webhooks === 'by_hand') expect(installed.stdout).toContain('_WEBHOOK_SECRET')
  }, 60_000)
})
