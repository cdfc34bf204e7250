// Which folder may import which (docs/architecture.md), and the one door of each npm package.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { describe, expect, it } from '@jest/globals'

/** Room → what it may import besides itself. What stands in src/ itself are the two entries of the package. */
const ALLOWED: Record<string, string[]> = {
  lib: [],
  model: ['lib'],
  sources: ['lib', 'model', 'mapping/expressions.ts'],
  mapping: ['lib', 'model'],
  state: ['lib', 'model'],
  projection: ['lib', 'model', 'mapping', 'state'],
  outbox: ['lib', 'model', 'state'],
  brevo: ['lib', 'model'],
  config: ['lib', 'model', 'sources', 'mapping'],
  sync: ['lib', 'model', 'sources/source.ts', 'mapping', 'state'],
  engine: ['lib', 'model', 'config', 'sources', 'mapping', 'brevo', 'state', 'projection', 'outbox', 'sync'],
  extract: [
    'lib',
    'model',
    'config',
    'sources/source.ts',
    'sources/index.ts',
    'sources/tables.ts',
    'sources/workforce.ts',
    'state/db/sqlite.ts',
    'sync/walk/down.ts',
  ],
  explain: ['lib', 'model', 'mapping', 'config', 'state', 'projection', 'sync', 'engine'],
  'dry-run': [
    'lib',
    'model',
    'mapping',
    'config',
    'brevo',
    'state',
    'projection',
    'sync',
    'outbox',
    'explain',
    'engine',
  ],
  preflight: ['lib', 'model', 'config', 'sources', 'mapping', 'brevo', 'explain', 'engine'],
  'config-tests': [
    'lib',
    'model',
    'mapping',
    'config',
    'sources',
    'state',
    'projection',
    'explain',
    'engine',
    'sandbox',
  ],
  daemon: [
    'lib',
    'model',
    'mapping',
    'config',
    'sources',
    'state',
    'outbox',
    'sync',
    'engine',
    'dry-run',
    'extract',
    'interfaces/server',
    'interfaces/console',
  ],
  'interfaces/server': ['lib', 'model', 'sources/source.ts', 'state', 'engine'],
  'interfaces/console': [
    'lib',
    'model',
    'mapping',
    'config',
    'state',
    'outbox',
    'sync',
    'engine',
    'explain',
    'dry-run',
  ],
  'interfaces/sdk': [
    'lib',
    'model',
    'config',
    'sources',
    'state',
    'sync',
    'engine',
    'daemon',
    'interfaces/server',
  ],
  'interfaces/cli': [
    'lib',
    'model',
    'mapping',
    'config',
    'sources',
    'brevo',
    'state',
    'projection',
    'outbox',
    'sync',
    'engine',
    'explain',
    'dry-run',
    'preflight',
    'config-tests',
    'daemon',
    'extract',
    'sandbox',
    'interfaces/server',
  ],
  sandbox: ['lib/random.ts'],
}

const ENTRIES = ['cli.ts', 'index.ts']

const DOORS: Record<string, string> = {
  'better-sqlite3': 'state/db/sqlite.ts',
  '@getbrevo/brevo': 'brevo/sdk.ts',
  got: 'lib/net/http.ts',
  '@marcbachmann/cel-js': 'mapping/expressions.ts',
  'csv-parse': 'sources/gladly/reports/csv.ts',
  re2js: 'sources/gladly/scores.ts',
  '@duckdb/node-api': 'extract/destinations/duckdb.ts',
  nodemailer: 'daemon/alerts/tell.ts',
  pg: 'extract/destinations/postgres.ts',
  'pg-copy-streams': 'extract/destinations/postgres.ts',
  yaml: 'config/',
  ajv: 'config/',
  leven: 'config/',
  winston: 'lib/log/log.ts',
  'node-cron': 'lib/time/schedule.ts',
  commander: 'interfaces/cli/program/',
  fastify: 'interfaces/',
  '@codemirror/autocomplete': 'interfaces/console/assets/',
  '@codemirror/commands': 'interfaces/console/assets/',
  '@codemirror/lang-yaml': 'interfaces/console/assets/',
  '@codemirror/language': 'interfaces/console/assets/',
  '@codemirror/lint': 'interfaces/console/assets/',
  '@codemirror/state': 'interfaces/console/assets/',
  '@codemirror/view': 'interfaces/console/assets/',
  '@opentelemetry/api': 'daemon/telemetry/',
  '@opentelemetry/exporter-metrics-otlp-http': 'daemon/telemetry/',
  '@opentelemetry/exporter-trace-otlp-http': 'daemon/telemetry/',
  '@opentelemetry/resources': 'daemon/telemetry/',
  '@opentelemetry/sdk-metrics': 'daemon/telemetry/',
  '@opentelemetry/sdk-trace-node': 'daemon/telemetry/',
  '@modelcontextprotocol/sdk': 'interfaces/cli/run/mcp.ts',
  '@lezer/highlight': 'interfaces/console/assets/',
  'libphonenumber-js': 'model/phone.ts',
  '@clack/prompts': 'interfaces/cli/terminal/ask.ts',
  '@sinclair/typebox': 'config/schema/',
}

