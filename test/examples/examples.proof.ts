// The examples as their users run them: with the packed package, against a sandbox over real HTTP.
import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'

import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from '../support/keys.ts'
import { EMPTY } from '../support/sandbox.ts'
import { DRIVER } from '../support/sqlite.ts'

let packed: string
let tarball: string
let sandbox: Sandbox
let directory: string
let customer: number

/** What comes with the package, as npm would install it; and what an example itself asks for. */
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, { dev?: boolean; peer?: boolean; devOptional?: boolean }>
}
const INSTALLED = Object.entries(packages).flatMap(([path, { dev, devOptional }]) =>
  dev === true || devOptional === true ? [] : (/^node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1] ?? []),
)
const OF_EXAMPLES = ['express', '@types/node', 'undici-types']

/** Unpacked from the tarball; what it depends on comes from this repository. */
beforeAll(() => {
  packed = mkdtempSync(join(tmpdir(), 'tajo-packed-'))
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', packed], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  ) as [{ filename: string }]
  tarball = join(packed, filename)
  execFileSync('tar', ['-xzf', tarball, '-C', packed])
})
afterAll(() => rmSync(packed, { recursive: true, force: true }))

beforeEach(async () => {
  sandbox = await startSandbox({ size: EMPTY, helpdeskLimit: null, brevoLimit: null })
  directory = mkdtempSync(join(tmpdir(), 'tajo-example-'))
  const modules = join(directory, 'node_modules')
  mkdirSync(join(modules, '@tajo'), { recursive: true })
  for (const name of [...INSTALLED, ...OF_EXAMPLES]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(resolve('node_modules', name === 'better-sqlite3' ? DRIVER : name), join(modules, name))
  }
  cpSync(join(packed, 'package'), join(modules, '@tajo/sdk'), { recursive: true })
  writeFileSync(
    join(directory, 'connectors.yml'),
    `brevo: { base_url: "${sandbox.brevoUrl}" }
connectors:
  gorgias:
    base_url: "${sandbox.helpdeskUrl}"
    rate_limit: { requests: 100000, per_seconds: 1 }
    field_mapping: { last_satisfaction_score: CSAT_SCORE }
    event_mapping: { ticket.closed: SUPPORT_TICKET_RESOLVED }
campaigns:
  post-support-upsell: { on: customer.created, when: "false", guards: { cooldown: 14d } }
`,
  )
  customer = sandbox.world.addCustomer({ email: 'jane@example.com', created: 1 }).id
})
afterEach(async () => {
  await sandbox.close()
  rmSync(directory, { recursive: true, force: true })
})

const env = () => ({
  PATH: process.env['PATH'] ?? '',
  ...SANDBOX_KEYS,
  GORGIAS_URL: sandbox.helpdeskUrl,
  BREVO_URL: sandbox.brevoUrl,
})

function start(args: readonly string[], more: Record<string, string> = {}) {
  const child = spawn(process.execPath, args, { cwd: directory, env: { ...env(), ...more } })
  let output = ''
  const watchers = new Set<() => void>()
  const hear = (chunk: Buffer): void => {
    output += chunk.toString()
    for (const look of watchers) look()
  }
  child.stdout.on('data', hear)
  child.stderr.on('data', hear)
  const ended = new Promise<{ code: number | null; output: string }>((done) =>
    child.once('close', (code) => done({ code, output })),
  )
  const until = (text: RegExp): Promise<RegExpExecArray> =>
    new Promise((done, fail) => {
      const look = (): void => {
        const match = text.exec(output)
        if (match !== null) done(match)
      }
      watchers.add(look)
      child.once('close', () => fail(new Error(`it ended before ${String(text)}:\n${output}`)))
      look()
    })
  return { child, ended, until }
}

const example = (name: string): string => {
  cpSync(join('examples', name), directory, { recursive: true })
  return join(directory, name.startsWith('csat') ? 'index.cjs' : 'index.mjs')
}
const names = () => sandbox.brevo.account.events.map((event) => event.name)

function closedTicket(): number {
  const { id } = sandbox.world.addTicket({ customerId: customer, subject: 'Lost?', assignee: null })
  sandbox.world.scoreSurvey(sandbox.world.addSurvey(id).id, 5)
  sandbox.world.closeTicket(id)
  return id
}

