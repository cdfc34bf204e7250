// npm run test:unlike: a helpdesk that is unlike Gorgias is added to a copy of the project by docs/add-a-source.md alone (its two folders,
// its names in the two lists), and everything that follows from the lists has to follow: the schema, the types, the conformance suite.
// `--new`: the folders are those that `npm run new-source` lays out.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const KEPT = process.argv.includes('--keep')

const run = (command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}): void =>
  void execFileSync(command, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } })

function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'tajo-unlike-'))
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  for (const file of files
    .split('\n')
    .filter((one) => one !== '' && existsSync(join(ROOT, one)) && !one.startsWith('test/unlike/')))
    cpSync(join(ROOT, file), join(copy, file), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** The name in a list, and its import: what the documentation asks for. */
function addToList(file: string, imported: string, from: string, list: RegExp): void {
  const text = readFileSync(file, 'utf8')
  const changed = text
    .replace(/^import /m, `import { ${imported} } from '${from}'\nimport `)
    .replace(list, (found) => found.replace(/\]$/, `, ${imported}]`))
  if (changed === text || !list.test(text)) throw new Error(`${file} has no list`)
  writeFileSync(file, changed)
}

const copy = copyProject()
try {
  if (process.argv.includes('--new')) run('npm', ['run', '-s', 'new-source', 'parley'], copy)
  else {
    cpSync(join(ROOT, 'test/unlike/src'), join(copy, 'src'), { recursive: true })
    const sources = join(copy, 'src/sources/index.ts')
    addToList(sources, 'parley', './parley/index.ts', /const LIST = \[[^\]]*\]/)
    const sandbox = join(copy, 'src/sandbox/helpdesks.ts')
    addToList(sandbox, 'parleySandbox', './parley/parley.ts', /HELPDESKS[^=]*= \[[^\]]*\]/)
  }
  run('npm', ['run', '-s', 'gen'], copy)
  run('npm', ['run', '-s', 'format'], copy)
  run('npm', ['run', '-s', 'types'], copy)
  run('npm', ['test', '--', 'test/conformance', 'test/layers'], copy, { CONFORMANCE: 'parley' })
} finally {
  if (KEPT) process.stdout.write(`kept: ${dirname(join(copy, 'x'))}\n`)
  else rmSync(copy, { recursive: true, force: true })
}