/** Files on a shelf: more than this, and nobody sees them at a glance. */
const SHELF = 16

interface Import {
  file: string
  line: number
  target: string
}

const imports: Import[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) =>
    readFileSync(join('src', file), 'utf8')
      .split('\n')
      .flatMap((text, index) => {
        const target = /(?:from |import\(|^import )'([^']+)'/.exec(text)?.[1]
        return target === undefined ? [] : [{ file, line: index + 1, target }]
      }),
  )

const show = ({ file, line, target }: Import): string => `src/${file}:${line} imports ${target}`

describe('layers', () => {
  it.each(Object.keys(ALLOWED))('%s imports only what is below it', (folder) => {
    const broken = imports
      .filter(({ file, target }) => file.startsWith(`${folder}/`) && target.startsWith('.'))
      .filter(({ file, target }) => {
        const to = relative('src', join('src', dirname(file), target))
        return (
          !to.startsWith(`${folder}/`) &&
          !ALLOWED[folder]!.some((allowed) => to === allowed || to.startsWith(`${allowed}/`))
        )
      })

    expect(broken.map(show)).toEqual([])
  })

  it('no source imports another', () => {
    const broken = imports.filter(({ file, target }) => {
      const own = /^sources\/([^/]+)\//.exec(file)?.[1]
      const to = relative('src', join('src', dirname(file), target))
      return (
        own !== undefined &&
        target.startsWith('.') &&
        /^sources\/[^/]+\//.test(to) &&
        !to.startsWith(`sources/${own}/`)
      )
    })

    expect(broken.map(show)).toEqual([])
  })

  it('every room stands in the table', () => {
    const rooms = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !ENTRIES.includes(file))
      .filter((file) => !Object.keys(ALLOWED).some((room) => file.startsWith(`${room}/`)))

    expect(rooms).toEqual([])
  })

  it('a shelf holds no more files than are seen at a glance', () => {
    const shelves = new Map<string, number>()
    for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' }))
      if (file.endsWith('.ts')) shelves.set(dirname(file), (shelves.get(dirname(file)) ?? 0) + 1)

    expect([...shelves].filter(([, count]) => count > SHELF)).toEqual([])
  })

  it('nothing imports the command line but its entry', () => {
    const broken = imports.filter(
      ({ file, target }) =>
        target.includes('interfaces/cli') && !file.startsWith('interfaces/cli/') && file !== 'cli.ts',
    )

    expect(broken.map(show)).toEqual([])
  })
})

describe('doors', () => {
  it('each npm package comes in at one place', () => {
    const packages = imports.filter(({ target }) => !target.startsWith('.') && !target.startsWith('node:'))
    const broken = packages.filter(({ file, target }) => {
      const name = target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/')
      const door = DOORS[name]
      if (name === '@sinclair/typebox' && /^sources\/[^/]+\/options\.ts$/.test(file)) return false
      if (name === 'fastify' && file.startsWith('sandbox/')) return false
      if (name === 'commander' && file === 'cli.ts') return false
      return door === undefined || !file.startsWith(door)
    })

    expect(packages.length).toBeGreaterThan(10)
    expect(broken.map(show)).toEqual([])
  })

  it('each source folder stands in the list', () => {
    const folders = readdirSync('src/sources', { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const registry = readFileSync('src/sources/index.ts', 'utf8')

    for (const { name } of folders) expect(registry).toContain(`./${name}/index.ts`)
  })
})
