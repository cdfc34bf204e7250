// Which folder may import which (docs/architecture.md), and the one door of each npm package.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

import { describe, expect, it } from '@jest/globals'

const ALLOWED: Record<string, string[]> = {
  lib: [],
  model: ['lib'],
  sources: ['lib', 'model'],
  mapping: ['lib', 'model'],
  state: ['lib', 'model'],
  outbox: ['lib', 'model', 'state'],
  brevo: ['lib', 'model'],
  config: ['lib', 'model', 'sources', 'mapping'],
  sync: ['lib', 'model', 'sources/source.ts', 'mapping', 'outbox', 'state'],
  server: ['lib', 'model', 'state'],
  explain: ['lib', 'model', 'mapping', 'config', 'state', 'sync', 'engine'],
  plan: [
    'lib',
    'model',
    'mapping',
    'config',
    'brevo',
    'state',
    'sync',
    'outbox',
    'explain',
    'engine',
    'engine.ts',
  ],
  sandbox: ['lib/random.ts'],
}

const DOORS: Record<string, string> = {
  'better-sqlite3': 'state/sqlite.ts',
  '@getbrevo/brevo': 'brevo/sdk.ts',
  got: 'lib/http.ts',
  '@marcbachmann/cel-js': 'mapping/expressions.ts',
  yaml: 'config/',
  ajv: 'config/',
  leven: 'config/',
  winston: 'lib/log.ts',
  'node-cron': 'lib/schedule.ts',
  commander: 'cli',
  fastify: 'server/',
  'libphonenumber-js': 'model/phone.ts',
  '@clack/prompts': 'commands/ask.ts',
  '@sinclair/typebox': 'config/schema',
}

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

  it('nothing imports the command line, and only the command line imports commands', () => {
    const broken = imports.filter(
      ({ file, target }) => target.includes('/commands/') && !file.startsWith('cli'),
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
      if (name === 'commander' && file === 'commands/completion.ts') return false
      return door === undefined || !file.startsWith(door)
    })

    expect(packages.length).toBeGreaterThan(10)
    expect(broken.map(show)).toEqual([])
  })

  it('each source folder is registered', () => {
    const folders = readdirSync('src/sources', { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const registry = readFileSync('src/sources/registry.ts', 'utf8')

    for (const { name } of folders) expect(registry).toContain(`./${name}/index.ts`)
  })
})