it('extract works without what only some destinations need, and says how to install that', async () => {
  const cli = join(directory, 'node_modules/@tajo/sdk/dist/cli.js')
  const extract = (to: string) => start([cli, 'extract', 'gorgias', '--to', to]).ended
  expect((await extract('sqlite://a.sqlite')).code).toBe(0)
  for (const [to, command] of [
    ['duckdb://a.duckdb', 'npm install @duckdb/node-api'],
    ['postgres://127.0.0.1:1/db', 'npm install pg'],
  ] as const) {
    const { code, output } = await extract(to)
    expect(output.replaceAll(/\s+/g, ' ')).toContain(command)
    expect(code).toBe(2)
  }
})

it('webhook-express: a call to the application has the ticket read again', async () => {
  const { child, ended, until } = start([example('webhook-express')], { PORT: '0' })
  const [, port = ''] = await until(/Listening on (\d+)/)
  const { id } = sandbox.world.addTicket({ customerId: customer })
  const told = new Promise<void>((done) => {
    const { addEvent } = sandbox.brevo.account
    sandbox.brevo.account.addEvent = (event) => {
      addEvent.call(sandbox.brevo.account, event)
      done()
    }
  })
  // The first call starts the first sync; what happens from then on is an event.
  const call = () =>
    execFileSync('curl', [
      '-sS',
      '-H',
      'content-type: application/json',
      '-d',
      JSON.stringify({ ticket_id: String(id), status: 'closed' }),
      `http://127.0.0.1:${port}/webhooks/gorgias`,
    ]).toString()
  expect(call()).toBe('OK')
  await new Promise((done) => setTimeout(done, 1_500))
  sandbox.world.closeTicket(id)
  expect(call()).toBe('OK')
  await told
  child.kill('SIGTERM')

  expect((await ended).code).toBe(0)
  expect(names()).toEqual(['SUPPORT_TICKET_RESOLVED'])
})

it('post-resolution-campaign: a handler fires a campaign once', async () => {
  const file = example('post-resolution-campaign')
  expect(await start([file]).ended).toEqual({ code: 0, output: '' })
  closedTicket()

  const first = await start([file]).ended
  const second = await start([file]).ended

  expect(first).toEqual({ code: 0, output: 'fired for jane@example.com\n' })
  expect(second).toEqual({ code: 0, output: '' })
  expect(new Set(names())).toEqual(new Set(['SUPPORT_TICKET_RESOLVED', 'post-support-upsell']))
  expect(names()).toHaveLength(2)
  const upsell = sandbox.brevo.account.events.find((event) => event.name === 'post-support-upsell')
  expect(upsell?.properties).toMatchObject({ agent_name: 'our team', ticket_subject: 'Lost?' })
})

it('csat-sync: reads surveys, from CommonJS', async () => {
  closedTicket()

  const { code, output } = await start([example('csat-sync')]).ended

  expect(output).toMatch(/Connected: true\nLast sync: 20.*\nCustomers: 1\nTickets: 1\nCSAT responses: 1\n/)
  expect(code).toBe(0)
  expect(sandbox.brevo.account.contacts.get('jane@example.com')?.attributes).toMatchObject({ CSAT_SCORE: 5 })
})

describe('typescript', () => {
  it('compiles against the packed types, and runs', async () => {
    example('typescript')
    execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', directory], {
      stdio: 'inherit',
    })

    const { code, output } = await start([join(directory, 'dist/index.js')]).ended

    expect(output).toMatch(/127\.0\.0\.1:\d+: 1 contacts written/)
    expect(code).toBe(0)
  })

  it('every sample of the documentation compiles as printed', () => {
    example('typescript')
    const pages = ['docs/sdk.md', 'README.md'].map((page) => readFileSync(page, 'utf8'))
    const samples = pages.flatMap((page) =>
      [...page.matchAll(/```ts\n([^]*?)```/g)].map(([, code = '']) => code),
    )
    expect(samples).toHaveLength(3)
    for (const [index, code] of samples.entries()) {
      const whole = code.includes('import {') ? code : `import { TajoClient } from '@tajo/sdk'\n${code}`
      writeFileSync(join(directory, `src/sample${index}.ts`), whole)
    }

    execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', directory], {
      stdio: 'inherit',
    })
  })

  it('a slip in a name does not compile', () => {
    example('typescript')
    writeFileSync(
      join(directory, 'src/index.ts'),
      `import { TajoClient } from '@tajo/sdk'
new TajoClient().connectors.on('gorgias', 'ticket.close', () => undefined)
new TajoClient().connectors.on('gorgias', 'ticket.closed', (event) => event.satisfaction_scor)
new TajoClient({ config: { connectors: { gorgias: { event_mapping: { 'ticket.shut': 'X' } } } } })
`,
    )

    expect(() =>
      execFileSync(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', directory], {
        encoding: 'utf8',
      }),
    ).toThrow(
      expect.objectContaining({
        stdout: expect.stringMatching(
          /\(2,.*ticket\.close"[^]*\(3,.*satisfaction_scor'[^]*\(4,.*ticket\.shut/,
        ) as unknown,
      }),
    )
  })
})

