// The files that install tajo elsewhere: held to what they promise, and to what tajo takes.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { validateWorkflow } from '@action-validator/core'
import { describe, expect, it } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'

import { checkConfig } from '../../src/config/load.ts'
import { SOURCES, variablesOf } from '../../src/sources/index.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { SANDBOX_KEYS } from '../support/keys.ts'
import { DRIVER } from '../support/sqlite.ts'
import { runTajo, startTajo } from '../support/tajo.ts'

const read = (file: string): string => readFileSync(file, 'utf8')

/** What may be given as `NAME_FILE`. */
const KEYS = new Set([
  'BREVO_API_KEY',
  ...SOURCES.flatMap(({ name, secrets }) =>
    Object.values(secrets).flatMap((secret) => variablesOf({ name, source: name }, secret, true)),
  ),
])

function expectKnownKeys(text: string): void {
  const named = [...text.matchAll(/\b([A-Z][A-Z_]+)_FILE\b/g)].map(([, name]) => name!)
  expect(named.length).toBeGreaterThan(2)
  for (const name of named) expect(KEYS).toContain(name)
}

const has = (command: string, args: string[]): boolean => {
  if (spawnSync(command, args, { stdio: 'ignore' }).status === 0) return true
  process.stdout.write(`No ${command} here: what it would say was not asked.\n`)
  return false
}

