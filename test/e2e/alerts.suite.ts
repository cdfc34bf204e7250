// tajo alerts test through the built binary: a real webhook, a real mail server.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { SMTPServer } from 'smtp-server'

import { runTajo } from '../support/tajo.ts'

let directory: string
let hooks: Server
let mails: SMTPServer
let posted: string[]
let mailed: string[]
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-alerts-'))
  posted = []
  mailed = []
  hooks = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      if (request.url === '/gone') return response.writeHead(410).end()
      posted.push(body)
      return response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => void hooks.listen(0, '127.0.0.1', resolve))
  mails = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, _, done) {
      let mail = ''
      stream.on('data', (chunk: Buffer) => (mail += chunk.toString()))
      stream.on('end', () => {
        mailed.push(mail)
        done()
      })
    },
  })
  await new Promise<void>((resolve) => void mails.listen(0, '127.0.0.1', resolve))
})
afterEach(async () => {
  await new Promise((resolve) => hooks.close(resolve))
  await new Promise<void>((resolve) => mails.close(() => resolve()))
  rmSync(directory, { recursive: true, force: true })
})

function say(to: string): void {
  writeFileSync(
    join(directory, 'connectors.yml'),
    `alerts:
  to:
${to}
connectors:
  gorgias:
    domain: shop.gorgias.com
    field_mapping: { nb_tickets: TICKET_COUNT }
`,
  )
}

const hook = (path: string): string => `http://127.0.0.1:${(hooks.address() as AddressInfo).port}${path}`

it('tells everybody, and says who could not be told', async () => {
  const smtp = `smtp://127.0.0.1:${(mails.server.address() as AddressInfo).port}`
  say(`    - { webhook: "${hook('/tajo')}" }
    - { slack: "${hook('/slack')}" }
    - { email: ops@shop.example, smtp: "${smtp}", from: tajo@shop.example }
    - { webhook: "${hook('/gone')}" }`)
  const { code, stdout } = await runTajo(['alerts', 'test'], directory)

  expect(code).toBe(1)
  expect(stdout.split('\n').filter((line) => line.startsWith('✓'))).toHaveLength(3)
  expect(stdout).toContain('could not be told (it answered 410)')
  expect(posted.map((body) => Object.keys(JSON.parse(body) as object))).toEqual([
    ['version', 'id', 'state', 'severity', 'summary', 'action', 'since'],
    ['text'],
  ])
  expect(mailed[0]).toMatch(/^Subject: tajo: This is a test/m)
  expect(mailed[0]).toMatch(/^To: ops@shop\.example/m)
})

it.each([
  ['    - { webhook: "http://hooks.example.com/x" }', 'Plain http'],
  ['    - { email: nobody, smtp: "smtp://a" }', 'email'],
  ['    - { pager: "555" }', 'pager'],
])('%s is a mistake', async (to, said) => {
  say(to)
  const { code, stdout, stderr } = await runTajo(['validate'], directory)
  expect(`${stdout}${stderr}`.replaceAll(/\s+/g, ' ')).toContain(said)
  expect(code).toBe(2)
})

it('without alerts it says how to write them', async () => {
  writeFileSync(
    join(directory, 'connectors.yml'),
    'connectors: { gorgias: { domain: a.gorgias.com, field_mapping: { nb_tickets: X } } }\n',
  )
  const { code, stderr } = await runTajo(['alerts', 'test'], directory)
  expect([code, stderr.includes('has no `alerts`')]).toEqual([2, true])
})
