// What an on-call engineer's tools ask of the running daemon, over real HTTP.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

let directory: string
let sandbox: Sandbox
let daemon: ReturnType<typeof startTajo> | null = null
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tajo-probes-'))
  const size = { customers: 30, tickets: 50, messages: 100, surveys: 10 }
  sandbox = await startSandbox({ size, helpdeskLimit: null, brevoLimit: null })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { port: 0 }
brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
    schedule: "* * * * * *"
    field_mapping: { nb_tickets: TICKET_COUNT }
    event_mapping: { ticket.closed: ticket_closed }
    objectives: { freshness: 15m }
`,
  )
})
afterEach(async () => {
  daemon?.child.kill('SIGTERM')
  await daemon?.ended
  daemon = null
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

async function start(env: Record<string, string> = {}): Promise<string> {
  daemon = startTajo(['start'], directory, { env })
  await daemon.until('Run ended')
  await daemon.until('"address":"')
  return /"address":"(http:[^"]+)"/.exec(daemon.said())![1]!
}

const hasPromtool = (): boolean => {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    process.stdout.write(
      'No promtool here (apt-get install prometheus): numbers were held by our own reading alone.\n',
    )
    return false
  }
}

describe('tajo start', () => {
  it('lives, is ready, and tells numbers that every tool reads', async () => {
    const address = await start()
    await daemon!.until(/"contacts":[1-9]/)
    const known = sandbox.brevo.account.contacts
    const somebody = [...sandbox.world.customers.values()].find(
      ({ email }) => email !== null && known.has(email),
    )!
    sandbox.world.closeTicket(sandbox.world.addTicket({ customerId: somebody.id }).id)
    await daemon!.until(/"events":1/)
    const answers = await Promise.all(['livez', 'readyz'].map((path) => fetch(`${address}/${path}`)))
    const metrics = await fetch(`${address}/metrics`)
    const text = await metrics.text()

    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    // Not asked for.
    expect((await fetch(`${address}/console`)).status).toBe(404)
    expect(metrics.headers.get('content-type')).toContain('version=0.0.4')
    expect(text).toMatch(/^tajo_connector_up\{connector="gorgias"\} 1$/m)
    expect(text).toMatch(/^tajo_events_sent_total\{connector="gorgias"\} 1$/m)
    expect(text).toMatch(/^tajo_http_requests_total\{api="brevo",code="2xx"\} \d+$/m)
    expect(text).toMatch(/^tajo_freshness_seconds\{connector="gorgias"\} \d/m)
    // Nothing of anybody.
    for (const { email } of sandbox.world.customers.values())
      if (email !== null) expect(text).not.toContain(email)
    expect(text).not.toContain('@')
    const documented = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
    for (const [, name] of text.matchAll(/^# TYPE (\S+)/gm)) expect(documented).toContain(`\`${name}\``)
    if (hasPromtool()) execFileSync('promtool', ['check', 'metrics'], { input: text })

    const status = await runTajo(['status'], directory)
    expect(status.stdout).toMatch(/fresh +what had changed by \d{4}-.* is in Brevo/)
    expect(status.stdout).toMatch(/objective +in Brevo within 15 min/)
  })

  it('numbers are for this machine, or for whoever has the key', async () => {
    const address = await start({ TAJO_API_KEY: 'a-key-of-the-control-api-32-characters' })
    const ask = async (headers: Record<string, string>) =>
      (await fetch(`${address}/metrics`, { headers })).status
    const passedOn = { 'x-forwarded-for': '203.0.113.7' }

    expect(await ask({})).toBe(200)
    expect(await ask(passedOn)).toBe(401)
    expect(await ask({ ...passedOn, authorization: 'Bearer wrong' })).toBe(401)
    expect(await ask({ ...passedOn, authorization: 'Bearer a-key-of-the-control-api-32-characters' })).toBe(
      200,
    )
  })
})

it('the rules of examples/prometheus ask for numbers that there are, and fire when they should', () => {
  const folder = new URL('../../examples/prometheus/', import.meta.url).pathname
  const rules = readFileSync(join(folder, 'rules.yml'), 'utf8')
  const documented = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  const asked = new Set([...rules.matchAll(/\btajo_[a-z_]+/g)].map(([name]) => name))
  expect(asked.size).toBeGreaterThan(5)
  for (const name of asked) expect(documented).toContain(`\`${name}\``)
  if (!hasPromtool()) return
  execFileSync('promtool', ['check', 'rules', join(folder, 'rules.yml')])
  execFileSync('promtool', ['test', 'rules', join(folder, 'rules.test.yml')])
})

it('the dashboard of examples/grafana asks for numbers that there are, in sentences that Prometheus understands', () => {
  const file = new URL('../../examples/grafana/tajo.json', import.meta.url)
  const dashboard = JSON.parse(readFileSync(file, 'utf8')) as {
    panels: { targets?: { expr: string }[] }[]
    __inputs?: unknown
  }
  const asked = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const documented = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8')
  expect(dashboard.__inputs).toBeUndefined()
  expect(asked.length).toBeGreaterThan(15)
  for (const name of new Set(
    asked.flatMap((expr) => expr.match(/\b(tajo|process|nodejs)_[a-z_0-9]+/g) ?? []),
  ))
    expect(documented).toContain(`\`${name.replace(/_bucket$/, '')}\``)
  if (!hasPromtool()) return
  const rules = asked.map((expr, index) => ({
    record: `panel:${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(job|connector)/g, '.*'),
  }))
  const generated = join(directory, 'panels.yml')
  writeFileSync(generated, JSON.stringify({ groups: [{ name: 'panels', rules }] }))
  execFileSync('promtool', ['check', 'rules', generated])
})
