// src/ → dist/: the command and the SDK, with the packages that are pure JavaScript inside, so that a command reads a few
// files instead of some three hundred (docs/decisions/0004-the-package-is-bundled.md). Types come from tsc.
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

import { inputs as pageInputs } from './console.mjs'

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
  readFileSync(at('package.json'), 'utf8'),
)

/** Installed for its types, which those of the SDK name. */
const TYPES = '@sinclair/typebox'

const { metafile } = await build({
  entryPoints: [at('src/cli.ts'), at('src/index.ts')],
  outdir: at('dist'),
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // What is installed with the package: native, large and rarely needed, or loading files of its own.
  external: Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).filter(
    (name) => name !== TYPES,
  ),
  // What is CommonJS in there asks for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'\nconst require = __createRequire(import.meta.url)",
  },
  legalComments: 'none',
  minifyWhitespace: true,
  metafile: true,
  absWorkingDir: at('.'),
  logLevel: 'warning',
})
chmodSync(at('dist/cli.js'), 0o755)

/** Each package whose code is inside, with its licence. */
const packages = new Set(
  [...Object.keys(metafile.inputs), ...pageInputs].flatMap(
    (file) => /^node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  ),
)
const licences = [...packages].sort().map((folder) => {
  const { name, version, license } = JSON.parse(readFileSync(at(`${folder}/package.json`), 'utf8'))
  const file = readdirSync(at(folder)).find((one) => /^(licen[cs]e|copying)/i.test(one))
  const text = file === undefined ? '' : `\n${readFileSync(at(`${folder}/${file}`), 'utf8').trim()}\n`
  return `${name} ${version} (${license})\n${text}`
})
writeFileSync(
  at('dist/licences.txt'),
  `Packages whose code is part of dist/\n\n${licences.join('\n---\n\n')}`,
)
