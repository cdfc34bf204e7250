// tajo mcp, asked by the official client: what an assistant learns, and what it can't.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from '../support/keys.ts'
import { EMPTY } from '../support/sandbox.ts'
import { CLI, runTajo } from '../support/tajo.ts'

let directory: string
let sandbox: Sandbox
let client: Client | null = null
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-mcp-test-'))
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  const jane = sandbox.world.addCustomer({ email: 'jane@example.com', name: 'Jane', created: 1 })
  sandbox.world.addTicket({ customerId: jane.id })
  writeFileSync(join(directory, 'connectors.yml'), yaml('TICKET_COUNT'))
  await runTajo(['sync', 'gorgias'], directory)
})
afterEach(async () => {
  await client?.close()
  client = null
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

const yaml = (attribute: string): string => `brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
    field_mapping: { nb_tickets: ${attribute} }
    event_mapping: { ticket.closed: ticket_closed }
`

async function connect(...args: string[]): Promise<Client> {
  client = new Client({ name: 'test', version: '1' })
  const env = { PATH: process.env['PATH'] ?? '', ...SANDBOX_KEYS }
  const command = { command: process.execPath, args: [CLI, 'mcp', ...args], cwd: directory, env }
  await client.connect(new StdioClientTransport({ ...command, stderr: 'ignore' }))
  return client
}

async function ask(
  name: string,
  given: Record<string, unknown> = {},
): Promise<{ text: string; isError: boolean }> {
  const answer = await client!.callTool({ name, arguments: given })
  const [first] = answer.content as { text: string }[]
  return { text: first!.text, isError: answer.isError === true }
}

describe('an assistant', () => {
  it('is told what it can ask, and that none of it writes', async () => {
    const { tools } = await (await connect()).listTools()
    expect(tools.map(({ name }) => name)).toEqual([
      'status',
      'explain',
      'validate',
      'diff_config',
      'plan',
      'events',
      'errors',
      'campaigns',
    ])
    for (const { annotations } of tools) expect(annotations?.readOnlyHint).toBe(true)
  })

  it('learns how it is, why, and what a change would do, without an address', async () => {
    await connect()
    expect(JSON.parse((await ask('status')).text)).toMatchObject({
      gorgias: { connected: true, contactsInBrevo: 1 },
    })
    const explained = await ask('explain', { email: 'jane@example.com' })
    expect(JSON.parse(explained.text)).toMatchObject({
      email: 'j***@e***.com',
      attributes: { TICKET_COUNT: { value: 1, from: [{ record: 'ticket' }] } },
    })
    const wrong = await ask('validate', { yaml: yaml('nowhere') })
    expect(wrong.text).toContain('connectors.gorgias.field_mapping.nb_tickets')
    const diff = await ask('diff_config', { yaml: yaml('CSAT_RESPONSES') })
    expect(JSON.parse(diff.text)).toMatchObject({
      contacts: { change: 1 },
      attributes: { CSAT_RESPONSES: 1 },
    })
    // A variable of the environment that is a secret is none of its business.
    const stolen = yaml('TICKET_COUNT').replace(
      'field_mapping: {',
      `field_mapping: { CSAT_COMMENT: { value: '"\${BREVO_API_KEY}"', type: text },`,
    )
    expect((await ask('diff_config', { yaml: stolen })).text).not.toContain(SANDBOX_KEYS.BREVO_API_KEY)
    expect(JSON.parse((await ask('plan', { connector: 'gorgias' })).text)).toMatchObject({
      contacts: { update: 0 },
    })
    expect((await ask('errors')).text.trim()).toBe('[]')
    expect((await ask('campaigns')).text.trim()).toBe('[]')
    expect((await ask('events')).isError).toBe(true)
    for (const { text } of [explained, diff]) expect(text).not.toContain('jane@')
    expect(readFileSync(join(directory, 'connectors.yml'), 'utf8')).toBe(yaml('TICKET_COUNT'))
  })

  it('is told what is wrong with a question, and goes on', async () => {
    await connect()
    expect(await ask('explain', {})).toMatchObject({
      isError: true,
      text: expect.stringContaining('Ask for one thing'),
    })
    expect(await ask('diff_config', {})).toMatchObject({ isError: true, text: 'yaml is missing.' })
    // What looks like an option is none.
    expect(await ask('explain', { email: '--config=/etc/passwd' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('no e-mail address'),
    })
    expect((await ask('status')).isError).toBe(false)
  })

  it('writes nothing, unless that was allowed', async () => {
    await connect()
    expect(await ask('sync', { connector: 'gorgias' })).toMatchObject({
      isError: true,
      text: 'There is no tool sync.',
    })
    await client!.close()
    const jane = [...sandbox.world.customers.values()][0]!
    sandbox.world.addTicket({ customerId: jane.id })
    await connect('--allow-write', '--show-addresses')
    expect(JSON.parse((await ask('sync', { connector: 'gorgias' })).text)).toMatchObject({
      contacts: { written: 1 },
    })
    expect((await ask('explain', { email: 'jane@example.com' })).text).toContain('jane@example.com')
  })
})
