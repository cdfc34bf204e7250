// npm run planted [-- --first N] [--from N]: whether each planted mistake is seen by the test that is to see it.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { plant } from '../simulation/mutants.ts'
import { PLANTED, type Planted } from './planted.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const COPIED = ['src', 'test', 'schema', 'scripts', 'docs', 'package.json', 'tsconfig.json', 'jest.config.js']

const { values } = parseArgs({
  options: { first: { type: 'string' }, from: { type: 'string', default: '0' } },
})

/** Passes on the sources as they are, and fails on those with the mistake. */
function isSeen(directory: string, planted: Planted): boolean {
  const { file, text } = plant(planted, ROOT)
  const copy = join(directory, 'src', planted.file)
  if (run(directory, planted) !== 0) throw new Error(`test/${planted.seenBy} fails without the mistake, too`)
  writeFileSync(copy, text)
  const status = run(directory, planted)
  cpSync(file, copy)
  return status === 1
}

function run(directory: string, { seenBy, zone }: Planted): number | null {
  const args = ['--disable-warning=ExperimentalWarning', '--experimental-vm-modules']
  const jest = join(directory, 'node_modules/jest/bin/jest.js')
  return spawnSync(process.execPath, [...args, jest, '--runTestsByPath', join('test', seenBy)], {
    cwd: directory,
    stdio: 'ignore',
    env: { ...process.env, ...(zone === undefined ? {} : { TAJO_TEST_TZ: zone }) },
  }).status
}

const directory = mkdtempSync(join(tmpdir(), 'tajo-planted-'))
let missed = 0
try {
  for (const name of COPIED) cpSync(join(ROOT, name), join(directory, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  for (const planted of PLANTED.slice(Number(values.from)).slice(0, Number(values.first ?? PLANTED.length))) {
    const seen = isSeen(directory, planted)
    if (!seen) missed += 1
    process.stdout.write(`${seen ? '✓' : '✗'} ${planted.name}\n    ${planted.seenBy}\n`)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exitCode = missed === 0 ? 0 : 1