describe('the systemd unit', () => {
  const unit = 'examples/systemd/tajo.service'

  it('is understood, and may do little', () => {
    expectKnownKeys(read(unit))
    if (!has('systemd-analyze', ['--version'])) return
    const directory = mkdtempSync(join(tmpdir(), 'tajo-unit-'))
    // What it starts need not be on this machine.
    const here = join(directory, 'tajo.service')
    writeFileSync(here, read(unit).replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`))
    const said = spawnSync('systemd-analyze', ['verify', here], { encoding: 'utf8' })
    // It ends with 0 whatever it complains of.
    expect(`${said.stdout}${said.stderr}`.trim()).toBe('')
    const judged = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', '--threshold=15', here],
      { encoding: 'utf8' },
    )
    expect(judged.status).toBe(0)
    rmSync(directory, { recursive: true })
  })

  it('hears that tajo is ready, that it moves, and that it ends', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tajo-notify-'))
    const sandbox = await startSandbox({
      size: { customers: 5, tickets: 5, messages: 5, surveys: 1 },
      helpdeskLimit: null,
      brevoLimit: null,
    })
    try {
      const told = join(directory, 'told')
      mkdirSync(join(directory, 'bin'))
      writeFileSync(told, '')
      writeFileSync(join(directory, 'bin/systemd-notify'), `#!/bin/sh\necho "$1" >> ${told}\n`)
      chmodSync(join(directory, 'bin/systemd-notify'), 0o755)
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
      const env = {
        PATH: `${join(directory, 'bin')}:${process.env['PATH']}`,
        NOTIFY_SOCKET: '/run/systemd/notify',
        WATCHDOG_USEC: '400000',
      }
      const daemon = startTajo(['start'], directory, { env })
      /** Each word comes from a process of its own, which takes what time it likes. */
      const hear = async (word: string, times: number): Promise<string[]> => {
        const deadline = AbortSignal.timeout(20_000)
        for (;;) {
          const words = read(told).trim().split('\n')
          if (words.filter((one) => one === word).length >= times) return words
          await delay(20, undefined, { signal: deadline })
        }
      }
      await hear('WATCHDOG=1', 2)
      await daemon.until('Run ended')
      daemon.child.kill('SIGTERM')
      await daemon.ended

      const words = await hear('STOPPING=1', 1)
      expect(words.filter((word) => word === '--ready')).toHaveLength(1)
    } finally {
      await sandbox.close()
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

describe('the container', () => {
  it('is no root, writes nothing but its state, and holds no key', () => {
    const [, last = ''] = read('Dockerfile').split(/^FROM .* AS build$/m)
    const final = last.slice(last.lastIndexOf('\nFROM '))
    expect(final).toMatch(/^USER 65532:65532$/m)
    expect(final).toMatch(/^VOLUME \/state$/m)
    expect(final).toMatch(/^HEALTHCHECK /m)
    expect(final).toMatch(/^ENTRYPOINT \["node", "\/app\/dist\/cli\.js"\]$/m)
    expect(read('Dockerfile')).not.toMatch(/^(?:ENV|ARG) .*(?:KEY|TOKEN|SECRET|PASSWORD)/m)
  })

  it('is composed with what it may do, and keys as files', () => {
    const text = read('compose.yaml')
    expectKnownKeys(text)
    const { services, secrets } = parse(text, { merge: true }) as {
      services: Record<
        string,
        { read_only: boolean; cap_drop: string[]; ports?: string[]; secrets?: string[] }
      >
      secrets: Record<string, unknown>
    }
    for (const service of Object.values(services)) {
      expect(service.read_only).toBe(true)
      expect(service.cap_drop).toEqual(['ALL'])
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
      for (const name of service.secrets ?? []) expect(Object.keys(secrets)).toContain(name)
    }
  })
})

it('Kubernetes runs one of it, with a disk of its own, and a connectors.yml that tajo takes', () => {
  const text = read('examples/kubernetes/tajo.yaml')
  expectKnownKeys(text)
  const documents = parseAllDocuments(text)
  expect(documents.flatMap(({ errors }) => errors)).toEqual([])
  const [map, set] = documents.map((one) => one.toJS() as unknown) as unknown as [
    { data: Record<string, string> },
    {
      spec: {
        replicas: number
        volumeClaimTemplates: { spec: { accessModes: string[] } }[]
        template: {
          spec: {
            securityContext: Record<string, unknown>
            containers: {
              securityContext: Record<string, unknown>
              livenessProbe: { httpGet: { path: string } }
              readinessProbe: { httpGet: { path: string } }
              volumeMounts: { name: string }[]
            }[]
            volumes: { name: string }[]
          }
        }
      }
    },
  ]
  expect(checkConfig('connectors.yml', map.data['connectors.yml']!, {}).complaints).toEqual([])
  const { spec } = set.spec.template
  const [container] = spec.containers
  expect(set.spec.replicas).toBe(1)
  expect(set.spec.volumeClaimTemplates[0]!.spec.accessModes).toEqual(['ReadWriteOnce'])
  expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_532 })
  expect(container!.securityContext).toMatchObject({
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
  })
  expect([container!.livenessProbe, container!.readinessProbe].map((one) => one.httpGet.path)).toEqual([
    '/livez',
    '/readyz',
  ])
  const known = [...spec.volumes.map(({ name }) => name), 'state']
  for (const { name } of container!.volumeMounts) expect(known).toContain(name)
})

describe('a release', () => {
  it('is moved, committed and tagged by one command, with what the changelog says of it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'tajo-release-'))
    try {
      const script = join(process.cwd(), 'scripts/release.mjs')
      const run = (...args: string[]) =>
        spawnSync(process.execPath, [script, ...args], { cwd: directory, encoding: 'utf8' })
      const git = (...args: string[]): string =>
        execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
          cwd: directory,
          encoding: 'utf8',
        })
      git('init', '--quiet')
      git('config', 'user.name', 'a')
      git('config', 'user.email', 'a@example.com')
      const packageFile = join(directory, 'package.json')
      writeFileSync(packageFile, '{ "name": "x", "version": "0.1.0" }\n')
      writeFileSync(
        join(directory, 'package-lock.json'),
        '{ "name": "x", "version": "0.1.0", "lockfileVersion": 3, "packages": { "": { "name": "x", "version": "0.1.0" } } }\n',
      )
      writeFileSync(
        join(directory, 'CHANGELOG.md'),
        '# Changelog\n\n## Unreleased\n\n### Added\n\n- One thing.\n',
      )
      git('add', '.')
      git('commit', '--quiet', '--message', 'Begin')

      expect(run('0.1').stderr).toContain('name a version')
      // The first of all is the version that stands there already.
      expect(run('0.1.0').stdout).toContain('git push --follow-tags')
      expect(run('--check', 'v0.1.0').stderr).toContain('names no repository')
      const changelog = read(join(directory, 'CHANGELOG.md'))
      writeFileSync(
        join(directory, 'CHANGELOG.md'),
        changelog.replace('## Unreleased\n', '## Unreleased\n\n- Another.\n'),
      )
      writeFileSync(packageFile, '{ "name": "x", "version": "0.1.0", "repository": "github:a/x" }\n')
      git('commit', '--all', '--quiet', '--message', 'Go on')
      expect(run('0.2.0').stdout).toContain('git push --follow-tags')
      expect(git('tag')).toBe('v0.1.0\nv0.2.0\n')
      expect(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))).toMatchObject({
        version: '0.2.0',
      })
      expect(run('--check', 'v0.2.0').status).toBe(0)
      expect(run('--notes', 'v0.2.0').stdout).toBe('- Another.\n')
      expect(run('--check', 'v0.3.0').status).toBe(1)
      expect(run('0.3.0').stderr).toContain('nothing under Unreleased')
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  it('lists everything that users get, in the package and inside it', () => {
    const { stdout } = spawnSync(process.execPath, ['scripts/licences.mjs', '--sbom'], { encoding: 'utf8' })
    const { components } = JSON.parse(stdout) as { components: { name: string; purl: string }[] }
    const names = components.map(({ name }) => name)
    const bundled = [...read('dist/licences.txt').matchAll(/^(\S+) \d\S* \(.+\)$/gm)].map(([, name]) => name)
    expect(bundled.length).toBeGreaterThan(50)
    expect(names).toEqual(expect.arrayContaining([...bundled, 'better-sqlite3', 'node-cron']))
    expect(components.map(({ purl }) => purl).join('\n')).toMatch(/^pkg:npm\/%40getbrevo\/brevo@[\d.]+$/m)
  })

  it('is made by workflows that may do what they need, and nothing else', () => {
    for (const file of readdirSync('.github/workflows')) {
      const text = read(join('.github/workflows', file))
      const { permissions, jobs } = parse(text) as {
        permissions: Record<string, string>
        jobs: Record<string, { 'timeout-minutes'?: number; steps: { uses?: string; run?: string }[] }>
      }
      expect(permissions).toEqual({ contents: 'read' })
      for (const job of Object.values(jobs)) {
        expect(job['timeout-minutes']).toBeGreaterThan(0)
        for (const { uses, run } of job.steps) {
          if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@(?:v\d+|[0-9a-f]{40})$/)
          // What somebody else wrote is never a part of a command.
          expect(run ?? '').not.toContain('${{')
        }
      }
      expect(text).not.toMatch(/secrets\./)
      expect(validateWorkflow(text)).toEqual({ actionType: 'workflow', errors: [] })
    }
  })
})