it('a mistake of the caller is an error with a code and what to do', async () => {
  writeFileSync(
    join(directory, 'mistakes.mjs'),
    `import { TajoClient, TajoError } from '@tajo/sdk'
const tajo = new TajoClient({ stateDir: 'other' })
for (const action of [
  () => tajo.connectors.sync('zendesk'),
  () => tajo.connectors.connect('gorgias', { apiKey: 'wrong' }),
  () => tajo.connectors.connect('gorgias', { apiKey: 'again' }),
  () => tajo.connectors.sync('gorgias', { since: 'yesterday' }),
  () => tajo.campaigns.trigger('x', { email: 'nobody' }),
])
  await action().then(() => console.log('no error'), (error) => console.log(error instanceof TajoError, error.code, typeof error.hint))
await tajo.close()
`,
  )

  const { output } = await start([join(directory, 'mistakes.mjs')]).ended

  expect(output).toBe(
    [
      'true usage string',
      'true source_unauthorized string',
      'true usage string',
      'true usage string',
      'true usage undefined',
      '',
    ].join('\n'),
  )
})

describe('the tarball', () => {
  const list = (): { path: string; size: number }[] =>
    readdirSync(join(packed, 'package'), { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => {
        const file = join(one.parentPath, one.name)
        return { path: relative(join(packed, 'package'), file), size: statSync(file).size }
      })

  it('holds what its users need, and nothing else', () => {
    const allowed = [
      /^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
      /^dist\/(?:cli|index)\.js$/,
      /^dist\/chunks\/[\w-]+\.js$/,
      /^dist\/console\/(?:console\.css|console\.js|editor\.js|htmx\.js|icon\.svg)$/,
      /^dist\/licences\.txt$/,
      /^dist\/[\w./-]+\.d\.ts$/,
      /^schema\/[\w.-]+\.json$/,
      /^docs\/(?:errors\/)?[\w-]+\.md$/,
      /^examples\/(?:grafana|kubernetes|prometheus|systemd)\/[\w.]+$/,
    ]
    const files = list()
    expect(files.map(({ path }) => path).filter((path) => !allowed.some((one) => one.test(path)))).toEqual([])
    for (const wanted of [
      'dist/cli.js',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/console/editor.js',
      'examples/systemd/tajo.service',
      'LICENSE',
    ])
      expect(files.map(({ path }) => path)).toContain(wanted)
    // Of declarations those that the SDK names, not each module's.
    expect(files.filter(({ path }) => path.endsWith('.d.ts')).length).toBeLessThan(120)
    expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(6_000_000)
    expect(statSync(tarball).size).toBeLessThan(1_400_000)
  })

  it('is one that every resolution understands: publint, and are-the-types-wrong', () => {
    const bin = (name: string): string => resolve('node_modules/.bin', name)
    const run = (command: string, args: string[]): string => {
      try {
        return execFileSync(bin(command), args, { encoding: 'utf8', stdio: 'pipe' })
      } catch (thrown) {
        throw new Error(String((thrown as { stdout?: string }).stdout), { cause: thrown })
      }
    }
    expect(run('publint', [tarball, '--strict'])).toContain('All good')
    // Node 20.19 and newer can require a module that is ESM.
    const judged = run('attw', [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color'])
    expect(judged).toMatch(/node16 \(from ESM\) +│ OK \(ESM\)/)
    expect(judged).toMatch(/bundler +│ OK/)
  })
})

describe('a consumer that looks at every declaration', () => {
  const USE = `import { TajoClient, TajoError } from '@tajo/sdk'
const tajo = new TajoClient({ brevoApiKey: process.env['BREVO_API_KEY'] })
tajo.connectors.on('gorgias', 'ticket.closed', (event) => { console.log(event.customer.email) })
export const error: typeof TajoError = TajoError
`
  it.each([
    ['nodenext', 'nodenext', 'use.ts'],
    ['esnext', 'bundler', 'use.ts'],
    ['nodenext', 'nodenext', 'use.cts'],
  ])('compiles: --module %s --moduleResolution %s %s', (module, resolution, file) => {
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(directory, file), USE)
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node', '--module', module]

    const compile = (): Buffer =>
      execFileSync(resolve('node_modules/.bin/tsc'), [...options, '--moduleResolution', resolution, file], {
        cwd: directory,
      })

    expect(compile).not.toThrow()
  })
})
