// node scripts/run.mjs FILE [ARGUMENT...]: runs a TypeScript file of this repository. It is made one file first, with all that it imports, because
// to load some five hundred modules one by one costs each process 3 s of CPU, and a simulation starts many.
import { mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What is native, or looks for files of its own. */
const EXTERNAL = [
  'better-sqlite3',
  'better-sqlite3-12',
  '@duckdb/node-api',
  '@swc/core',
  'esbuild',
  'pg-native',
  'playwright-core',
  'typescript',
  'libphonenumber-js',
  'node-cron',
]

/** In the one file each source still says where it lay. */
const keepPlaces = {
  name: 'keep-places',
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.(ts|mjs)$/ }, ({ path }) => {
      if (path.includes('node_modules')) return undefined
      const contents = readFileSync(path, 'utf8')
      if (!contents.includes('import.meta.url')) return undefined
      const place = JSON.stringify(pathToFileURL(path).href)
      return {
        contents: contents.replaceAll('import.meta.url', place),
        loader: path.endsWith('.ts') ? 'ts' : 'js',
      }
    })
  },
}

/** The path of the one file. */
async function bundle(file) {
  const final = join(ROOT, 'build', relative(ROOT, file).replace(/\.\w+$/, '.mjs'))
  const made = final.replace(/\.mjs$/, `-${process.pid}.mjs`)
  mkdirSync(dirname(final), { recursive: true })
  await build({
    entryPoints: [file],
    outfile: made,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: EXTERNAL,
    plugins: [keepPlaces],
    sourcemap: 'inline',
    sourcesContent: false,
    // What is CommonJS in there asks for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'\nconst require = __createRequire(import.meta.url)",
    },
    logLevel: 'warning',
  })
  // By one step, for another process may be about to start with it.
  renameSync(made, final)
  return final
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , file, ...args] = process.argv
  const made = await bundle(resolve(file))
  // As if it had been started itself, so that it may start itself again.
  process.argv = [process.argv[0], made, ...args]
  await import(pathToFileURL(made).href)
}
