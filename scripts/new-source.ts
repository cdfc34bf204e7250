// npm run new-source NAME: lays out a helpdesk of that name, source and fake, and adds it to the two lists. It begins as the invented one of
// test/unlike, so that everything is green from the first moment; then it becomes the real one, file by file (docs/add-a-source.md).
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const TEMPLATE = join(ROOT, 'test/unlike/src')

const [name = '', label = capitalize(name)] = process.argv.slice(2)
const complaint = findComplaint()
if (complaint !== null) {
  process.stderr.write(`${complaint}\n`)
  process.exit(2)
}
for (const folder of ['sources', 'sandbox']) copyFolder(folder)
addToList('src/sources/index.ts', name, `./${name}/index.ts`, /const LIST = \[[^\]]*\]/)
addToList('src/sandbox/helpdesks.ts', `${name}Sandbox`, `./${name}/${name}.ts`, /HELPDESKS[^=]*= \[[^\]]*\]/)
execFileSync('npm', ['run', '-s', 'gen'], { cwd: ROOT, stdio: 'inherit' })
execFileSync('npx', ['oxfmt', 'src'], { cwd: ROOT, stdio: 'ignore' })
process.stdout.write(`${label} is there, and is still Parley in all but its name:
  src/sources/${name}   its options, keys, client and records
  src/sandbox/${name}   its fake: write it from the vendor's documents first
  npm run test:conformance   is green, and stays so
Go on with docs/add-a-source.md.
`)

function findComplaint(): string | null {
  if (!/^[a-z][a-z0-9]{1,29}$/.test(name))
    return 'npm run new-source NAME [LABEL]: the name has small letters and digits, and begins with a letter.'
  return existsSync(join(ROOT, 'src/sources', name)) ? `There is a helpdesk ${name} already.` : null
}

function copyFolder(folder: string): void {
  const from = join(TEMPLATE, folder, 'parley')
  const to = join(ROOT, 'src', folder, name)
  mkdirSync(to)
  for (const file of readdirSync(from))
    writeFileSync(join(to, rename(file)), rename(readFileSync(join(from, file), 'utf8')))
}

function rename(text: string): string {
  return (
    text
      .replaceAll('parley-api.md', `the documents of ${label}`)
      .replaceAll('X-Parley-', `X-${capitalize(name)}-`)
      .replaceAll('parley', name)
      .replaceAll('Parley', label)
      .replaceAll('PARLEY', name.toUpperCase())
      // Names in the code are no labels.
      .replaceAll(new RegExp(`(?<=[A-Za-z])${label}|${label}(?=[A-Z])`, 'g'), capitalize(name))
  )
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The import, and the name in the list. */
function addToList(file: string, imported: string, from: string, list: RegExp): void {
  const path = join(ROOT, file)
  const text = readFileSync(path, 'utf8')
  if (!list.test(text)) throw new Error(`${file} has no list any more: mend scripts/new-source.ts`)
  const changed = text
    .replace(list, (found) => found.replace(/\]$/, `, ${imported}]`))
    .replace(/^import /m, `import { ${imported} } from '${from}'\nimport `)
  writeFileSync(path, changed)
}
