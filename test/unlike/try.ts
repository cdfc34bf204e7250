// npm run test:unlike: a helpdesk that is unlike Gorgias in every way is added to a copy of the project as docs/add-a-source.md says, by its
// two folders and its names in the two lists; everything else has to follow: schema, types, commands, the conformance suite.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const NAME = 'parley'

const run = (command: string, args: readonly string[], env: Record<string, string> = {}): void =>
  void execFileSync(command, args, { cwd: copy, stdio: 'inherit', env: { ...process.env, ...env } })

function copyProject(): string {
  const directory = mkdtempSync(join(tmpdir(), 'tajo-unlike-'))
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  for (const file of files.split('\n').filter((one) => one !== '' && existsSync(join(ROOT, one))))
    cpSync(join(ROOT, file), join(directory, file))
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  return directory
}

const copy = copyProject()
try {
  run('npm', ['run', '-s', 'new-source', NAME])
  run('npm', ['run', '-s', 'lint'])
  run('npm', ['run', '-s', 'types'])
  run('npm', ['test', '--', 'test/layers'])
  run('npm', ['run', '-s', 'test:conformance'], { CONFORMANCE: NAME })
} finally {
  if (process.argv.includes('--keep')) process.stdout.write(`kept: ${copy}\n`)
  else rmSync(copy, { recursive: true, force: true })
}
