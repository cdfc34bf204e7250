// OpenTelemetry as a collector sees it: asked for by the standard environment variables, and not even loaded otherwise.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { readAsked } from '../../src/daemon/telemetry/telemetry.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { startTajo } from '../support/tajo.ts'

interface Attribute {
  key: string
  value: { stringValue?: string; intValue?: number }
}
interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  attributes: Attribute[]
}

let directory: string
let sandbox: Sandbox
let collector: Server
const got: { path: string; body: string }[] = []
let onGot: () => void = () => undefined
beforeEach(async () => {
  got.length = 0
  directory = mkdtempSync(join(tmpdir(), 'tajo-otel-'))
  sandbox = await startSandbox({
    size: { customers: 10, tickets: 10, messages: 10, surveys: 2 },
    helpdeskLimit: null,
    brevoLimit: null,
  })
  collector = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      got.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString('utf8') })
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      onGot()
    })
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  writeFileSync(
    join(directory, 'connectors.yml'),
    `server: { enabled: false }
brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
    schedule: "* * * * * *"
    field_mapping: { nb_tickets: TICKET_COUNT }
`,
  )
})
afterEach(async () => {
  collector.close()
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

const start = (env: Record<string, string>) => startTajo(['start'], directory, { env })

async function stop(daemon: ReturnType<typeof startTajo>): Promise<void> {
  daemon.child.kill('SIGTERM')
  expect((await daemon.ended).code).toBe(0)
}

const valueOf = ({ attributes }: OtlpSpan, name: string): string | undefined =>
  attributes.find(({ key }) => key === name)?.value.stringValue

describe('with a collector in the environment', () => {
  it('a run is a span with its requests below it, and /metrics goes there too; nobody is named', async () => {
    const { port } = collector.address() as AddressInfo
    const endpoint = `http://127.0.0.1:${port}`
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_SERVICE_NAME: 'shop-sync',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    }
    const daemon = start(env)
    const both = new Promise<void>((resolve) => {
      onGot = () => {
        const text = got.map(({ path, body }) => path + body).join('')
        if (/tajo\.run/.test(text) && /tajo_runs_total/.test(text) && /tajo_customers/.test(text)) resolve()
      }
    })
    await both
    await stop(daemon)

    const spans = got
      .filter(({ path }) => path === '/v1/traces')
      .flatMap(
        ({ body }) =>
          (JSON.parse(body) as { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] }).resourceSpans,
      )
      .flatMap(({ scopeSpans }) => scopeSpans.flatMap((one) => one.spans))
    const runs = spans.filter(({ name }) => name === 'tajo.run')
    const requests = spans.filter(({ name }) => name === 'tajo.http')
    const below = requests.filter(({ parentSpanId }) => runs.some(({ spanId }) => spanId === parentSpanId))
    expect(runs.length).toBeGreaterThan(0)
    expect(new Set(below.map((one) => valueOf(one, 'tajo.api')))).toEqual(new Set(['brevo', 'gorgias']))
    expect(valueOf(runs[0]!, 'tajo.connector')).toBe('gorgias')

    const text = got.map(({ body }) => body).join('\n')
    expect(text).toContain('"stringValue":"shop-sync"')
    expect(text).toMatch(/"name":"tajo_run_duration_seconds"[^]*"explicitBounds":\[0\.5,1,2\.5/)
    for (const { email } of sandbox.world.customers.values())
      if (email !== null) expect(text).not.toContain(email)
    expect(text).not.toMatch(/[\w.]+(?:@|%40)example\.com/)
  })

  it('that does not answer nothing is the worse, and the end does not wait for it', async () => {
    const daemon = start({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    await daemon.until('Run ended')
    const began = performance.now()
    await stop(daemon)
    expect(performance.now() - began).toBeLessThan(15_000)
  })
})

describe('without one', () => {
  it('nothing of OpenTelemetry is loaded', async () => {
    const [hook, loader, out] = ['hook.mjs', 'loader.mjs', 'loaded.txt'].map((name) => join(directory, name))
    writeFileSync(out!, '')
    writeFileSync(
      hook!,
      `import { register } from 'node:module'\nregister(${JSON.stringify(`file://${loader}`)})\n`,
    )
    writeFileSync(
      loader!,
      `import { appendFileSync } from 'node:fs'
export async function resolve(specifier, context, next) {
  appendFileSync(${JSON.stringify(out)}, specifier + ' ')
  return await next(specifier, context)
}
`,
    )
    const daemon = start({ NODE_OPTIONS: `--import=${hook}` })
    await daemon.until('Run ended')
    await stop(daemon)
    const loaded = readFileSync(out!, 'utf8')
    // What else the daemon loads is seen by the hook.
    expect(loaded).toContain('node-cron')
    expect(loaded).not.toContain('opentelemetry')
    expect(loaded).not.toMatch(/chunks\/(?:traces|metrics)-/)
  })

  it.each([
    [{}, false, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c' }, true, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c' }, true, false],
    [{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c' }, false, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_EXPORTER: 'none' }, false, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_SDK_DISABLED: 'true' }, false, false],
  ])('%p asks for traces: %p, metrics: %p', (env, traces, metrics) => {
    expect(readAsked(env)).toEqual({ traces, metrics })
  })
})
