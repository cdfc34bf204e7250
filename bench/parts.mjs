// Where the CPU of a first sync goes: a profile of the built binary, its samples sorted by what was running.
import { execFileSync, spawn } from 'node:child_process'
import { copyFileSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { KEYS, prepareWorkspace, startSandbox } from './lib.mjs'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** Of better-sqlite3, by the names that a profile gives its native functions. */
const SQLITE = new Set([
  'run',
  'get',
  'all',
  'iterate',
  'exec',
  'prepare',
  'sqliteTransaction',
  'pluck',
  'next',
])

/** First match wins. */
const PARTS = [
  ['idle', ({ functionName }) => functionName === '(idle)'],
  ['garbage collection', ({ functionName }) => functionName === '(garbage collector)'],
  [
    'JSON',
    ({ functionName, url }) =>
      functionName === 'parseJson' || (url.endsWith('/brevo/answers.js') && functionName === 'parse'),
  ],
  [
    'SQLite',
    ({ functionName, url }) => (url === '' && SQLITE.has(functionName)) || url.includes('better-sqlite3'),
  ],
  ['SQLite', ({ url }) => url.includes('/parts/state/')],
  ['delivery', ({ url }) => /\/parts\/(outbox|brevo|mapping)\//.test(url)],
  ['ingest', ({ url }) => /\/parts\/(sync|sources|model)\//.test(url)],
  [
    'HTTP',
    ({ url }) =>
      /^node:(_?http|_?tls|net|zlib|events|internal\/(http|net|streams?|js_stream|undici|url|timers|async|process))/.test(
        url,
      ),
  ],
  [
    'HTTP',
    ({ url }) =>
      /node_modules\/(got|@sindresorhus|get-stream|keyv|responselike)|\/parts\/lib\/net\/http/.test(url),
  ],
  ['start and the rest', () => true],
]

export async function measureParts(note, size) {
  // Not the bundle: a profile sorts by files.
  execFileSync(
    'npx',
    ['tsc', '-p', 'tsconfig.build.json', '--emitDeclarationOnly', 'false', '--outDir', 'parts'],
    { cwd: ROOT },
  )
  copyFileSync(
    `${ROOT}src/config/schema/validators.generated.js`,
    `${ROOT}parts/config/schema/validators.generated.js`,
  )
  const sandbox = await startSandbox(['--no-limits', ...size])
  const workspace = prepareWorkspace(sandbox, '{ requests: 1000000, per_seconds: 1 }')
  const child = spawn(
    process.execPath,
    ['--cpu-prof', `--cpu-prof-dir=${workspace.directory}`, `${ROOT}parts/cli.js`, 'sync', 'gorgias'],
    {
      cwd: workspace.directory,
      env: { ...process.env, ...KEYS },
      stdio: 'ignore',
    },
  )
  await new Promise((resolve) => child.once('close', resolve))
  const name = readdirSync(workspace.directory).find((one) => one.endsWith('.cpuprofile'))
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(workspace.directory, name), 'utf8'))
  const partOf = new Map(
    nodes.map(({ id, callFrame }) => [id, PARTS.find(([, matches]) => matches(callFrame))[0]]),
  )
  const times = new Map()
  for (const [index, sample] of samples.entries()) {
    const part = partOf.get(sample)
    times.set(part, (times.get(part) ?? 0) + timeDeltas[index])
  }
  times.delete('idle')
  const busy = [...times.values()].reduce((sum, one) => sum + one, 0)
  const shares = [...times].sort((a, b) => b[1] - a[1])
  note(
    'first sync, CPU by part',
    shares.map(([part, time]) => `${part} ${Math.round((time / busy) * 100)} %`).join(', '),
  )
  workspace.remove()
  sandbox.stop()
  rmSync(`${ROOT}parts`, { recursive: true })
}