describe('better-sqlite3', () => {
  const [major = 0] = process.versions.node.split('.').map(Number)
  const wanted = major < 22 ? 12 : 13

  /** A command of tajo that opens a state, installed as npm does it with one driver under its own name. */
  function runInstalled(prepare: (modules: string) => void): { status: number | null; stderr: string } {
    const directory = mkdtempSync(join(tmpdir(), 'tajo-native-'))
    try {
      const modules = join(directory, 'node_modules')
      for (const name of ['bindings', 'file-uri-to-path', 'libphonenumber-js', 'node-cron'])
        cpSync(join('node_modules', name), join(modules, name), { recursive: true })
      cpSync('dist', join(modules, '@tajo/sdk/dist'), { recursive: true })
      cpSync('package.json', join(modules, '@tajo/sdk/package.json'))
      prepare(join(modules, 'better-sqlite3'))
      writeFileSync(join(directory, 'connectors.yml'), 'connectors: { gorgias: { domain: a.gorgias.com } }\n')
      return spawnSync(process.execPath, [join(modules, '@tajo/sdk/dist/cli.js'), 'sync', 'gorgias'], {
        cwd: directory,
        encoding: 'utf8',
        env: { ...process.env, ...SANDBOX_KEYS },
      })
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }
  it('that is not there is said with what installs it', () => {
    const { status, stderr } = runInstalled(() => undefined)
    expect(stderr).toContain(`better-sqlite3@${wanted} is not installed`)
    expect(stderr).toContain(`npm install better-sqlite3@${wanted}`)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(status).toBe(2)
  })

  it('that came without its native part is said with what makes it', () => {
    const { status, stderr } = runInstalled((to) =>
      cpSync(join('node_modules', DRIVER), to, {
        recursive: true,
        filter: (path) => !/better-sqlite3(?:-12)?\/(?:build|deps|prebuilds)/.test(path),
      }),
    )
    expect(stderr).toContain(`better-sqlite3@${wanted} was not made for this Node`)
    expect(stderr).toContain(wanted === 12 ? 'npm rebuild better-sqlite3' : 'npm install better-sqlite3@13')
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(status).toBe(2)
  })

  // On Node 20, 13 would take the process down with it.
  it('that this Node is too old for is not loaded', () => {
    const { status, stderr } = runInstalled((to) => {
      mkdirSync(to, { recursive: true })
      writeFileSync(
        join(to, 'package.json'),
        JSON.stringify({ name: 'better-sqlite3', version: '13.2.0', main: 'index.js' }),
      )
      writeFileSync(join(to, 'index.js'), 'process.kill(process.pid, "SIGSEGV")\n')
    })
    expect(stderr.includes('better-sqlite3@12 is not installed')).toBe(wanted === 12)
    expect(status).toBe(wanted === 12 ? 2 : null)
  })

  it('is named once more for a checkout on Node 20, in the same version', () => {
    const { optionalDependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
      string,
      Record<string, string>
    >
    const [older, newer] = optionalDependencies!['better-sqlite3']!.split(' || ')
    expect(devDependencies!['better-sqlite3-12']).toBe(`npm:better-sqlite3@${older}`)
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { version: string }>
    }
    expect(packages['node_modules/better-sqlite3']?.version).toBe(newer)
  })
})

it('tajo says its version, as a package and a container are asked for it', async () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  expect((await runTajo(['--version'], tmpdir())).stdout.trim()).toBe(version)
})
