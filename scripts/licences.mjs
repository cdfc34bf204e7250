// Whether everything that users get may be given to them: the licences of what is installed with the package, and of what is inside it.
// --sbom: the list itself, as CycloneDX 1.6.
import { existsSync, readFileSync } from 'node:fs'

const ALLOWED = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
  'BSD-0-Clause',
])

/** What a package says in its README alone. */
const SAID = { '@getbrevo/brevo': 'MIT' }

/** `(MIT OR GPL-2.0)` is fine: we choose. */
const isAllowed = (licence) =>
  licence
    .replaceAll(/[()]/g, '')
    .split(/ OR /i)
    .some((choice) => choice.split(/ AND /i).every((one) => ALLOWED.has(one.trim())))

const found = new Map()
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))

/** What users have on Node 20 instead of what the lock names: better-sqlite3 12, and what that needs. */
const onNode20 = new Set()
const addWithItsOwn = (path) => {
  if (onNode20.has(path)) return
  onNode20.add(path)
  for (const name of Object.keys(packages[path].dependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`
    addWithItsOwn(nested in packages ? nested : `node_modules/${name}`)
  }
}
addWithItsOwn('node_modules/better-sqlite3-12')

for (const [path, { dev, devOptional, peer }] of Object.entries(packages)) {
  if (path === '' || !existsSync(`${path}/package.json`)) continue
  if ((dev || devOptional || peer) && !onNode20.has(path)) continue
  const { name, version, license } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8'))
  found.set(`${name} ${version}`, license ?? 'none')
}
for (const [, name, licence] of readFileSync('dist/licences.txt', 'utf8').matchAll(
  /^(\S+ \d\S*) \((.+)\)$/gm,
))
  found.set(name, SAID[name.split(' ')[0]] ?? licence)

if (process.argv[2] === '--sbom') {
  const { name, version, license } = JSON.parse(readFileSync('package.json', 'utf8'))
  const toComponent = (type, name, version, licence) => ({
    type,
    'bom-ref': `${name}@${version}`,
    name,
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: [{ expression: String(licence) }],
  })
  const components = [...found].map(([one, licence]) => toComponent('library', ...one.split(' '), licence))
  const metadata = { component: toComponent('application', name, version, license) }
  const sbom = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata, components }
  process.stdout.write(`${JSON.stringify(sbom, null, 2)}\n`)
  process.exit(0)
}

const refused = [...found].filter(([, licence]) => !isAllowed(String(licence)))
for (const [name, licence] of refused) process.stderr.write(`${name}: ${licence}\n`)
process.stdout.write(`${found.size} packages, ${refused.length} whose licence is not on the list.\n`)
process.exit(refused.length === 0 && found.size > 10 ? 0 : 1)
